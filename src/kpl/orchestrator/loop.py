"""The loop that moves everything forward: takes in what happened, decides, remembers, then acts.

Deciding is left to `step`, the work behind commands to `handlers`. The loop adds the clock and the order:
changes are in the store before any command that follows from them is carried out, so that a crash between any
two instructions loses nothing. It does not poll; it waits in the executor until an attempt may have changed,
a command was answered, somebody rang the bell, or the time has come for a task that backs off.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Event as Flag
from typing import Protocol

from kpl.errors import Conflict
from kpl.orchestrator.cause import cause_of_end
from kpl.orchestrator.handlers import Handlers
from kpl.orchestrator.lifecycle import can_follow
from kpl.orchestrator.state import AttemptReported, Changes, Command, Compare, Event, State, StopAttempt
from kpl.orchestrator.step import step
from kpl.orchestrator.store import Inbox, Store
from kpl.orchestrator.work import StepResult, commands_for
from kpl.orchestrator.workers import Workers
from kpl.runtime.executor import AttemptReport, Executor
from kpl.scheduler import Cluster
from kpl.storage.artifacts import ArtifactStore
from kpl.task import AttemptState, Outcome, Task, TaskState
from kpl.task.ids import AttemptId, TaskId, task_id_of

# How long it takes at most to notice what somebody put into the inbox without ringing the bell: a process
# that crashed between the two, or another server.
LOOK_AGAIN_S = 5.0
COMPARE_EVERY_S = 1.0
"""How often the trials of a search are compared that stops those which fall behind."""


_log = logging.getLogger(__name__)


class Clock(Protocol):
    def now_s(self) -> float:
        """Seconds since the epoch."""


class Loop:
    """Owns the state of one store for as long as it runs. Only one loop may run on a store at a time.

    Threads: `run`, `turn` and `wait` belong to one thread; `wake` and `stop` may be called from any.

    Args:
        bell: rung by whoever put something into the inbox, before `executor.wake`; `wake` does both.
        on_change: told what changed, in the loop's thread, as soon as it is in the store.
        num_threads: how many commands are carried out at once; half as many again store outputs.
    """

    def __init__(
        self,
        store: Store,
        executor: Executor,
        artifacts: ArtifactStore,
        clock: Clock,
        *,
        bell: Flag | None = None,
        on_change: Callable[[Changes], None] | None = None,
        num_threads: int = 4,
    ) -> None:
        self._store = store
        self._executor = executor
        self._clock = clock
        self._bell = bell if bell is not None else Flag()
        self._on_change = on_change
        handlers = Handlers(store, executor, artifacts)
        self._workers = Workers(handlers, num_threads=num_threads, wake=executor.wake)
        self._stopping = Flag()
        self._state: State | None = None
        self._inbox_id = 0
        self._look_at_s = 0.0
        self._wake_at_s: float | None = None
        self._compare_at_s: float | None = None
        self._to_clean: list[AttemptId] = []
        self._cluster = Cluster()

    @property
    def state(self) -> State | None:
        """The state as of the last turn; None before the first and after a conflict."""
        return self._state

    @property
    def is_busy(self) -> bool:
        """Whether a command is being carried out, or was answered since the last turn."""
        return self._workers.is_busy

    def wake(self) -> None:
        """Look into the inbox now."""
        self._bell.set()
        self._executor.wake()

    def run(self) -> None:
        """Turn until `stop`. After an error it may be called again: it loads the state anew and goes on."""
        while not self._stopping.is_set():
            if not self.turn():
                self.wait()

    def stop(self) -> None:
        """Make `run` return after the turn it is in. Attempts go on without the loop."""
        self._stopping.set()
        self._executor.wake()

    def close(self) -> None:
        """Wait for the commands being carried out and end the threads; call it after `run` has returned."""
        self._clean()
        self._workers.close()

    def wait(self) -> None:
        """Wait until there may be something to do."""
        if self._workers.has_answers or self._bell.is_set() or self._stopping.is_set():
            return
        times = (self._look_at_s, self._workers.retry_at_s, self._wake_at_s, self._compare_at_s)
        left_s = min(at_s for at_s in times if at_s is not None) - self._clock.now_s()
        if left_s > 0:
            self._executor.wait(left_s)

    def turn(self) -> bool:
        """Take in all that happened since the last turn, and do what follows from it.

        Returns:
            whether anything changed, so that there may be more to do at once.
        """
        now_s = self._clock.now_s()
        state, is_fresh = self._current_state()
        self._compare_trials(state, now_s)
        self._state = None  # load it again unless this turn gets to its end: events would be lost otherwise
        inbox = self._look_into_inbox(now_s)
        events = [*self._workers.events(now_s), *inbox.events, *self._reports(state)]
        is_due = self._wake_at_s is not None and now_s >= self._wake_at_s
        if not (events or is_fresh or is_due):
            self._state = state
            return False
        result = step(state, events, now_s, self._cluster)
        self._wake_at_s = result.wake_at_s
        if not self._remember(state, result, inbox):
            return True
        for command in commands_for(result.state) if is_fresh else result.commands:
            self._carry_out(command, result.state)
        self._clean_after(state, result.changes)
        if not result.commands:
            self._clean()  # nobody waits for it, so it comes after what somebody waits for
        return bool(result.changes)

    def _current_state(self) -> tuple[State, bool]:
        """The state with the machines of this moment, and whether that alone calls for a step."""
        machines = self._executor.machines()
        if self._state is None:
            self._inbox_id = 0
            self._bell.set()
            return replace(self._store.load(), machines=machines), True
        if machines != self._state.machines:
            return replace(self._state, machines=machines), True
        return self._state, False

    def _look_into_inbox(self, now_s: float) -> Inbox:
        if not self._bell.is_set() and now_s < self._look_at_s:
            return Inbox(self._inbox_id, ())
        self._bell.clear()  # before looking, so that whatever comes in after the look rings it again
        self._look_at_s = now_s + LOOK_AGAIN_S
        return self._store.inbox(self._inbox_id)

    def _reports(self, state: State) -> Iterator[Event]:
        """The executor's news of the attempts that hold resources."""
        tasks = {
            task.attempt.id: task
            for task in state.tasks.values()
            if task.state.holds_resources and task.attempt is not None
        }
        for report in self._executor.observe(tasks) if tasks else ():
            task = tasks[report.attempt_id]
            if report.state is None:
                self._doubt(task)
            elif task.attempt is not None and can_follow(task.attempt.state, report.state):
                yield AttemptReported(self._with_cause(report))

    def _with_cause(self, report: AttemptReport) -> AttemptReport:
        """The report of a process that gave up, with what it said of the reason."""
        if report.outcome is not Outcome.EXITED or not report.exit_code or report.message:
            return report
        files = self._executor.files(report.attempt_id)
        return replace(report, message=cause_of_end(files, report.exit_code))

    def _doubt(self, task: Task) -> None:
        """Make sure that an attempt is over which the executor knew once and does not know any more."""
        if task.attempt is not None and task.state in (TaskState.RUNNING, TaskState.READY):
            self._workers.submit(StopAttempt(task.attempt.id, task.spec.grace_s), task)

    def _compare_trials(self, state: State, now_s: float) -> None:
        """Have the running trials of those searches compared that stop which fall behind, now and then."""
        searches = [
            task
            for task in state.tasks.values()
            if task.state is TaskState.SEARCHING and task.spec.search is not None and task.spec.search.pruning
        ]
        if searches and self._compare_at_s is not None and self._compare_at_s > now_s:
            return
        for search in searches:
            self._workers.submit(Compare(search.id), search)
        self._compare_at_s = now_s + COMPARE_EVERY_S if searches else None

    def _remember(self, before: State, result: StepResult, inbox: Inbox) -> bool:
        """Bring the changes into the store; False when somebody else was faster: the state is stale."""
        if not result.changes and inbox.last_id == self._inbox_id:
            self._state = result.state
            return True
        try:
            version = self._store.apply(
                result.changes, consumed_id=inbox.last_id, expected_version=before.version
            )
        except Conflict as err:
            _log.warning("The state is loaded again: %s", err)
            return False
        self._state = replace(result.state, version=version)
        self._inbox_id = inbox.last_id
        if result.changes.trials:
            self._bell.set()  # they come by the inbox, with the ids that the store gave them
        if self._on_change is not None and result.changes:
            self._on_change(result.changes)
        return True

    def _carry_out(self, command: Command, state: State) -> None:
        self._workers.submit(command, state.tasks[_task_of(command)])

    def _clean_after(self, before: State, changes: Changes) -> None:
        """Note the attempts whose outcome and outputs are now remembered: their files are not needed any more."""
        for task in changes.tasks:
            earlier = before.tasks.get(task.id)
            if (
                earlier is not None
                and earlier.attempt is not None
                and _is_over(task)
                and not _is_over(earlier)
            ):
                self._to_clean.append(earlier.attempt.id)

    def _clean(self) -> None:
        while self._to_clean:
            self._workers.clean(self._to_clean.pop())


def _is_over(task: Task) -> bool:
    """Whether nothing of the task's latest attempt is needed any more but its log and events."""
    ended = task.attempt is not None and task.attempt.state is AttemptState.ENDED
    return ended and task.state is not TaskState.COLLECTING


def _task_of(command: Command) -> TaskId:
    return task_id_of(command.attempt_id) if isinstance(command, StopAttempt) else command.task_id
