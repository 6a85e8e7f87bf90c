"""The one place that knows which database it is: connections, transactions, and what a commit sets off.

SQLite runs in WAL mode with one writer at a time: `write()` takes a lock of this process and begins with
`BEGIN IMMEDIATE`, so that nobody ever waits in SQLite's unfair busy loop or fails half-way through; readers
are never held up. PostgreSQL does its own locking. Nothing outside this module may depend on the difference.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import Session, sessionmaker

from kpl.errors import Invalid, Unavailable
from kpl.sentence import Sentence

_BEFORE_COMMIT = "kpl.before_commit"
_AFTER_COMMIT = "kpl.after_commit"
_BUSY_TIMEOUT_MS = 15_000  # another process may hold the file for a moment, as a backup does


class Database:
    """Connections to one database.

    Args:
        url: a SQLAlchemy address, `sqlite:///...` or `postgresql+psycopg://...`.

    Threads: any. One thread has at most one transaction that writes.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._writer_lock = threading.Lock()
        self._writer: int | None = None
        if self.is_sqlite:
            self._reading = _sqlite_engine(url, begin="BEGIN", is_read_only=True)
            self._writing = _sqlite_engine(url, begin="BEGIN IMMEDIATE", is_read_only=False)
        else:
            self._writing = create_engine(url, pool_size=10, max_overflow=30, pool_pre_ping=True)
            self._reading = self._writing
        self._read_session = sessionmaker(self._reading, expire_on_commit=False)
        self._write_session = sessionmaker(self._writing, expire_on_commit=False)

    @property
    def engine(self) -> Engine:
        """For migrations and backups; services use `read` and `write`."""
        return self._writing

    @property
    def path(self) -> Path | None:
        """The SQLite file; None for another database."""
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that sees one moment of the database and changes nothing."""
        with _numbers_checked(), self._read_session() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that is committed when the block ends well, and undone when it raises.

        Keep it short: no file, network or process work inside.
        """
        with _numbers_checked(), self._one_writer(), self._write_session() as session:
            try:
                yield session
                session.flush()
                _call_all(session, _BEFORE_COMMIT)
                session.commit()
            except BaseException:
                session.rollback()
                raise
            _call_all(session, _AFTER_COMMIT)

    def close(self) -> None:
        """Close all connections."""
        self._reading.dispose()
        self._writing.dispose()

    @contextmanager
    def _one_writer(self) -> Iterator[None]:
        me = threading.get_ident()
        assert self._writer != me, "write() inside write(): hand the session down instead"
        lock: AbstractContextManager[Any] = self._writer_lock if self.is_sqlite else nullcontext()
        with lock:
            if self.is_sqlite:
                self._writer = me
            try:
                yield
            finally:
                if self.is_sqlite:
                    self._writer = None


@contextmanager
def _numbers_checked() -> Iterator[None]:
    """Answer a number that no column can hold; it can come from any part of a request."""
    try:
        yield
    except OverflowError as err:
        raise Invalid(
            Sentence("A number in the request has more than 64 bits.", "请求中的数字超过 64 位。"),
            hint=Sentence("Give the one you mean.", "请填写实际需要的数字。"),
        ) from err


def before_commit(session: Session, callback: Callable[[], None]) -> None:
    """Call back just before the commit of `write()`, when everything else is in the transaction."""
    session.info.setdefault(_BEFORE_COMMIT, []).append(callback)


def after_commit(session: Session, callback: Callable[[], None]) -> None:
    """Call back once the transaction of `write()` is committed; not at all when it is undone.

    The callback must be quick and must not raise: the next writer waits for it.
    """
    session.info.setdefault(_AFTER_COMMIT, []).append(callback)


def _call_all(session: Session, when: str) -> None:
    for callback in cast(list[Callable[[], None]], session.info.pop(when, [])):
        callback()


def _sqlite_engine(url: str, *, begin: str, is_read_only: bool) -> Engine:
    engine = create_engine(
        url,
        pool_size=16 if is_read_only else 1,
        max_overflow=48 if is_read_only else 0,
        connect_args={"check_same_thread": False, "timeout": _BUSY_TIMEOUT_MS / 1000},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: DBAPIConnection, _record: object) -> None:
        # sqlite3's own transaction handling begins too late and not IMMEDIATE; we begin ourselves.
        cast(sqlite3.Connection, connection).isolation_level = None
        cursor = connection.cursor()
        try:
            for statement in _pragmas(is_read_only):
                cursor.execute(statement)
        except sqlite3.DatabaseError as err:
            raise Unavailable(
                f"{make_url(url).database} cannot be opened as a SQLite database: {err}.",
                hint="Check that the file is KPL's and its folder writable, or restore it from a backup.",
            ) from err
        finally:
            cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _pragmas(is_read_only: bool) -> list[str]:
    statements = [
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = NORMAL",
        "PRAGMA foreign_keys = ON",
        "PRAGMA cache_size = -2000",
        "PRAGMA temp_store = MEMORY",
    ]
    return [*statements, "PRAGMA query_only = ON"] if is_read_only else statements
