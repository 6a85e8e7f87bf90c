"""How the tables change from version to version (Alembic).

Files are numbered: `versions/0001_initial.py`. A released one is never edited; `tools/new_migration.py`
writes the next from what the tables have become. Old and new servers must both live with each step: first
add, then move over, then remove in a later release.
"""
