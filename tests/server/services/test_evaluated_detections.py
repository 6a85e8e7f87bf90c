"""Evaluations of detections: figures of objects lead to the pictures, with what became of each box."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kpl import evaluation
from kpl.errors import Invalid
from kpl.evaluation import Detections, Truth
from kpl.schemas.evaluation import EvaluatedSamplesOut, EvaluationReportOut
from kpl.server.services import evaluations
from kpl.server.services.access import Caller, Role
from kpl.server.services.platform import Platform
from kpl.testing.published import CLASSES, add_test, write_detection_dataset
from kpl.testing.server import add_user

CAT, DOG = [0, 0, 10, 10], [20, 20, 40, 40]
# Row 0: both are found. Row 1: the dog is taken for a cat. Row 2: the cat is missed, and two owls are made up.
ANSWERS = Detections(
    boxes=[[CAT, DOG], [CAT, [20, 20, 40, 39]], [DOG, [0, 30, 5, 35], [30, 0, 40, 5]]],
    class_ids=[[0, 1], [0, 0], [1, 2, 2]],
    scores=[[0.9, 0.8], [0.95, 0.7], [0.6, 0.65, 0.2]],
)


@dataclass(frozen=True, slots=True)
class Looker:
    """Somebody who may look at one evaluation."""

    platform: Platform
    caller: Caller
    task_id: int

    def report(self, threshold: float | None = None) -> EvaluationReportOut:
        return evaluations.get_evaluation(
            self.platform, self.caller, "default", self.task_id, threshold=threshold
        )

    def samples(self, **filters: Any) -> EvaluatedSamplesOut:
        chosen: dict[str, Any] = {
            "threshold": 0.5, "label": None, "predicted": None, "outcome": None, "by": None, "value": None,
            "order": "certain",
            "cursor": None, "limit": 50,
        }  # fmt: skip
        return evaluations.list_evaluated_samples(
            self.platform, self.caller, "default", self.task_id, **chosen | filters
        )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_detection_dataset(tmp_path / "dataset")
    evaluation.write_detection(
        tmp_path / "report",
        rows=np.arange(3),
        truth=Truth([[CAT, DOG]] * 3, [[0, 1]] * 3),
        answers=ANSWERS,
        classes=CLASSES,
        split="test",
    )
    return tmp_path


@pytest.fixture
def looker(platform: Platform, folder: Path) -> Looker:
    viewer = add_user(platform, "view", roles={"default": Role.VIEWER})
    return Looker(platform, viewer, add_test(platform, folder / "report", dataset=folder / "dataset"))


def test_a_report_tells_what_is_found_missed_and_made_up(looker: Looker) -> None:
    found = looker.report(0.5)
    assert (found.task, found.model, found.num_samples) == ("detection", None, 3)
    assert found.detection is not None
    counts = found.detection.model_dump()
    assert {name: counts[name] for name in counts if name.startswith("num_")} == {
        "num_objects": 6, "num_answers": 6, "num_right": 4, "num_wrong": 1, "num_missed": 1, "num_false_alarms": 1
    }  # fmt: skip
    assert (found.accuracy, found.coverage) == pytest.approx((4 / 6, 5 / 6))
    assert {(each.label, each.predicted): each.count for each in found.confusions} == {
        (0, 0): 2, (1, 1): 2, (1, 0): 1, (0, None): 1, (None, 2): 1
    }  # fmt: skip
    cat, dog, owl = found.classes
    assert (cat.support, cat.num_predicted, cat.num_unanswered) == (3, 3, 1)
    assert dog.average_precision_50 == pytest.approx(67 / 101)  # two of three, without a false alarm
    assert (owl.average_precision, owl.f1) == (None, 0.0)
    assert found.metrics["map50"] == pytest.approx(
        np.mean([cat.average_precision_50 or 0, dog.average_precision_50 or 0])
    )


def test_a_threshold_left_out_is_the_best_one(looker: Looker) -> None:
    found = looker.report()
    assert found.detection is not None
    assert found.threshold == found.detection.best_threshold == 0.21  # just above the worst answer
    assert found.detection.num_false_alarms == 1
    assert looker.samples(threshold=None, outcome="false_alarm").num_counted == 1
    nothing = looker.samples(threshold=0.9, outcome="false_alarm")
    assert (nothing.num_matches, nothing.items) == (0, [])


def test_figures_lead_to_pictures_and_boxes(looker: Looker) -> None:
    missed = looker.samples(label="cat", outcome="missed")
    assert [each.row for each in missed.items] == [2]
    (sample,) = missed.items
    assert sample.detection is not None
    assert (sample.detection.width, sample.detection.height) == (40, 40)
    assert sample.score is None
    first = sample.detection.objects[0]
    assert (first.outcome, first.label, first.object_box, first.answer_box) == ("missed", "cat", CAT, None)
    assert [each.is_counted for each in sample.detection.objects] == [True, False, False]
    taken = looker.samples(label="dog", predicted="cat").items[0].detection
    assert taken is not None
    assert taken.objects[0].overlap == pytest.approx(0.95)
    assert (taken.num_right, taken.num_wrong, taken.num_missed, taken.num_false_alarms) == (1, 1, 0, 0)
    alarms = looker.samples(predicted="owl", outcome="error", threshold=0.1)
    assert (alarms.num_matches, alarms.num_counted) == (1, 2)
    errors = looker.samples(outcome="error", order="most")
    assert [each.row for each in errors.items] == [2, 1]
    whole = looker.samples()
    assert [each.row for each in whole.items] == [1, 0, 2]
    assert [each.row for each in looker.samples(order="uncertain").items] == [2, 1, 0]


def test_samples_come_page_by_page(looker: Looker) -> None:
    rows, cursor = [], None
    for _ in range(3):
        page = looker.samples(order="row", limit=1, cursor=cursor)
        rows += [each.row for each in page.items]
        cursor = page.next_cursor
    assert (rows, cursor) == ([0, 1, 2], None)


def test_what_is_ignored_is_shown_and_not_counted(platform: Platform, folder: Path, looker: Looker) -> None:
    evaluation.write_detection(
        folder / "crowded",
        rows=np.array([0]),
        truth=Truth([[CAT]], [[0]], [[True]]),
        answers=Detections([[CAT]], [[0]], [[0.9]]),
        classes=CLASSES,
    )
    task_id = add_test(platform, folder / "crowded", dataset=folder / "dataset")
    crowded = Looker(platform, looker.caller, task_id)
    (sample,) = crowded.samples().items
    assert sample.detection is not None
    assert [(each.outcome, each.is_counted) for each in sample.detection.objects] == [("ignored", False)] * 2
    shown = crowded.report(0.5).detection
    assert shown is not None
    assert (shown.num_objects, shown.num_answers, shown.f1) == (0, 0, 0.0)


def test_curves_have_no_false_positive_rate(looker: Looker) -> None:
    curve = evaluations.get_curve(looker.platform, looker.caller, "default", looker.task_id, class_name="cat")
    assert curve.false_positive_rate == []
    assert curve.recall == pytest.approx([1 / 3, 2 / 3, 2 / 3])
    assert curve.precision == pytest.approx([1, 1, 2 / 3])


def test_outcomes_of_another_task_are_refused_in_both_languages(looker: Looker) -> None:
    with pytest.raises(Invalid, match="no 'unanswered' in the report of a detection") as caught:
        looker.samples(outcome="unanswered")
    assert "false_alarm" in caught.value.hint


def test_a_bare_report_of_another_language_gets_its_areas(
    platform: Platform, folder: Path, looker: Looker
) -> None:
    path = folder / "report" / "report.json"
    whole = json.loads(path.read_text())
    names = ("schema", "task", "dataset", "classes", "answers")
    path.write_text(json.dumps({name: whole[name] for name in names}))
    bare = Looker(platform, looker.caller, add_test(platform, folder / "report", dataset=folder / "dataset"))
    given, computed = looker.report(), bare.report()
    assert computed.metrics == {name: given.metrics[name] for name in computed.metrics}
    assert computed.metrics["map"] > 0.5
    assert computed.classes == given.classes
