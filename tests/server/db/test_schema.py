"""Migrations."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from kpl.errors import Unavailable
from kpl.server.db import Database, tables
from kpl.server.db.base import Base
from kpl.server.db.schema import migrate, version_of, versions


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'kpl.db'}")
    yield database
    database.close()


def test_the_migrations_make_exactly_the_tables_of_this_version(db: Database) -> None:
    assert tables.__path__
    migrate(db)
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_a_database_that_is_up_to_date_is_left_alone(db: Database) -> None:
    migrate(db)
    assert version_of(db) == versions()[-1]
    with db.engine.connect() as connection:
        changes = connection.exec_driver_sql("PRAGMA data_version").scalar_one()
        migrate(db)
        assert connection.exec_driver_sql("PRAGMA data_version").scalar_one() == changes


def test_a_database_of_a_newer_kpl_is_refused(db: Database) -> None:
    migrate(db)
    with db.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Unavailable, match="version 9999"):
        migrate(db)


def test_numbers_of_migrations_have_no_gap() -> None:
    assert versions() == [f"{number:04d}" for number in range(1, len(versions()) + 1)]


def test_ids_are_never_given_twice() -> None:
    numbered = [table for table in Base.metadata.tables.values() if "id" in table.primary_key.columns]
    assert numbered
    for table in numbered:
        assert table.dialect_options["sqlite"]["autoincrement"], table.name
