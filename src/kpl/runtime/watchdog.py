"""Watches how much memory of shared devices one attempt holds, in a process of its own beside the supervisor.

It runs as `python -P -m kpl.runtime.watchdog FOLDER DESCRIPTOR`: a driver that hangs or crashes takes it along, and not
the supervisor. DESCRIPTOR is the end of a pipe whose other end the supervisor has; when that is closed it leaves.

A task that holds more than its share is told so at once, by a line in its log and a note among its events. If it still
does after the patience that it was given, the watchdog puts `over.json` into the folder and leaves, and the supervisor
stops the task with the message in there.

Where a driver does not tell memory by process (in most containers), the device's memory as a whole is compared with the
shares of all tasks on it. That tells for sure only of a task that is alone on the device; of several, they are told and
none is stopped.
"""

import contextlib
import fcntl
import json
import os
import select
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kpl.resources import Device
from kpl.runtime import supervisor
from kpl.runtime.devices import GivenDevice
from kpl.runtime.devices.registry import kind_of, memory_held_mib, memory_used_mib
from kpl.runtime.variables import inherited_variables
from kpl.sentence import Sentence, in_chinese

INTERVAL_S = 1.0
PATIENCE_S = 10.0
_MOST_TOLERANCE_MIB = 256


def watchdog_plan(
    given: Sequence[GivenDevice], *, events: Path, neighbours: Path, patience_s: float = PATIENCE_S
) -> dict[str, Any] | None:
    """What `launch.json` says about watching; None when there is no share to watch.

    Args:
        neighbours: folder in which the watchdogs of one machine find each other.
    """
    watched = [each for each in given if each.is_shared and each.limit_mib]
    if not watched:
        return None
    return {
        "command": [sys.executable, "-P", "-m", "kpl.runtime.watchdog"],
        "variables": _variables({each.device.kind for each in watched}),
        "events": str(events),
        "neighbours": str(neighbours),
        "patience_s": patience_s,
        "devices": [{"device": asdict(each.device), "limit_mib": each.limit_mib} for each in watched],
    }


def _variables(kinds: Iterable[str]) -> dict[str, str]:
    """What the watchdog needs of this process's environment, and where it finds the packages that we have found."""
    read = {name: os.environ[name] for kind in kinds for name in kind_of(kind).reads if name in os.environ}
    return inherited_variables() | read | {"PYTHONPATH": ":".join(filter(None, sys.path))}


@dataclass(frozen=True, slots=True)
class Excess:
    """More memory than a task's share.

    Args:
        num_tasks: how many tasks hold it together, where the driver does not tell by process; 0 where it does.
    """

    device: Device
    held_mib: int
    limit_mib: int
    num_tasks: int = 0

    @property
    def is_certain(self) -> bool:
        """Whether it is this task that holds too much."""
        return self.num_tasks <= 1

    def __str__(self) -> str:
        name = f"{self.device.kind} {self.device.index}"
        if self.num_tasks == 1:
            return (
                f"{self.held_mib:,} MiB of {name} are in use, more than the share of {self.limit_mib:,} MiB of this "
                "task, the only one of KPL's on it."
            )
        if self.num_tasks > 1:
            return (
                f"The tasks on {name} hold {self.held_mib:,} MiB, more than their shares of {self.limit_mib:,} MiB "
                "together; which of them does cannot be told on this machine."
            )
        return f"It holds {self.held_mib:,} MiB of {name}, more than its share of {self.limit_mib:,} MiB."

    def in_chinese(self) -> str:
        name = f"{self.device.kind} {self.device.index}"
        held, limit = f"{self.held_mib:,} MiB", f"{self.limit_mib:,} MiB"
        if self.num_tasks == 1:
            return f"{name} 已用 {held}，超过其上唯一的 KPL 任务（即本任务）的份额 {limit}。"
        if self.num_tasks > 1:
            return f"{name} 上的任务共占用 {held}，超过其份额之和 {limit}；本机无法判断是哪一个。"
        return f"占用了 {name} 的 {held}，超过份额 {limit}。"


class Watch:
    """The device memory of one attempt, looked at again and again.

    Args:
        plan: as `watchdog_plan` made it.
    """

    def __init__(self, folder: Path, plan: Mapping[str, Any]) -> None:
        self._folder = folder
        self._plan = plan
        self._shares = [(Device(**each["device"]), int(each["limit_mib"])) for each in plan["devices"]]
        self._over_since: float | None = None
        self._is_told = False

    def look(self, *, now_s: float) -> bool:
        """Tell the task when it holds too much; True once it has done so for too long and has to be stopped."""
        excess = next(self._excesses(), None)
        if excess is None:
            if self._is_told:
                self._tell(
                    Sentence("It is within its share of the device again.", "设备内存用量已回到份额以内。")
                )
            self._over_since, self._is_told = None, False
            return False
        patience_s = self._plan["patience_s"]
        if not self._is_told:
            warning = Sentence(
                f" It is stopped if that is so in {patience_s:g} s still.",
                f"若 {patience_s:g} 秒后仍是如此，任务将被停止。",
            )
            ending = warning if excess.is_certain else ""
            self._tell(Sentence(f"{excess}{ending}", excess.in_chinese() + in_chinese(ending)))
            self._is_told = True
        if not excess.is_certain:
            self._over_since = None
            return False
        if self._over_since is None:
            self._over_since = now_s
        if now_s - self._over_since < patience_s:
            return False
        self._condemn(excess)
        return True

    def _excesses(self) -> Iterator[Excess]:
        pids = self._pids()
        for device, limit_mib in self._shares:
            held = memory_held_mib(device, pids)
            if held is not None:
                if held > limit_mib + tolerance_mib(limit_mib):
                    yield Excess(device, held, limit_mib)
                continue
            used, limits = memory_used_mib(device), self._limits_on(device)
            if used is not None and used > sum(limits) + tolerance_mib(sum(limits)):
                yield Excess(device, used, sum(limits), num_tasks=len(limits))

    def _pids(self) -> set[int]:
        """The attempt's processes: all that descends from its supervisor, ourselves aside."""
        run = supervisor.read_json(str(self._folder / supervisor.RUN)) or {}
        roots = {process["pid"] for process in (run.get("supervisor"), run.get("task")) if process}
        pids = supervisor.descendants(supervisor.list_processes(), roots)
        return pids - {os.getpid(), *(p["pid"] for p in (run.get("supervisor"),) if p)}

    def _limits_on(self, device: Device) -> list[int]:
        """The limits of all watched tasks on a device, ours included: those whose watchdogs live."""
        pattern = f"{device.kind}-{device.index}.*"
        found = []
        for path in Path(self._plan["neighbours"]).glob(pattern):
            with contextlib.suppress(OSError, ValueError), path.open("r+b") as file:
                if _is_locked(file.fileno()):
                    found.append(int(file.read()))
                else:
                    path.unlink()  # its watchdog is gone
        return found

    @contextlib.contextmanager
    def among_neighbours(self) -> Iterator[None]:
        """Be counted by the other watchdogs as long as this lasts, however it ends."""
        folder = Path(self._plan["neighbours"])
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            for device, limit_mib in self._shares:
                path = folder / f"{device.kind}-{device.index}.{os.getpid()}"
                new = path.with_name(f".{path.name}")
                file = stack.enter_context(new.open("wb", buffering=0))
                fcntl.flock(file, fcntl.LOCK_EX)
                file.write(str(limit_mib).encode())
                new.rename(path)  # seen by others only now that it is locked
                stack.callback(path.unlink, missing_ok=True)
            yield

    def _tell(self, text: str) -> None:
        print(f"[kpl] {text}", flush=True)  # noqa: T201 - our output is the attempt's log
        line = json.dumps({"type": "note", "text": text, "text_zh": in_chinese(text)}).encode() + b"\n"
        with contextlib.suppress(OSError), Path(self._plan["events"]).open("ab", buffering=0) as file:
            file.write(line)

    def _condemn(self, excess: Excess) -> None:
        patience = f"{self._plan['patience_s']:g}"
        values = {
            "message": f"{excess} It was told {patience} s before. Ask for a larger share or for the whole "
            "device, or let it take less: a smaller batch, or a limit in its framework.",
            "message_zh": f"{excess.in_chinese()}{patience} 秒前已提醒。请申请更大份额或整张设备，"
            "或减少占用：减小批大小，或在框架中设置上限。",
            "at_s": time.time(),
        }
        supervisor.write_json(str(self._folder / supervisor.OVER), values)


def tolerance_mib(limit_mib: int) -> int:
    """What may be held beyond a limit without a word: drivers count in larger pieces than programs do."""
    return min(_MOST_TOLERANCE_MIB, limit_mib // 10)


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def main(folder: str, lifeline: int) -> None:
    launch = supervisor.read_json(str(Path(folder, supervisor.LAUNCH)))
    assert launch is not None, "the supervisor has read it before"
    watch = Watch(Path(folder), launch["watchdog"])
    with watch.among_neighbours():
        while not select.select([lifeline], [], [], INTERVAL_S)[0]:
            if watch.look(now_s=time.monotonic()):
                return


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
