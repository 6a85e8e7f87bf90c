"""The thread in which the orchestrator's loop runs: it moves all runs of this server forward."""

import threading

import structlog

from kpl.orchestrator.loop import Loop
from kpl.server.services.announcements import announcer
from kpl.server.services.gauges import add_gauges
from kpl.server.services.platform import Platform
from kpl.server.services.publishing import publisher
from kpl.server.services.store import SqlStore

log = structlog.get_logger("kpl.orchestration")

RETRY_S = 1.0


class Orchestration:
    """Runs the loop until stopped. Running attempts go on without it and are taken back by the next server."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._stopped = threading.Event()
        self._loop: Loop | None = None
        self._thread = threading.Thread(target=self._run, name="kpl-orchestration", daemon=True)

    def start(self) -> None:
        add_gauges(self._platform)
        self._loop = make_loop(self._platform)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._loop is None:
            return
        self._loop.stop()
        if self._thread.is_alive():
            self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        assert self._loop is not None, "start() makes the loop first"
        while not self._stopped.is_set():
            try:
                self._loop.run()
            except Exception:
                # A full disk or a locked database may pass; the loop loads its state anew.
                log.exception("turn_failed", retry_s=RETRY_S)
                self._stopped.wait(RETRY_S)


def make_loop(platform: Platform) -> Loop:
    """The orchestrator's loop over this server's database, executor and artifacts."""
    store = SqlStore(
        platform.db,
        publish=publisher(platform.artifacts, platform.clock),
        announce=announcer(platform.live, platform.clock),
    )
    return Loop(store, platform.executor, platform.artifacts, platform.clock, bell=platform.inbox_bell)
