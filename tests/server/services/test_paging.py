"""Lists in pages."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from kpl.errors import Invalid
from kpl.server.db import Database
from kpl.server.services.paging import decode_cursor, encode_cursor, page_of


class Base(DeclarativeBase):
    pass


class ThingRow(Base):
    __tablename__ = "things"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'kpl.db'}")
    Base.metadata.create_all(database.engine)
    with database.write() as session:
        session.add_all(ThingRow(id=i, name=f"thing-{i:02d}") for i in range(1, 24))
    yield database
    database.close()


@pytest.mark.parametrize("limit", [1, 7, 22, 23, 24])
def test_pages_show_everything_once_newest_first(db: Database, limit: int) -> None:
    seen: list[int] = []
    cursor = None
    with db.read() as session:
        while True:
            rows, cursor = page_of(session, select(ThingRow), ThingRow.id, cursor=cursor, limit=limit)
            assert len(rows) <= limit
            seen += [row.id for row in rows]
            if cursor is None:
                break
    assert seen == list(range(23, 0, -1))


def test_what_is_added_meanwhile_shifts_no_page(db: Database) -> None:
    with db.read() as session:
        _, cursor = page_of(session, select(ThingRow), ThingRow.id, cursor=None, limit=5)
    with db.write() as session:
        session.add(ThingRow(id=24, name="thing-24"))
    with db.read() as session:
        rows, _ = page_of(session, select(ThingRow), ThingRow.id, cursor=cursor, limit=5)
    assert [row.id for row in rows] == [18, 17, 16, 15, 14]


def test_a_list_can_go_up_by_name(db: Database) -> None:
    with db.read() as session:
        first, cursor = page_of(
            session, select(ThingRow), ThingRow.name, cursor=None, limit=2, ascending=True
        )
        second, _ = page_of(session, select(ThingRow), ThingRow.name, cursor=cursor, limit=2, ascending=True)
    assert [row.name for row in (*first, *second)] == ["thing-01", "thing-02", "thing-03", "thing-04"]


@given(st.one_of(st.integers(-(2**63) + 1, 2**63 - 1), st.text(max_size=50)))
def test_a_cursor_keeps_its_key(key: int | str) -> None:
    assert decode_cursor(encode_cursor(key), type(key)) == key


@given(st.text(max_size=100))
def test_no_invented_cursor_does_more_than_be_refused(text: str) -> None:
    with suppress(Invalid):
        key = decode_cursor(text, int)
        assert type(key) is int
        assert abs(key) < 1 << 63


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(Invalid, match="not a cursor of this list"):
        decode_cursor(encode_cursor("name"), int)
