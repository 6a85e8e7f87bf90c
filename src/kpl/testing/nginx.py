"""A real web server over a folder, where nginx is installed."""

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CONFIG = """
daemon off;
master_process off;
worker_processes 1;
pid {work}/pid;
error_log {work}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {work}/body;
    proxy_temp_path {work}/proxy;
    fastcgi_temp_path {work}/fastcgi;
    uwsgi_temp_path {work}/uwsgi;
    scgi_temp_path {work}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {folder};
    }}
}}
"""


def has_nginx() -> bool:
    """Whether there is one to run."""
    return shutil.which("nginx") is not None


@contextmanager
def nginx(folder: Path, work: Path, *, timeout_s: float = 10) -> Iterator[int]:
    """Serve a folder on loopback; the port.

    Args:
        work: folder for its configuration and temporary files.
    Raises:
        TimeoutError: it did not answer in time.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    work.mkdir(parents=True, exist_ok=True)
    config = work / "nginx.conf"
    config.write_text(_CONFIG.format(work=work, port=port, folder=folder))
    command = ["nginx", "-p", str(work), "-c", str(config), "-e", str(work / "error.log")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process, timeout_s)
        yield port
    finally:
        process.terminate()
        process.wait(timeout_s)


def _wait_for(port: int, process: "subprocess.Popen[bytes]", timeout_s: float) -> None:
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            threading.Event().wait(0.01)
        else:
            return
    raise TimeoutError(f"nginx does not answer on port {port}.")
