"""The loop with the real executor of this machine: processes, signals and files instead of an executor in memory."""

import contextlib
import http.client
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from kpl.orchestrator import Changes, RunState
from kpl.orchestrator.loop import Loop
from kpl.orchestrator.memory_store import InMemoryStore
from kpl.resources import ResourceRequest
from kpl.runtime.executors.local import LocalExecutor
from kpl.scheduler import Policy, Queue
from kpl.storage.artifacts import ArtifactStore
from kpl.task import OutputSpec, TaskInput, TaskKind, TaskOutputInput, TaskState
from kpl.task.ids import AttemptId, Digest, RunId, TaskId
from kpl.testing.tasks import tiny_machine, tiny_run, tiny_task
from kpl.testing.working_server import wait_until

DEADLINE_S = 60.0
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the local executor needs Linux")


class WallClock:
    def now_s(self) -> float:
        return time.time()


@dataclass
class Site:
    """Store, artifacts and processes that outlive the loop which a thread runs over them."""

    root: Path

    def __post_init__(self) -> None:
        self.store = InMemoryStore({1: "default"})
        self.artifacts = ArtifactStore(self.root / "artifacts")
        self.changed = threading.Condition()
        self.open()

    def open(self) -> None:
        self.executor = LocalExecutor(self.root / "executor", machine=tiny_machine())
        self.loop = Loop(self.store, self.executor, self.artifacts, WallClock(), on_change=self.tell)
        self.thread = threading.Thread(target=self.loop.run)
        self.thread.start()

    def tell(self, changes: Changes) -> None:
        with self.changed:
            self.changed.notify_all()

    def close(self) -> None:
        self.loop.stop()
        self.thread.join(DEADLINE_S)
        self.loop.close()
        self.executor.close()

    def algorithm(self, text: str) -> Digest:
        folder = self.root / "algorithm"
        folder.mkdir(exist_ok=True)
        (folder / "main.py").write_text(dedent(text))
        return Digest(self.artifacts.put_tree(folder).digest)

    def wait_for(self, is_reached: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(is_reached, DEADLINE_S), self.store.snapshot()

    def state_of(self, number: int) -> TaskState:
        return self.store.task(TaskId(number)).state


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.close()


COMMAND = ("python", "{algorithm}/main.py")
ADD_A_LINE = """
    import json, os, pathlib
    inputs = json.load(open(os.environ["KPL_INPUTS"]))
    lines = [(pathlib.Path(given["path"]) / "lines").read_text() for given in inputs.values()]
    lines.append(os.environ["KPL_TASK_ID"] + "\\n")
    (pathlib.Path(os.environ["KPL_OUTPUT_OUT"]) / "lines").write_text("".join(lines))
"""


def test_processes_hand_their_outputs_on_and_an_equal_run_reuses_them(site: Site) -> None:
    tree = site.algorithm(ADD_A_LINE)

    def submit(first: int, run: int) -> None:
        tasks = []
        for number in range(first, first + 3):
            before: list[TaskInput] = []
            if number > first:
                before = [TaskOutputInput("before", "files", "", TaskId(number - 1), "out")]
            tasks.append(
                tiny_task(
                    number,
                    name=f"node{number - first}",
                    run=run,
                    after=[number - 1] if before else [],
                    inputs=before,
                    outputs=[OutputSpec("out", "files")],
                    tree=tree,
                    command=COMMAND,
                )
            )
        site.store.submit(tasks, tiny_run(run, tasks))
        site.loop.wake()
        site.wait_for(lambda: site.store.run(RunId(run)).state.is_final)

    submit(1, run=1)
    assert site.store.run(RunId(1)).state is RunState.SUCCEEDED
    assert site.artifacts.read_file(site.store.task(TaskId(3)).outputs["out"], "lines") == b"1\n2\n3\n"
    submit(4, run=2)
    assert [site.store.task(TaskId(number)).why for number in (4, 5, 6)] == [
        "reused from task 1",
        "reused from task 2",
        "reused from task 3",
    ]


def test_a_process_that_fails_is_tried_again_and_keeps_its_checkpoints(site: Site) -> None:
    tree = site.algorithm(
        """
        import os, pathlib, sys
        kept = pathlib.Path(os.environ["KPL_CHECKPOINTS"]) / "kept"
        if not kept.exists():
            kept.touch()
            sys.exit(3)
        """
    )
    site.store.submit([tiny_task(1, tree=tree, command=COMMAND, max_attempts=2)])
    site.loop.wake()
    site.wait_for(lambda: site.state_of(1).is_final)
    task = site.store.task(TaskId(1))
    assert task.attempt is not None
    assert (task.state, task.attempt.id) == (TaskState.SUCCEEDED, "1-2")


def test_a_running_process_is_stopped_when_its_task_is_cancelled(site: Site) -> None:
    tree = site.algorithm("import time; time.sleep(1000)")
    site.store.submit([tiny_task(1, tree=tree, command=COMMAND)])
    site.loop.wake()
    site.wait_for(lambda: site.state_of(1) is TaskState.RUNNING)
    site.store.cancel_task(TaskId(1), "stopped by alice")
    site.loop.wake()
    site.wait_for(lambda: site.state_of(1).is_final)
    assert site.store.task(TaskId(1)).reason == "stopped by alice"


def test_a_process_goes_on_while_no_loop_runs_and_its_exit_is_not_lost(site: Site) -> None:
    go = site.root / "go"
    tree = site.algorithm(
        f"""
        import os, pathlib, time
        while not pathlib.Path({str(go)!r}).exists():
            time.sleep(0.01)
        (pathlib.Path(os.environ["KPL_OUTPUT_OUT"]) / "done").touch()
        """
    )
    site.store.submit([tiny_task(1, tree=tree, command=COMMAND, outputs=[OutputSpec("out", "files")])])
    site.loop.wake()
    site.wait_for(lambda: site.state_of(1) is TaskState.RUNNING)
    site.close()
    go.touch()
    site.open()
    site.wait_for(lambda: site.state_of(1).is_final)
    assert site.state_of(1) is TaskState.SUCCEEDED
    assert site.store.task(TaskId(1)).attempt is not None


def test_borrowed_work_makes_room_and_goes_on_from_its_checkpoint(site: Site) -> None:
    listens = site.root / "listens"
    tree = site.algorithm(
        f"""
        import os, pathlib, signal, sys, time
        kept = pathlib.Path(os.environ["KPL_CHECKPOINTS"]) / "attempts"
        before = kept.read_text() if kept.exists() else ""
        signal.signal(signal.SIGTERM, lambda *_: (kept.write_text(before + os.environ["KPL_ATTEMPT"]), sys.exit(1)))
        pathlib.Path({str(listens)!r}).touch()
        while not before:
            time.sleep(0.01)
        (pathlib.Path(os.environ["KPL_OUTPUT_OUT"]) / "before").write_text(before)
        """
    )
    everything = ResourceRequest(4000, 64)
    site.store.set_queues(
        Queue("lender", guaranteed={"cpu": 4000}), Queue("borrower", policy=Policy(min_run_s=0.0))
    )
    site.store.submit(
        [
            tiny_task(
                1,
                queue="borrower",
                saves_checkpoints=True,
                tree=tree,
                command=COMMAND,
                resources=everything,
                outputs=[OutputSpec("out", "files")],
            )
        ]
    )
    site.loop.wake()
    wait_until(listens.exists, bool)
    site.store.submit(
        [tiny_task(2, queue="lender", resources=everything, tree=tree, command=("python", "-c", "pass"))]
    )
    site.loop.wake()
    site.wait_for(lambda: site.state_of(1).is_final and site.state_of(2).is_final)
    made_room, lender = site.store.task(TaskId(1)), site.store.task(TaskId(2))
    assert (made_room.state, made_room.num_preemptions) == (TaskState.SUCCEEDED, 1)
    assert site.artifacts.read_file(made_room.outputs["out"], "before") == b"1"
    assert lender.state is TaskState.SUCCEEDED
    assert made_room.finished_at_s is not None
    assert lender.finished_at_s is not None
    assert lender.finished_at_s < made_room.finished_at_s


def test_a_service_is_restarted_when_its_process_dies(site: Site) -> None:
    tree = site.algorithm(
        """
        import http.server, os
        class Ready(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                if self.path == "/die":
                    os._exit(1)
        http.server.HTTPServer(("127.0.0.1", int(os.environ["KPL_PORT"])), Ready).serve_forever()
        """
    )
    site.store.submit([tiny_task(1, tree=tree, command=COMMAND, kind=TaskKind.SERVICE, endpoint="digits")])
    site.loop.wake()
    site.wait_for(lambda: site.state_of(1) is TaskState.READY)
    attempt = site.store.task(TaskId(1)).attempt
    assert attempt is not None
    _ask_to_die(attempt.address)

    def is_back() -> bool:
        task = site.store.task(TaskId(1))
        return task.state is TaskState.READY and task.attempt is not None and task.attempt.number == 2

    site.wait_for(is_back)
    site.store.cancel_task(TaskId(1))
    site.loop.wake()
    site.wait_for(lambda: site.state_of(1) is TaskState.CANCELLED)
    assert site.executor.observe([AttemptId("1-2")])[0].outcome is not None


def _ask_to_die(address: str) -> None:
    connection = http.client.HTTPConnection(address, timeout=10)
    with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
        connection.request("GET", "/die")
        connection.getresponse()
