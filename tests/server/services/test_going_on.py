"""What goes on now, and the curves of tasks at work."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import update

from kpl.schemas.run import RunCreate
from kpl.server.db.tables.runs import RunRow
from kpl.server.db.tables.tasks import TaskRow
from kpl.server.services import going_on, metrics, runs, tasks
from kpl.server.services.access import SERVER, Caller, Role
from kpl.server.services.platform import Platform
from kpl.task import TaskState
from kpl.task.ids import AttemptId
from kpl.testing.pipelines import chain
from kpl.testing.server import add_user
from kpl.testing.toy_algorithm import install_toy_algorithm

P = "default"


@pytest.fixture(autouse=True)
def toy(platform: Platform, tmp_path: Path) -> None:
    install_toy_algorithm(platform, tmp_path / "toy")


@pytest.fixture
def ann(platform: Platform) -> Caller:
    return add_user(platform, "ann", roles={P: Role.DEVELOPER})


def start(platform: Platform, caller: Caller, *names: str) -> tuple[int, list[int]]:
    made = runs.create_run(platform, caller, P, RunCreate(document=chain(*names)))
    return made.id, [task.id for task in made.tasks]


def move(platform: Platform, task_id: int, state: TaskState) -> None:
    with platform.db.write() as session:
        session.execute(
            update(TaskRow)
            .where(TaskRow.id == task_id)
            .values(state=state, num_attempts=1, is_final=state.is_final, finished_at_s=50.0)
        )


def report(platform: Platform, task_id: int, *events: Mapping[str, object]) -> None:
    path = platform.executor.files(AttemptId(f"{task_id}-1")).events
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(event)}\n" for event in events))


def test_own_runs_come_first_each_with_its_step_and_curve(platform: Platform, ann: Caller) -> None:
    mine, (first, second) = start(platform, ann, "a", "b")
    other, _ = start(platform, SERVER, "c")
    over, _ = start(platform, ann, "d")
    with platform.db.write() as session:
        session.execute(update(RunRow).where(RunRow.id == over).values(is_final=True))
    move(platform, first, TaskState.SUCCEEDED)
    move(platform, second, TaskState.RUNNING)
    report(
        platform,
        second,
        {"type": "progress", "value": 0.5, "message": "halfway"},
        *(
            {"type": "metric", "name": name, "value": value}
            for value in (1, 2)
            for name in ("other", "score")
        ),
    )
    found = going_on.list_going_on(platform, ann, P)
    assert ([each.run.id for each in found.items], found.num_runs) == ([mine, other], 2)
    ours = found.items[0]
    assert ours.step is not None
    assert ours.curve is not None
    assert (ours.step.name, ours.step.progress_message, ours.progress) == ("b", "halfway", 0.75)
    assert (ours.curve.name, ours.curve.values) == ("score", [1.0, 2.0])
    assert going_on.list_going_on(platform, SERVER, P, limit=1).num_runs == 2


def test_curves_of_several_tasks_come_at_once_and_only_of_the_project(
    platform: Platform, ann: Caller
) -> None:
    _, (first, second) = start(platform, ann, "a", "b")
    for task_id in (first, second):
        move(platform, task_id, TaskState.RUNNING)
    report(platform, first, *({"type": "metric", "name": "loss", "value": each} for each in range(1000)))
    report(platform, second, {"type": "metric", "name": "loss", "value": 1})
    (curve,) = metrics.list_curves(platform, ann, P, [first, second, 999])
    assert (curve.task_id, curve.values[0], curve.values[-1]) == (first, 0, 999)
    assert len(curve.values) <= metrics.CURVE_POINTS + 2


def test_tasks_are_listed_by_algorithm_and_by_when_they_ended(platform: Platform, ann: Caller) -> None:
    _, (first, _) = start(platform, ann, "a", "b")
    move(platform, first, TaskState.FAILED)

    def listed(algorithm: str, after_s: float) -> list[int]:
        page = tasks.list_tasks(
            platform, ann, P, state=TaskState.FAILED, algorithm=algorithm, finished_after_s=after_s
        )
        return [task.id for task in page.items]

    assert listed("toy", 49) == [first]
    assert listed("toy", 51) == listed("other", 49) == []
