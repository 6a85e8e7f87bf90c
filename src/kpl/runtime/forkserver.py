"""A small resident process that forks supervisors, so that starting an attempt does not cost a Python start-up.

It runs as `python -I -S forkserver.py` with one end of a packet socket as its standard input. Each packet it receives
is the folder of an attempt; the answer is `ok`, or says why no supervisor could be forked. It ends when the other end
is closed, as when the server was killed; the supervisors live on.
"""

import contextlib
import gc
import importlib.util
import os
import socket
from types import ModuleType


def serve(control: socket.socket, supervisor: ModuleType) -> None:
    while request := control.recv(65536):
        try:
            is_started = supervisor.detach(request.decode())
            answer = b"ok" if is_started else b"The machine cannot start another process."
        except OSError as err:
            answer = str(err).encode()
        control.send(answer)


def _load_supervisor() -> ModuleType:
    """Import the neighbouring file by its path: importing the package would load far more."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "supervisor.py")  # noqa: PTH100, PTH118, PTH120
    spec = importlib.util.spec_from_file_location("supervisor", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    module = _load_supervisor()
    with contextlib.suppress(ImportError):
        import ctypes  # noqa: F401 - loaded once here instead of in each supervisor
    gc.freeze()  # keeps the pages shared with the forked supervisors
    with contextlib.suppress(ConnectionError):
        serve(socket.socket(fileno=0), module)


if __name__ == "__main__":
    main()
