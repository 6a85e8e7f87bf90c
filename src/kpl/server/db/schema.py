"""Bringing the database's tables up to date with this version of KPL."""

from kpl.server.db import tables
from kpl.server.db.base import Base
from kpl.server.db.engine import Database


def migrate(db: Database) -> None:
    """Make or change the tables so that they are what this version needs."""
    assert tables.__path__, "all tables are known to the metadata"
    Base.metadata.create_all(db.engine)
