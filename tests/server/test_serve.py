"""The server as a process: how it starts, how it ends, and what survives being killed."""

import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from kpl.errors import Conflict, Denied, Unavailable
from kpl.server.serve import _listening, check_safety, serve
from kpl.server.settings import Settings

PROGRAM = """
import json, sys
from kpl.server.serve import serve
from kpl.server.settings import Settings

def tell(ready):
    first = ready.first_start
    print(json.dumps({"url": ready.url, "pid": ready.pid, "link": first.link_path if first else None,
                      "password": first.one_time_password if first else None}), flush=True)

serve(Settings(**json.loads(sys.argv[1])), on_ready=tell)
"""


class Running:
    """A server in a process of its own."""

    def __init__(self, data_dir: Path, **settings: Any) -> None:
        given = {"data_dir": str(data_dir), "port": 0, "password_hash_memory_mib": 8, **settings}
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, json.dumps(given)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        self.ready: dict[str, Any] = json.loads(line)
        self.url: str = self.ready["url"]

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """The exit code and the log."""
        self.process.send_signal(number)
        _, log = self.process.communicate(timeout=30)
        return self.process.returncode, log


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def make(**settings: Any) -> Running:
        started.append(Running(tmp_path / "data", **settings))
        return started[-1]

    yield make
    for running in started:
        if running.process.poll() is None:
            running.end(signal.SIGKILL)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


def local_client(running: Running, data_dir: Path) -> httpx.Client:
    token = (data_dir / "local-token").read_text().strip()
    return httpx.Client(base_url=running.url, headers={"Authorization": f"Bearer {token}"})


def test_a_server_tells_where_it_is_and_cleans_up_behind_itself(
    start: Callable[..., Running], data_dir: Path
) -> None:
    running = start()
    written = json.loads((data_dir / "server.json").read_text())
    assert (written["url"], written["pid"]) == (running.url, running.process.pid)
    assert httpx.get(f"{running.url}/api/v1/health").json()["status"] == "ok"
    code, log = running.end()
    assert code == 0, log
    assert not (data_dir / "server.json").exists()


def test_the_first_start_lets_somebody_in_and_the_second_does_not(start: Callable[..., Running]) -> None:
    running = start()
    secret = running.ready["link"].partition("#link=")[2]
    answer = httpx.post(f"{running.url}/api/v1/session", json={"link_token": secret})
    assert answer.json()["is_admin"]
    running.end()
    assert start().ready["link"] is None


def test_what_the_server_keeps_is_for_its_owner_only(start: Callable[..., Running], data_dir: Path) -> None:
    start()
    for name in ("kpl.db", "local-token", "server.lock"):
        assert stat.S_IMODE((data_dir / name).stat().st_mode) == 0o600, name
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700


def test_no_secret_of_the_first_start_is_in_the_log(start: Callable[..., Running], data_dir: Path) -> None:
    running = start(log_level="debug")
    token = (data_dir / "local-token").read_text().strip()
    secret = running.ready["link"].partition("#link=")[2]
    with local_client(running, data_dir) as client:
        made = client.post("/api/v1/tokens", json={"name": "ci", "scopes": ["read"]}).json()
        client.get("/api/v1/projects", params={"cursor": "x"}, headers={"Cookie": f"kpl_session={secret}"})
        client.post("/api/v1/session", json={"username": "admin", "password": "hunter2-hunter2"})
        client.post("/api/v1/session", json={"username": "admin", "password": running.ready["password"]})
        link = client.post("/api/v1/users/admin/sign-in-link").json()["path"].partition("#link=")[2]
        client.post("/api/v1/session", json={"link_token": link})
    _, log = running.end()
    for hidden in (token, secret, link, made["token"], running.ready["password"], "hunter2-hunter2"):
        assert hidden not in log


def test_a_killed_server_comes_back_with_everything(start: Callable[..., Running], data_dir: Path) -> None:
    first = start()
    with local_client(first, data_dir) as client:
        for number in range(20):
            answer = client.post("/api/v1/projects", json={"name": f"p{number:02d}"})
            assert answer.status_code == 201
        first.end(signal.SIGKILL)
    for left in ("work/x", "review-x"):
        (data_dir / "cache" / left / "dataset").mkdir(parents=True)
    second = start()
    assert not (data_dir / "cache" / "work").exists()
    assert not (data_dir / "cache" / "review-x").exists()
    with local_client(second, data_dir) as client:
        names = {item["name"] for item in client.get("/api/v1/projects").json()["items"]}
    assert names == {"default", *(f"p{number:02d}" for number in range(20))}


def test_an_open_stream_does_not_hold_up_the_end(start: Callable[..., Running], data_dir: Path) -> None:
    running = start()
    with (
        local_client(running, data_dir) as client,
        client.stream("GET", "/api/v1/events?topics=cluster") as stream,
    ):
        lines = stream.iter_lines()
        next(lines)
        began = time.monotonic()
        code, log = running.end()
        assert code == 0, log
        assert time.monotonic() - began < 10
        assert "hello" in "".join(lines)


def test_one_data_folder_has_one_server(start: Callable[..., Running], data_dir: Path) -> None:
    running = start()
    with pytest.raises(Conflict, match=f"{running.url}.*process {running.process.pid}"):
        serve(Settings(data_dir=data_dir, port=0))


def test_a_taken_port_is_named(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Unavailable, match=f"port {port}"):
            serve(Settings(data_dir=data_dir, port=port))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(Unavailable, match="data_dir"):
        serve(Settings(data_dir=tmp_path / "data", port=0))


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(Unavailable, match="data_dir"):
        serve(Settings(data_dir=tmp_path / "data", port=0))


def test_passwords_do_not_cross_the_network_in_clear(tmp_path: Path) -> None:
    for host in ("0.0.0.0", "10.0.0.1", "::", "example.org"):
        with pytest.raises(Denied, match="no TLS"):
            check_safety(Settings(data_dir=tmp_path, host=host))
    check_safety(Settings(data_dir=tmp_path, host="0.0.0.0", insecure=True))
    check_safety(Settings(data_dir=tmp_path, host="127.0.0.1"))
    check_safety(
        Settings(data_dir=tmp_path, host="0.0.0.0", tls_cert_file=tmp_path / "c", tls_key_file=tmp_path / "k")
    )


def test_with_a_certificate_it_speaks_tls(start: Callable[..., Running], tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "1",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-keyout",
            key,
            "-out",
            certificate,
        ],
        capture_output=True,
        check=False,
    )
    if made.returncode != 0:
        pytest.skip("openssl is needed to make a certificate")
    running = start(tls_cert_file=str(certificate), tls_key_file=str(key))
    assert running.url.startswith("https://")
    secret = running.ready["link"].partition("#link=")[2]
    context = ssl.create_default_context(cafile=certificate)
    with httpx.Client(base_url=running.url, verify=context) as client:
        answer = client.post("/api/v1/session", json={"link_token": secret})
    assert "secure" in answer.headers["set-cookie"].lower()
    assert "strict-transport-security" in answer.headers


def test_answers_do_not_wait_for_acknowledgements(tmp_path: Path) -> None:
    with _listening(Settings(data_dir=tmp_path, port=0)) as listener:
        address = listener.getsockname()
        with socket.create_connection(address), listener.accept()[0] as connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
