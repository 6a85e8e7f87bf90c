"""The parts of the server put together: settings in, an ASGI application out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from fastapi import FastAPI

from kpl import __version__
from kpl.runtime.executor import Executor
from kpl.server import proxy
from kpl.server.background import Loop, make_loops
from kpl.server.db import Database
from kpl.server.db.schema import migrate
from kpl.server.idempotency import Idempotency
from kpl.server.middleware import BodyLimit, Frame
from kpl.server.problems import add_problem_handlers
from kpl.server.routes import CONSOLE, ROUTERS
from kpl.server.services.attempts import SignInAttempts
from kpl.server.services.clock import Clock, SystemClock
from kpl.server.services.live import LiveHub
from kpl.server.services.passwords import Passwords
from kpl.server.services.platform import Platform
from kpl.server.services.telemetry import Telemetry
from kpl.server.services.traffic import Traffic
from kpl.server.settings import Settings
from kpl.storage.artifacts import ArtifactStore


def open_platform(settings: Settings, *, executor: Executor, clock: Clock | None = None) -> Platform:
    """Open the data folder: database (brought up to date), stores, hub. Undone by `close_platform`."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    db = Database(settings.database_address)
    if db.path is not None:
        db.path.touch(mode=0o600)  # SQLite's side files take over who may read it
    migrate(db)
    clock = clock or SystemClock()
    return Platform(
        settings=settings,
        db=db,
        artifacts=ArtifactStore(settings.artifacts_dir),
        executor=executor,
        live=LiveHub(db, kept=settings.events_kept),
        passwords=Passwords(memory_mib=settings.password_hash_memory_mib),
        attempts=SignInAttempts(limit=settings.sign_in_failures, window_s=settings.sign_in_window_s),
        telemetry=Telemetry(),
        clock=clock,
        traffic=Traffic(clock.now_s()),
    )


def close_platform(platform: Platform) -> None:
    """Let go of the database and the executor; running attempts go on."""
    platform.executor.close()
    platform.db.close()


def create_app(platform: Platform, *, loops: Iterable[Loop] | None = None) -> FastAPI:
    """The application over an open platform.

    Args:
        loops: what runs beside it; left out, everything in `kpl.server.background`.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        running = make_loops(platform) if loops is None else list(loops)
        hub = asyncio.create_task(platform.live.run())
        try:
            for loop in running:
                loop.start()
            yield
        finally:
            for loop in reversed(running):
                await asyncio.to_thread(loop.stop)
            hub.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await hub

    app = FastAPI(
        title="KPL",
        summary="One-stop AI development and production.",
        version=__version__,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # the built-in pages load their scripts from a CDN
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.platform = platform
    for router in (*ROUTERS, proxy.router, CONSOLE):
        app.include_router(router)
    add_problem_handlers(app)
    app.add_middleware(Idempotency, platform=platform)
    app.add_middleware(BodyLimit, max_bytes=platform.settings.max_body_bytes)
    app.add_middleware(Frame, telemetry=platform.telemetry, uses_tls=platform.settings.uses_tls)
    return app
