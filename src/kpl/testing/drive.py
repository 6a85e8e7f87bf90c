"""Drives `step` by hand: for tests of what follows from what, without threads, processes or a clock."""

from dataclasses import dataclass, field, replace

from kpl.orchestrator import Run, State
from kpl.orchestrator.state import AttemptReported, Command, Event, Resolved, Submitted
from kpl.orchestrator.step import step
from kpl.resources import Machine
from kpl.runtime.executor import AttemptReport
from kpl.task import AttemptState, Outcome, Task, TaskState
from kpl.task.ids import AttemptId, Digest, RunId, TaskId
from kpl.testing.tasks import tiny_machine, tiny_run

SOME_DIGEST = Digest("a" * 64)


@dataclass
class Drive:
    """Hands events to `step`, and remembers every record as a store would."""

    machines: tuple[Machine, ...] = (tiny_machine(),)
    now_s: float = 100.0
    state: State = field(default_factory=lambda: State(0))
    tasks: dict[TaskId, Task] = field(default_factory=dict)
    runs: dict[RunId, Run] = field(default_factory=dict)
    commands: tuple[Command, ...] = ()
    wake_at_s: float | None = None

    def take(self, *events: Event) -> tuple[Command, ...]:
        result = step(replace(self.state, machines=self.machines), events, self.now_s)
        self.state, self.commands, self.wake_at_s = result.state, result.commands, result.wake_at_s
        self.tasks.update((task.id, task) for task in result.changes.tasks)
        self.runs.update((run.id, run) for run in result.changes.runs)
        if result.changes.trials:
            return self._submit_trials(result.changes.trials, result.commands)
        return result.commands

    def _submit_trials(self, trials: tuple[Task, ...], commands: tuple[Command, ...]) -> tuple[Command, ...]:
        """Number new trials and hand them in, as a store would."""
        first = max(self.tasks) + 1
        numbered = [replace(trial, id=TaskId(first + place)) for place, trial in enumerate(trials)]
        self.tasks.update((trial.id, trial) for trial in numbered)
        self.commands = (*commands, *self.take(Submitted(tuple(numbered))))
        return self.commands

    def submit(self, *tasks: Task, run: int | None = None) -> tuple[Command, ...]:
        return self.take(Submitted(tasks, None if run is None else tiny_run(run, tasks)))

    def resolve(self, number: int) -> tuple[Command, ...]:
        return self.take(Resolved(TaskId(number), SOME_DIGEST, "ran: first time"))

    def report(
        self,
        attempt: str,
        state: AttemptState | None,
        outcome: Outcome | None = None,
        exit_code: int | None = None,
        message: str = "",
    ) -> tuple[Command, ...]:
        report = AttemptReport(
            AttemptId(attempt), state, outcome=outcome, exit_code=exit_code, message=message
        )
        return self.take(AttemptReported(report))

    def run(self, attempt: str) -> tuple[Command, ...]:
        return self.report(attempt, AttemptState.RUNNING)

    def ready(self, attempt: str) -> tuple[Command, ...]:
        return self.report(attempt, AttemptState.READY)

    def exit(self, attempt: str, exit_code: int = 0) -> tuple[Command, ...]:
        return self.report(attempt, AttemptState.ENDED, Outcome.EXITED, exit_code)

    def start(self, *tasks: Task, run: int | None = None) -> None:
        """Bring tasks without dependencies to `running`."""
        self.submit(*tasks, run=run)
        for task in tasks:
            if not task.depends_on:
                self.resolve(task.id)
                self.run(f"{task.id}-1")

    def state_of(self, number: int) -> TaskState:
        return self.tasks[TaskId(number)].state

    def reason_of(self, number: int) -> str:
        return self.tasks[TaskId(number)].reason
