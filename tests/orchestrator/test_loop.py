import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kpl.errors import Unavailable
from kpl.orchestrator import Changes, RunState
from kpl.orchestrator.loop import LOOK_AGAIN_S, Loop
from kpl.orchestrator.memory_store import InMemoryStore
from kpl.runtime.executor import AttemptFiles, AttemptReport, Launch
from kpl.storage.artifacts import ArtifactStore
from kpl.task import (
    ArtifactInput,
    AttemptState,
    OutputSpec,
    Task,
    TaskInput,
    TaskKind,
    TaskOutputInput,
    TaskState,
)
from kpl.task.ids import AttemptId, Digest, RunId, TaskId
from kpl.testing.clock import FakeClock
from kpl.testing.null_executor import NullExecutor
from kpl.testing.tasks import tiny_machine, tiny_run, tiny_task

DEADLINE_S = 20.0
MODEL = OutputSpec("model", "model")


def train(launch: Launch, files: AttemptFiles) -> int:
    """Write what depends on parameters and inputs alone into each output."""
    seen = "".join((given.path / "data").read_text() for given in launch.inputs)
    for folder in files.outputs.values():
        (folder / "data").write_text(f"{seen}{sorted(launch.parameters.items())}")
    return 0


@dataclass
class Bench:
    """Everything that a loop needs, on one folder."""

    root: Path
    clock: FakeClock = field(default_factory=FakeClock)
    store: InMemoryStore = field(default_factory=lambda: InMemoryStore({1: "default"}))
    changes: list[Changes] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.artifacts = ArtifactStore(self.root / "artifacts")
        self.executor = NullExecutor(self.root / "attempts", (tiny_machine(),), program=train)
        self.loop = self.new_loop()

    def new_loop(self) -> Loop:
        self.loop = Loop(self.store, self.executor, self.artifacts, self.clock, on_change=self.changes.append)
        self.loops.append(self.loop)
        return self.loop

    def use(self, executor: NullExecutor) -> None:
        self.executor = executor
        self.new_loop()

    def algorithm(self, text: str = "epochs = 1") -> Digest:
        folder = self.root / "algorithm"
        folder.mkdir(exist_ok=True)
        (folder / "train.py").write_text(text)
        (folder / "algorithm.yaml").write_text("name: tiny")
        return Digest(self.artifacts.put_tree(folder).digest)

    def dataset(self, text: str = "digits") -> Digest:
        folder = self.root / "dataset"
        folder.mkdir(exist_ok=True)
        (folder / "data").write_text(text)
        return Digest(self.artifacts.put_tree(folder).digest)

    def submit_chain(self, first: int, *, run: int, epochs: int = 5, text: str = "epochs = 1") -> None:
        """A run of `train`, then `test` on its model."""
        tree = self.algorithm(text)
        dataset: TaskInput = ArtifactInput("dataset", "dataset", "classification", self.dataset())
        model = TaskOutputInput("model", "model", "classification", TaskId(first), "model")
        tasks = [
            tiny_task(
                first,
                name="train",
                run=run,
                tree=tree,
                inputs=[dataset],
                outputs=[MODEL],
                parameters={"epochs": epochs},
            ),
            tiny_task(
                first + 1,
                name="test",
                run=run,
                tree=tree,
                after=[first],
                inputs=[model, dataset],
                outputs=[OutputSpec("metrics", "files")],
            ),
        ]
        self.store.submit(tasks, tiny_run(run, tasks))
        self.loop.wake()

    def submit(self, *tasks: Task) -> None:
        self.store.submit(tasks)
        self.loop.wake()

    def settle(self) -> None:
        """Turn until nothing is left to do before the clock moves."""
        deadline_s = time.monotonic() + DEADLINE_S
        while self.loop.turn() or self.loop.is_busy:
            if self.loop.is_busy:
                self.executor.wait(1.0)
            assert time.monotonic() < deadline_s, self.store.snapshot()

    def state_of(self, number: int) -> TaskState:
        return self.store.task(TaskId(number)).state

    def reason_of(self, number: int) -> str:
        return self.store.task(TaskId(number)).reason

    def why(self, number: int) -> str:
        return self.store.task(TaskId(number)).why

    @property
    def started(self) -> list[str]:
        return [launch.attempt_id for launch in self.executor.launches]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    for loop in bench.loops:
        loop.close()


def test_a_run_goes_from_submission_to_stored_outputs(bench: Bench) -> None:
    bench.submit_chain(1, run=1)
    bench.settle()
    assert bench.store.run(RunId(1)).state is RunState.SUCCEEDED
    metrics = bench.store.task(TaskId(2)).outputs["metrics"]
    assert bench.artifacts.read_file(metrics, "data") == b"digits[('epochs', 5)]digits[]"
    assert bench.started == ["1-1", "2-1"]
    assert (bench.why(1), bench.why(2)) == ("ran: first time", "ran: first time")


def test_the_executor_is_told_all_that_a_process_needs(bench: Bench) -> None:
    bench.submit_chain(1, run=1)
    bench.settle()
    launch = bench.executor.launches[0]
    assert (launch.project, launch.run_id, launch.number) == ("default", 1, 1)
    assert (launch.parameters, launch.outputs, launch.grace_s) == ({"epochs": 5}, ("model",), 5.0)
    assert (launch.algorithm / "train.py").read_text() == "epochs = 1"
    assert launch.inputs[0].path.is_dir()
    assert launch.placement.cpu_milli == 1000


def test_a_second_run_that_is_equal_starts_nothing_and_says_so(bench: Bench) -> None:
    bench.submit_chain(1, run=1)
    bench.settle()
    bench.submit_chain(3, run=2)
    bench.settle()
    assert [bench.state_of(number) for number in (3, 4)] == [TaskState.REUSED] * 2
    assert (bench.why(3), bench.why(4)) == ("reused from task 1", "reused from task 2")
    assert bench.store.run(RunId(2)).state is RunState.SUCCEEDED
    assert bench.started == ["1-1", "2-1"]


def test_a_changed_parameter_reruns_its_task_and_what_follows(bench: Bench) -> None:
    bench.submit_chain(1, run=1)
    bench.settle()
    bench.submit_chain(3, run=2, epochs=8)
    bench.settle()
    assert (bench.why(3), bench.why(4)) == ("ran: parameter epochs 5 -> 8", "ran: input model changed")


def test_a_changed_file_of_the_algorithm_is_named(bench: Bench) -> None:
    bench.submit_chain(1, run=1)
    bench.settle()
    bench.submit_chain(3, run=2, text="epochs = 2")
    bench.settle()
    assert bench.why(3) == "ran: train.py changed"
    assert bench.why(4) == "ran: train.py changed"


def test_a_new_version_of_the_task_contract_is_named(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.submit_chain(1, run=1)
    bench.settle()
    monkeypatch.setattr("kpl.pipeline.reuse.CONTRACT_VERSION", 2)
    bench.submit_chain(3, run=2)
    bench.settle()
    assert bench.why(3) == "ran: function contract changed"


def test_a_task_that_must_run_is_not_reused(bench: Bench) -> None:
    tree = bench.algorithm()
    bench.submit(tiny_task(1, name="train", tree=tree, outputs=[MODEL]))
    bench.settle()
    bench.submit(tiny_task(2, name="train", tree=tree, outputs=[MODEL], must_run=True))
    bench.settle()
    assert (bench.state_of(2), bench.why(2)) == (TaskState.SUCCEEDED, "ran: asked to run from here")


def test_outputs_that_are_no_longer_stored_are_made_again(bench: Bench) -> None:
    bench.submit_chain(1, run=1)
    bench.settle()
    digest = bench.store.task(TaskId(1)).outputs["model"]
    (bench.root / "artifacts" / "trees" / digest[:2] / f"{digest}.json").unlink()
    bench.submit_chain(3, run=2)
    bench.settle()
    assert bench.why(3) == "ran: output 'model' of task 1 is no longer stored"
    assert bench.state_of(4) is TaskState.REUSED


def test_an_output_left_empty_fails_the_task(bench: Bench) -> None:
    bench.use(NullExecutor(bench.root / "empty", (tiny_machine(),), program=lambda launch, files: 0))
    bench.submit(tiny_task(1, tree=bench.algorithm(), outputs=[MODEL]))
    bench.settle()
    assert bench.state_of(1) is TaskState.FAILED
    assert bench.reason_of(1) == (
        "the process ended with exit code 0 but left output 'model' empty: "
        "it has to write into the folder named by KPL_OUTPUT_MODEL"
    )


def test_what_was_promised_but_not_delivered_is_remarked(bench: Bench) -> None:
    def program(launch: Launch, files: AttemptFiles) -> int:
        files.events.write_text('{"type": "metric", "name": "loss", "value": 1.5}\n')
        return 0

    bench.use(NullExecutor(bench.root / "promised", (tiny_machine(),), program=program))
    outputs = [OutputSpec("plots", "files", is_optional=True)]
    bench.submit(tiny_task(1, tree=bench.algorithm(), outputs=outputs, metrics=("loss", "accuracy")))
    bench.settle()
    assert bench.state_of(1) is TaskState.SUCCEEDED
    assert bench.reason_of(1) == (
        "optional output 'plots' was left empty; metric 'accuracy' was promised but not reported"
    )


def test_a_task_whose_algorithm_is_gone_fails_and_its_attempt_can_never_start(bench: Bench) -> None:
    tree = bench.algorithm()
    (bench.root / "artifacts" / "trees" / tree[:2] / f"{tree}.json").unlink()
    bench.submit(tiny_task(1, tree=tree))
    bench.settle()
    assert bench.state_of(1) is TaskState.FAILED
    assert bench.reason_of(1).startswith("the process could not be started: The store")
    assert bench.executor.observe([AttemptId("1-1")])[0].state is AttemptState.ENDED


def test_a_service_becomes_ready_under_the_path_of_its_endpoint(bench: Bench) -> None:
    bench.submit(tiny_task(1, kind=TaskKind.SERVICE, endpoint="digits", tree=bench.algorithm()))
    bench.settle()
    assert bench.state_of(1) is TaskState.READY
    assert bench.executor.launches[0].base_path == "/serve/default/digits"


def test_an_equal_service_is_reused_while_it_is_ready(bench: Bench) -> None:
    tree = bench.algorithm()
    for number in (1, 2):
        bench.submit(tiny_task(number, kind=TaskKind.SERVICE, endpoint="digits", tree=tree))
        bench.settle()
    assert (bench.state_of(1), bench.state_of(2)) == (TaskState.READY, TaskState.REUSED)
    bench.store.cancel_task(TaskId(1))
    bench.loop.wake()
    bench.settle()
    bench.submit(tiny_task(3, kind=TaskKind.SERVICE, endpoint="digits", tree=tree))
    bench.settle()
    assert (bench.state_of(1), bench.state_of(3)) == (TaskState.CANCELLED, TaskState.READY)


def test_a_service_restarts_with_its_inputs_after_its_run_is_over(bench: Bench) -> None:
    tree = bench.algorithm()
    model = TaskOutputInput("model", "model", "", TaskId(1), "model")
    tasks = [
        tiny_task(1, run=1, tree=tree, outputs=[MODEL]),
        tiny_task(2, run=1, tree=tree, after=[1], inputs=[model], kind=TaskKind.SERVICE, endpoint="digits"),
    ]
    bench.store.submit(tasks, tiny_run(1, tasks))
    bench.settle()
    assert bench.store.run(RunId(1)).state is RunState.SUCCEEDED
    bench.executor.end(AttemptId("2-1"), 1)
    bench.settle()
    bench.clock.advance(1.0)
    bench.settle()
    assert bench.state_of(2) is TaskState.READY
    assert bench.executor.launches[-1].attempt_id == "2-2"
    assert bench.executor.launches[-1].inputs == bench.executor.launches[-2].inputs


def test_a_new_loop_takes_over_where_the_last_one_was_cut_off(bench: Bench) -> None:
    bench.use(NullExecutor(bench.root / "manual", (tiny_machine(),)))
    bench.submit_chain(1, run=1)
    bench.settle()
    assert bench.state_of(1) is TaskState.STARTING
    (bench.executor.files(AttemptId("1-1")).outputs["model"] / "data").write_text("weights")
    bench.executor.end(AttemptId("1-1"))  # while nobody looks
    bench.new_loop()
    bench.settle()
    assert (bench.state_of(1), bench.state_of(2)) == (TaskState.SUCCEEDED, TaskState.STARTING)
    assert bench.started == ["1-1", "2-1"]


@pytest.mark.parametrize("num_turns", range(12))
def test_a_loop_may_be_cut_off_after_any_turn(bench: Bench, num_turns: int) -> None:
    bench.submit_chain(1, run=1)
    for _ in range(num_turns):
        if not bench.loop.turn():
            bench.executor.wait(0.05)
    bench.loop.close()  # what its threads were about to answer is lost
    bench.new_loop()
    bench.settle()
    assert bench.store.run(RunId(1)).state is RunState.SUCCEEDED
    assert bench.started == ["1-1", "2-1"]


def test_a_conflict_makes_the_loop_load_the_state_again(bench: Bench) -> None:
    bench.submit_chain(1, run=1)
    bench.loop.turn()
    bench.store.forget_version()
    bench.settle()
    assert bench.store.run(RunId(1)).state is RunState.SUCCEEDED
    assert bench.started == ["1-1", "2-1"]


def test_files_of_an_attempt_are_removed_once_its_outputs_are_remembered(bench: Bench) -> None:
    seen: list[TaskState] = []

    class Watched(NullExecutor):
        def clean(self, attempt_id: AttemptId) -> None:
            seen.append(bench.state_of(1))
            super().clean(attempt_id)

    bench.use(Watched(bench.root / "watched", (tiny_machine(),), program=train))
    bench.submit(tiny_task(1, tree=bench.algorithm(), outputs=[MODEL]))
    bench.settle()
    bench.loop.close()
    assert bench.executor.cleaned == ["1-1"]
    assert seen == [TaskState.SUCCEEDED]


def test_changes_are_told_after_they_are_in_the_store(bench: Bench) -> None:
    seen: list[tuple[TaskState, TaskState]] = []

    def compare(changes: Changes) -> None:
        seen.extend((task.state, bench.state_of(task.id)) for task in changes.tasks)

    loop = Loop(bench.store, bench.executor, bench.artifacts, bench.clock, on_change=compare)
    bench.loops.append(loop)
    bench.loop = loop
    bench.submit(tiny_task(1, tree=bench.algorithm()))
    bench.settle()
    assert seen == [(state, state) for state, _ in seen]
    assert seen[-1][0] is TaskState.SUCCEEDED


class Hesitant(NullExecutor):
    """Cannot start anything for the first `num_refusals` times."""

    num_refusals = 0
    error: Exception = Unavailable("No more processes can be started.")

    def start(self, launch: Launch) -> None:
        if self.num_refusals > 0:
            self.num_refusals -= 1
            raise self.error
        super().start(launch)


def test_a_start_that_is_refused_for_now_is_tried_again_without_counting_as_an_attempt(bench: Bench) -> None:
    executor = Hesitant(bench.root / "hesitant", (tiny_machine(),), program=train)
    executor.num_refusals = 2
    bench.use(executor)
    bench.submit(tiny_task(1, tree=bench.algorithm()))
    for _ in range(3):
        bench.settle()
        bench.clock.advance(2.0)
    assert (bench.state_of(1), bench.started) == (TaskState.SUCCEEDED, ["1-1"])


def test_a_start_that_is_refused_again_and_again_fails(bench: Bench) -> None:
    executor = Hesitant(bench.root / "hesitant", (tiny_machine(),), program=train)
    executor.num_refusals = 100
    bench.use(executor)
    bench.submit(tiny_task(1, tree=bench.algorithm()))
    for _ in range(6):
        bench.settle()
        bench.clock.advance(10.0)
    assert bench.state_of(1) is TaskState.FAILED
    assert bench.reason_of(1) == "the process could not be started: No more processes can be started."


def test_an_unexpected_error_fails_the_task_and_is_logged(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    executor = Hesitant(bench.root / "broken", (tiny_machine(),), program=train)
    executor.num_refusals, executor.error = 1, ZeroDivisionError("division by zero")
    bench.use(executor)
    with caplog.at_level(logging.ERROR):
        bench.submit(tiny_task(1, tree=bench.algorithm()))
        bench.settle()
    assert bench.reason_of(1) == (
        "the process could not be started: unexpected error in KPL, see the server's log: "
        "ZeroDivisionError: division by zero"
    )
    assert "StartAttempt" in caplog.text


def test_an_attempt_that_the_executor_lost_all_trace_of_is_lost(bench: Bench) -> None:
    bench.use(NullExecutor(bench.root / "manual", (tiny_machine(),)))
    bench.submit(tiny_task(1, tree=bench.algorithm()))
    bench.settle()
    bench.executor.report(AttemptId("1-1"), AttemptState.RUNNING)
    bench.settle()
    bench.executor.forget(AttemptId("1-1"))
    bench.settle()
    assert bench.state_of(1) is TaskState.FAILED
    assert bench.reason_of(1) == "the process was lost: the executor has no record of it any more"


def test_a_task_cancelled_while_its_start_is_on_the_way_never_starts(bench: Bench) -> None:
    release, entered = threading.Event(), threading.Event()

    class Slow(NullExecutor):
        def start(self, launch: Launch) -> None:
            entered.set()
            assert release.wait(DEADLINE_S)
            super().start(launch)

    bench.use(Slow(bench.root / "slow", (tiny_machine(),), program=train))
    bench.submit(tiny_task(1, tree=bench.algorithm()))
    _turn_until(bench, entered.is_set)
    bench.store.cancel_task(TaskId(1), "stopped by alice")
    bench.loop.wake()
    _turn_until(bench, lambda: bench.state_of(1) is TaskState.CANCELLED)
    assert bench.executor.cleaned == []
    release.set()
    bench.settle()
    bench.loop.close()
    assert (bench.started, bench.executor.cleaned) == ([], ["1-1"])
    assert bench.reason_of(1) == "stopped by alice"


def _turn_until(bench: Bench, is_reached: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + DEADLINE_S
    while not is_reached():
        if not bench.loop.turn():
            bench.executor.wait(0.05)
        assert time.monotonic() < deadline_s


def test_what_came_in_without_a_bell_is_found_after_a_while(bench: Bench) -> None:
    bench.settle()
    bench.store.submit([tiny_task(1, tree=bench.algorithm())])
    bench.settle()
    assert bench.state_of(1) is TaskState.WAITING
    bench.clock.advance(LOOK_AGAIN_S)
    bench.settle()
    assert bench.state_of(1) is TaskState.SUCCEEDED


def test_the_loop_runs_on_a_thread_until_it_is_stopped(bench: Bench) -> None:
    done = threading.Event()

    def watch(changes: Changes) -> None:
        if any(run.state.is_final for run in changes.runs):
            done.set()

    bench.loop = Loop(bench.store, bench.executor, bench.artifacts, bench.clock, on_change=watch)
    bench.loops.append(bench.loop)
    thread = threading.Thread(target=bench.loop.run)
    thread.start()
    try:
        bench.submit_chain(1, run=1)
        assert done.wait(DEADLINE_S)
    finally:
        bench.loop.stop()
        thread.join(DEADLINE_S)
    assert not thread.is_alive()


def test_a_loop_whose_store_fails_loads_again_when_it_is_run_again(bench: Bench) -> None:
    class Failing(InMemoryStore):
        is_broken = False

        def project_name(self, project_id: int) -> str:
            return "default"

        def apply(self, changes: Changes, *, consumed_id: int, expected_version: int) -> int:
            if self.is_broken:
                raise Unavailable("The disk is full.")
            return super().apply(changes, consumed_id=consumed_id, expected_version=expected_version)

    store = bench.store = Failing()
    bench.new_loop()
    bench.submit_chain(1, run=1)
    bench.loop.turn()
    store.is_broken = True
    bench.executor.wait(1.0)
    with pytest.raises(Unavailable):
        bench.settle()
    store.is_broken = False
    bench.settle()
    assert bench.store.run(RunId(1)).state is RunState.SUCCEEDED
    assert bench.started == ["1-1", "2-1"]


def test_an_error_while_looking_loses_no_answer(bench: Bench) -> None:
    class Moody(NullExecutor):
        is_broken = False

        def observe(self, attempt_ids: Iterable[AttemptId]) -> list[AttemptReport]:
            if self.is_broken:
                raise OSError("too many open files")
            return super().observe(attempt_ids)

    executor = Moody(bench.root / "moody", (tiny_machine(),), program=train)
    bench.use(executor)
    bench.submit_chain(1, run=1)
    bench.submit(tiny_task(3, tree=bench.algorithm()))
    for _ in range(8):
        executor.is_broken = True
        with contextlib.suppress(OSError):
            bench.loop.turn()
        executor.is_broken = False
        bench.loop.turn()
        executor.wait(0.05)
    bench.settle()
    assert bench.store.run(RunId(1)).state is RunState.SUCCEEDED
    assert sorted(bench.started) == ["1-1", "2-1", "3-1"]
