"""Transactions of the database."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select, text, update
from sqlalchemy.exc import OperationalError

from kpl.errors import Invalid, Unavailable
from kpl.server.db import Database, after_commit, before_commit

numbers = Table("numbers", MetaData(), Column("id", Integer, primary_key=True), Column("value", Integer))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'kpl.db'}")
    numbers.metadata.create_all(database.engine)
    with database.write() as session:
        session.execute(insert(numbers).values(id=1, value=0))
    yield database
    database.close()


def value_in(db: Database) -> int | None:
    with db.read() as session:
        return session.scalar(select(numbers.c.value))


def fail_after_writing(db: Database, calls: list[str]) -> None:
    with db.write() as session:
        before_commit(session, lambda: calls.append("before"))
        after_commit(session, lambda: calls.append("after"))
        session.execute(update(numbers).values(value=5))
        raise ValueError("no")


def test_number_that_no_column_holds_is_the_askers_mistake(db: Database) -> None:
    with pytest.raises(Invalid, match="more than 64 bits"), db.read() as session:
        session.scalar(select(numbers.c.value).where(numbers.c.id == 1 << 64))
    with pytest.raises(Invalid, match="more than 64 bits"), db.write() as session:
        session.execute(update(numbers).values(value=1 << 64))
    assert value_in(db) == 0


def test_what_raises_is_undone_and_calls_nobody_back(db: Database) -> None:
    calls: list[str] = []
    with pytest.raises(ValueError, match="no"):
        fail_after_writing(db, calls)
    with db.write():
        pass
    assert calls == []
    assert value_in(db) == 0


def test_writers_wait_for_each_other_and_lose_nothing(db: Database) -> None:
    def count() -> None:
        for _ in range(25):
            with db.write() as session:
                seen = session.scalar(select(numbers.c.value)) or 0
                session.execute(update(numbers).values(value=seen + 1))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert value_in(db) == 100


def test_a_reader_sees_one_moment_while_others_write(db: Database) -> None:
    with db.read() as reader:
        before = reader.scalar(select(numbers.c.value))
        with db.write() as session:
            session.execute(update(numbers).values(value=7))
        assert reader.scalar(select(numbers.c.value)) == before
    assert value_in(db) == 7


def test_a_reader_cannot_write(db: Database) -> None:
    with db.read() as session, pytest.raises(OperationalError, match="readonly"):
        session.execute(update(numbers).values(value=5))


def test_callbacks_run_around_the_commit_in_order(db: Database) -> None:
    calls: list[str] = []
    with db.write() as session:
        before_commit(session, lambda: calls.append("before"))
        after_commit(session, lambda: calls.append(f"after, others see {value_in(db)}"))
        session.execute(update(numbers).values(value=3))
        calls.append("body")
    assert calls == ["body", "before", "after, others see 3"]


def test_write_inside_write_is_a_bug_and_not_a_deadlock(db: Database) -> None:
    with db.write(), pytest.raises(AssertionError, match="inside"), db.write():
        pass
    with db.write() as session:
        session.execute(update(numbers).values(value=1))


def test_sqlite_is_set_up_for_many_readers_and_checked_keys(db: Database) -> None:
    with db.read() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA foreign_keys")) == 1
        assert session.scalar(text("PRAGMA synchronous")) == 1


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "kpl.db"
    path.write_bytes(b"this is not a database, it only looks like a file" * 50)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(Unavailable, match=r"kpl\.db cannot be opened"), database.read() as session:
        session.execute(text("SELECT 1"))
    database.close()
