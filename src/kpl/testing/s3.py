"""Real servers that speak the language of S3 on loopback: OpenStack Swift, where Debian's packages are, and moto.

Swift checks signatures and keeps objects as it does in a data centre, but knows no conditional writes; moto knows
those and checks nothing.
"""

import http.client
import importlib.util
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

SYSTEM_PYTHON = "/usr/bin/python3"
BUCKET = "bucket"


class S3Server(NamedTuple):
    """Where a server is and how to sign."""

    port: int
    access_key: str
    secret_key: str

    def url(self, prefix: str, *, port: int = 0) -> str:
        """The address of a prefix in the bucket, as `open_storage` takes it; `port` of a proxy in front."""
        return (
            f"s3://{BUCKET}/{prefix}?endpoint=http://127.0.0.1:{port or self.port}&region=us-east-1"
            f"&access_key_id={self.access_key}&secret_access_key={self.secret_key}"
        )


def has_swift() -> bool:
    """Whether Swift with its S3 interface is installed for the system's Python."""
    command = [SYSTEM_PYTHON, "-c", "import eventlet, swift.account, swift.common.middleware.s3api"]
    return (
        Path(SYSTEM_PYTHON).exists()
        and subprocess.run(command, capture_output=True, check=False).returncode == 0
    )


def has_moto() -> bool:
    """Whether moto can be run as a server."""
    return all(importlib.util.find_spec(name) for name in ("moto", "flask"))


@contextmanager
def swift(work: Path, *, timeout_s: float = 60) -> Iterator[S3Server]:
    """Swift with an empty bucket; what it keeps lies below `work`."""
    script = Path(__file__).with_name("swift_server.py")
    with _running([SYSTEM_PYTHON, str(script), str(work / "swift")], work, timeout_s) as port:
        headers = {"X-Auth-User": "test:tester", "X-Auth-Key": "testing"}
        token = _ask(port, "GET", "/auth/v1.0", headers)["x-auth-token"]
        _ask(port, "PUT", f"/v1/AUTH_test/{BUCKET}", {"X-Auth-Token": token})
        yield S3Server(port, "test:tester", "testing")


@contextmanager
def moto(work: Path, *, timeout_s: float = 60) -> Iterator[S3Server]:
    """moto with an empty bucket."""
    code = (
        "from moto.server import DomainDispatcherApplication, create_backend_app as create\n"
        "from werkzeug.serving import make_server\n"
        "server = make_server('127.0.0.1', 0, DomainDispatcherApplication(create), threaded=True)\n"
        "print(server.port, flush=True)\n"
        "server.serve_forever()\n"
    )
    with _running([sys.executable, "-W", "ignore", "-c", code], work, timeout_s) as port:
        _ask(port, "PUT", f"/{BUCKET}", {"Host": f"127.0.0.1:{port}"})
        yield S3Server(port, "key", "secret")


@contextmanager
def _running(command: list[str], work: Path, timeout_s: float) -> Iterator[int]:
    """A server that prints its port; ended by its process id."""
    work.mkdir(parents=True, exist_ok=True)
    output = work / "port"
    with output.open("wb") as stdout, (work / "log").open("wb") as stderr:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
    try:
        deadline_s = time.monotonic() + timeout_s
        while not output.read_text().endswith("\n"):
            if process.poll() is not None or time.monotonic() > deadline_s:
                raise TimeoutError(f"{command[0]} did not start: {(work / 'log').read_text()[-2000:]}")
            threading.Event().wait(0.05)
        yield int(output.read_text())
    finally:
        process.terminate()
        process.wait(timeout_s)


def _ask(port: int, method: str, path: str, headers: dict[str, str]) -> dict[str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {body[:500]!r}")
        return {name.lower(): value for name, value in answer.headers.items()}
    finally:
        connection.close()
