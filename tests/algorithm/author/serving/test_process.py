import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

_SCRIPT = """
import sys, time
import numpy as np
from pathlib import Path
from kpl.algorithm import author

def predict(samples):
    if float(samples[0][0]) > 0:
        print("busy", flush=True)
        time.sleep(1.0)
    return [np.array([1.0, 0.0], np.float32) for _ in samples]

author.serve(
    predict, model=author.load_model(Path(sys.argv[1])), decode=lambda data: np.ones(1, np.float32)
)
print("after serve", flush=True)
"""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    from kpl.algorithm.author import save_model

    save_model(
        tmp_path,
        task="classification",
        classes=["yes", "no"],
        signature={
            "inputs": [{"name": "x", "dtype": "float32", "shape": [-1, 1]}],
            "outputs": [{"name": "scores", "dtype": "float32", "shape": [-1, 2]}],
        },
    )
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, str(tmp_path)],
        env={**os.environ, "KPL_PORT": str(port), "KPL_HOST": "127.0.0.1", "KPL_BASE_PATH": "/serve/p/m"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wait_until_ready(process, port)
    yield process, port
    process.kill()
    process.communicate()


def wait_until_ready(process: subprocess.Popen[str], port: int) -> None:
    deadline_s = time.monotonic() + 60
    while get(port, "/v2/health/ready") != 200:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


def get(port: int, path: str) -> int:
    try:
        return request(port, "GET", path)
    except OSError:
        return 0


def request(port: int, method: str, path: str, body: bytes | None = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body, {"Content-Type": "image/png"})
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_service_finishes_what_it_took_when_asked_to_end(
    service: tuple[subprocess.Popen[str], int],
) -> None:
    process, port = service
    for path in ("/serve/p/m/v2/health/ready", "/v2/models/m"):
        assert get(port, path) == 200
    statuses: list[int] = []
    asking = threading.Thread(target=lambda: statuses.append(request(port, "POST", "/predict", b"x")))
    asking.start()
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == "busy":
            break
    process.send_signal(signal.SIGTERM)
    asking.join()
    output, _ = process.communicate(timeout=30)
    assert statuses == [200]
    assert process.returncode == 0
    assert "after serve" in output
