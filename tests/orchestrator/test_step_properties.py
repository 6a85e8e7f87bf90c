"""Whatever happens in whatever order, with crashes in between, the orchestrator keeps its promises.

The machine below plays people, processes, threads and power cuts against the real `step` and the real store in
memory. Processes obey the executor's contract and nothing more.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kpl.orchestrator import State
from kpl.orchestrator.conditions import not_taken
from kpl.orchestrator.lifecycle import TASK_TRANSITIONS
from kpl.orchestrator.memory_store import InMemoryStore
from kpl.orchestrator.state import (
    AttemptReported,
    Changes,
    Choose,
    ChooseFailed,
    Chosen,
    Collect,
    Collected,
    CollectFailed,
    Command,
    Decided,
    Event,
    FellBehind,
    Resolve,
    Resolved,
    ResolveFailed,
    StartAttempt,
    StopAttempt,
)
from kpl.orchestrator.step import step
from kpl.orchestrator.work import commands_for
from kpl.resources import DeviceRequest, Placement, ResourceRequest
from kpl.runtime.executor import AttemptReport
from kpl.task import (
    OTHERWISE,
    THEN,
    AttemptState,
    Branch,
    Outcome,
    OutputSpec,
    Task,
    TaskKind,
    TaskOutputInput,
    TaskState,
)
from kpl.task.ids import AttemptId, Digest, TaskId, task_id_of
from kpl.testing.clock import FakeClock
from kpl.testing.tasks import tiny_condition, tiny_machine, tiny_run, tiny_search, tiny_task

DIGEST = Digest("a" * 64)
MACHINE = tiny_machine(cpu=3, gpu=2)
ENDS = [
    (Outcome.EXITED, 0),
    (Outcome.EXITED, 1),
    (Outcome.SIGNALLED, -9),
    (Outcome.TIMED_OUT, None),
    (Outcome.LOST, None),
]
REQUESTS = [
    ResourceRequest(1000, 64),
    ResourceRequest(2000, 64, (DeviceRequest("gpu", 1),)),
    ResourceRequest(500, 64, (DeviceRequest("gpu", share_milli=600),)),
    ResourceRequest(1000, 64, (DeviceRequest("gpu", 9),)),  # fits nowhere
]
pick = st.integers(0, 1_000_000)


@dataclass
class Processes:
    """An executor reduced to its contract: idempotent, and a stop outlasts a start that comes later."""

    reports: dict[AttemptId, AttemptReport]
    placements: dict[AttemptId, Placement]
    num_started: Counter[AttemptId]

    def start(self, attempt_id: AttemptId, placement: Placement) -> None:
        if attempt_id not in self.reports:
            self.reports[attempt_id] = AttemptReport(attempt_id, AttemptState.STARTING)
            self.placements[attempt_id] = placement
            self.num_started[attempt_id] += 1

    def stop(self, attempt_id: AttemptId) -> AttemptReport:
        known = self.reports.get(attempt_id)
        if known is None or known.state is not AttemptState.ENDED:
            self.end(attempt_id, Outcome.STOPPED, None)
        return self.reports[attempt_id]

    def end(self, attempt_id: AttemptId, outcome: Outcome, exit_code: int | None) -> None:
        self.reports[attempt_id] = AttemptReport(
            attempt_id, AttemptState.ENDED, outcome=outcome, exit_code=exit_code
        )

    @property
    def live(self) -> list[AttemptId]:
        return [r.attempt_id for r in self.reports.values() if r.state is not AttemptState.ENDED]


class Orchestration(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.store = InMemoryStore()
        self.clock = FakeClock()
        self.processes = Processes({}, {}, Counter())
        self.state = State(0)
        self.inbox_id = 0
        self.pending: list[Command] = []
        self.answers: list[Event] = []
        self.old_reports: list[AttemptReport] = []
        self.next_run = 1

    @property
    def next_task(self) -> int:
        """Trials have numbers that the store gave them."""
        return max(self.store.snapshot()[1], default=0) + 1

    @initialize()
    def load(self) -> None:
        self._load()

    # People.

    @rule(
        shape=st.lists(st.tuples(pick, pick, st.integers(1, 4), st.booleans()), min_size=1, max_size=4),
        endpoint=st.sampled_from(["", "a", "b"]),
    )
    def submit_run(self, shape: list[tuple[int, int, int, bool]], endpoint: str) -> None:
        """A run of tasks that depend on earlier ones; the last may be a service, others conditions."""
        first, run = self.next_task, self.next_run
        tasks: list[Task] = []
        for number, (upstream, request, max_attempts, with_input) in enumerate(shape, start=first):
            after = sorted({first + bit for bit in range(number - first) if upstream >> bit & 1})
            is_service = bool(endpoint) and number == first + len(shape) - 1
            conditions = {task.id for task in tasks if task.kind is TaskKind.CONDITION}
            branches = [
                Branch(TaskId(n), THEN if with_input else OTHERWISE) for n in after if n in conditions
            ]
            makers = [n for n in after if n not in conditions]
            if makers and request % 5 == 3:
                tasks.append(tiny_condition(number, measures=makers[0], run=run))
                continue
            inputs = [TaskOutputInput("x", "files", "", TaskId(n), "out") for n in makers[:1] if with_input]
            tasks.append(
                tiny_task(
                    number,
                    run=run,
                    after=after,
                    kind=TaskKind.SERVICE if is_service else TaskKind.BATCH,
                    endpoint=endpoint if is_service else "",
                    inputs=inputs,
                    outputs=[OutputSpec("out", "files")],
                    resources=REQUESTS[request % len(REQUESTS)],
                    max_attempts=max_attempts,
                    branches=branches,
                )
            )
        self.next_run += 1
        self.store.submit(tasks, tiny_run(run, tasks))

    @rule(trials=st.integers(1, 4), parallel=st.integers(1, 3), budget_s=st.sampled_from([None, 30.0]))
    def submit_search(self, trials: int, parallel: int, budget_s: float | None) -> None:
        """A run of a search and a task that takes what it comes to."""
        number, run = self.next_task, self.next_run
        search = tiny_search(trials=trials, parallel=parallel, budget_s=budget_s, pruning=True)
        inputs = [TaskOutputInput("x", "files", "", TaskId(number), "out")]
        tasks = [
            tiny_task(number, run=run, search=search, outputs=[OutputSpec("out", "files")]),
            tiny_task(number + 1, run=run, after=[number], inputs=inputs),
        ]
        self.next_run += 1
        self.store.submit(tasks, tiny_run(run, tasks))

    @rule(choice=pick)
    def find_one_behind(self, choice: int) -> None:
        """Comparisons of trials may come at any time, about trials in whatever state."""
        if trials := sorted(id for id, task in self.store.snapshot()[1].items() if task.trial):
            self._turn([FellBehind({trials[choice % len(trials)]: 0.5})])

    @rule(endpoint=st.sampled_from(["", "a"]))
    def submit_service(self, endpoint: str) -> None:
        self.store.submit([tiny_task(self.next_task, kind=TaskKind.SERVICE, endpoint=endpoint)])

    @rule(choice=pick)
    def cancel_task(self, choice: int) -> None:
        if known := sorted(self.state.tasks):
            self.store.cancel_task(known[choice % len(known)])

    @rule(choice=pick)
    def cancel_run(self, choice: int) -> None:
        if known := sorted(self.state.runs):
            self.store.cancel_run(known[choice % len(known)])

    # Threads: commands are carried out in any order, late or twice; answers arrive in any order, late or twice.

    @rule(goes_well=st.sampled_from([True, True, True, False]))
    def carry_out_all(self, goes_well: bool) -> None:
        """What mostly happens; without it few examples would come far."""
        pending, self.pending = self.pending, []
        for command in pending:
            self._carry_out(command, goes_well=goes_well)
        answers, self.answers = self.answers, []
        self._turn(answers)

    @rule(choice=pick, goes_well=st.booleans(), is_kept=st.booleans())
    def carry_out(self, choice: int, goes_well: bool, is_kept: bool) -> None:
        if not self.pending:
            return
        command = self.pending[choice % len(self.pending)]
        if not is_kept:
            self.pending.remove(command)
        self._carry_out(command, goes_well=goes_well)

    @rule(choice=pick, is_kept=st.booleans())
    def deliver_answer(self, choice: int, is_kept: bool) -> None:
        if self.answers:
            answer = self.answers[choice % len(self.answers)]
            if not is_kept:
                self.answers.remove(answer)
            self._turn([answer])

    # Processes.

    @rule(choice=pick, to=st.sampled_from([AttemptState.RUNNING, AttemptState.READY]))
    def progress(self, choice: int, to: AttemptState) -> None:
        if live := self.processes.live:
            self._progress(live[choice % len(live)], to)

    @rule(choice=pick, end=st.sampled_from(ENDS), is_seen=st.booleans())
    def end(self, choice: int, end: tuple[Outcome, int | None], is_seen: bool) -> None:
        if live := self.processes.live:
            self.processes.end(live[choice % len(live)], *end)
        if is_seen:
            self.look(skipped=0)

    @rule(goes_well=st.booleans())
    def end_all(self, goes_well: bool) -> None:
        for attempt_id in self.processes.live:
            self.processes.end(attempt_id, Outcome.EXITED, 0 if goes_well else 1)
        self.look(skipped=0)

    # The loop.

    @rule(skipped=pick)
    def look(self, skipped: int) -> None:
        """Read the inbox, and see some of the attempts."""
        attempts = [t.attempt.id for t in self.state.tasks.values() if t.attempt is not None]
        seen = [id for bit, id in enumerate(attempts) if not skipped >> bit & 1]
        reports = [self.processes.reports.get(id, AttemptReport(id, None)) for id in seen]
        self.old_reports += reports
        self._turn([AttemptReported(report) for report in reports])

    @rule(choices=st.lists(pick, min_size=1, max_size=4))
    def look_at_old_reports(self, choices: list[int]) -> None:
        if self.old_reports:
            reports = [self.old_reports[choice % len(self.old_reports)] for choice in choices]
            self._turn([AttemptReported(report) for report in reports])

    @rule(seconds=st.sampled_from([0.5, 60.0, 60.0]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self._turn([])

    @rule()
    def crash(self) -> None:
        """All that was only in memory is lost; processes and store live on."""
        self.pending, self.answers = [], []
        self._load()

    # What always holds.

    @invariant()
    def no_task_has_two_live_attempts(self) -> None:
        live = Counter(task_id_of(attempt_id) for attempt_id in self.processes.live)
        assert all(number == 1 for number in live.values()), live
        assert all(number == 1 for number in self.processes.num_started.values())

    @invariant()
    def processes_never_hold_more_than_the_machine_has(self) -> None:
        held = [
            self.processes.placements[id] for id in self.processes.live if id in self.processes.placements
        ]
        assert sum(placement.cpu_milli for placement in held) <= MACHINE.cpu_milli
        shares: Counter[int] = Counter()
        for placement in held:
            for share in placement.devices:
                shares[share.index] += share.share_milli
        assert all(share_milli <= 1000 for share_milli in shares.values())

    @invariant()
    def nothing_starts_behind_a_branch_that_was_not_taken(self) -> None:
        for task in self.store.snapshot()[1].values():
            if not_taken(task, self.store.snapshot()[1]) is not None:
                assert task.attempt is None
                assert task.state in (TaskState.SKIPPED, TaskState.CANCELLED, TaskState.FAILED), task

    @invariant()
    def what_is_remembered_is_what_is_known(self) -> None:
        """A restart at this very moment would find the same state."""
        submitted = {id for id in self.store.load().tasks if id not in self.state.tasks}
        loaded = {id: task for id, task in self.store.load().tasks.items() if id not in submitted}
        assert all(self.store.task(id).state is TaskState.WAITING for id in submitted)
        assert loaded == dict(self.state.tasks)

    @invariant()
    def trials_are_numbered_without_gap_and_counted(self) -> None:
        tasks = self.store.snapshot()[1]
        for search in tasks.values():
            if search.search is not None and search.state is not TaskState.REUSED:
                trials = sorted(t.trial or 0 for t in tasks.values() if t.parent_id == search.id)
                assert trials == list(range(1, search.search.num_trials + 1))
                assert search.spec.search is not None
                assert len(trials) <= search.spec.search.trials
                open_ = [t for t in tasks.values() if t.parent_id == search.id and not t.state.is_final]
                assert len(open_) <= search.spec.search.parallel
                assert not (open_ and search.state.is_final)

    def teardown(self) -> None:
        """Once all goes well and there is room, every run ends, and every task but services that are ready."""
        self.state = replace(self.state, machines=(tiny_machine(cpu=1000, memory_mib=100_000, gpu=500),))
        for _ in range(60 + 12 * self.next_task + 20 * self.next_run):
            self._go_well()
            if not self.state.runs and all(t.state is TaskState.READY for t in self.state.tasks.values()):
                break
        runs, tasks = self.store.snapshot()
        assert all(run.state.is_final for run in runs.values()), runs
        assert all(task.state.is_final or task.state is TaskState.READY for task in tasks.values())
        assert {task_id_of(id) for id in self.processes.live} == set(self.state.tasks)

    # How it is done.

    def _load(self) -> None:
        self.inbox_id = 0
        self.state = replace(self.store.load(), machines=(MACHINE,))
        self.pending += commands_for(self.state)
        self._turn([])

    def _turn(self, events: Iterable[Event]) -> None:
        inbox = self.store.inbox(self.inbox_id)
        everything = [*events, *inbox.events]
        now_s = self.clock.now_s()
        result = step(self.state, everything, now_s)
        assert step(self.state, everything, now_s) == result
        self._check_transitions(result.changes)
        new = set(commands_for(result.state)) - set(commands_for(self.state))
        assert new == set(result.commands)
        assert result.wake_at_s is None or result.wake_at_s > now_s
        version = self.store.apply(
            result.changes, consumed_id=inbox.last_id, expected_version=self.state.version
        )
        self.state, self.inbox_id = replace(result.state, version=version), inbox.last_id
        self.pending += result.commands

    def _check_transitions(self, changes: Changes) -> None:
        for task in changes.tasks:
            before = self.store.task(task.id)
            assert task.state in _reachable(before.state), f"{before.state} -> {task.state}"
            old = before.attempt.number if before.attempt is not None else 0
            new = task.attempt.number if task.attempt is not None else 0
            assert new - old in (0, 1)
            if new > old and before.attempt is not None:
                assert before.attempt.state is AttemptState.ENDED or before.state is not TaskState.QUEUED

    def _carry_out(self, command: Command, *, goes_well: bool) -> None:
        """Answer as the real handlers do."""
        match command:
            case Resolve() if goes_well and self.store.task(command.task_id).kind is TaskKind.CONDITION:
                branch = THEN if command.task_id % 2 else OTHERWISE
                self.answers.append(Decided(command.task_id, {branch: DIGEST}, "decided"))
            case Resolve() if goes_well:
                self.answers.append(Resolved(command.task_id, DIGEST, "ran: first time"))
            case Resolve():
                self.answers.append(ResolveFailed(command.task_id, "no algorithm"))
            case StartAttempt():
                attempt = self.store.task(command.task_id).attempt
                assert attempt is not None
                if goes_well:
                    self.processes.start(command.attempt_id, attempt.placement)
                else:
                    self.processes.stop(command.attempt_id)
                    report = AttemptReport(
                        command.attempt_id, AttemptState.ENDED, outcome=Outcome.NOT_STARTED
                    )
                    self.answers.append(AttemptReported(report))
            case StopAttempt():
                self.answers.append(AttemptReported(self.processes.stop(command.attempt_id)))
            case Choose() if goes_well:
                self.answers.append(Chosen(command.task_id, command.number, {"rate": 0.5}))
            case Choose():
                self.answers.append(ChooseFailed(command.task_id, command.number, "no memory"))
            case Collect() if goes_well:
                self.answers.append(Collected(command.attempt_id, {"out": DIGEST}, value=0.5))
            case Collect():
                self.answers.append(CollectFailed(command.attempt_id, "output 'out' was left empty"))

    def _progress(self, attempt_id: AttemptId, to: AttemptState) -> None:
        is_service = self.store.task(task_id_of(attempt_id)).kind is TaskKind.SERVICE
        known = self.processes.reports[attempt_id]
        if known.state is AttemptState.READY or (to is AttemptState.READY and not is_service):
            return
        self.processes.reports[attempt_id] = replace(known, state=to)

    def _go_well(self) -> None:
        pending, self.pending = self.pending, []
        for command in pending:
            self._carry_out(command, goes_well=True)
        for attempt_id in self.processes.live:
            task = self.store.task(task_id_of(attempt_id))
            if task.kind is TaskKind.SERVICE:
                self._progress(attempt_id, AttemptState.READY)
            else:
                self.processes.end(attempt_id, Outcome.EXITED, 0)
        answers, self.answers = self.answers, []
        reports = [AttemptReported(report) for report in self.processes.reports.values()]
        self.clock.advance(60.0)
        self._turn([*answers, *reports])


def _reachable(state: TaskState) -> set[TaskState]:
    found, todo = {state}, [state]
    while todo:
        new = TASK_TRANSITIONS[todo.pop()] - found
        found |= new
        todo += new
    return found


TestOrchestration = Orchestration.TestCase
TestOrchestration.settings = settings(max_examples=120, stateful_step_count=50, deadline=None)
