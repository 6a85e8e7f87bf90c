"""Removes what has had its time: sessions, tokens, uploads, old entries, and artifacts that nothing refers to."""

import threading
from collections.abc import Callable

import structlog

from kpl.server.services import audit, idempotency, samples, sessions, storage, tokens, uploads
from kpl.server.services.platform import Platform

log = structlog.get_logger("kpl.housekeeping")

INTERVAL_S = 600.0

CHORES: tuple[tuple[str, Callable[[Platform], None]], ...] = (
    ("sessions", sessions.remove_expired),
    ("tokens", tokens.remove_expired),
    ("uploads", uploads.remove_expired),
    ("idempotency", idempotency.remove_old),
    ("audit", audit.remove_old),
    ("samples", samples.remove_old),
    ("attempts", storage.clean_attempts),
    ("artifacts", storage.remove_garbage),
)
"""What is done every ten minutes, in this order. One that fails does not keep the others from being done."""


class Housekeeping:
    """The loop that does the chores, the first time an interval after the start."""

    def __init__(self, platform: Platform, *, interval_s: float = INTERVAL_S) -> None:
        self._platform = platform
        self._interval_s = interval_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kpl-housekeeping", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._interval_s):
            do_chores(self._platform)


def do_chores(platform: Platform) -> None:
    """Do all chores once."""
    for name, chore in CHORES:
        try:
            chore(platform)
        except Exception:
            log.exception("chore_failed", chore=name)
