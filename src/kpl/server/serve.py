"""`kpl up`: from settings to a server that listens, and down again.

One server works on a data folder at a time, guarded by a lock that ends with the process however it ends.
"""

import asyncio
import fcntl
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
import uvicorn

from kpl import __version__
from kpl.errors import Conflict, Denied, Invalid, Unavailable
from kpl.resources import parse_simulated_devices
from kpl.runtime.executors.local import LocalExecutor
from kpl.server.app import close_platform, create_app, open_platform
from kpl.server.logs import configure_logs
from kpl.server.services import algorithms, bootstrap, workspaces
from kpl.server.services.bootstrap import FirstStart
from kpl.server.services.platform import Platform
from kpl.server.settings import Settings
from kpl.storage.atomic import write_atomic

GRACE_S = 2  # an open stream would otherwise hold up the end for ever

log = structlog.get_logger("kpl.server")


@dataclass(frozen=True, slots=True)
class Ready:
    """A server that answers.

    Args:
        url: where this machine reaches it.
        public_url: where people reach it; the same unless the settings say otherwise.
        first_start: how the first administrator gets in; None on every later start.
        seconds: from the call of `serve` to now.
    """

    url: str
    public_url: str
    pid: int
    data_dir: Path
    token_file: Path
    first_start: FirstStart | None
    seconds: float

    @property
    def sign_in_url(self) -> str:
        """Where a browser gets in: by the one-time link at the first start."""
        return self.public_url + (self.first_start.link_path if self.first_start is not None else "/")


def serve(settings: Settings, *, on_ready: Callable[[Ready], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; running attempts go on without the server.

    Args:
        on_ready: called once, when the first request can be answered.
    Raises:
        Denied: it would listen beyond this machine without TLS.
        Conflict: another server works on this data folder.
        Unavailable: it cannot listen at this address.
    """
    started_s = time.monotonic()
    check_safety(settings)
    configure_logs(level=settings.log_level, format=settings.log_format, file=settings.log_file)
    with _sole_server(settings), _listening(settings) as listener:
        url = _url(settings, listener)
        devices = parse_simulated_devices(settings.simulate)
        platform = open_platform(
            settings, executor=LocalExecutor(settings.runtime_dir, simulated_devices=devices)
        )
        try:
            workspaces.remove_abandoned(platform)
            first = bootstrap.first_start(platform)
            token_file = bootstrap.write_local_token(platform)
            algorithms.install_builtin(platform)

            def ready() -> None:
                _write_address(settings, url)
                seconds = time.monotonic() - started_s
                log.info("ready", url=url, pid=os.getpid(), version=__version__, seconds=round(seconds, 3))
                if on_ready is not None:
                    public_url = settings.public_url.rstrip("/") or url
                    on_ready(
                        Ready(url, public_url, os.getpid(), settings.data_dir, token_file, first, seconds)
                    )

            _run(settings, platform, listener, ready)
        finally:
            with suppress(FileNotFoundError):
                _address_file(settings).unlink()
            close_platform(platform)


def check_safety(settings: Settings) -> None:
    """Refuse to carry passwords across a network in clear text, unless told to."""
    if settings.is_loopback or settings.uses_tls or settings.insecure:
        return
    raise Denied(
        f"host: {settings.host} can be reached from other machines, but there is no TLS.",
        hint="Give --tls-cert-file and --tls-key-file, or --insecure when a proxy before KPL adds TLS.",
    )


class _Server(uvicorn.Server):
    """uvicorn that says when it is ready, and lets go of live streams before it waits for requests to end."""

    def __init__(self, config: uvicorn.Config, platform: Platform, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._platform = platform
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started and not self.should_exit:
            await asyncio.to_thread(self._ready)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._platform.live.close()
        await super().shutdown(sockets=sockets)


def _run(settings: Settings, platform: Platform, listener: socket.socket, ready: Callable[[], None]) -> None:
    config = uvicorn.Config(
        create_app(platform),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=30,
        ssl_certfile=settings.tls_cert_file,
        ssl_keyfile=settings.tls_key_file,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or "",
    )
    server = _Server(config, platform, ready)
    with _signals_that_end_well():
        server.run(sockets=[listener])
    if not server.started:
        raise Unavailable("The server could not start.", hint="Its log says why.")


@contextmanager
def _signals_that_end_well() -> Iterator[None]:
    """Let the process outlive its end: uvicorn raises the signal that ended it once more, for whoever was
    there before.

    Without a handler of ours that would kill the process before it has cleaned up.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: None) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _sole_server(settings: Settings) -> Iterator[None]:
    _make_folder(settings.data_dir)
    lock = os.open(settings.data_dir / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            raise Conflict(
                f"Another server works on {settings.data_dir}{_other_address(settings)}.",
                hint="Use that one, stop it, or give --data-dir another folder.",
            ) from err
        yield
    finally:
        os.close(lock)


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    try:
        addresses = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    except OSError as err:
        raise Invalid(f"host: '{settings.host}' is not an address of this machine: {err}.") from err
    family, _, _, _, address = addresses[0]
    try:
        listener = socket.create_server(address[:2], family=family, backlog=2048)
    except (OSError, OverflowError) as err:
        raise Unavailable(
            f"Cannot listen on {settings.host}, port {settings.port}: {err}.",
            hint="Another program may have the port: give --port another one, or 0 for a free one.",
        ) from err
    with listener:
        # Inherited by every connection: the body of an answer else waits 40 ms until its headers are acknowledged.
        # asyncio sets it only where a socket names its protocol, which those of this listener do not.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener


def _url(settings: Settings, listener: socket.socket) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"{'https' if settings.uses_tls else 'http'}://{host}:{listener.getsockname()[1]}"


def _address_file(settings: Settings) -> Path:
    return settings.data_dir / "server.json"


def _write_address(settings: Settings, url: str) -> None:
    content = {"url": url, "pid": os.getpid(), "version": __version__}
    write_atomic(_address_file(settings), json.dumps(content).encode())


def _other_address(settings: Settings) -> str:
    with suppress(OSError, ValueError, KeyError, TypeError):
        other: dict[str, Any] = json.loads(_address_file(settings).read_text())
        return f", at {other['url']} (process {other['pid']})"
    return ""


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError("it is not writable")
    except OSError as err:
        raise Unavailable(
            f"data_dir: {folder} cannot be used: {err}.",
            hint="Give --data-dir a folder that you can write to.",
        ) from err
