from collections.abc import Sequence
from dataclasses import asdict, replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kpl.errors import Conflict, Invalid
from kpl.orchestrator.state import (
    CancelRun,
    CancelTask,
    Changes,
    Chosen,
    Event,
    Resolved,
    Run,
    RunState,
    Submitted,
)
from kpl.orchestrator.step import step
from kpl.resources import DeviceShare, Placement
from kpl.sentence import Sentence, in_chinese
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.db.tables.runs import RunRow
from kpl.server.db.tables.tasks import TaskOutputRow, TaskRow
from kpl.server.services.access import SERVER
from kpl.server.services.platform import Platform
from kpl.server.services.search_state import search_state
from kpl.server.services.store import CANCEL_RUN, CANCEL_TASK, SqlStore, post, referenced_artifacts
from kpl.server.services.submission import NewTask, add_task, submit_run, submit_task
from kpl.task import (
    ArtifactInput,
    Attempt,
    AttemptState,
    Objective,
    Outcome,
    OutputSpec,
    Program,
    SearchedParameter,
    SearchProgress,
    SearchSpec,
    Task,
    TaskKind,
    TaskOutputInput,
    TaskSpec,
    TaskState,
)
from kpl.task.ids import Digest, RunId, TaskId, attempt_id

PROGRAM = Program("toy", "1.0.0", "process", Digest("a" * 64), ("run",))
PLACEMENT = Placement("here", 1000, 512, (DeviceShare("gpu", 0, 500),))
DIGEST = Digest("d" * 64)
MADE = Digest("e" * 64)


class Ears:
    """Hears what the store announces and what it publishes."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.tasks: list[Task] = []
        self.published: list[str] = []
        self.refuses = False

    def announce(self, _session: Session, runs: Sequence[Run], tasks: Sequence[Task]) -> None:
        self.runs += runs
        self.tasks += tasks

    def publish(
        self, session: Session, *, project_id: int, task_id: int, output: OutputSpec, name: str, digest: str
    ) -> str:
        if self.refuses:
            raise Invalid("This is no dataset.")
        self.published.append(f"{name}:{task_id}:{output.name}:{digest}")
        return f"{name}@{len(self.published)}"


@pytest.fixture
def ears() -> Ears:
    return Ears()


@pytest.fixture
def store(platform: Platform, ears: Ears) -> SqlStore:
    return SqlStore(platform.db, publish=ears.publish, announce=ears.announce)


def submit_pair(platform: Platform, *, publish: str = "") -> RunId:
    """A run of two tasks, the second taking what the first makes."""
    with platform.db.write() as session:
        project = session.get_one(ProjectRow, 1)
        row = RunRow(
            project_id=project.id,
            name="pair",
            state=RunState.QUEUED,
            origin="api",
            parameters={},
            document={},
            num_tasks=2,
            created_by="kpl",
            created_at_s=platform.now_s(),
        )
        session.add(row)
        session.flush()
        outputs = (OutputSpec("files", "dataset", publish=publish),)
        taken = (ArtifactInput("given", "files", "", DIGEST),)
        first = NewTask(
            "first", TaskKind.BATCH, TaskSpec(PROGRAM, inputs=taken, outputs=outputs), lineage="pipeline:pair"
        )
        first_id = TaskId(add_task(platform, session, SERVER, project, first, run_id=row.id).id)
        inputs = (TaskOutputInput("files", "files", "", first_id, "files"),)
        second = NewTask("second", TaskKind.BATCH, TaskSpec(PROGRAM, inputs=inputs), depends_on=[first_id])
        add_task(platform, session, SERVER, project, second, run_id=row.id)
        submit_run(platform, session, project, row)
        return RunId(row.id)


def take_in(store: SqlStore) -> int:
    """Consume the inbox; returns the version after that."""
    state = store.load()
    return store.apply(Changes(), consumed_id=store.inbox(0).last_id, expected_version=state.version)


def test_submitted_run_comes_by_the_inbox_and_is_part_of_the_state_once_consumed(
    platform: Platform, store: SqlStore
) -> None:
    run_id = submit_pair(platform)
    assert not store.load().runs
    (event,) = store.inbox(0).events
    assert isinstance(event, Submitted)
    assert event.run is not None
    assert [task.name for task in event.tasks] == ["first", "second"]
    assert event.tasks[1].depends_on == (event.tasks[0].id,)
    take_in(store)
    state = store.load()
    assert state.runs == {run_id: event.run}
    assert tuple(state.tasks.values()) == event.tasks
    assert store.inbox(0).events == []


def test_submission_wakes_the_loop_after_its_commit(platform: Platform, store: SqlStore) -> None:
    assert not platform.inbox_bell.is_set()
    submit_pair(platform)
    assert platform.inbox_bell.is_set()


def test_cancels_come_in_order(platform: Platform, store: SqlStore) -> None:
    run_id = submit_pair(platform)
    take_in(store)
    with platform.db.write() as session:
        post(platform, session, CANCEL_RUN, run_id=run_id, reason="enough")
        post(platform, session, CANCEL_TASK, task_id=2)
    inbox = store.inbox(0)
    assert inbox.events == [CancelRun(run_id, "enough"), CancelTask(TaskId(2))]
    assert store.inbox(inbox.last_id).events == []


def test_what_was_applied_is_loaded_again(platform: Platform, store: SqlStore, ears: Ears) -> None:
    run_id = submit_pair(platform)
    version = take_in(store)
    state = store.load()
    first, second = state.tasks.values()
    attempt = Attempt(
        attempt_id(first.id, 1), first.id, 1, PLACEMENT, address="127.0.0.1:1", started_at_s=5.0
    )
    run = replace(state.runs[run_id], state=RunState.RUNNING, started_at_s=5.0)
    first = replace(
        first,
        state=TaskState.RUNNING,
        reason="because",
        why="ran: first time",
        digest=DIGEST,
        inputs={"given": DIGEST},
        attempt=attempt,
        num_failures=1,
        not_before_s=7.5,
        started_at_s=5.0,
    )
    assert store.apply(Changes((run,), (first,)), consumed_id=0, expected_version=version) == version + 1
    state = store.load()
    assert (state.version, state.runs[run_id]) == (version + 1, run)
    assert state.tasks == {first.id: first, second.id: second}
    assert (ears.runs, ears.tasks) == ([run], [first])


def test_each_attempt_is_kept(platform: Platform, store: SqlStore) -> None:
    submit_pair(platform)
    version = take_in(store)
    task = next(iter(store.load().tasks.values()))
    for number in (1, 2):
        attempt = Attempt(attempt_id(task.id, number), task.id, number, PLACEMENT)
        ended = replace(attempt, state=AttemptState.ENDED, outcome=Outcome.EXITED, exit_code=number)
        ended = replace(ended, message=Sentence("Gone.", "已丢失。"))
        for each in (attempt, ended):
            changed = replace(task, state=TaskState.RUNNING, inputs={"given": DIGEST}, attempt=each)
            version = store.apply(Changes((), (changed,)), consumed_id=0, expected_version=version)
    with platform.db.read() as session:
        kept = session.execute(text("SELECT id, exit_code FROM attempts ORDER BY number")).all()
    assert [tuple(row) for row in kept] == [("1-1", 1), ("1-2", 2)]
    latest = store.load().tasks[task.id].attempt
    assert latest is not None
    assert latest.number == 2
    assert (latest.message, in_chinese(latest.message)) == ("Gone.", "已丢失。")


def test_changes_decided_on_another_version_are_refused_whole(platform: Platform, store: SqlStore) -> None:
    run_id = submit_pair(platform)
    version = take_in(store)
    run = replace(store.load().runs[run_id], state=RunState.FAILED)
    with pytest.raises(Conflict):
        store.apply(Changes((run,)), consumed_id=0, expected_version=version - 1)
    assert store.load().runs[run_id].state is RunState.QUEUED


def finish_first(store: SqlStore, *, version: int) -> tuple[Task, int]:
    task = next(iter(store.load().tasks.values()))
    done = replace(
        task,
        state=TaskState.SUCCEEDED,
        digest=DIGEST,
        inputs={"given": DIGEST},
        outputs={"files": MADE},
        finished_at_s=9.0,
    )
    return done, store.apply(Changes((), (done,)), consumed_id=0, expected_version=version)


def test_output_is_published_with_the_change_that_brings_it(
    platform: Platform, store: SqlStore, ears: Ears
) -> None:
    submit_pair(platform, publish="things")
    done, version = finish_first(store, version=take_in(store))
    assert ears.published == [f"things:{done.id}:files:{MADE}"]
    store.apply(Changes((), (done,)), consumed_id=0, expected_version=version)
    assert len(ears.published) == 1
    with platform.db.read() as session:
        assert session.get_one(TaskOutputRow, (done.id, "files")).published_as == "things@1"
        assert {DIGEST, MADE} <= referenced_artifacts(session)


def test_output_that_cannot_be_published_stays_an_artifact_and_says_why(
    platform: Platform, store: SqlStore, ears: Ears
) -> None:
    ears.refuses = True
    submit_pair(platform, publish="things")
    done, _ = finish_first(store, version=take_in(store))
    with platform.db.read() as session:
        row = session.get_one(TaskRow, done.id)
        assert (row.state, session.get_one(TaskOutputRow, (done.id, "files")).artifact) == ("succeeded", MADE)
        assert row.reason == "Output 'files' was not published as 'things': This is no dataset."


def test_finished_task_is_found_by_digest_in_its_project_alone(platform: Platform, store: SqlStore) -> None:
    submit_pair(platform)
    done, _ = finish_first(store, version=take_in(store))
    other = replace(done, id=TaskId(99))
    found = store.find_finished(other, DIGEST)
    assert found is not None
    assert (found.task_id, found.outputs) == (done.id, {"files": MADE})
    assert store.find_finished(other, MADE) is None
    assert store.find_finished(replace(other, project_id=2), DIGEST) is None
    assert store.find_finished(done, DIGEST) is None  # never itself


def test_ready_service_is_found_under_its_endpoint_alone(platform: Platform, store: SqlStore) -> None:
    with platform.db.write() as session:
        project = session.get_one(ProjectRow, 1)
        spec = TaskSpec(PROGRAM, endpoint="pets")
        submit_task(platform, session, SERVER, project, NewTask("serve", TaskKind.SERVICE, spec))
    version = take_in(store)
    (service,) = store.load().tasks.values()
    ready = replace(service, state=TaskState.READY, digest=DIGEST, ready_at_s=3.0)
    store.apply(Changes((), (ready,)), consumed_id=0, expected_version=version)
    other = replace(ready, id=TaskId(99))
    found = store.find_finished(other, DIGEST)
    assert found is not None
    assert found.task_id == ready.id
    assert store.find_finished(replace(other, spec=replace(spec, endpoint="cars")), DIGEST) is None
    assert list(store.load().tasks) == [ready.id]


def test_earlier_task_is_that_of_the_same_step(platform: Platform, store: SqlStore) -> None:
    submit_pair(platform)
    done, _ = finish_first(store, version=take_in(store))
    submit_pair(platform)
    take_in(store)
    tasks = [task for task in store.load().tasks.values() if task.id > 2]
    earlier = store.find_earlier(tasks[0])
    assert earlier is not None
    assert (earlier.task_id, earlier.spec, earlier.inputs) == (done.id, done.spec, {"given": DIGEST})
    assert earlier.digest == done.digest
    assert store.find_earlier(tasks[1]) is None


def test_reports_hold_for_every_task_that_was_reused_from_the_one_that_ran(
    platform: Platform, store: SqlStore
) -> None:
    for _ in range(3):
        submit_pair(platform)
    take_in(store)
    ran, reused, again, *others = store.load().tasks.values()
    attempt = Attempt(attempt_id(ran.id, 2), ran.id, 2, PLACEMENT)
    with platform.db.write() as session:
        searched = session.get_one(TaskRow, others[0].id)
        searched.search = {"progress": {"best_task_id": ran.id}}
    assert store.find_reported(others[0].id) is None
    changed = (
        replace(ran, attempt=attempt),
        replace(reused, reused_from=ran.id),
        replace(again, reused_from=reused.id),
    )
    store.apply(Changes(tasks=changed), consumed_id=0, expected_version=store.load().version)
    assert [store.find_reported(each.id) for each in (*changed, others[0])] == [attempt.id] * 4
    assert store.find_reported(others[1].id) is None
    assert store.find_reported(TaskId(4711)) is None


def test_changes_of_a_deleted_project_are_forgotten(platform: Platform, store: SqlStore) -> None:
    run_id = submit_pair(platform)
    version = take_in(store)
    state = store.load()
    task = next(iter(state.tasks.values()))
    attempt = Attempt(attempt_id(task.id, 1), task.id, 1, PLACEMENT)
    with platform.db.write() as session:
        session.execute(text("DELETE FROM projects"))
    changes = Changes((state.runs[run_id],), (replace(task, attempt=attempt),))
    store.apply(changes, consumed_id=0, expected_version=version)
    assert not store.load().tasks


def test_looking_for_open_runs_uses_indexes_that_do_not_grow_with_history(platform: Platform) -> None:
    queries = {
        "SELECT * FROM runs WHERE is_final = 0": "ix_runs_open",
        "SELECT * FROM tasks WHERE is_final = 0": "ix_tasks_open",
        "SELECT id FROM tasks WHERE project_id = 1 AND digest = 'x' AND state = 'succeeded' ORDER BY id DESC": (
            "ix_tasks_digest"
        ),
        "SELECT id FROM tasks WHERE project_id = 1 AND lineage = 'x' AND name = 'y' ORDER BY id DESC": (
            "ix_tasks_lineage"
        ),
    }
    with platform.db.read() as session:
        for query, index in queries.items():
            plan = " ".join(str(row) for row in session.execute(text(f"EXPLAIN QUERY PLAN {query}")))
            assert index in plan, plan
            assert "TEMP B-TREE" not in plan, plan


# Searches. ------------------------------------------------------------------------------------------------------

SEARCH = SearchSpec((SearchedParameter("rate", min=0.0, max=1.0),), Objective("score", "maximize"), trials=2)


def submit_search(platform: Platform) -> TaskId:
    """A run of one search that publishes what it comes to, and takes what a task before it left."""
    with platform.db.write() as session:
        project = session.get_one(ProjectRow, 1)
        row = RunRow(
            project_id=project.id,
            name="search",
            state=RunState.QUEUED,
            origin="api",
            parameters={},
            document={},
            num_tasks=1,
            created_by="ann",
            created_at_s=platform.now_s(),
        )
        session.add(row)
        session.flush()
        spec = TaskSpec(
            PROGRAM,
            parameters={"epochs": 3},
            inputs=(ArtifactInput("given", "files", "", DIGEST),),
            outputs=(OutputSpec("model", "model", publish="digits"),),
            search=SEARCH,
        )
        task = NewTask("train", TaskKind.BATCH, spec, lineage="pipeline:digits", priority=3)
        number = TaskId(add_task(platform, session, SERVER, project, task, run_id=row.id).id)
        submit_run(platform, session, project, row)
    return number


class Turns:
    """The loop's turns over a store, without its threads."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.state = store.load()
        self.inbox_id = 0

    def take(self, *events: Event, sees_inbox: bool = True) -> None:
        inbox = self.store.inbox(self.inbox_id)
        seen = inbox.events if sees_inbox else []
        result = step(self.state, [*events, *seen], 1000.0)
        last = inbox.last_id if sees_inbox else self.inbox_id
        version = self.store.apply(result.changes, consumed_id=last, expected_version=self.state.version)
        self.state, self.inbox_id = replace(result.state, version=version), last


def test_a_trial_gets_its_number_and_comes_back_by_the_inbox(platform: Platform, store: SqlStore) -> None:
    search_id = submit_search(platform)
    turns = Turns(store)
    turns.take()
    turns.take(Resolved(search_id, DIGEST, "ran: first time"))
    turns.take(Chosen(search_id, 1, {"rate": 0.5}), sees_inbox=False)
    (event,) = store.inbox(turns.inbox_id).events
    assert isinstance(event, Submitted)
    (trial,) = event.tasks
    assert store.load().tasks[trial.id] == trial, (
        "after a crash it is there, and coming by the inbox does no harm"
    )
    assert store.load().runs[RunId(1)].tasks == (search_id,), "trials are no steps"
    assert (trial.name, trial.parent_id, trial.trial, trial.priority) == ("train/1", search_id, 1, 3)
    assert trial.spec.parameters == {"epochs": 3, "rate": 0.5}
    assert (trial.spec.user, trial.spec.outputs) == ("kpl", (OutputSpec("model", "model"),))
    with pytest.raises(IntegrityError):
        store.apply(Changes(trials=(trial,)), consumed_id=0, expected_version=turns.state.version)
    turns = Turns(store)  # the server was killed
    turns.take()
    assert turns.state.tasks[trial.id].state is TaskState.RESOLVING
    assert list(store.trials(search_id)) == [turns.state.tasks[trial.id]]


def test_a_search_ends_with_its_best_trial_which_is_what_is_published(
    platform: Platform, store: SqlStore, ears: Ears
) -> None:
    search_id = submit_search(platform)
    turns = Turns(store)
    turns.take()
    turns.take(Resolved(search_id, DIGEST, "ran: first time"))
    for number, value in ((1, 0.9), (2, 0.3)):
        turns.take(Chosen(search_id, number, {"rate": value}))
        turns.take()
        (trial,) = (task for task in turns.state.tasks.values() if task.trial == number)
        done = Resolved(
            trial.id, Digest("b" * 64), "", TaskId(77), {"model": Digest(f"{number}" * 64)}, value=value
        )
        turns.take(done)
    best = search_id + 1
    assert ears.published == [f"digits:{best}:model:{'1' * 64}"]
    with platform.db.read() as session:
        row = session.get_one(TaskRow, search_id)
        state = search_state(row)
    assert row.state == TaskState.SUCCEEDED
    assert state is not None
    assert (state.trials, state.done, state.best_task_id, state.best_value) == (2, 2, best, 0.9)
    twin = replace(store.trials(search_id)[0], id=TaskId(99))
    found = store.find_finished(twin, DIGEST)
    assert found is not None
    assert (found.outputs, found.search) == (
        {"model": "1" * 64},
        SearchProgress(2, done=2, best_task_id=TaskId(best), best_trial=1, best_value=0.9),
    )


def test_what_holds_for_a_search_was_reported_by_its_best_trial(platform: Platform, store: SqlStore) -> None:
    search_id = submit_search(platform)
    progress = {"progress": asdict(SearchProgress(1, best_task_id=TaskId(search_id + 1)))}
    with platform.db.write() as session:
        project, search = session.get_one(ProjectRow, 1), session.get_one(TaskRow, search_id)
        task = NewTask("train/1", TaskKind.BATCH, TaskSpec(PROGRAM))
        ran = add_task(platform, session, SERVER, project, task)
        search.search, ran.num_attempts = progress, 2
        again = add_task(platform, session, SERVER, project, task)
        again.reused_from = search_id
    assert store.find_reported(search_id) == store.find_reported(TaskId(again.id)) == f"{ran.id}-2"
    assert store.find_reported(TaskId(999)) is None
