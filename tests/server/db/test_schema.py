"""Migrations."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Integer, Table, text

from kpl.errors import Unavailable
from kpl.resources import DeviceRequest, Enforcement
from kpl.server.db import Database, schema, tables
from kpl.server.db.base import Base
from kpl.server.db.schema import migrate, version_of, versions
from kpl.server.db.tables.tasks import TaskRow
from kpl.server.services.store import read_tasks


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
    with db.read() as session:
        changes = session.scalar(text("PRAGMA data_version"))
    migrate(db)
    with db.read() as session:
        assert session.scalar(text("PRAGMA data_version")) == changes


def test_a_database_of_a_newer_kpl_is_refused(db: Database) -> None:
    migrate(db)
    with db.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Unavailable, match="version 9999"):
        migrate(db)


def test_a_database_is_copied_before_it_is_changed(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(db)
    upgrades: list[Database] = []
    monkeypatch.setattr(schema, "versions", lambda: [*versions(), "9998"])
    monkeypatch.setattr(schema, "_upgrade", upgrades.append)
    migrate(db)
    assert upgrades == [db]
    copy = Database(f"sqlite:///{tmp_path / f'kpl.db.before-{versions()[-1]}-upgrade'}")
    assert version_of(copy) == versions()[-1]
    copy.close()


def test_numbers_of_migrations_have_no_gap() -> None:
    assert versions() == [f"{number:04d}" for number in range(1, len(versions()) + 1)]


def test_ids_are_never_given_twice() -> None:
    numbered = [table for table in Base.metadata.tables.values() if _is_numbered(table)]
    assert len(numbered) > 5
    for table in numbered:
        assert table.dialect_options["sqlite"]["autoincrement"], table.name


def _is_numbered(table: Table) -> bool:
    key = list(table.primary_key)
    return [column.name for column in key] == ["id"] and isinstance(key[0].type, Integer)


OLD_ROWS = """
INSERT INTO projects VALUES (1, 'vision', '', '', 1.0, 'ann');
INSERT INTO tasks (
  id, project_id, name, lineage, kind, algorithm, version, function, endpoint, depends_on, state, is_final, reason, why,
  cancel_requested, num_failures, not_before_s, num_attempts, created_by, created_at_s
) VALUES (
  7, 1, 'train', '', 'batch', 'toy', '1', 'train', '', '[]', 'running', 0, '', '', 0, 0, 0, 1, 'ann', 1.0
);
INSERT INTO task_specs VALUES (7, '{
  "program": {"algorithm": "toy", "version": "1", "function": "train", "tree": "aa", "command": ["run"],
    "environment": {"type": "host", "requirements": "", "image": "", "lock": ""}},
  "parameters": {}, "inputs": [], "outputs": [], "max_attempts": 1, "timeout_s": null, "grace_s": 10.0,
  "resources": {"cpu_milli": 1000, "memory_mib": 512,
    "devices": [{"kind": "gpu", "count": 1, "share_milli": 500, "models": ["a100"]}]},
  "metrics": [], "endpoint": "", "must_run": false
}');
INSERT INTO attempts VALUES (
  '7-1', 7, 1, 'running', 0, '', NULL, NULL, '',
  '{"machine": "here", "cpu_milli": 1000, "memory_mib": 512,
    "devices": [{"kind": "gpu", "index": 0, "share_milli": 500}]}',
  1.0, 1.0, NULL
)
"""


def test_tasks_of_the_first_release_are_still_there_and_know_their_queue_and_user(db: Database) -> None:
    with db.engine.begin() as connection:
        config = schema.alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for statement in OLD_ROWS.split(";\n"):
            connection.exec_driver_sql(statement)
    migrate(db)
    with db.read() as session:
        (task,) = read_tasks(session, TaskRow.id == 7)
    assert (task.spec.queue, task.spec.user, task.priority, task.attained_s) == ("vision", "ann", 0, 0.0)
    assert task.spec.resources.devices == (DeviceRequest("gpu", share_milli=500, models=("a100",)),)
    assert task.attempt is not None
    assert task.attempt.placement.devices[0].enforcement is Enforcement.BOOKKEEPING
