"""Runs attempts on this machine, each under a supervisor of its own that outlives the server.

The truth lies in the files of each attempt's folder (see `kpl.runtime.supervisor`); this class keeps nothing in
memory that a restart could lose. An attempt is claimed by its `launch.json`, which is put in place whole and once.
From then on anyone may ask for a supervisor as often as they like: the first takes the lock, the others leave.
`observe` asks again for every attempt whose supervisor is missing, which is how a start that was cut short goes on.
"""

import contextlib
import os
import re
import shutil
import signal
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kpl.algorithm import protocol
from kpl.errors import Invalid, Unavailable
from kpl.resources import Device, Machine
from kpl.runtime import supervisor
from kpl.runtime.devices import given_devices
from kpl.runtime.environments import Environment, open_environment
from kpl.runtime.executor import AttemptFiles, AttemptReport, Launch
from kpl.runtime.executors.local_spawn import SupervisorStarter
from kpl.runtime.executors.local_wake import WakeUp
from kpl.runtime.machine import describe_machine
from kpl.runtime.samples import MachineSample
from kpl.runtime.telemetry import MachineMeter, Running, with_news
from kpl.runtime.variables import SERVICE_HOST, preparation_variables, provided_inputs, task_variables
from kpl.runtime.watchdog import PATIENCE_S, watchdog_plan
from kpl.sentence import Sentence, chinese_of, in_chinese, sentence
from kpl.task import AttemptState, Outcome, TaskKind
from kpl.task.ids import AttemptId, TaskId

_ASK_AGAIN_S = 2.0
_DAMAGED = ("Its launch.json is damaged, as after a power loss.", "其 launch.json 已损坏，例如因断电。")


class LocalExecutor:
    """The executor of one machine, with everything below `root`:

        attempts/<attempt>/          state files, work/, inputs/, outputs/<name>/
        logs/<attempt>.log           both output streams
        events/<attempt>.jsonl       metrics, progress, notes
        checkpoints/<task>/          outlives the attempts of a task
        environments/<digest>/       built once, shared

    Args:
        machine: what to offer; probed unless given.
        simulated_devices: devices that exist in the books alone; used when `machine` is not given.
        start_timeout_s: an attempt that no supervisor could be started for is given up after this time.
        share_patience_s: an attempt that holds more of a shared device than it may is stopped after this time.
    """

    def __init__(
        self,
        root: Path,
        *,
        machine: Machine | None = None,
        simulated_devices: tuple[Device, ...] = (),
        start_timeout_s: float = 60.0,
        share_patience_s: float = PATIENCE_S,
    ) -> None:
        self._root = root.resolve()
        for name in ("attempts", "logs", "events", "checkpoints", "environments", "wake"):
            (self._root / name).mkdir(parents=True, exist_ok=True)
        self._machine = machine or describe_machine(simulated_devices=simulated_devices)
        self._start_timeout_s = start_timeout_s
        self._share_patience_s = share_patience_s
        self._meter = MachineMeter(self._root)
        self._running: dict[AttemptId, Running] = {}  # of what was observed last
        self._boot_id = supervisor.boot_id()
        self._asked_at: dict[AttemptId, float] = {}
        self._starting = threading.Lock()
        self._wake_up = WakeUp(self._root / "wake")
        self._starter = SupervisorStarter()

    # Executor ----------------------------------------------------------------------------------------------------

    def machines(self) -> tuple[Machine, ...]:
        return (self._machine,)

    def samples(self) -> tuple[MachineSample, ...]:
        sample = self._meter.measure(self._machine, list(self._running.values()))
        self._machine = with_news(self._machine, sample)
        return (sample,)

    def start(self, launch: Launch) -> None:
        folder = self._folder(launch.attempt_id)
        try:
            with self._starting:
                if (folder / supervisor.EXIT).exists() or self._has_supervisor(self._read_run(folder)):
                    return
                folder.mkdir(exist_ok=True)
                if (folder / supervisor.STOP).exists():
                    self._settle(launch.attempt_id, Outcome.STOPPED, supervisor.STOPPED_BEFORE)
                elif self._claim(launch, folder):
                    self._ask_for_supervisor(launch.attempt_id)
        except OSError as err:
            raise Unavailable(
                Sentence(
                    f"Attempt {launch.attempt_id} cannot be started: {err}.",
                    f"尝试 {launch.attempt_id} 无法启动：{err}。",
                ),
                hint=Sentence("It is tried again later.", "稍后会再试。"),
            ) from err

    def stop(self, attempt_id: AttemptId, *, grace_s: float) -> None:
        folder = self._folder(attempt_id)
        if (folder / supervisor.EXIT).exists():
            return
        try:
            folder.mkdir(exist_ok=True)
            supervisor.write_json(str(folder / supervisor.STOP), {"grace_s": grace_s})
        except OSError as err:
            raise Unavailable(
                f"Attempt {attempt_id} cannot be stopped: {err}.", hint="It is tried again later."
            ) from err
        run = self._read_run(folder)
        if self._has_supervisor(run):
            # A hint only: it looks for the file by itself.
            supervisor.send_signal(run["supervisor"], signal.SIGTERM)
        elif not run:
            self._settle(attempt_id, Outcome.STOPPED, supervisor.STOPPED_BEFORE)
        else:  # its supervisor died; the next one sees the file
            with contextlib.suppress(OSError):  # `observe` asks again
                self._ask_for_supervisor(attempt_id)

    def observe(self, attempt_ids: Iterable[AttemptId]) -> list[AttemptReport]:
        return [self._report(attempt_id) for attempt_id in attempt_ids]

    def wait(self, timeout_s: float) -> None:
        self._wake_up.wait(timeout_s)

    def wake(self) -> None:
        self._wake_up.wake()

    def files(self, attempt_id: AttemptId) -> AttemptFiles:
        folder = self._folder(attempt_id)
        launch = self._read(folder, supervisor.LAUNCH) or {}
        return AttemptFiles(
            log=self._root / "logs" / f"{attempt_id}.log",
            events=self._root / "events" / f"{attempt_id}.jsonl",
            outputs={name: folder / "outputs" / name for name in launch.get("outputs", ())},
        )

    def checkpoints(self, task_id: TaskId) -> Path:
        return self._root / "checkpoints" / str(task_id)

    def clean(self, attempt_id: AttemptId) -> None:
        folder = self._folder(attempt_id)
        if not (folder / supervisor.EXIT).exists():
            return  # still under way, or unknown
        # The state files stay: they answer later questions, and keep the attempt from being started again.
        for name in ("work", "outputs", "inputs"):
            shutil.rmtree(folder / name, ignore_errors=True)
        self._asked_at.pop(attempt_id, None)

    def leftovers(self) -> Iterator[AttemptId]:
        for work in self._root.glob("attempts/*/work"):
            if (work.parent / supervisor.EXIT).exists():
                yield AttemptId(work.parent.name)

    def close(self) -> None:
        self._starter.close()
        self._wake_up.close()

    # Starting ----------------------------------------------------------------------------------------------------

    def _claim(self, launch: Launch, folder: Path) -> bool:
        """Write down all that a supervisor needs. False: it cannot be run here, which is written down instead."""
        if (folder / supervisor.LAUNCH).exists():
            return True
        try:
            environment = open_environment(launch.environment, self._root / "environments")
            plan = self._plan(launch, folder, environment)
        except Invalid as err:
            words = (str(err), chinese_of(err.sentence))
            self._settle(launch.attempt_id, Outcome.NOT_STARTED, words)
            return False
        self._lay_out(launch, folder)
        supervisor.write_json(str(folder / supervisor.LAUNCH), plan, replace=False)
        return True

    def _lay_out(self, launch: Launch, folder: Path) -> None:
        for name in ("work", "inputs", *(f"outputs/{output}" for output in launch.outputs)):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "outputs").mkdir(exist_ok=True)
        (folder / "token").touch(mode=0o600)
        for given in launch.inputs:
            with contextlib.suppress(FileExistsError):
                (folder / "inputs" / given.name).symlink_to(given.path)
        protocol.write_inputs(folder / "inputs.json", provided_inputs(launch))
        protocol.write_parameters(folder / "parameters.json", launch.parameters)
        self.checkpoints(launch.task_id).mkdir(exist_ok=True)
        files = self.files(launch.attempt_id)
        files.log.touch()
        files.events.touch()

    def _plan(self, launch: Launch, folder: Path, environment: Environment) -> dict[str, Any]:
        files = self.files(launch.attempt_id)
        variables = task_variables(
            launch,
            environment,
            folder,
            events=files.events,
            checkpoints=self.checkpoints(launch.task_id),
            devices=self._machine.devices,
        )
        preparing = preparation_variables()
        return {
            "schema": "kpl.launch/v1",
            "boot_id": self._boot_id,
            "claimed_at_s": time.time(),
            "command": protocol.fill_command(
                launch.command, algorithm=launch.algorithm, python=str(environment.python)
            ),
            "variables": variables,
            "work": str(folder / "work"),
            "log": str(files.log),
            "wake": str(self._root / "wake"),
            "outputs": list(launch.outputs),
            "timeout_s": launch.timeout_s,
            "grace_s": launch.grace_s,
            "placement": asdict(launch.placement),
            "watchdog": watchdog_plan(
                given_devices(launch.placement, self._machine.devices),
                events=files.events,
                neighbours=self._root / "watch",
                patience_s=self._share_patience_s,
            ),
            "service": {"host": SERVICE_HOST} if launch.kind is TaskKind.SERVICE else None,
            "preparations": [
                {
                    "title": str(preparation.title),
                    "title_zh": in_chinese(preparation.title),
                    "lock": str(preparation.lock),
                    "folder": str(preparation.folder),
                    "marker": str(preparation.marker),
                    "commands": [list(command) for command in preparation.commands],
                    "variables": preparing,
                }
                for preparation in environment.preparations
                if not preparation.marker.exists()
            ],
        }

    def _ask_for_supervisor(self, attempt_id: AttemptId) -> None:
        """Start a supervisor, which leaves at once when there is one already. Asks again after a while at most."""
        now = time.monotonic()
        if now - self._asked_at.get(attempt_id, float("-inf")) >= _ASK_AGAIN_S:
            self._asked_at[attempt_id] = now
            self._starter.start(self._folder(attempt_id))

    def _settle(self, attempt_id: AttemptId, outcome: Outcome, message: supervisor.Words) -> None:
        """Record the end of an attempt that has no supervisor, unless one has just come to it."""
        folder = str(self._folder(attempt_id))
        lock = supervisor.lock_attempt(folder, patience_s=0.0)
        if lock is None:
            return
        try:
            run = self._read_run(Path(folder))
            is_started = run.get("task") is not None
            if (Path(folder) / supervisor.EXIT).exists() or (is_started and outcome is not Outcome.LOST):
                return
            supervisor.remove_cgroup(run.get("cgroup", ""))
            started_at_s = run.get("started_at_s")
            supervisor.write_exit(folder, outcome, exit_code=None, message=message, started_at_s=started_at_s)
        finally:
            os.close(lock)

    # Observing ---------------------------------------------------------------------------------------------------

    def _report(self, attempt_id: AttemptId) -> AttemptReport:
        folder = self._folder(attempt_id)
        report = self._report_end(attempt_id, folder)
        if report is not None:
            return report
        launch = self._read(folder, supervisor.LAUNCH)
        if launch is None and (folder / supervisor.LAUNCH).exists():
            # Another thread may have written it since the look before; what is there for good is damaged for good.
            launch = self._read(folder, supervisor.LAUNCH)
            if launch is None:
                self._settle(attempt_id, Outcome.LOST, _DAMAGED)
        if launch is None:
            return self._report_end(attempt_id, folder) or AttemptReport(attempt_id, None)
        run = self._read_run(folder)
        if self._has_supervisor(run):
            self._asked_at.pop(attempt_id, None)  # should it die, the next is asked for at once
            self._wake_up.watch(attempt_id, run["supervisor"])
            self._running[attempt_id] = _running(launch, run)
        else:
            self._revive(attempt_id, launch, run)
            report = self._report_end(attempt_id, folder)
            if report is not None:
                return report
        return self._report_under_way(attempt_id, folder, run)

    def _report_end(self, attempt_id: AttemptId, folder: Path) -> AttemptReport | None:
        end = self._read(folder, supervisor.EXIT)
        if end is None:
            return None
        self._asked_at.pop(attempt_id, None)
        self._wake_up.forget(attempt_id)
        self._running.pop(attempt_id, None)
        return AttemptReport(
            attempt_id,
            AttemptState.ENDED,
            outcome=Outcome(end["outcome"]),
            exit_code=end["exit_code"],
            message=sentence(end["message"], end.get("message_zh", "")),
            started_at_s=end["started_at_s"],
            ended_at_s=end["ended_at_s"],
        )

    def _report_under_way(self, attempt_id: AttemptId, folder: Path, run: Mapping[str, Any]) -> AttemptReport:
        if run.get("task") is None:
            return AttemptReport(attempt_id, AttemptState.STARTING)
        is_ready = (folder / supervisor.READY).exists()
        return AttemptReport(
            attempt_id,
            AttemptState.READY if is_ready else AttemptState.RUNNING,
            address=run["address"],
            started_at_s=run["started_at_s"],
        )

    def _revive(self, attempt_id: AttemptId, launch: Mapping[str, Any], run: Mapping[str, Any]) -> None:
        """See that an attempt without a supervisor gets one, or an end."""
        task = run.get("task")
        if launch["boot_id"] != self._boot_id:
            self._settle(attempt_id, Outcome.LOST, supervisor.OTHER_BOOT)
            return
        try:
            self._ask_for_supervisor(attempt_id)
        except OSError as err:
            if task is not None and not supervisor.is_alive(task):
                self._settle(attempt_id, Outcome.LOST, supervisor.BOTH_DIED)
            elif task is None and time.time() > launch["claimed_at_s"] + self._start_timeout_s:
                message = (f"No supervisor could be started: {err}.", f"无法启动监督进程：{err}。")
                self._settle(attempt_id, Outcome.NOT_STARTED, message)

    def _read_run(self, folder: Path) -> dict[str, Any]:
        return self._read(folder, supervisor.RUN) or {}

    def _has_supervisor(self, run: Mapping[str, Any]) -> bool:
        return bool(run) and run["boot_id"] == self._boot_id and supervisor.is_alive(run["supervisor"])

    # Files -------------------------------------------------------------------------------------------------------

    def _folder(self, attempt_id: AttemptId) -> Path:
        if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", attempt_id) is None:
            raise Invalid(f"'{attempt_id}' cannot be the id of an attempt.", hint="Ids look like 41-1.")
        return self._root / "attempts" / attempt_id

    @staticmethod
    def _read(folder: Path, name: str) -> dict[str, Any] | None:
        return supervisor.read_json(str(folder / name))


def _running(launch: Mapping[str, Any], run: Mapping[str, Any]) -> Running:
    placement = launch.get("placement") or {"cpu_milli": 1000, "devices": ()}
    shares = {(each["kind"], each["index"]): each["share_milli"] for each in placement["devices"]}
    return Running(run["supervisor"], placement["cpu_milli"], shares)
