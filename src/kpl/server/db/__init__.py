"""The database: its connections, its tables and how they change from version to version."""

from kpl.server.db.engine import Database, after_commit, before_commit

__all__ = ["Database", "after_commit", "before_commit"]
