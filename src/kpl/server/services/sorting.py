"""Lists in the order that is asked for, each by an index."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute, Session

from kpl.schemas.page import Order, Sort
from kpl.server.services.paging import page_of, page_of_pair

Row = TypeVar("Row")


class Sortable(Protocol):
    """A table whose rows have a name that is unique in a project, and change."""

    id: InstrumentedAttribute[int]
    name: InstrumentedAttribute[str]
    updated_at_s: InstrumentedAttribute[float]


def sorted_page(
    session: Session,
    statement: Select[Row],
    table: Any,
    *,
    sort: Sort,
    order: Order | None,
    cursor: str | None,
    limit: int,
) -> tuple[Sequence[Row], str | None]:
    """A page of the rows of one project.

    Args:
        table: that the rows are of, as described by `Sortable`.
        order: names begin with a and times with the latest when left out.
    """
    columns: type[Sortable] = table
    ascending = order == "asc" if order is not None else sort == "name"
    if sort == "updated":
        pair = (columns.updated_at_s, columns.id)
        return page_of_pair(session, statement, *pair, cursor=cursor, limit=limit, ascending=ascending)
    key = columns.name if sort == "name" else columns.id
    return page_of(session, statement, key, cursor=cursor, limit=limit, ascending=ascending)
