"""A small resident process that forks supervisors, so that starting an attempt does not cost a Python start-up.

It runs as `python -I -S forkserver.py` with one end of a packet socket as its standard input. Each packet it receives is
the folder of an attempt; the answer is `ok`, or says why no supervisor could be forked. It ends when the other end is
closed, as when the server was killed; the supervisors live on.
"""

import gc
import importlib.util
import json
import os
import socket
import sys
from types import ModuleType


def serve(control: socket.socket, supervisor: ModuleType) -> None:
    while request := control.recv(65536):
        try:
            answer = b"ok" if supervisor.detach(request.decode()) else b"The machine cannot start another process."
        except OSError as err:
            answer = str(err).encode()
        control.send(answer)


def _load_supervisor() -> ModuleType:
    """Import the neighbouring file by its path: importing the package would load far more."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "supervisor.py")
    spec = importlib.util.spec_from_file_location("supervisor", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    module = _load_supervisor()
    module.boot_id()
    json.loads(json.dumps({}))
    try:
        import ctypes  # noqa: F401 - loaded once here instead of in each supervisor
    except ImportError:
        pass
    gc.freeze()  # keeps the pages shared with the forked supervisors
    try:
        serve(socket.socket(fileno=0), module)
    except ConnectionError:
        sys.exit(0)


if __name__ == "__main__":
    main()
