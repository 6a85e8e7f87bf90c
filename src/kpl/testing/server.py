"""A real server for tests: the whole application on loopback, over a platform in a temporary folder.

The fixtures around it are in `tests/server/conftest.py`.
"""

import asyncio
import socket
import threading
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import uvicorn

from kpl.resources import Machine
from kpl.runtime.executor import AttemptFiles, AttemptReport, Launch
from kpl.runtime.samples import MachineSample
from kpl.server.app import create_app
from kpl.server.db.tables.projects import MemberRow, ProjectRow
from kpl.server.db.tables.users import UserRow
from kpl.server.services.access import Caller, Role
from kpl.server.services.platform import Platform
from kpl.task.ids import AttemptId, TaskId

T = TypeVar("T")

PASSWORD = "correct horse battery"  # noqa: S105  of users that live for one test
START_S = 1_750_000_000.0


class FakeClock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.time_s = START_S

    def now_s(self) -> float:
        return self.time_s

    def advance(self, seconds: float) -> None:
        self.time_s += seconds


class IdleExecutor:
    """An executor that never starts anything. It has no machines but those that are `known`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.known: tuple[Machine, ...] = ()

    def machines(self) -> tuple[Machine, ...]:
        return self.known

    def samples(self) -> tuple[MachineSample, ...]:
        return ()

    def start(self, launch: Launch) -> None:
        raise AssertionError(f"nothing should start attempt {launch.attempt_id}")

    def stop(self, attempt_id: AttemptId, *, grace_s: float) -> None:  # noqa: ARG002  nothing runs
        return None

    def observe(self, attempt_ids: Iterable[AttemptId]) -> list[AttemptReport]:
        return [AttemptReport(attempt_id, None) for attempt_id in attempt_ids]

    def wait(self, timeout_s: float) -> None:  # noqa: ARG002  nothing runs
        return None

    def wake(self) -> None:
        return None

    def files(self, attempt_id: AttemptId) -> AttemptFiles:
        return AttemptFiles(self.root / f"{attempt_id}.log", self.root / f"{attempt_id}.jsonl", {})

    def checkpoints(self, task_id: TaskId) -> Path:
        return self.root / f"{task_id}.checkpoints"

    def clean(self, attempt_id: AttemptId) -> None:  # noqa: ARG002  nothing runs
        return None

    def leftovers(self) -> list[AttemptId]:
        return []

    def close(self) -> None:
        return None


class LoopThread:
    """An event loop in a thread of its own, shared by the servers of all tests."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout=30)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(timeout=10)
        self.loop.close()


class RunningServer:
    """An application that listens on a free port of loopback."""

    def __init__(self, platform: Platform, thread: LoopThread) -> None:
        self.platform = platform
        self._thread = thread
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            create_app(platform, loops=()), log_config=None, access_log=False, timeout_graceful_shutdown=2
        )
        config.load()
        self._server = uvicorn.Server(config)
        self._server.lifespan = config.lifespan_class(config)
        thread.call(self._server.startup(sockets=[self._socket]))
        assert self._server.started

    def close(self) -> None:
        self._thread.call(self._stop())

    async def _stop(self) -> None:
        self.platform.live.close()
        await self._server.shutdown(sockets=[self._socket])


@dataclass(frozen=True)
class SignedIn:
    """A user and how to act as one: `caller` for services, `client` for REST (cookie and CSRF header set)."""

    caller: Caller
    client: httpx.Client


def add_project(platform: Platform, name: str) -> int:
    """Put a project straight into the database."""
    with platform.db.write() as session:
        row = ProjectRow(
            name=name, title="", description="", created_at_s=platform.now_s(), created_by="root"
        )
        session.add(row)
        session.flush()
        return row.id


def add_user(
    platform: Platform, username: str, *, is_admin: bool = False, roles: Mapping[str, Role] | None = None
) -> Caller:
    """Put a user straight into the database, with the password PASSWORD and roles by name of project."""
    password_hash = platform.passwords.hash(PASSWORD)
    with platform.db.write() as session:
        user = UserRow(
            username=username,
            display_name="",
            password_hash=password_hash,
            must_change_password=False,
            is_admin=is_admin,
            is_active=True,
            created_at_s=platform.now_s(),
            last_seen_at_s=None,
        )
        session.add(user)
        session.flush()
        projects = {row.name: row.id for row in session.query(ProjectRow)}
        for name, role in (roles or {}).items():
            session.add(
                MemberRow(
                    project_id=projects[name], user_id=user.id, role=role.label, added_at_s=platform.now_s()
                )
            )
        return Caller(user_id=user.id, username=username, is_admin=is_admin)
