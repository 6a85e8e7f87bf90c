"""What all tables share: one metadata, names for constraints, and times as float seconds.

A table's module lies in `tables/`, its classes end in Row, and `tables/__init__.py` names it. Times are
columns called `..._at_s`: float seconds since 1970, as everywhere below the server. Who did something is kept
as a user *name*, so that history outlives the user.
"""

from typing import Any

from sqlalchemy import JSON, MetaData, Table
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """Base of all rows.

    A single integer key `id` is never given twice, even after the row with the highest one was deleted: ids
    appear in addresses and in sentences like "reused from task 41".
    """

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {dict[str, Any]: JSON, list[str]: JSON, list[Any]: JSON}  # noqa: RUF012

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        assert isinstance(cls.__table__, Table)
        key = list(cls.__table__.primary_key)
        if len(key) == 1 and key[0].name == "id" and key[0].type.python_type is int:
            cls.__table__.dialect_options["sqlite"]["autoincrement"] = True
