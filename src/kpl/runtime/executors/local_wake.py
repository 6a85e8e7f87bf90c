"""How supervisors wake the executor: a datagram socket for each executor in one folder."""

import contextlib
import os
import select
import socket
import threading
from pathlib import Path


class WakeUp:
    """Waits for datagrams from supervisors, and from other threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._name = f"{os.getpid()}-{os.urandom(4).hex()}"
        self._receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._receiver.setblocking(False)
        self._receiver.bind(self._address())
        self._closing = threading.Lock()

    def _address(self) -> str:
        return f"/proc/self/fd/{self._folder}/{self._name}"  # a socket's path may have 107 bytes only

    def wait(self, timeout_s: float) -> None:
        """Return when a datagram came since the last return, or after `timeout_s`."""
        if self._folder < 0:
            return
        poll = select.poll()
        poll.register(self._receiver, select.POLLIN)
        if poll.poll(max(0.0, timeout_s) * 1000):
            with contextlib.suppress(BlockingIOError, OSError):
                while True:
                    self._receiver.recv(16)

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
            self._receiver.close()
            with contextlib.suppress(OSError):
                os.unlink(self._name, dir_fd=folder)
            os.close(folder)
