"""Reviews: a model's answers become labels in the next version, or are rejected."""

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from kpl.dataset import Dataset, DatasetWriter
from kpl.errors import Conflict, Denied, Invalid, NotFound
from kpl.schemas.dataset import MOST_CHOSEN, Review, SampleOut
from kpl.server.services import audit, datasets, differences, reviews
from kpl.server.services.access import Caller, Role
from kpl.server.services.dataset_reader import open_dataset
from kpl.server.services.platform import Platform
from kpl.server.services.sample_filters import SampleFilter
from kpl.testing.published import CLASSES, image_bytes, publish_dataset, write_dataset
from kpl.testing.server import add_user


@pytest.fixture
def ann(platform: Platform) -> Caller:
    return add_user(platform, "ann", roles={"default": Role.DEVELOPER})


@pytest.fixture
def pets(platform: Platform, tmp_path: Path) -> str:
    """Six pictures without labels that a model has answered: cat, dog, owl, cat, dog, owl."""
    with DatasetWriter(tmp_path / "raw", kind="unlabelled", class_names=CLASSES) as writer:
        for number in range(6):
            writer.add(f"{number}.png", image=image_bytes(number))
    answers = {"label": np.arange(6) % 3, "score": np.linspace(0.5, 1, 6, dtype=np.float32)}
    Dataset.open(tmp_path / "raw").derive(tmp_path / "pets", layers={"predictions": answers})
    publish_dataset(platform, tmp_path / "pets", "pets")
    return "pets"


def samples(platform: Platform, caller: Caller, version: int, **chosen: str) -> list[SampleOut]:
    page = datasets.list_samples(
        platform, caller, "default", "pets", version, SampleFilter(**chosen), cursor=None, limit=100
    )
    return page.items


def test_half_is_accepted_and_the_new_version_shows_both_layers(
    platform: Platform, ann: Caller, pets: str
) -> None:
    review = Review(accept=["0.png", "2.png", "4.png"], reject=["5.png"], message="the sure ones")
    made = reviews.review_answers(platform, ann, "default", pets, 1, review)
    assert (made.version, made.kind, made.created_by, made.message) == (
        2,
        "classification",
        "ann",
        "the sure ones",
    )
    assert made.source_task_id is None
    found = samples(platform, ann, 2)
    assert [each.label for each in found] == ["cat", None, "owl", None, "dog", None]
    assert [each.prediction.label for each in found if each.prediction] == [*CLASSES, *CLASSES]
    assert [each.verdict for each in found] == ["accepted", None, "accepted", None, "accepted", "rejected"]
    assert found[0].verdict_by == "ann"
    assert samples(platform, ann, 1)[0].label is None, "the version that was reviewed stays as it was"
    changes = differences.get_difference(platform, ann, "default", pets, before=1, after=2)
    assert (changes.num_changed, changes.num_same) == (4, 2)


def test_samples_are_filtered_by_verdict_and_counted(platform: Platform, ann: Caller, pets: str) -> None:
    reviews.review_answers(
        platform, ann, "default", pets, 1, Review(accept=["0.png", "1.png"], reject=["5.png"])
    )
    rows = {
        verdict: [each.row for each in samples(platform, ann, 2, verdict=verdict)]
        for verdict in ("accepted", "rejected", "none")
    }
    assert rows == {"accepted": [0, 1], "rejected": [5], "none": [2, 3, 4]}
    assert [each.row for each in samples(platform, ann, 2, verdict="accepted", label="dog")] == [1]
    layers = {each.name: each for each in datasets.list_layers(platform, ann, "default", pets, 2).items}
    assert layers["predictions"].verdicts == {"accepted": 2, "rejected": 1}
    assert (layers["labels"].verdicts, layers["predictions-review"].role) == (None, "other")
    before = datasets.list_layers(platform, ann, "default", pets, 1).items
    assert before[-1].verdicts == {"accepted": 0, "rejected": 0}


def test_no_image_is_stored_again(platform: Platform, ann: Caller, pets: str) -> None:
    blobs = set((platform.artifacts.root / "blobs").glob("*/*"))
    before = datasets.get_dataset_version(platform, ann, "default", pets, 1)
    made = reviews.review_answers(platform, ann, "default", pets, 1, Review(accept=["0.png"]))
    names = {entry.path: entry.sha256 for entry in platform.artifacts.get_tree(before.digest).entries}
    kept = {entry.path: entry.sha256 for entry in platform.artifacts.get_tree(made.digest).entries}
    assert {path: kept.get(path) for path in names if path.startswith("data/")} == {
        path: sha256 for path, sha256 in names.items() if path.startswith("data/")
    }
    new = set((platform.artifacts.root / "blobs").glob("*/*")) - blobs
    assert all("samples" not in path for path in kept if path not in names)
    assert sum(path.stat().st_size for path in new) < 64_000
    platform.artifacts.verify(made.digest)
    assert not list(platform.settings.cache_dir.glob("review-*"))


def test_reviews_go_on_from_one_another(platform: Platform, ann: Caller, pets: str) -> None:
    bob = add_user(platform, "bob", roles={"default": Role.DEVELOPER})
    for version, (caller, key) in enumerate([(ann, "0.png"), (bob, "1.png"), (ann, "2.png")], 1):
        reviews.review_answers(platform, caller, "default", pets, version, Review(accept=[key]))
    found = samples(platform, ann, 4, verdict="accepted")
    assert [(each.label, each.verdict_by) for each in found] == [
        ("cat", "ann"),
        ("dog", "bob"),
        ("owl", "ann"),
    ]


def test_a_version_that_is_not_the_newest_is_refused(platform: Platform, ann: Caller, pets: str) -> None:
    reviews.review_answers(platform, ann, "default", pets, 1, Review(accept=["0.png"]))
    with pytest.raises(Conflict, match="has version 2 meanwhile; version 1 was reviewed") as caught:
        reviews.review_answers(platform, ann, "default", pets, 1, Review(accept=["1.png"]))
    assert "Review version 2" in caught.value.hint
    assert datasets.get_dataset(platform, ann, "default", pets).num_versions == 2


def test_a_version_that_came_while_the_review_was_made_is_not_overtaken(
    platform: Platform, ann: Caller, pets: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_tree = platform.artifacts.put_tree

    def put_late(folder: Path, **options: object) -> object:
        monkeypatch.setattr(platform.artifacts, "put_tree", put_tree)
        publish_dataset(platform, write_dataset(tmp_path / "other"), pets)
        return put_tree(folder, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(platform.artifacts, "put_tree", put_late)
    with pytest.raises(Conflict, match="has version 2 meanwhile"):
        reviews.review_answers(platform, ann, "default", pets, 1, Review(accept=["1.png"]))
    assert datasets.get_dataset(platform, ann, "default", pets).num_versions == 2


def test_what_cannot_be_reviewed_says_why(platform: Platform, ann: Caller, tmp_path: Path) -> None:
    source = Dataset.open(write_dataset(tmp_path / "labelled"))
    boxes = [np.zeros((0, 4), np.float32)] * 9
    answer = {"boxes": boxes, "labels": [np.zeros(0, np.int32)] * 9}
    source.derive(tmp_path / "pets", layers={"predictions": answer})
    publish_dataset(platform, tmp_path / "pets", "pets")
    layer = datasets.list_layers(platform, ann, "default", "pets", 1).items[-1]
    assert layer.verdicts is None
    assert layer.not_reviewable is not None
    assert "cannot be labels of a dataset for classification" in layer.not_reviewable
    with pytest.raises(Invalid, match="cannot be labels of a dataset for classification"):
        reviews.review_answers(platform, ann, "default", "pets", 1, Review(accept=["0.png"]))
    with pytest.raises(NotFound, match="no layer 'others' of answers"):
        reviews.review_answers(platform, ann, "default", "pets", 1, Review(accept=["0.png"], layer="others"))


def test_who_reviewed_what_is_written_down(platform: Platform, ann: Caller, pets: str) -> None:
    root = add_user(platform, "root", is_admin=True)
    reviews.review_answers(
        platform, ann, "default", pets, 1, Review(accept=["0.png"], reject=["1.png"], message="m")
    )
    entry = audit.list_audit(
        platform, root, project=None, username="ann", action="dataset.review", cursor=None, limit=1
    ).items[0]
    assert (entry.action, entry.target, entry.username) == ("dataset.review", "dataset:pets@2", "ann")
    assert entry.details == {
        "version": 1,
        "layer": "predictions",
        "message": "m",
        "accepted": 1,
        "rejected": 1,
    }


def test_viewers_and_strangers_review_nothing(platform: Platform, ann: Caller, pets: str) -> None:
    del ann
    viewer = add_user(platform, "view", roles={"default": Role.VIEWER})
    with pytest.raises(Denied, match="needs developer"):
        reviews.review_answers(platform, viewer, "default", pets, 1, Review(accept=["0.png"]))
    with pytest.raises(NotFound, match="no project"):
        reviews.review_answers(
            platform, add_user(platform, "out"), "default", pets, 1, Review(accept=["0.png"])
        )


def test_a_review_is_bounded_and_decides_something() -> None:
    keys = [f"{number}" for number in range(MOST_CHOSEN)]
    assert len(Review(accept=keys).accept) == MOST_CHOSEN
    with pytest.raises(ValidationError, match="at most 10,000"):
        Review(accept=keys, reject=["x"])
    with pytest.raises(ValidationError, match="at least one"):
        Review()


def test_a_reviewed_dataset_is_opened_like_any_other(platform: Platform, ann: Caller, pets: str) -> None:
    made = reviews.review_answers(platform, ann, "default", pets, 1, Review(accept=["0.png"]))
    dataset = open_dataset(platform.artifacts.materialize(made.digest))
    assert dataset.columns("label").tolist() == [0, -1, -1, -1, -1, -1]
