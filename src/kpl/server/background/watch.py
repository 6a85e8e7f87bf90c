"""Looks at the files of running attempts four times a second, so that a new log line is seen at once."""

import threading

import structlog

from kpl.server.services.platform import Platform
from kpl.server.services.watching import Sizes, Watched, attempts_under_way, signal_growth

log = structlog.get_logger("kpl.watch")

INTERVAL_S = 0.25
IDLE_INTERVAL_S = 0.5


class Watch:
    """The loop that tells of growing logs and metrics. With nothing under way it looks twice a second."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._stopped = threading.Event()
        self._seen: dict[str, tuple[Watched, Sizes]] = {}
        self._thread = threading.Thread(target=self._run, name="kpl-watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> int:
        """Look at all that is under way, and a last time at what has ended since; the number of both."""
        under_way = {each.attempt_id: each for each in attempts_under_way(self._platform)}
        known = {each.attempt_id: each for each, _ in self._seen.values()}
        seen = {}
        for attempt_id, watched in (known | under_way).items():
            _, before = self._seen.get(attempt_id, (watched, Sizes()))
            seen[attempt_id] = (watched, signal_growth(self._platform, watched, before))
        self._seen = {attempt_id: seen[attempt_id] for attempt_id in under_way}
        return len(seen)

    def _run(self) -> None:
        wait_s = IDLE_INTERVAL_S
        while not self._stopped.wait(wait_s):
            try:
                wait_s = INTERVAL_S if self.look() else IDLE_INTERVAL_S
            except Exception:
                log.exception("look_failed")
                wait_s = IDLE_INTERVAL_S
