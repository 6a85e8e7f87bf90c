"""Starts supervisors: through the fork server while there is one, else directly."""

import contextlib
import socket
import subprocess
import sys
import threading
from pathlib import Path

from kpl.runtime import forkserver, supervisor
from kpl.runtime.variables import inherited_variables

_ANSWER_WITHIN_S = 10.0


class SupervisorStarter:
    """Owns the fork server and starts it again when it dies. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._is_closed = False
        self._launch_server()

    def start(self, folder: Path) -> None:
        """Start a supervisor for the attempt in `folder`. Raises OSError when no process can be started."""
        with self._lock:
            if not self._ask(folder) and not self._ask(folder):  # the first may have found a dead server
                _start_directly(folder)

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            self._drop_server()

    def _ask(self, folder: Path) -> bool:
        """Whether the fork server started it."""
        if self._control is None:
            self._launch_server()
        if self._control is None:
            return False
        try:
            self._control.send(str(folder).encode())
            answer = self._control.recv(4096)
        except OSError:  # includes the time-out
            answer = b""
        if not answer:
            self._drop_server()
        return answer == b"ok"

    def _launch_server(self) -> None:
        if self._is_closed:
            return
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(_ANSWER_WITHIN_S)
        with theirs:
            try:
                self._server = _popen([forkserver.__file__], stdin=theirs.fileno())
            except OSError:
                ours.close()
                return
        self._control = ours

    def _drop_server(self) -> None:
        """Close our end, at which the server ends by itself."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._server is not None:
            try:
                self._server.wait(2.0)
            except subprocess.TimeoutExpired:
                self._server.kill()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._server.wait(2.0)
            self._server = None


def _start_directly(folder: Path) -> None:
    starter = _popen([supervisor.__file__, str(folder)], stdin=subprocess.DEVNULL)
    try:
        code = starter.wait(_ANSWER_WITHIN_S)
    except subprocess.TimeoutExpired as err:
        starter.kill()
        starter.wait()
        raise OSError(f"A supervisor was not forked within {_ANSWER_WITHIN_S:g} s.") from err
    if code != 0:
        raise OSError(f"A supervisor could not be forked: its starter ended with code {code}.")


def _popen(arguments: list[str], *, stdin: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", *arguments],
        stdin=stdin,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=inherited_variables(),
        cwd="/",
        start_new_session=True,
    )
