"""Looks at the files of running attempts four times a second, so that a new log line is seen at once."""

import threading

import structlog

from kpl.server.services.platform import Platform
from kpl.server.services.watching import Sizes, Watched, attempts_under_way, signal_growth

log = structlog.get_logger("kpl.watch")

INTERVAL_S = 0.25
IDLE_INTERVAL_S = 1.0


class Watch:
    """The loop that tells of growing logs and metrics. With nothing under way it looks once a second."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._stopped = threading.Event()
        self._sizes: dict[str, Sizes] = {}
        self._thread = threading.Thread(target=self._run, name="kpl-watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> list[Watched]:
        """Look once at everything that is under way; an end is told by the event of its task."""
        watched = attempts_under_way(self._platform)
        self._sizes = {
            each.attempt_id: signal_growth(self._platform, each, self._sizes.get(each.attempt_id, Sizes()))
            for each in watched
        }
        return watched

    def _run(self) -> None:
        wait_s = IDLE_INTERVAL_S
        while not self._stopped.wait(wait_s):
            try:
                wait_s = INTERVAL_S if self.look() else IDLE_INTERVAL_S
            except Exception:
                log.exception("look_failed")
                wait_s = IDLE_INTERVAL_S
