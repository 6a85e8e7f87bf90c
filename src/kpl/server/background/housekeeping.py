"""Chores: removes what has had its time, and stops what nobody uses."""

import threading
from collections.abc import Callable

import structlog

from kpl.server.services import (
    audit,
    endpoint_traffic,
    idempotency,
    idle,
    samples,
    sessions,
    storage,
    tokens,
    uploads,
)
from kpl.server.services.platform import Platform

log = structlog.get_logger("kpl.housekeeping")

Chores = tuple[tuple[str, Callable[[Platform], None]], ...]

HOUSEKEEPING_S = 600.0
PATROL_S = 15.0

CHORES: Chores = (
    ("sessions", sessions.remove_expired),
    ("tokens", tokens.remove_expired),
    ("uploads", uploads.remove_expired),
    ("idempotency", idempotency.remove_old),
    ("audit", audit.remove_old),
    ("samples", samples.remove_old),
    ("traffic", endpoint_traffic.remove_old),
    ("attempts", storage.clean_attempts),
    ("artifacts", storage.remove_garbage),
)
"""What is done every ten minutes, in this order. One that fails does not keep the others from being done."""

PATROL: Chores = (("idle", idle.stop_idle),)
"""What is done every quarter of a minute, because people see when it is late."""


class Rounds:
    """A loop that does chores again and again, the first time an interval after the start."""

    def __init__(self, platform: Platform, chores: Chores, *, interval_s: float, name: str) -> None:
        self._platform = platform
        self._chores = chores
        self._interval_s = interval_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._interval_s):
            do_chores(self._platform, self._chores)


def housekeeping(platform: Platform) -> Rounds:
    return Rounds(platform, CHORES, interval_s=HOUSEKEEPING_S, name="kpl-housekeeping")


def patrol(platform: Platform) -> Rounds:
    return Rounds(platform, PATROL, interval_s=PATROL_S, name="kpl-patrol")


def do_chores(platform: Platform, chores: Chores) -> None:
    """Do all chores once."""
    for name, chore in chores:
        try:
            chore(platform)
        except Exception:
            log.exception("chore_failed", chore=name)
