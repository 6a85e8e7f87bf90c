"""Trying a service: start it, wait until it is ready, ask it once, stop it."""

import http.client
import json
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from kpl.algorithm import protocol
from kpl.algorithm.runner import Finished, Runner, Service
from kpl.algorithm.toy import toy_image

_HOST = "127.0.0.1"
_POLL_S = 0.05
_GRACE_S = 15.0


def ask_service(
    runner: Runner,
    argv: Sequence[str],
    env: Mapping[str, str],
    cwd: Path,
    *,
    timeout_s: float,
) -> list[tuple[str, str]]:
    """What is wrong with a service, as (what, fix); empty when it came up, answered and ended as asked."""
    port = _free_port()
    address = {protocol.HOST: _HOST, protocol.PORT: str(port), protocol.BASE_PATH: ""}
    try:
        service = runner.start(argv, {**env, **address}, cwd)
    except OSError as err:
        return [(f"It cannot be started: {err}.", "Mend 'command' in the manifest.")]
    try:
        problems = list(_wait_and_ask(service, port, timeout_s))
    finally:
        ended = service.stop(_GRACE_S)
    return problems or list(_ending_problems(ended))


def _wait_and_ask(service: Service, port: int, timeout_s: float) -> Iterator[tuple[str, str]]:
    deadline_s = time.monotonic() + timeout_s
    while _get(port, protocol.READY_PATH)[0] != 200:
        ended = service.poll()
        if ended is not None:
            yield (
                f"It ended with {ended.exit_code} before it was ready. Its output:\n{ended.output[-2000:]}",
                "",
            )
            return
        if time.monotonic() > deadline_s:
            fix = "Listen on KPL_HOST:KPL_PORT and answer with 200 when the model is loaded."
            yield f"{protocol.READY_PATH} did not answer with 200 within {timeout_s:g} s.", fix
            return
        time.sleep(_POLL_S)
    yield from _ask(port)


def _ask(port: int) -> Iterator[tuple[str, str]]:
    headers = {"Content-Type": "image/png"}
    status, body = _request(port, "POST", "/predict", toy_image(1), headers)
    if status in (404, 405, 415):  # it takes no images: then it must speak the Open Inference Protocol
        status, body = _get(port, "/v2")
        if status != 200 or not _is_object(body):
            yield (
                "It answers neither POST /predict nor GET /v2.",
                "Offer one of the two: author.serve has both.",
            )
    elif status != 200:
        yield (
            f"POST /predict with an image was answered with {status}: {body[:300].decode(errors='replace')}",
            "",
        )
    elif not _is_object(body):
        yield (
            "POST /predict was answered with something that is no JSON object.",
            'Answer {"type": ..., ...}.',
        )


def _ending_problems(ended: Finished) -> Iterator[tuple[str, str]]:
    fix = "On SIGTERM, finish what was taken and exit with 0."
    if ended.exit_code is None:
        yield f"It did not end within {_GRACE_S:g} s of SIGTERM and had to be killed.", fix
    elif ended.exit_code != 0:
        yield f"After SIGTERM it exited with {ended.exit_code}.", fix


def _get(port: int, path: str) -> tuple[int, bytes]:
    return _request(port, "GET", path, None, {})


def _request(
    port: int, method: str, path: str, body: bytes | None, headers: dict[str, str]
) -> tuple[int, bytes]:
    """Status and body; status 0 when nobody answers."""
    connection = http.client.HTTPConnection(_HOST, port, timeout=60)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        return False


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind((_HOST, 0))
        return int(sock.getsockname()[1])
