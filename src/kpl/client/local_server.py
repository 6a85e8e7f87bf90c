"""A server of one's own on this machine, for as long as a block lasts: for demos, tests and notebooks.

with local_server(Path("data")) as server, server.client() as kpl:
    kpl.runs.create(template="image_classification", parameters={"dataset": "digits"})
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from kpl.client.connect import connect
from kpl.client.session import Client
from kpl.errors import Unavailable

START_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 30.0
_POLL_S = 0.02


@dataclass(slots=True)
class LocalServer:
    """A server process that this one started.

    Args:
        log: what it prints.
    """

    data_dir: Path
    url: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def client(self, *, project: str = "default") -> Client:
        return connect(server=self.url, data_dir=self.data_dir, project=project)

    def stop(self) -> None:
        """End the server in peace; running attempts go on and are taken back by the next server."""
        self.process.terminate()
        try:
            self.process.wait(timeout=STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the server with SIGKILL, as a crash would."""
        self.process.kill()
        self.process.wait()


def start_server(
    data_dir: Path,
    *,
    options: tuple[str, ...] = (),
    variables: Mapping[str, str] | None = None,
    timeout_s: float = START_TIMEOUT_S,
) -> LocalServer:
    """Start a server on a free loopback port and wait for its first answer.

    Args:
        options: further options of `kpl up`.
        variables: environment variables beside those of this process.
    Raises:
        Unavailable: it ended, or did not answer in time; the message holds the end of its log.
    """
    data_dir = data_dir.expanduser().absolute()
    data_dir.mkdir(parents=True, exist_ok=True)
    log = data_dir / "server.log"
    command = [sys.executable, "-m", "kpl.cli", "--data-dir", str(data_dir), "up", "--port", "0", *options]
    with log.open("ab") as file:
        process = subprocess.Popen(
            command,
            stdout=file,
            stderr=file,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **(variables or {})},
        )
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s and process.poll() is None:
        url = _url_of(process.pid, data_dir)
        if url is not None and _answers(url):
            return LocalServer(data_dir, url, process, log)
        time.sleep(_POLL_S)
    process.kill()
    process.wait()
    tail = " ".join(log.read_text(errors="replace").strip().splitlines()[-3:])
    raise Unavailable(f"The server did not start: {tail}", hint=f"Its whole log is {log}.")


@contextmanager
def local_server(
    data_dir: Path, *, options: tuple[str, ...] = (), variables: Mapping[str, str] | None = None
) -> Iterator[LocalServer]:
    """A server for as long as the block lasts."""
    server = start_server(data_dir, options=options, variables=variables)
    try:
        yield server
    finally:
        server.stop()


def _url_of(pid: int, data_dir: Path) -> str | None:
    try:
        written = json.loads((data_dir / "server.json").read_text())
        return str(written["url"]) if written["pid"] == pid else None
    except (OSError, ValueError, KeyError):
        return None


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v1/health", timeout=2.0).is_success
    except httpx.TransportError:
        return False
