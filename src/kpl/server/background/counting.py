"""Counts what the artifact store holds when somebody asks, and once at the start where nobody ever did."""

import threading

import structlog

from kpl.errors import KPLError
from kpl.sentence import Sentence
from kpl.server.services.platform import Platform
from kpl.server.services.storage_counts import count_store, last_count

log = structlog.get_logger("kpl.counting")


class Counting:
    """The loop that counts. Housekeeping counts, too, as often as it removes garbage."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._thread = threading.Thread(target=self._run, name="kpl-counting", daemon=True)

    def start(self) -> None:
        with self._platform.db.read() as session:
            if last_count(session).counted_at_s is None:
                self._platform.counting.ask()
        self._thread.start()

    def stop(self) -> None:
        self._platform.counting.close()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while (asked := self._platform.counting.wait()) is not None:
            problem = ""
            try:
                count_store(self._platform)
            except KPLError as err:
                problem = err.sentence
            except Exception as err:
                problem = Sentence(f"{type(err).__name__}: {err}", f"{type(err).__name__}：{err}")
                log.exception("count_failed")
            self._platform.counting.done(asked, problem)
