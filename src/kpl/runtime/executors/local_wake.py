"""How supervisors wake the executor: a datagram socket for each executor in one folder, and their own death."""

import contextlib
import os
import select
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kpl.runtime import supervisor

_MAX_WATCHED = (
    256  # of the 1,024 files that a process may have open as a rule; the others are looked at by turns
)


@dataclass(frozen=True, slots=True)
class _Watched:
    """A process and its pidfd."""

    process: Mapping[str, int]
    pidfd: int


class WakeUp:
    """Waits for datagrams from supervisors and from other threads, and for supervisors that die.

    Threads: any; `wait` is for one of them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._name = f"{os.getpid()}-{os.urandom(4).hex()}"
        self._receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._receiver.setblocking(False)
        self._receiver.bind(self._address())
        self._closing = threading.Lock()
        self._watched: dict[str, _Watched] = {}
        self._watching = threading.Lock()

    def _address(self) -> str:
        return f"/proc/self/fd/{self._folder}/{self._name}"  # a socket's path may have 107 bytes only

    def watch(self, key: str, process: Mapping[str, int]) -> None:
        """Return from `wait` when this process ends, once; a process watched under the key before is forgotten."""
        with self._watching:
            known = self._watched.get(key)
            if known is not None and known.process == process:
                return
            self._drop(key)
            if len(self._watched) < _MAX_WATCHED and self._folder >= 0:
                pidfd = supervisor.open_pidfd(process)
                if pidfd is not None and pidfd != supervisor.NO_PIDFD:  # else the executor looks by itself
                    self._watched[key] = _Watched(process, pidfd)

    def forget(self, key: str) -> None:
        with self._watching:
            self._drop(key)

    def _drop(self, key: str) -> None:
        known = self._watched.pop(key, None)
        if known is not None:
            os.close(known.pidfd)

    def wait(self, timeout_s: float) -> None:
        """Return when a datagram came or a process ended since the last return, or after `timeout_s`."""
        if self._folder < 0:
            return
        poll = select.poll()
        poll.register(self._receiver, select.POLLIN)
        with self._watching:
            for watched in self._watched.values():
                poll.register(watched.pidfd, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(max(0.0, timeout_s) * 1000)}
        if ready:
            with contextlib.suppress(BlockingIOError, OSError):
                while True:
                    self._receiver.recv(16)
        with self._watching:
            for key in [key for key, watched in self._watched.items() if watched.pidfd in ready]:
                self._drop(key)

    def wake(self) -> None:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.sendto(b"!", self._address())

    def close(self) -> None:
        with self._closing:
            if self._folder < 0:
                return
            self.wake()
            folder, self._folder = self._folder, -1
            for key in list(self._watched):
                self.forget(key)
            self._receiver.close()
            with contextlib.suppress(OSError):
                os.unlink(self._name, dir_fd=folder)
            os.close(folder)
