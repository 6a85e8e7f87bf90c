"""Listening until SIGTERM, then finishing what was taken."""

import asyncio
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import uvicorn

from kpl.algorithm import protocol
from kpl.algorithm.author.serving.app import Service, make_app
from kpl.algorithm.author.serving.endpoint import Endpoint

_log = logging.getLogger("kpl.serving")

# Under the platform's default grace of 10 s, so that the process ends by itself.
_DRAIN_S = 8


def run(endpoint: Endpoint) -> None:
    """Serve until SIGTERM or SIGINT, finish the requests that were taken, return."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    _warm_up(endpoint)
    service = Service(endpoint)
    config = uvicorn.Config(
        make_app(service, base_path=os.environ.get(protocol.BASE_PATH, "")),
        host=os.environ.get(protocol.HOST, "127.0.0.1"),
        port=int(os.environ.get(protocol.PORT, "8000")),
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=_DRAIN_S,
    )
    asyncio.run(_Server(config, service).serve())


def _warm_up(endpoint: Endpoint) -> None:
    """Answer one sample of zeros: the first request is as fast as the rest, a broken model fails at once."""
    shapes = {spec.name: spec.shape[1:] for spec in endpoint.inputs}
    if any(size < 0 for shape in shapes.values() for size in shape):
        return
    zeros = {spec.name: np.zeros(shapes[spec.name], spec.dtype) for spec in endpoint.inputs}
    endpoint.run([zeros if len(zeros) > 1 else next(iter(zeros.values()))])


class _Server(uvicorn.Server):
    """uvicorn, but SIGTERM is a regular end; it would end by the same signal, which looks like a failure."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._drain)
        yield

    def _drain(self) -> None:
        _log.info("Asked to end: finishing %d waiting samples.", self._service.batcher.num_waiting)
        self._service.is_ready = False
        self.should_exit = True
