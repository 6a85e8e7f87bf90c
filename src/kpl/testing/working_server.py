"""A server that does real work: its loop runs, and a local executor starts real processes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import TypeVar

from kpl.resources import Device, Machine
from kpl.runtime.executors.local import LocalExecutor
from kpl.schemas.endpoint import EndpointOut
from kpl.schemas.run import RunCreate, RunDetail
from kpl.schemas.task import TaskDetail
from kpl.server.app import close_platform, open_platform
from kpl.server.background import Loop
from kpl.server.background.loop import Orchestration
from kpl.server.background.watch import Watch
from kpl.server.services import endpoints, runs, tasks
from kpl.server.services.access import SERVER
from kpl.server.services.platform import Platform
from kpl.server.settings import Settings
from kpl.task import TaskState
from kpl.testing.server import add_project
from kpl.testing.toy_algorithm import install_toy_algorithm

T = TypeVar("T")

MACHINE = Machine(
    "here", cpu_milli=2000, memory_mib=1024, devices=(Device("gpu", 0, "simulated", "toy", 1024),)
)
DEADLINE_S = 45.0


class Working:
    """An open platform whose loop runs, with the toy algorithm in project `default`."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self._loops: list[Loop] = []

    def start(self) -> None:
        self._loops = [Watch(self.platform), Orchestration(self.platform)]
        for loop in self._loops:
            loop.start()

    def stop(self) -> None:
        for loop in reversed(self._loops):
            loop.stop()
        self._loops = []

    def end_all(self) -> None:
        """Stop what still runs, services too, which outlive the server otherwise."""
        found = tasks.list_tasks(self.platform, SERVER, "default", limit=500).items
        going = [task.id for task in found if not task.state.is_final]
        for task_id in going:
            tasks.cancel_task(self.platform, SERVER, "default", task_id)
        for task_id in going:
            self.task_in(task_id, *(state for state in TaskState if state.is_final))

    def run(self, document: dict[str, object], **parameters: object) -> RunDetail:
        """Start a run of a document and wait for its end."""
        made = runs.create_run(
            self.platform, SERVER, "default", RunCreate(document=document, parameters=parameters)
        )
        return self.finish(made.id)

    def finish(self, run_id: int) -> RunDetail:
        """Wait until a run is over."""
        return wait_until(
            lambda: runs.get_run(self.platform, SERVER, "default", run_id), lambda run: run.state.is_final
        )

    def task(self, run: RunDetail, name: str) -> TaskDetail:
        """One task of a run, by name."""
        task_id = next(task.id for task in run.tasks if task.name == name)
        return tasks.get_task(self.platform, SERVER, "default", task_id)

    def task_in(self, task_id: int, *states: TaskState) -> TaskDetail:
        """Wait until a task is in one of the states."""
        return wait_until(
            lambda: tasks.get_task(self.platform, SERVER, "default", task_id),
            lambda task: task.state in states,
        )

    def endpoint_in(self, name: str, state: str) -> EndpointOut:
        """Wait until an endpoint is in a state."""
        return wait_until(
            lambda: endpoints.get_endpoint(self.platform, SERVER, "default", name),
            lambda endpoint: endpoint.state == state,
        )


@contextmanager
def working(folder: Path) -> Iterator[Working]:
    """A working platform over a folder; opened again over the same folder, it goes on where it stopped."""
    settings = Settings(data_dir=folder, password_hash_memory_mib=8)
    is_new = not folder.exists()
    platform = open_platform(settings, executor=LocalExecutor(settings.runtime_dir, machine=MACHINE))
    if is_new:
        add_project(platform, "default")
        install_toy_algorithm(platform, folder / "toy")
    made = Working(platform)
    made.start()
    try:
        yield made
    finally:
        made.stop()
        close_platform(platform)


def wait_until(look: Callable[[], T], is_right: Callable[[T], bool], *, deadline_s: float = DEADLINE_S) -> T:
    """Look again until it is right; fail with what was seen last."""
    end = monotonic() + deadline_s
    while not is_right(seen := look()):
        assert monotonic() < end, f"still not right after {deadline_s} s: {seen}"
        sleep(0.02)
    return seen
