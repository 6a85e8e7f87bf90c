"""The store that keeps everything in memory: for tests, and for runs that need not outlive their process."""

from collections.abc import Iterable, Mapping, Sequence
from threading import Lock

from kpl.errors import Conflict
from kpl.orchestrator.state import (
    CancelRun,
    CancelTask,
    Changes,
    Request,
    Run,
    SetPriority,
    SetQueues,
    State,
    Submitted,
)
from kpl.orchestrator.store import Earlier, Finished, Inbox
from kpl.scheduler import Queue
from kpl.task import Task, TaskKind, TaskState
from kpl.task.ids import AttemptId, Digest, RunId, TaskId


class InMemoryStore:
    """A `Store` in dictionaries. All methods may be called from any thread.

    Two tasks belong to the same node of the same pipeline when they share project and name.
    """

    def __init__(self, project_names: Mapping[int, str] | None = None) -> None:
        self._project_names = dict(project_names or {})
        self._lock = Lock()
        self._version = 0
        self._runs: dict[RunId, Run] = {}
        self._tasks: dict[TaskId, Task] = {}
        self._inbox: dict[int, Request] = {}
        self._settings = SetQueues((), frozenset())
        self._last_id = 0

    # What people do.

    def submit(self, tasks: Sequence[Task], run: Run | None = None) -> None:
        """Add new tasks, with their run unless they stand alone."""
        with self._lock:
            self._tasks.update((task.id, task) for task in tasks)
            if run is not None:
                self._runs[run.id] = run
            self._add(Submitted(tuple(tasks), run))

    def cancel_task(self, task_id: TaskId, reason: str = "") -> None:
        with self._lock:
            self._add(CancelTask(task_id, reason))

    def cancel_run(self, run_id: RunId, reason: str = "") -> None:
        with self._lock:
            self._add(CancelRun(run_id, reason))

    def set_priority(self, task_id: TaskId, priority: int) -> None:
        with self._lock:
            self._add(SetPriority(task_id, priority))

    def set_queues(self, *queues: Queue, cordoned: Iterable[str] = ()) -> None:
        """Replace the queues and the set of machines that are closed."""
        with self._lock:
            self._settings = SetQueues(queues, frozenset(cordoned))
            self._add(self._settings)

    def task(self, task_id: TaskId) -> Task:
        with self._lock:
            return self._tasks[task_id]

    def run(self, run_id: RunId) -> Run:
        with self._lock:
            return self._runs[run_id]

    def _add(self, event: Request) -> None:
        self._last_id += 1
        self._inbox[self._last_id] = event

    # What the loop does.

    def load(self) -> State:
        with self._lock:
            runs = {run.id: run for run in self._runs.values() if not run.state.is_final}
            tasks = {
                task.id: task
                for task in self._tasks.values()
                if not task.state.is_final or task.run_id in runs
            }
            settings = self._settings
            return State(self._version, runs, tasks, queues=settings.queues, cordoned=settings.cordoned)

    def inbox(self, after_id: int) -> Inbox:
        with self._lock:
            return Inbox(self._last_id, [self._inbox[key] for key in sorted(self._inbox) if key > after_id])

    def apply(self, changes: Changes, *, consumed_id: int, expected_version: int) -> int:
        with self._lock:
            if expected_version != self._version:
                raise Conflict(
                    f"The state has version {self._version}, not {expected_version}: load it again."
                )
            self._runs.update((run.id, run) for run in changes.runs)
            self._tasks.update((task.id, task) for task in changes.tasks)
            for key in [key for key in self._inbox if key <= consumed_id]:
                del self._inbox[key]
            self._version += 1
            return self._version

    def find_finished(self, task: Task, digest: Digest) -> Finished | None:
        wanted = TaskState.READY if task.kind is TaskKind.SERVICE else TaskState.SUCCEEDED
        with self._lock:
            found = [
                other
                for other in self._tasks.values()
                if other.digest == digest
                and other.state is wanted
                and other.id != task.id
                and other.project_id == task.project_id
                and other.spec.endpoint == task.spec.endpoint
            ]
        latest = max(found, key=lambda other: other.id, default=None)
        return None if latest is None else Finished(latest.id, dict(latest.outputs))

    def find_earlier(self, task: Task) -> Earlier | None:
        with self._lock:
            found = [
                other
                for other in self._tasks.values()
                if other.id < task.id
                and other.digest is not None
                and (other.project_id, other.name) == (task.project_id, task.name)
            ]
        latest = max(found, key=lambda other: other.id, default=None)
        if latest is None or latest.digest is None:
            return None
        attempt = latest.attempt if latest.state is TaskState.SUCCEEDED else None
        ran_s = None if attempt is None else attempt.run_time_s
        return Earlier(latest.id, latest.spec, dict(latest.inputs), latest.digest, ran_s)

    def find_reported(self, task_id: TaskId) -> AttemptId | None:
        with self._lock:
            task = self._tasks.get(task_id)
            while task is not None and task.attempt is None:
                stand_in = task.reused_from or (task.search and task.search.best_task_id)
                task = self._tasks.get(stand_in) if stand_in else None
        return None if task is None or task.attempt is None else task.attempt.id

    def project_name(self, project_id: int) -> str:
        return self._project_names.get(project_id, f"project-{project_id}")

    def forget_version(self) -> None:
        """Act as if somebody else had applied changes, so that the next `apply` finds a conflict."""
        with self._lock:
            self._version += 1

    def snapshot(self) -> tuple[Mapping[RunId, Run], Mapping[TaskId, Task]]:
        """Everything there ever was, as it stands now."""
        with self._lock:
            return dict(self._runs), dict(self._tasks)
