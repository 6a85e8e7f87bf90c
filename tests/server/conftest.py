"""A real server for each test: the whole application on loopback, over SQLite in a temporary folder."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from kpl.server.app import close_platform, open_platform
from kpl.server.db import Database
from kpl.server.db.schema import migrate
from kpl.server.services.access import Role
from kpl.server.services.platform import Platform
from kpl.server.settings import Settings
from kpl.testing.server import (
    PASSWORD,
    FakeClock,
    IdleExecutor,
    LoopThread,
    RunningServer,
    SignedIn,
    add_project,
    add_user,
)


@pytest.fixture(scope="session")
def loop_thread() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("KPL_DATA_DIR", raising=False)
    return Settings(data_dir=tmp_path / "data", password_hash_memory_mib=8)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that went through all migrations; copying it is quicker than going through them."""
    path = tmp_path_factory.mktemp("database") / "kpl.db"
    db = Database(f"sqlite:///{path}")
    migrate(db)
    db.close()
    return path


@pytest.fixture
def platform(settings: Settings, clock: FakeClock, empty_database: Path) -> Iterator[Platform]:
    """An open platform with a project `default`, and no users."""
    settings.data_dir.mkdir(mode=0o700)
    shutil.copyfile(empty_database, settings.data_dir / "kpl.db")
    opened = open_platform(settings, executor=IdleExecutor(settings.runtime_dir), clock=clock)
    add_project(opened, "default")
    yield opened
    close_platform(opened)


@pytest.fixture
def server(platform: Platform, loop_thread: LoopThread) -> Iterator[RunningServer]:
    running = RunningServer(platform, loop_thread)
    yield running
    running.close()


@pytest.fixture
def anonymous(server: RunningServer) -> Iterator[httpx.Client]:
    """A client that nobody has signed in with."""
    with httpx.Client(base_url=server.url) as client:
        yield client


@pytest.fixture
def sign_in(server: RunningServer) -> Iterator[Callable[..., SignedIn]]:
    """Make a user, with roles in projects, and sign in: `sign_in("ann", default=Role.VIEWER)`."""
    clients: list[httpx.Client] = []

    def make(username: str, *, is_admin: bool = False, **roles: Role) -> SignedIn:
        caller = add_user(server.platform, username, is_admin=is_admin, roles=roles)
        client = httpx.Client(base_url=server.url)
        clients.append(client)
        answer = client.post("/api/v1/session", json={"username": username, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        return SignedIn(caller, client)

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def admin(sign_in: Callable[..., SignedIn]) -> SignedIn:
    """An administrator of the platform."""
    return sign_in("root", is_admin=True)


@pytest.fixture
def developer(sign_in: Callable[..., SignedIn]) -> SignedIn:
    """A developer of project `default`."""
    return sign_in("dev", default=Role.DEVELOPER)


@pytest.fixture
def viewer(sign_in: Callable[..., SignedIn]) -> SignedIn:
    """A viewer of project `default`."""
    return sign_in("view", default=Role.VIEWER)


@pytest.fixture
def stranger(sign_in: Callable[..., SignedIn]) -> SignedIn:
    """A user without any project."""
    return sign_in("stranger")
