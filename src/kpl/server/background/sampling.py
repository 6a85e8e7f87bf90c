"""Asks machines once a second what they measure, and keeps the minutes, those of what endpoints answered too."""

import threading
from dataclasses import asdict

import structlog

from kpl.server.services.endpoint_traffic import store_traffic
from kpl.server.services.gauges import add_machine_gauges
from kpl.server.services.platform import Platform
from kpl.server.services.samples import store_minute
from kpl.server.services.time_ranges import MINUTE_S

log = structlog.get_logger("kpl.sampling")

INTERVAL_S = 1.0
RETRY_S = 10.0


class Sampling:
    """The loop that measures."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._stopped = threading.Event()
        self._minute_s: float | None = None
        self._thread = threading.Thread(target=self._run, name="kpl-sampling", daemon=True)

    def start(self) -> None:
        add_machine_gauges(self._platform)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._minute_s is not None:
            store_minute(self._platform, self._minute_s)  # as much of it as there is
            store_traffic(self._platform, self._minute_s + MINUTE_S)

    def look(self) -> None:
        """Take a sample of each machine, and keep the minute that has just ended."""
        minute_s = self._platform.now_s() // MINUTE_S * MINUTE_S
        before_s, self._minute_s = self._minute_s, minute_s
        if before_s is not None and minute_s > before_s:
            store_minute(self._platform, before_s)
            store_traffic(self._platform, minute_s)
        for sample in self._platform.executor.samples():
            self._platform.samples.add(sample)
            self._platform.live.signal(
                "sample", topics=[f"machine:{sample.machine}"], data=asdict(sample), project_id=None
            )

    def _run(self) -> None:
        wait_s = 0.0
        while not self._stopped.wait(wait_s):
            try:
                self.look()
                wait_s = INTERVAL_S
            except Exception:
                log.exception("look_failed", retry_s=RETRY_S)
                wait_s = RETRY_S
