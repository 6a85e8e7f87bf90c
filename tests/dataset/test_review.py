"""Answers of a model that people accept as labels, or reject."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpl.dataset import Dataset, DatasetWriter
from kpl.dataset.masks import encode_class_mask, runs_segmentation
from kpl.dataset.review import Verdicts, kind_of_labels, review, verdict_of
from kpl.dataset.verify import verify
from kpl.dataset.versions import diff, remove
from kpl.errors import Invalid, KPLError, NotFound

MakePng = Callable[..., bytes]
NAMES = ["cat", "dog"]
BOXES = np.array([[0, 0, 2, 2], [1, 1, 3, 3], [1, 1, 1, 3]], np.float32)


@pytest.fixture
def unlabelled(tmp_path: Path, make_png: MakePng) -> Dataset:
    with DatasetWriter(tmp_path / "unlabelled", kind="unlabelled", class_names=NAMES) as writer:
        for number in range(6):
            writer.add(f"{number}.png", image=make_png(4, 3, number), split="train" if number < 4 else "test")
    return Dataset.open(tmp_path / "unlabelled")


def answered(source: Dataset, **values: Any) -> Dataset:
    """The dataset with a layer `predictions`."""
    folder = source.path.with_name(f"{source.path.name}-answered")
    return source.derive(folder, layers={"predictions": values})


def classified(source: Dataset) -> Dataset:
    labels = np.arange(len(source)) % 2
    return answered(source, label=labels, score=np.full(len(source), 0.8, np.float32))


def detected(source: Dataset) -> Dataset:
    """Each sample has three objects, the last of which has no area."""
    scores = np.array([0.9, 0.4, 0.8], np.float32)
    ids = np.array([1, 0, 1], np.int32)
    count = len(source)
    return answered(source, boxes=[BOXES] * count, labels=[ids] * count, scores=[scores] * count)


def decide(
    source: Dataset, accept: list[str], reject: list[str], name: str = "reviewed", **more: Any
) -> Dataset:
    verdicts = Verdicts(accept, reject, "ann", **more)
    return review(source, source.path.with_name(name), verdicts, layer="predictions", message="looked at")


def test_half_of_an_unlabelled_set_gets_labels_and_both_layers_are_there(unlabelled: Dataset) -> None:
    source = classified(unlabelled)
    made = decide(source, ["0.png", "3.png"], ["5.png"])
    assert (made.kind, made.class_names, made.splits) == ("classification", ("cat", "dog"), source.splits)
    assert made.columns("label").tolist() == [0, -1, -1, 1, -1, -1]
    assert made.columns("predictions.label").tolist() == [0, 1, 0, 1, 0, 1]
    assert made.columns("predictions-review.verdict").tolist() == [
        "accepted", None, None, "accepted", None, "rejected",
    ]  # fmt: skip
    assert made.columns("predictions-review.by").tolist() == ["ann", None, None, "ann", None, "ann"]
    assert not verify(made.path).problems
    assert [bytes(made[row]["image"]) for row in range(6)] == [
        bytes(source[row]["image"]) for row in range(6)
    ]


def test_the_images_are_not_written_again(unlabelled: Dataset) -> None:
    source = classified(unlabelled)
    made = decide(source, ["0.png"], [])
    for shard in source.path.glob("data/samples/*.kpl"):
        assert shard.samefile(made.path / shard.relative_to(source.path))


def test_the_difference_names_the_samples_that_were_reviewed_alone(unlabelled: Dataset) -> None:
    source = classified(unlabelled)
    made = decide(source, ["0.png"], ["1.png"])
    reviewed = ("predictions-review.verdict", "predictions-review.by")
    assert diff(source, made).changed == {"0.png": ("label", *reviewed), "1.png": reviewed}
    assert diff(made, source).changed == diff(source, made).changed


def test_a_second_review_keeps_the_first(unlabelled: Dataset) -> None:
    first = decide(classified(unlabelled), ["0.png", "1.png"], ["2.png"])
    second = decide(first, ["2.png"], ["1.png"], "again")
    assert second.columns("label").tolist() == [0, -1, 0, -1, -1, -1]
    assert second.columns("predictions-review.verdict").tolist()[:3] == ["accepted", "rejected", "accepted"]
    assert verdict_of(second, "predictions").tolist()[3:] == [None] * 3  # type: ignore[union-attr]
    assert verdict_of(unlabelled, "predictions") is None


def test_labels_that_were_there_are_replaced_where_an_answer_is_accepted(classification: Dataset) -> None:
    wrong = 1 - classification.columns("label")
    source = answered(classification, label=wrong)
    made = decide(source, ["1.png"], ["2.png"])
    expected = classification.columns("label").copy()
    expected[1] = wrong[1]
    assert made.columns("label").tolist() == expected.tolist()


def test_objects_that_are_sure_enough_become_labels(unlabelled: Dataset) -> None:
    source = detected(unlabelled)
    made = decide(source, ["0.png"], [], min_score=0.5)
    assert made.kind == "detection"
    assert made[0]["boxes"].tolist() == [[0, 0, 2, 2]]
    assert made[0]["labels"].tolist() == [1]
    assert decide(source, ["0.png"], [], "all")[0]["labels"].tolist() == [1, 0]
    assert made.columns("boxes").lengths.tolist() == [1, 0, 0, 0, 0, 0]


def test_new_objects_have_nothing_of_the_old_ones(tmp_path: Path, make_png: MakePng) -> None:
    with DatasetWriter(tmp_path / "set", kind="detection", class_names=NAMES) as writer:
        writer.add(
            "a", image=make_png(4, 3, 0), boxes=BOXES[:1], labels=[0], difficult=[True], attributes=[{"x": 1}]
        )
    source = answered(Dataset.open(tmp_path / "set"), boxes=[BOXES[1:2]], labels=[[1]])
    sample = decide(source, ["a"], [])[0]
    assert sample["boxes"].tolist() == BOXES[1:2].tolist()
    assert (sample["labels"].tolist(), sample["difficult"].tolist()) == ([1], [False])
    assert sample["attributes"] is None


def test_masks_of_objects_and_of_classes_become_labels(unlabelled: Dataset, tmp_path: Path) -> None:
    mask = np.zeros((3, 4), np.bool_)
    mask[1:, 2:] = True
    count = len(unlabelled)
    source = answered(unlabelled, masks=[[runs_segmentation(mask)]] * count, labels=[[1]] * count)
    made = decide(source, ["0.png"], [])
    assert made.kind == "instance_segmentation"
    assert made[0]["boxes"].tolist() == [[2, 1, 4, 3]]
    assert made[1]["masks"] == []
    classes = encode_class_mask(mask.astype(np.uint8))
    other = unlabelled.derive(tmp_path / "classes", layers={"predictions": {"mask": [classes] * count}})
    painted = decide(other, ["2.png"], [], "painted")
    assert painted.kind == "semantic_segmentation"
    assert bytes(painted[2]["mask"]) == classes
    assert painted[2]["classes"].tolist() == [0, 1]
    assert painted[0]["mask"] is None
    assert decide(painted, [], ["2.png"], "none")[2]["mask"] is None


def test_samples_that_a_version_has_removed_stay_so(unlabelled: Dataset) -> None:
    source = classified(unlabelled)
    fewer = remove(source.path, ["1.png"])
    made = decide(fewer, ["2.png", "5.png"], ["0.png"])
    assert made.columns("key").tolist() == ["0.png", "2.png", "3.png", "4.png", "5.png"]
    assert made.columns("label").tolist() == [-1, 0, -1, -1, 1]
    assert decide(made, [], ["5.png"], "again").columns("label").tolist() == [-1, 0, -1, -1, -1]


def refused(
    source: Dataset, accept: list[str], reject: list[str] | None = None, layer: str = "predictions"
) -> str:
    verdicts = Verdicts(accept, reject or [], "ann")
    dest = source.path.with_name("refused")
    with pytest.raises(KPLError) as caught:
        review(source, dest, verdicts, layer=layer)
    assert not dest.exists()
    return str(caught.value)


def test_what_cannot_be_labels_is_refused_with_the_reason(unlabelled: Dataset, detection: Dataset) -> None:
    source = classified(unlabelled)
    assert "no sample '9.png'" in refused(source, ["9.png"])
    assert "both accepted and rejected" in refused(source, ["0.png"], ["0.png"])
    assert "no layer 'prediction'" in refused(source, ["0.png"], layer="prediction")
    assert "no layer 'samples' of answers" in refused(source, ["0.png"], layer="samples")
    assert "cannot be labels of a dataset for detection" in refused(classified(detection), ["folder 0/0.png"])


def test_a_sample_without_an_answer_is_named(unlabelled: Dataset) -> None:
    source = answered(unlabelled, label=np.array([0, -1, 1, -1, 0, 0]))
    message = refused(source, ["0.png", "1.png", "3.png"])
    assert "no answer for 2 of the accepted samples, as for '1.png'" in message


def test_classes_without_names_are_refused(tmp_path: Path, make_png: MakePng) -> None:
    with DatasetWriter(tmp_path / "bare", kind="unlabelled") as writer:
        writer.add("a", image=make_png(4, 3, 0))
    source = answered(Dataset.open(tmp_path / "bare"), label=np.array([0]))
    with pytest.raises(Invalid, match="have no names"):
        kind_of_labels(source, "predictions")
    with pytest.raises(NotFound):
        kind_of_labels(source, "labels")


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    decisions=st.lists(
        st.lists(st.sampled_from([None, "accepted", "rejected"]), min_size=6, max_size=6), max_size=4
    )
)
def test_labels_are_the_accepted_answers_whatever_was_decided_before(
    unlabelled: Dataset, tmp_path_factory: pytest.TempPathFactory, decisions: list[list[str | None]]
) -> None:
    folder = tmp_path_factory.mktemp("rounds")
    answers = np.arange(6) % 2
    current = unlabelled.derive(folder / "0", layers={"predictions": {"label": answers}})
    standing: list[str | None] = [None] * 6
    for number, verdicts in enumerate(decisions):
        chosen = {
            word: [f"{place}.png" for place, verdict in enumerate(verdicts) if verdict == word]
            for word in ("accepted", "rejected")
        }
        given_ = Verdicts(chosen["accepted"], chosen["rejected"], "ann")
        current = review(current, folder / f"{number + 1}", given_, layer="predictions")
        standing = [new or old for new, old in zip(verdicts, standing, strict=True)]
        assert [value or None for value in verdict_of(current, "predictions").tolist()] == standing  # type: ignore[union-attr]
        expected = [int(answers[place]) if word == "accepted" else -1 for place, word in enumerate(standing)]
        assert current.columns("label").tolist() == expected
