"""Evaluations: every figure of a stored report leads to the samples it counts, for those who may see them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from kpl import evaluation
from kpl.errors import Conflict, Invalid, NotFound
from kpl.evaluation import ReportInvalid
from kpl.schemas.evaluation import EvaluatedSamplesOut
from kpl.server.db.tables.tasks import TaskOutputRow, TaskRow
from kpl.server.services import artifacts, evaluations
from kpl.server.services.access import Caller, Role
from kpl.server.services.platform import Platform
from kpl.testing.published import CLASSES, add_test, publish_dataset, publish_model, write_dataset
from kpl.testing.server import add_user

ROWS = np.array([2, 5, 8])
LABELS = np.array([0, 1, 2])
SCORES = np.array([[0.9, 0.05, 0.05], [0.6, 0.3, 0.1], [0.2, 0.3, 0.5]], np.float32)


@dataclass(frozen=True, slots=True)
class Test:
    __test__ = False
    task_id: int
    folder: Path


@pytest.fixture
def viewer_of(platform: Platform) -> Caller:
    return add_user(platform, "view", roles={"default": Role.VIEWER})


@pytest.fixture
def tested(platform: Platform, tmp_path: Path) -> Test:
    publish_model(platform, tmp_path / "model", "pets")
    dataset = write_dataset(tmp_path / "dataset")
    report = tmp_path / "report"
    evaluation.write_classification(
        report,
        rows=ROWS,
        labels=LABELS,
        scores=SCORES,
        classes=CLASSES,
        split="test",
        cost={"size_bytes": 16},
    )
    return Test(add_test(platform, report, dataset=dataset, model=tmp_path / "model"), tmp_path)


def list_samples(platform: Platform, caller: Caller, task_id: int, **filters: object) -> EvaluatedSamplesOut:
    chosen: dict[str, object] = {
        "threshold": 0.0, "label": None, "predicted": None, "outcome": None, "by": None, "value": None,
        "order": "certain",
        "cursor": None, "limit": 50,
    }  # fmt: skip
    return evaluations.list_evaluated_samples(platform, caller, "default", task_id, **chosen | filters)  # type: ignore[arg-type]


def test_a_report_is_shown_with_model_and_classes(
    platform: Platform, viewer_of: Caller, tested: Test
) -> None:
    found = evaluations.get_evaluation(platform, viewer_of, "default", tested.task_id, threshold=0.0)
    assert found.accuracy == pytest.approx(2 / 3)
    assert (found.coverage, found.num_right) == (1.0, 2)
    assert found.model is not None
    assert (found.model.name, found.model.version) == ("pets", 1)
    assert (found.dataset.name, found.dataset.split) == (None, "test")
    assert [one.name for one in found.classes] == list(CLASSES)
    assert found.classes[2].average_precision == 1.0
    assert {(each.label, each.predicted): each.count for each in found.confusions} == {
        (0, 0): 1, (1, 0): 1, (2, 2): 1
    }  # fmt: skip
    assert found.cost == {"size_bytes": 16}


def test_a_dataset_published_later_gets_its_name(platform: Platform, viewer_of: Caller, tested: Test) -> None:
    publish_dataset(platform, tested.folder / "dataset", "animals")
    found = evaluations.get_evaluation(platform, viewer_of, "default", tested.task_id, threshold=0.0)
    assert (found.dataset.name, found.dataset.version) == ("animals", 1)


def test_a_threshold_takes_answers_away(platform: Platform, viewer_of: Caller, tested: Test) -> None:
    found = evaluations.get_evaluation(platform, viewer_of, "default", tested.task_id, threshold=0.7)
    assert found.accuracy == 1.0
    assert found.coverage == pytest.approx(1 / 3)
    assert [one.num_unanswered for one in found.classes] == [0, 1, 1]
    assert {(each.label, each.predicted) for each in found.confusions} == {(0, 0), (1, None), (2, None)}


def test_figures_lead_to_their_samples_page_by_page(
    platform: Platform, viewer_of: Caller, tested: Test
) -> None:
    wrong = list_samples(platform, viewer_of, tested.task_id, outcome="wrong")
    assert [(each.row, each.label, each.predicted) for each in wrong.items] == [(5, "dog", "cat")]
    assert [answer.label for answer in wrong.items[0].best] == ["cat", "dog", "owl"]
    unanswered = list_samples(platform, viewer_of, tested.task_id, outcome="unanswered", threshold=0.7)
    assert [(each.row, each.predicted) for each in unanswered.items] == [(5, None), (8, None)]
    errors = list_samples(platform, viewer_of, tested.task_id, outcome="error", threshold=0.7)
    assert [each.row for each in errors.items] == [5, 8]
    with pytest.raises(Invalid, match="no 'missed' in the report of a classification"):
        list_samples(platform, viewer_of, tested.task_id, outcome="missed")
    rows, cursor = [], None
    for _ in range(3):
        page = list_samples(platform, viewer_of, tested.task_id, order="uncertain", limit=1, cursor=cursor)
        rows += [each.row for each in page.items]
        cursor = page.next_cursor
        assert page.num_matches == 3
    assert (rows, cursor) == ([8, 5, 2], None)
    with pytest.raises(NotFound, match="no class 'dof'") as caught:
        list_samples(platform, viewer_of, tested.task_id, label="dof")
    assert "dog" in caught.value.hint


def test_curves_are_of_one_class_or_of_all_answers(
    platform: Platform, viewer_of: Caller, tested: Test
) -> None:
    of_owl = evaluations.get_curve(platform, viewer_of, "default", tested.task_id, class_name="owl")
    assert (of_owl.average_precision, of_owl.num_positive, of_owl.num_negative) == (1.0, 1, 2)
    of_all = evaluations.get_curve(platform, viewer_of, "default", tested.task_id, class_name=None)
    assert of_all.precision[-1] == pytest.approx(2 / 3)


def test_samples_of_an_unpublished_dataset_can_be_seen(
    platform: Platform, viewer_of: Caller, tested: Test
) -> None:
    found = evaluations.get_evaluation(platform, viewer_of, "default", tested.task_id, threshold=0.0)
    digest = found.dataset.artifact
    assert digest is not None
    data, media_type = artifacts.get_artifact_sample_image(
        platform, viewer_of, "default", digest, 5, size=160
    )
    assert (media_type, data[:4]) == ("image/webp", b"RIFF")
    shown = artifacts.get_artifact_statistics(platform, viewer_of, "default", digest).statistics
    assert shown["num_samples"] > 5
    assert sum(each["num_samples"] for each in shown["classes"]) > 0
    stranger = add_user(platform, "stranger")
    with pytest.raises(NotFound):
        artifacts.get_artifact_sample_image(platform, stranger, "default", digest, 5, size=160)
    with pytest.raises(NotFound):
        artifacts.get_artifact_statistics(platform, stranger, "default", digest)


def test_a_task_without_a_report_says_so(platform: Platform, viewer_of: Caller, tested: Test) -> None:
    with platform.db.write() as session:
        session.delete(session.get_one(TaskOutputRow, (tested.task_id, "report")))
    with pytest.raises(NotFound, match="left no report"):
        evaluations.get_evaluation(platform, viewer_of, "default", tested.task_id, threshold=0.0)
    with platform.db.write() as session:
        row = session.get_one(TaskRow, tested.task_id)
        row.state, row.is_final = "running", False
    with pytest.raises(Conflict, match="is running"):
        evaluations.get_evaluation(platform, viewer_of, "default", tested.task_id, threshold=0.0)


def test_a_report_without_answers_is_named(platform: Platform, viewer_of: Caller, tested: Test) -> None:
    folder = tested.folder / "bare"
    folder.mkdir()
    (folder / "report.json").write_text(
        '{"schema": "kpl.report/v1", "task": "classification", "dataset": {"num_samples": 3}}'
    )
    task_id = add_test(platform, folder, dataset=tested.folder / "dataset", model=tested.folder / "model")
    with pytest.raises(ReportInvalid, match="holds no answers"):
        evaluations.get_evaluation(platform, viewer_of, "default", task_id, threshold=0.0)
