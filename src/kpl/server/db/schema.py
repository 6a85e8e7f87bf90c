"""Bringing the database's tables up to date with this version of KPL."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from kpl.errors import Unavailable
from kpl.server.db.engine import Database

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(db: Database) -> None:
    """Make or change the tables so that they are what this version needs.

    An existing SQLite database is copied beside itself before it is changed. Nothing happens, and Alembic is
    not even loaded, when the tables are up to date already.

    Raises:
        Unavailable: the database was used by a newer KPL.
    """
    known = versions()
    current = version_of(db)
    if current == known[-1]:
        return
    if current is not None:
        if current not in known:
            raise Unavailable(
                f"The database is of version {current}, this KPL knows versions up to {known[-1]}.",
                hint="Install the KPL that used it last, or a newer one.",
            )
        _back_up(db, current)
    _upgrade(db)


def versions() -> list[str]:
    """The numbers of all migrations in order, from the names of their files."""
    names = (path.name for path in (MIGRATIONS / "versions").iterdir())
    return sorted(match[1] for name in names if (match := re.fullmatch(r"(\d{4})_\w+\.py", name)))


def version_of(db: Database) -> str | None:
    """The number of the last migration that the database went through; None for an empty database."""
    with db.read() as session:
        if not inspect(session.connection()).has_table("alembic_version"):
            return None
        version: str | None = session.scalar(text("SELECT version_num FROM alembic_version"))
        return version


def alembic_config() -> "Config":
    """Alembic's settings, for those who hand over a connection."""
    from alembic.config import Config  # slow to load, and not needed at an ordinary start

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _upgrade(db: Database) -> None:
    from alembic import command

    config = alembic_config()
    with db.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _back_up(db: Database, version: str) -> None:
    if db.path is None:
        return
    copy = db.path.with_name(f"{db.path.name}.before-{version}-upgrade")
    with closing(sqlite3.connect(db.path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
