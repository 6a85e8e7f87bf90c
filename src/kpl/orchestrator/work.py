"""The state while a step changes it, and the commands that its changes bring about."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from kpl.orchestrator.lifecycle import move_task
from kpl.orchestrator.state import (
    Changes,
    Choose,
    Collect,
    Command,
    Resolve,
    Run,
    StartAttempt,
    State,
    StopAttempt,
    Submitted,
)
from kpl.task import Attempt, Task, TaskState
from kpl.task.ids import AttemptId, RunId, TaskId, task_id_of


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step decided.

    Args:
        state: the state with the changes in it, without what is over; its version is the one handed in.
        wake_at_s: when to look again though nothing happens; None when only an event can change anything.
    """

    state: State
    changes: Changes
    commands: tuple[Command, ...]
    wake_at_s: float | None


def commands_for(state: State) -> tuple[Command, ...]:
    """All commands that are outstanding, as after a restart. Each may have been carried out before."""
    commands = (command_of(state.tasks[task_id]) for task_id in sorted(state.tasks))
    return tuple(command for command in commands if command is not None)


def command_of(task: Task) -> Command | None:
    """The one command that the task's state waits for; None when it waits for something else."""
    match task.state, task.attempt:
        case TaskState.RESOLVING, _:
            return Resolve(task.id)
        case TaskState.STARTING, Attempt() as attempt:
            return StartAttempt(task.id, attempt.id)
        case TaskState.STOPPING, Attempt() as attempt:
            return StopAttempt(attempt.id, task.spec.grace_s)
        case TaskState.COLLECTING, Attempt() as attempt:
            return Collect(task.id, attempt.id)
        case TaskState.SEARCHING, _ if task.search is not None and task.search.choosing:
            return Choose(task.id, task.search.choosing)
        case _:
            return None


class Work:
    """The state while a step changes it.

    Most of what is open is untouched by a step, so it keeps track of what was touched instead of comparing all.
    """

    def __init__(self, state: State, now_s: float) -> None:
        self.state = state
        self.now_s = now_s
        self.tasks = dict(state.tasks)
        self.runs = dict(state.runs)
        self.wake_at_s: list[float] = []
        self.touched_tasks: set[TaskId] = set()
        self.touched_runs: set[RunId] = set()
        self._trials: list[Task] = []
        self._submitted: dict[TaskId, Task] = {}
        self._submitted_runs: dict[RunId, Run] = {}

    def add(self, submitted: Submitted) -> None:
        """Take up new tasks; the store has them already, so they are no change."""
        for task in submitted.tasks:
            if task.id not in self.tasks:
                self._submitted[task.id] = task
                self.put(task)
        run = submitted.run
        if run is not None and run.id not in self.runs:
            self._submitted_runs[run.id] = run
            self.put_run(run)

    def add_trial(self, task: Task) -> None:
        """Have the store take up a new task; it becomes part of the state when it comes back by the inbox."""
        self._trials.append(task)

    def put(self, task: Task) -> None:
        self.tasks[task.id] = task
        self.touched_tasks.add(task.id)
        if task.run_id is not None:
            self.touched_runs.add(task.run_id)

    def put_run(self, run: Run) -> None:
        self.runs[run.id] = run
        self.touched_runs.add(run.id)

    def move(self, task: Task, to: TaskState, *, reason: str = "") -> Task:
        """Move a task on and keep it."""
        moved = move_task(task, to, now_s=self.now_s, reason=reason)
        self.put(moved)
        return moved

    def task_of(self, attempt: AttemptId) -> Task | None:
        """The task whose latest attempt this is."""
        task = self.tasks.get(task_id_of(attempt))
        return task if task is not None and task.attempt is not None and task.attempt.id == attempt else None

    def run_of(self, task: Task) -> Run | None:
        """The unfinished run that the task belongs to."""
        return None if task.run_id is None else self.runs.get(task.run_id)

    def before(self, task_id: TaskId) -> Task:
        """A task as it was before this step."""
        return self._submitted.get(task_id) or self.state.tasks[task_id]

    def result(self) -> StepResult:
        tasks = tuple(
            self.tasks[id] for id in sorted(self.touched_tasks) if self.tasks[id] is not self.before(id)
        )
        runs = tuple(
            self.runs[id]
            for id in sorted(self.touched_runs & self.runs.keys())
            if self.runs[id] is not (self._submitted_runs.get(id) or self.state.runs.get(id))
        )
        commands = self._new_commands(tasks)
        self._drop_what_is_over(runs, tasks)
        state = replace(self.state, runs=self.runs, tasks=self.tasks)
        changes = Changes(runs, tasks, tuple(self._trials))
        return StepResult(state, changes, commands, self._wake_at_s())

    def _new_commands(self, changed: Iterable[Task]) -> tuple[Command, ...]:
        pairs = ((command_of(self.before(task.id)), command_of(task)) for task in changed)
        return tuple(after for before, after in pairs if after is not None and after != before)

    def _drop_what_is_over(self, runs: Iterable[Run], tasks: Iterable[Task]) -> None:
        """Drop runs that are over with their tasks, and tasks that are over and belong to no open run."""
        over = {run.id for run in runs if run.state.is_final}
        for run_id in over:
            del self.runs[run_id]
        if over:
            tasks = [*tasks, *(task for task in self.tasks.values() if task.run_id in over)]
        for task in tasks:
            if task.state.is_final and task.run_id not in self.runs:
                self.tasks.pop(task.id, None)

    def _wake_at_s(self) -> float | None:
        queued = (task for task in self.tasks.values() if task.state is TaskState.QUEUED)
        backing_off = [task.not_before_s for task in queued if task.not_before_s > self.now_s]
        return min([*backing_off, *self.wake_at_s], default=None)
