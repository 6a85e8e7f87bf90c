"""Watches one attempt from its start to its end, in a small process of its own that outlives the server.

The file uses the standard library alone and imports nothing of KPL, because it runs as `python -I -S supervisor.py
FOLDER`, or is forked from `forkserver.py`, where every module costs start-up time and memory. All it needs to know
is in `launch.json`; all it finds out is in the other files of the attempt's folder:

    launch.json  what to run; written once by the executor, the claim on the attempt's id
    lock         flock held by whoever acts on the attempt: one supervisor, or an executor that settles it
    run.json     who supervises, and which process is the task
    ready.json   a service answered its health check
    stop.json    written by the executor: end the attempt
    over.json    written by the watchdog: it holds more of a shared device than it may; end the attempt
    exit.json    how it ended; never changes once it exists

Two rules keep an attempt from running twice. Whoever writes anything but `launch.json`, `stop.json` and `over.json`
holds the lock. And the task's process executes nothing before `run.json` names it: it waits for a byte that its
supervisor sends after the file is in place. So a dead supervisor without a task in `run.json` has started nothing, and
a task in `run.json` is adopted, never started again. docs/explanation/supervision.md tells the whole story.
"""

# pathlib would add half to the start-up time.
# ruff: noqa: PTH102, PTH104, PTH106, PTH108, PTH110, PTH116, PTH118, PTH119, PTH123, PTH208

import contextlib
import errno
import fcntl
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn

LAUNCH, RUN, READY, STOP, EXIT = "launch.json", "run.json", "ready.json", "stop.json", "exit.json"
OVER = "over.json"
LOCK = "lock"

NO_PIDFD = -1  # the kernel is older than 5.3, or a sandbox: processes are known by pid and start time alone

# In the environment of every process of an attempt: tells them from all others after their supervisor died.
MARKER = "KPL_ATTEMPT_FOLDER"

_WATCHED = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_LONGEST_PAUSE_S = 1.0  # stop.json is looked for this often, should the signal that announces it get lost
_LOCK_PATIENCE_S = 5.0  # an executor that settles an attempt holds the lock for one durable write
_LINGER_S = 0.5  # children such as `> >(tee file)` may finish by themselves this long after the task ended
_LEFTOVER_GRACE_S = 2.0
_UNKILLABLE_S = 30.0  # what SIGKILL does not end in this time waits for a broken device
_MAX_SUPERVISORS = 4  # supervisors that died in a row before the task was started
STOPPED_BEFORE = ("It was stopped before its process was started.", "进程启动前已被停止。")
OTHER_BOOT = ("The machine was started anew while the attempt was under way.", "尝试进行期间机器重新启动了。")
BOTH_DIED = (
    "The process and its supervisor died; the exit code is not known.",
    "进程及其监督进程均已终止，退出码未知。",
)
_TOLD_TO_END = (
    "Its supervisor was told to end by a signal, as when the machine shuts down.",
    "监督进程收到终止信号，例如机器正在关机。",
)
_PR_SET_CHILD_SUBREAPER = 36
_CLONE_INTO_CGROUP = 0x200000000
_SYS_CLONE3 = 435  # on every architecture
_PIDFD_GET_INFO = 0xC040FF0B
_PIDFD_INFO_EXIT = 1 << 3


Words = tuple[str, str]  # a sentence in English and in Chinese; `kpl.sentence` makes one of the two


class CannotStartError(Exception):
    """The process could not be executed, or what it needs could not be prepared."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.words: Words = (en, zh)


class StoppedError(Exception):
    """A stop was asked for before the process was started."""


# The attempt ---------------------------------------------------------------------------------------------------


def supervise(folder: str) -> None:
    """See the attempt in `folder` through to its end, unless it is over or somebody else is at it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    lock = lock_attempt(folder, patience_s=_LOCK_PATIENCE_S)
    if lock is None:
        return
    launch = read_json(os.path.join(folder, LAUNCH))
    if launch is None or os.path.exists(os.path.join(folder, EXIT)):
        return
    supervisor = Supervisor(folder, launch, read_json(os.path.join(folder, RUN)) or {})
    try:
        supervisor.see_through()
    except BaseException as err:  # noqa: BLE001 - whatever it was, the attempt must not stay without an end
        supervisor.give_up(err)


class Supervisor:
    """One attempt under way. The caller holds its lock."""

    def __init__(self, folder: str, launch: dict[str, Any], run: dict[str, Any]) -> None:
        self._folder = folder
        self._launch = launch
        self._run = run
        self._log = _open_log(launch["log"])
        self._is_subreaper = _become_subreaper()
        self._children: dict[int, int | None] = {}  # wait status of what was spawned, None while it runs
        self._cause = ""  # why the processes are being ended: stopped, over, timed_out or signalled
        self._kill_at = float("inf")
        self._deadline = float("inf")
        self._told_to_end = False
        self._check_ready_at = float("inf")
        self._watchdog = 0  # pid of the process that watches shared devices, 0 for none
        self._lifeline = -1  # its input, at whose end it leaves

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, name)

    def see_through(self) -> None:
        boot = boot_id()
        if boot != self._launch["boot_id"] or boot != self._run.get("boot_id", boot):
            self._end("lost", message=OTHER_BOOT)
        elif self._run.get("task") is None:
            self._begin()
        else:
            self._adopt()

    def give_up(self, err: BaseException) -> None:
        self._say(f"The supervisor failed: {type(err).__name__}: {err}")
        self._kill_all()
        what = f"{type(err).__name__}: {err}"
        self._end("lost", message=(f"The supervisor of the attempt failed: {what}", f"监督进程出错：{what}"))

    def _begin(self) -> None:
        tries = int(self._run.get("supervisors", 0)) + 1
        if tries > 1:
            self._kill_all()  # what a dead predecessor was preparing
            remove_cgroup(self._run.get("cgroup", ""))
        if tries > _MAX_SUPERVISORS:
            en = f"{tries - 1} supervisors died before the process was started."
            self._end("lost", message=(en, f"进程启动前已有 {tries - 1} 个监督进程终止。"))
            return
        self._write_run(supervisors=tries, cgroup=_make_cgroup(self._folder, tries))
        try:
            for preparation in self._launch["preparations"]:
                self._prepare(preparation)
            pid = self._start_task()
        except StoppedError:
            self._end_unstarted()
        except CannotStartError as err:
            self._say(str(err))
            self._end("not_started", message=err.words)
        else:
            self._start_watchdog()
            self._watch(lambda: self._has_ended(pid))
            self._conclude(self._children[pid])

    def _end_unstarted(self) -> None:
        if os.path.exists(self._path(STOP)):
            self._end("stopped", message=STOPPED_BEFORE)
        else:
            self._end("signalled", -signal.SIGTERM, message=_TOLD_TO_END)

    def _write_run(self, **values: object) -> None:
        self._run.update(values, boot_id=boot_id(), supervisor=identity(os.getpid()))
        write_json(self._path(RUN), self._run)

    # Preparing and starting

    def _prepare(self, preparation: dict[str, Any]) -> None:
        """Make something that many attempts share, such as an environment, unless it is there already."""
        lock = os.open(preparation["lock"], os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._lock_preparation(lock, preparation["title"])
            if os.path.exists(preparation["marker"]):
                return
            remove_tree(preparation["folder"])
            for argv in preparation["commands"]:
                self._say(f"{preparation['title']}: {' '.join(argv)}")
                self._prepare_by(argv, preparation, lock)
            write_json(preparation["marker"], {"made_at_s": time.time()}, durable=True)
        finally:
            os.close(lock)

    def _lock_preparation(self, lock: int, title: str) -> None:
        is_told = False
        while not _try_lock(lock):
            if not is_told:
                self._say(f"{title}: another attempt is at it; waiting.")
                is_told = True
            self._raise_if_stopped()
            self._pause(0.1)

    def _prepare_by(self, argv: Sequence[str], preparation: dict[str, Any], lock: int) -> None:
        # The command inherits the lock, so that nobody clears the folder under a command whose supervisor died.
        self._raise_if_stopped()
        variables = {**preparation["variables"], MARKER: self._folder}
        pid = self._spawn(argv, variables, self._folder, keep=(lock,))
        self._watch(lambda: self._has_ended(pid))
        if self._cause:
            self._end_leftovers()
            raise StoppedError
        status = self._children[pid]
        assert status is not None
        if status != 0:
            title, (en, zh) = preparation["title"], describe(status)
            raise CannotStartError(
                f"{title} failed: '{argv[0]}' {en}. The log says why.",
                f"{preparation.get('title_zh') or title}失败：'{argv[0]}' {zh}。原因请看日志。",
            )

    def _start_task(self) -> int:
        self._raise_if_stopped()
        variables = {**self._launch["variables"], MARKER: self._folder}
        variables.setdefault("MASTER_PORT", str(free_port("127.0.0.1")))
        service, address = self._launch["service"], ""
        if service is not None:
            port = free_port(service["host"])
            variables["KPL_PORT"], address = str(port), f"{service['host']}:{port}"

        def write_down(pid: int) -> None:
            self._write_run(task=identity(pid), started_at_s=time.time(), address=address)
            self._raise_if_stopped()

        pid = self._spawn(self._launch["command"], variables, self._launch["work"], before_exec=write_down)
        self._set_deadlines()
        self._notify()
        return pid

    def _spawn(
        self,
        argv: Sequence[str],
        variables: Mapping[str, str],
        cwd: str,
        *,
        before_exec: Callable[[int], None] = lambda _: None,
        keep: Iterable[int] = (),
    ) -> int:
        cgroup = self._run.get("cgroup", "")
        pid = spawn(argv, variables, cwd, log=self._log, before_exec=before_exec, keep=keep, cgroup=cgroup)
        self._children[pid] = None
        return pid

    def _set_deadlines(self) -> None:
        """Limit the run time; that of a service ends being limited when it is ready."""
        if os.path.exists(self._path(READY)):
            return
        if self._launch["timeout_s"] is not None:
            has_run_s = max(0.0, time.time() - self._run["started_at_s"])
            self._deadline = time.monotonic() + self._launch["timeout_s"] - has_run_s
        if self._launch["service"] is not None:
            self._check_ready_at = time.monotonic()

    def _start_watchdog(self) -> None:
        """Have the task's use of shared devices watched, by a process that no broken driver can hang us with."""
        plan = self._launch.get("watchdog")
        if plan is None:
            return
        lifeline, self._lifeline = os.pipe2(os.O_CLOEXEC)
        argv = [*plan["command"], self._folder, str(lifeline)]
        try:
            self._watchdog = spawn(
                argv, plan["variables"], "/", log=self._log, before_exec=lambda _: None, keep=(lifeline,)
            )
        except (CannotStartError, OSError) as err:
            self._say(f"The memory of shared devices is not watched: {err}")
        finally:
            os.close(lifeline)

    def _end_watchdog(self) -> None:
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        if self._watchdog:
            with contextlib.suppress(ProcessLookupError):  # not reaped yet, so it is still ours
                os.kill(self._watchdog, signal.SIGKILL)

    def _has_lost_watchdog(self, pid: int, status: int) -> None:
        if pid == self._watchdog:
            self._watchdog = 0
            if status != 0 and self._lifeline >= 0:
                self._say(
                    f"The memory of shared devices is watched no more: the watchdog {describe(status)[0]}."
                )

    def _raise_if_stopped(self) -> None:
        if os.path.exists(self._path(STOP)) or self._told_to_end:
            raise StoppedError

    # Adopting

    def _adopt(self) -> None:
        """Take over a task whose supervisor died: its exit code comes from the kernel, if the kernel is new enough."""
        self._write_run()
        task = self._run["task"]
        pidfd = open_pidfd(task)
        if pidfd is None:
            self._end_leftovers()
            self._end("lost", message=BOTH_DIED)
            return
        self._say("The supervisor died; another one has taken over.")
        self._notify()  # of whom to watch from now on
        self._set_deadlines()
        self._start_watchdog()
        if pidfd == NO_PIDFD:
            self._watch(lambda: not is_alive(task), pause_s=0.1)
            self._conclude(None)
        else:
            self._watch(lambda: _is_readable(pidfd), pause_s=0.1)
            self._conclude(_exit_status(pidfd))

    # Watching and ending

    def _watch(self, is_over: Callable[[], bool], *, pause_s: float = _LONGEST_PAUSE_S) -> None:
        while not is_over():
            self._consider_stop()
            if time.monotonic() >= self._deadline and not self._cause:
                self._end_tree("timed_out", self._launch["grace_s"])
            if time.monotonic() >= self._kill_at:
                self._kill_tree()
            if time.monotonic() >= self._check_ready_at:
                self._check_ready()
            self._pause(min(pause_s, self._until_next()))

    def _until_next(self) -> float:
        now = time.monotonic()
        if now >= self._kill_at:
            return 0.05
        deadline = float("inf") if self._cause else self._deadline
        return max(0.0, min(self._kill_at, deadline, self._check_ready_at) - now)

    def _pause(self, seconds: float) -> None:
        """Sleep until a child ended, a signal came, or the time is over."""
        received = signal.sigtimedwait(_WATCHED, seconds)
        if received is not None and received.si_signo != signal.SIGCHLD:
            self._told_to_end = True

    def _has_ended(self, pid: int) -> bool:
        self._reap()
        return self._children[pid] is not None

    def _reap(self) -> bool:
        """Collect ended children, orphans that were handed down included; True while others are left."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return True
                if pid in self._children:
                    self._children[pid] = status
                self._has_lost_watchdog(pid, status)
        return False

    def _consider_stop(self) -> None:
        stop = read_json(self._path(STOP))
        if stop is not None:
            grace_s = float(stop["grace_s"])
            if self._cause:
                self._kill_at = min(self._kill_at, time.monotonic() + grace_s)
            else:
                self._end_tree("stopped", grace_s)
        elif self._lifeline >= 0 and not self._cause and os.path.exists(self._path(OVER)):
            self._end_tree("over", self._launch["grace_s"])
        elif self._told_to_end and not self._cause:
            self._end_tree("signalled", self._launch["grace_s"])
        elif not self._cause and self._is_abandoned():
            self._end_tree("stopped", self._launch["grace_s"])

    def _is_abandoned(self) -> bool:
        """Whether somebody deleted the attempt's folder: nobody could ever stop it."""
        try:
            os.stat(self._path(LAUNCH))
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return False

    def _end_tree(self, cause: str, grace_s: float) -> None:
        self._cause = cause
        self._kill_at = time.monotonic() + grace_s
        for process in self._tree():
            send_signal(process, signal.SIGTERM)
            send_signal(process, signal.SIGCONT)  # a stopped process would sleep through its end

    def _kill_tree(self) -> None:
        if self._run.get("cgroup"):
            with contextlib.suppress(OSError):
                _write(os.path.join(self._run["cgroup"], "cgroup.kill"), b"1")
        for process in self._tree():
            send_signal(process, signal.SIGKILL)

    def _kill_all(self) -> None:
        give_up_at = time.monotonic() + _UNKILLABLE_S
        while self._has_leftovers() and time.monotonic() < give_up_at:
            self._kill_tree()
            self._pause(0.02)

    def _tree(self) -> list[dict[str, int]]:
        """All processes of the attempt that are known and alive."""
        processes = list_processes()
        task = self._run.get("task")
        roots = {os.getpid()} | ({task["pid"]} if task is not None and is_alive(task) else set())
        pids = descendants(processes, roots) | _cgroup_members(self._run.get("cgroup", ""))
        if not self._is_subreaper or os.getpid() not in {p.parent for p in processes}:
            pids |= marked(processes, self._folder)
        pids.discard(os.getpid())
        return [{"pid": p.pid, "start": p.start} for p in processes if p.pid in pids and p.state != "Z"]

    def _end_leftovers(self) -> None:
        """Wait shortly for what the task left running, then end it."""
        now = time.monotonic()
        terminate_at = now if self._cause else now + _LINGER_S
        kill_at = min(self._kill_at, terminate_at + _LEFTOVER_GRACE_S)
        is_terminated = bool(self._cause)
        while self._has_leftovers() and time.monotonic() < kill_at + _UNKILLABLE_S:
            if time.monotonic() >= kill_at:
                self._kill_tree()
            elif time.monotonic() >= terminate_at and not is_terminated:
                is_terminated = True
                for process in self._tree():
                    send_signal(process, signal.SIGTERM)
            self._pause(0.02)

    def _has_leftovers(self) -> bool:
        if self._reap():
            return True
        is_own = self._is_subreaper and bool(self._children)
        return bool(_cgroup_members(self._run.get("cgroup", "")) if is_own else self._tree())

    def _check_ready(self) -> None:
        if not answers_ready(self._run["address"]):
            self._check_ready_at = time.monotonic() + 0.1
            return
        self._check_ready_at = self._deadline = float("inf")
        ready = {"address": self._run["address"], "ready_at_s": time.time()}
        write_json(self._path(READY), ready)
        self._notify()

    def _conclude(self, status: int | None) -> None:
        self._end_watchdog()
        self._end_leftovers()
        code = None if status is None else os.waitstatus_to_exitcode(status)
        if self._cause == "timed_out":
            is_service, limit = self._launch["service"] is not None, f"{self._launch['timeout_s']:g}"
            en, zh = ("was not ready within", "内就绪") if is_service else ("ran longer than", "内结束")
            message = (f"It {en} its timeout of {limit} s.", f"未在时限 {limit} 秒{zh}。")
            self._end("timed_out", code, message=message)
        elif self._cause == "over":
            over = read_json(self._path(OVER)) or {}
            message = (str(over.get("message", "")), str(over.get("message_zh", "")))
            self._end("stopped", code, message=message)
        elif self._cause == "stopped":
            self._end("stopped", code)
        elif self._cause == "signalled":
            self._end("signalled", -signal.SIGTERM, message=_TOLD_TO_END)
        elif status is None or code is None:
            self._end("lost", message=BOTH_DIED)
        elif code < 0:
            en, zh = describe(status)
            self._end("signalled", code, message=(f"The process {en}.", f"进程{zh}。"))
        else:
            self._end("exited", code)

    def _end(self, outcome: str, exit_code: int | None = None, *, message: Words = ("", "")) -> None:
        started_at_s = None if outcome == "not_started" else self._run.get("started_at_s")
        with contextlib.suppress(FileNotFoundError):  # the folder was deleted
            write_exit(self._folder, outcome, exit_code=exit_code, message=message, started_at_s=started_at_s)
        self._notify()
        # Last of all: the kernel takes its time, and whoever waits for the end need not.
        remove_cgroup(self._run.get("cgroup", ""))

    # Telling

    def _say(self, text: str) -> None:
        with contextlib.suppress(OSError):
            os.write(self._log, f"[kpl] {text}\n".encode())

    def _notify(self) -> None:
        notify(self._launch["wake"])


# Files ---------------------------------------------------------------------------------------------------------


def lock_attempt(folder: str, *, patience_s: float) -> int | None:
    """Take the attempt's lock, or None when somebody holds on to it. Closing the descriptor lets go of it."""
    lock = os.open(os.path.join(folder, LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    give_up_at = time.monotonic() + patience_s
    while not _try_lock(lock):
        if time.monotonic() >= give_up_at:
            os.close(lock)
            return None
        time.sleep(0.005)
    return lock


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def read_json(path: str) -> dict[str, Any] | None:
    """The object in a file, or None when there is none (or one that a power loss left half written)."""
    try:
        with open(path, "rb") as file:
            value = json.loads(file.read())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def write_json(path: str, value: Mapping[str, Any], *, durable: bool = False, replace: bool = True) -> None:
    """Put a whole file in place at once. With `replace` off, a file that is there already stays as it is."""
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}.{os.getpid()}.{time.monotonic_ns()}")
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        try:
            _write_all(file, json.dumps(value).encode())
            if durable:
                os.fsync(file)
        finally:
            os.close(file)
        if replace:
            os.rename(temporary, path)
        else:
            with contextlib.suppress(FileExistsError):
                os.link(temporary, path)
            os.unlink(temporary)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    if durable:
        _fsync_folder(folder)


def write_exit(
    folder: str, outcome: str, *, exit_code: int | None, message: Words, started_at_s: float | None
) -> None:
    """Record how the attempt ended; a full disk is waited out, because the exit code exists nowhere else."""
    values = {
        "outcome": outcome,
        "exit_code": exit_code,
        "message": message[0],
        "message_zh": message[1],
        "started_at_s": started_at_s,
        "ended_at_s": time.time(),
    }
    for _ in range(3600):
        try:
            write_json(os.path.join(folder, EXIT), values, durable=True)
        except OSError as err:
            if err.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE):
                raise
            time.sleep(1)
        else:
            return
    raise OSError(errno.ENOSPC, "The exit status could not be written for an hour.", folder)


def _open_log(path: str) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError:  # an attempt without a log is worth more than none
        return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)


def _write_all(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _write(path: str, data: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        _write_all(file, data)
    finally:
        os.close(file)


def _fsync_folder(folder: str) -> None:
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def remove_tree(folder: str) -> None:
    if os.path.lexists(folder):
        import shutil

        shutil.rmtree(folder)


# Processes -----------------------------------------------------------------------------------------------------


class Process:
    """A line of the process table.

    `start` is the start time in clock ticks since the machine was started, `ticks` what it has computed since.
    """

    __slots__ = ("parent", "pid", "start", "state", "ticks")

    def __init__(self, pid: int, state: str, parent: int, start: int, ticks: int) -> None:
        self.pid, self.state, self.parent, self.start, self.ticks = pid, state, parent, start, ticks


def find_process(pid: int) -> Process | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text[text.rindex(b")") + 2 :].split()  # the name before may hold blanks and parentheses
    return Process(
        pid, fields[0].decode(), int(fields[1]), int(fields[19]), int(fields[11]) + int(fields[12])
    )


def list_processes() -> list[Process]:
    found = (find_process(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return [process for process in found if process is not None]


def identity(pid: int) -> dict[str, int]:
    """What tells a process from a later one with the same pid."""
    process = find_process(pid)
    return {"pid": pid, "start": process.start if process is not None else -1}


def is_alive(process: Mapping[str, int]) -> bool:
    """Whether the process with this identity still runs; one that ended and was not reaped does not."""
    found = find_process(process["pid"])
    return found is not None and found.start == process["start"] and found.state != "Z"


def descendants(processes: Iterable[Process], roots: Iterable[int]) -> set[int]:
    """The pids of `roots` and of all that descend from them."""
    children: dict[int, list[int]] = {}
    for process in processes:
        children.setdefault(process.parent, []).append(process.pid)
    found, waiting = set(roots), list(roots)
    while waiting:
        new = [pid for pid in children.get(waiting.pop(), ()) if pid not in found]
        found.update(new)
        waiting.extend(new)
    return found


def marked(processes: Iterable[Process], folder: str) -> set[int]:
    """The pids of processes that carry the attempt's marker, however they detached themselves."""
    marker, found = f"{MARKER}={folder}".encode(), set()
    for process in processes:
        with contextlib.suppress(OSError), open(f"/proc/{process.pid}/environ", "rb") as file:
            if marker in file.read().split(b"\0"):
                found.add(process.pid)
    return found


def open_pidfd(process: Mapping[str, int]) -> int | None:
    """A handle that no later process can take over; None when the process is gone, NO_PIDFD where there are none."""
    try:
        pidfd = os.pidfd_open(process["pid"])
    except ProcessLookupError:
        return None
    except OSError as err:
        if err.errno != errno.ENOSYS:
            raise
        return NO_PIDFD if is_alive(process) else None
    if is_alive(process):
        return pidfd
    os.close(pidfd)
    return None


def send_signal(process: Mapping[str, int], number: int) -> None:
    """Signal exactly this process; one that is gone is left in peace."""
    pidfd = open_pidfd(process)
    if pidfd is None:
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if pidfd == NO_PIDFD:
            os.kill(process["pid"], number)
        else:
            signal.pidfd_send_signal(pidfd, number)
    if pidfd != NO_PIDFD:
        os.close(pidfd)


def boot_id() -> str:
    """Changes whenever the machine is started: process identities of another boot mean nothing."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except FileNotFoundError:  # a sandbox such as gVisor
        with open("/proc/stat", encoding="ascii") as file:
            return next(line.strip() for line in file if line.startswith("btime"))


def spawn(
    argv: Sequence[str],
    variables: Mapping[str, str],
    cwd: str,
    *,
    log: int,
    before_exec: Callable[[int], None],
    keep: Iterable[int] = (),
    cgroup: str = "",
) -> int:
    """Start a process in a session of its own with both output streams in `log`.

    `before_exec` is called with the pid while the process still waits; when it raises, or when this process dies
    before it returned, nothing was executed.

    Raises:
        CannotStartError: the command cannot be executed.
    """
    gate_read, gate_write = os.pipe2(os.O_CLOEXEC)
    failure_read, failure_write = os.pipe2(os.O_CLOEXEC)
    pid, cgroup_to_join = _fork_into(cgroup)
    if pid == 0:
        os.close(gate_write)
        _execute(
            argv,
            variables,
            cwd,
            log=log,
            gate=gate_read,
            failure=failure_write,
            keep=keep,
            cgroup=cgroup_to_join,
        )
    os.close(gate_read)
    os.close(failure_write)
    try:
        try:
            before_exec(pid)
            os.write(gate_write, b"g")
        finally:
            os.close(gate_write)
        failure = os.read(failure_read, 4096)
    except BaseException:
        os.waitpid(pid, 0)
        raise
    finally:
        os.close(failure_read)
    if failure:
        os.waitpid(pid, 0)
        what = failure.decode(errors="replace")
        raise CannotStartError(f"'{argv[0]}' cannot be executed: {what}.", f"'{argv[0]}' 无法执行：{what}。")
    return pid


def _fork_into(cgroup: str) -> tuple[int, str]:
    """Fork, the child being born in a control group: to move there afterwards takes the kernel 15 ms or more.

    Returns:
        the child's pid (0 in the child), and the group that it still has to join where the kernel is older than 5.7.
    """
    if not cgroup:
        return os.fork(), ""
    folder = os.open(cgroup, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        import ctypes

        # struct clone_args of linux/sched.h; the child goes on like that of fork() and soon executes another program.
        arguments = struct.pack("=11Q", _CLONE_INTO_CGROUP, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, 0, 0, folder)
        # PyDLL keeps the interpreter's lock, which the child could not take again.
        pid = int(ctypes.PyDLL(None).syscall(_SYS_CLONE3, arguments, len(arguments)))
    except (ImportError, OSError, AttributeError):
        pid = -1
    finally:
        os.close(folder)
    return (pid, "") if pid >= 0 else (os.fork(), cgroup)


def _execute(
    argv: Sequence[str],
    variables: Mapping[str, str],
    cwd: str,
    *,
    log: int,
    gate: int,
    failure: int,
    keep: Iterable[int],
    cgroup: str,
) -> NoReturn:
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        os.dup2(null, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        for descriptor in keep:
            os.set_inheritable(descriptor, True)
        if cgroup:
            with contextlib.suppress(OSError):
                _write(os.path.join(cgroup, "cgroup.procs"), b"0")
        os.chdir(cwd)
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)  # programs expect what Python has changed
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        if os.read(gate, 1) == b"g":
            os.execvpe(argv[0], list(argv), dict(variables))  # noqa: S606
    except OSError as err:
        os.write(failure, str(err.strerror).encode())
    except BaseException as err:  # noqa: BLE001 - two processes must never go on from here
        os.write(failure, repr(err).encode())
    finally:
        os._exit(127)


def describe(status: int) -> Words:
    """A wait status in words, as in "ended with code 3"."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"ended with code {code}", f"以退出码 {code} 结束"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = "unknown"
    en, zh = (
        (", often the answer to too little memory", "，多因内存不足") if -code == signal.SIGKILL else ("", "")
    )
    return f"was ended by signal {-code} ({name}{en})", f"被信号 {-code}（{name}{zh}）终止"


def _become_subreaper() -> bool:
    """Have orphaned descendants become children of this process, so that no double fork hides one."""
    try:
        import ctypes

        return bool(ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)
    except (ImportError, OSError, AttributeError):
        return False


def _is_readable(descriptor: int) -> bool:
    return bool(select.select([descriptor], [], [], 0)[0])


def _exit_status(pidfd: int) -> int | None:
    """The wait status of an ended process that is not our child. Linux >= 6.15 tells, once it was reaped."""
    give_up_at = time.monotonic() + 5.0  # the init process of some containers reaps every other second
    while time.monotonic() < give_up_at:
        info = bytearray(struct.pack("=Q56x", _PIDFD_INFO_EXIT))
        try:
            fcntl.ioctl(pidfd, _PIDFD_GET_INFO, info)
        except OSError as err:
            if err.errno in (errno.ENOTTY, errno.EINVAL):
                return None  # an older kernel
        else:
            mask, status = struct.unpack("=Q52xi", info)
            if mask & _PIDFD_INFO_EXIT:
                return int(status)
        time.sleep(0.02)
    return None


# Control groups: where a cgroup v2 can be written, nothing that a task starts can get out of sight ------------------


def _make_cgroup(folder: str, tries: int) -> str:
    """A control group for the attempt below this process's own; empty where there is none to be had.

    The name follows from the folder and the supervisor's number: in a group that was killed once, Linux 6.18 kills
    whatever is born into it later.
    """
    try:
        parent, status = _own_cgroup(), os.stat(folder)
        if not parent:
            return ""
        path = os.path.join(parent, f"kpl-{os.path.basename(folder)}-{status.st_dev}-{status.st_ino}-{tries}")
        with contextlib.suppress(FileExistsError):
            os.mkdir(path)
        if os.path.exists(os.path.join(path, "cgroup.kill")):
            return path
        os.rmdir(path)
    except OSError:
        pass
    return ""


def _own_cgroup() -> str:
    mounts = ("/sys/fs/cgroup/unified", "/sys/fs/cgroup")
    mount = next((mount for mount in mounts if os.path.exists(f"{mount}/cgroup.procs")), "")
    with open("/proc/self/cgroup", encoding="utf-8") as file:
        own = next((line[3:].strip() for line in file if line.startswith("0::")), "")
    return mount + own if mount and own else ""


def _cgroup_members(cgroup: str) -> set[int]:
    if not cgroup:
        return set()
    try:
        with open(os.path.join(cgroup, "cgroup.procs"), encoding="ascii") as file:
            return {int(line) for line in file}
    except OSError:
        return set()


def remove_cgroup(cgroup: str) -> None:
    if not cgroup:
        return
    for _ in range(20):
        try:
            os.rmdir(cgroup)
        except OSError as err:
            if err.errno != errno.EBUSY:
                return
            time.sleep(0.005)  # the kernel is still burying the last process
        else:
            return


# Network -------------------------------------------------------------------------------------------------------


def free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def answers_ready(address: str) -> bool:
    """Whether GET /v2/health/ready at `host:port` answers 200."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=1.0) as connection:
            request = f"GET /v2/health/ready HTTP/1.0\r\nHost: {address}\r\nAccept: */*\r\n\r\n"
            connection.sendall(request.encode())
            answer = b""
            while len(answer) < 12:
                received = connection.recv(64)
                if not received:
                    break
                answer += received
    except OSError:
        return False
    return answer.startswith(b"HTTP/1.") and answer[9:12] == b"200"


def notify(wake: str) -> None:
    """Wake the executors that listen in folder `wake`. Best effort: they also look by themselves."""
    try:
        folder = os.open(wake, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            for name in os.listdir(folder):
                _notify_one(sender, folder, name)
    finally:
        os.close(folder)


def _notify_one(sender: socket.socket, folder: int, name: str) -> None:
    try:
        sender.sendto(b"!", f"/proc/self/fd/{folder}/{name}")  # a socket's path may have 107 bytes only
    except ConnectionRefusedError:  # its executor is gone
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=folder)
    except OSError:
        pass


# Starting ------------------------------------------------------------------------------------------------------


def detach(folder: str) -> bool:
    """Have a supervisor for `folder` in a session of its own, no child of this process. False: it cannot be forked."""
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            if os.fork() != 0:
                os._exit(0)
        except BaseException:  # noqa: BLE001 - two processes must never go on from here
            os._exit(1)
        _run_detached(folder)
    return os.waitpid(pid, 0)[1] == 0


def _run_detached(folder: str) -> NoReturn:
    try:
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        if null > 2:
            os.close(null)
        os.chdir("/")
        supervise(folder)
    finally:
        os._exit(0)


if __name__ == "__main__":
    sys.exit(0 if detach(sys.argv[1]) else 1)
