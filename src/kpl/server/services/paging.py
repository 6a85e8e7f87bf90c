"""Lists in pages: keyset cursors, so that page ten thousand costs what page one does and nothing is shown
twice.

rows, next_cursor = page_of(session, select(RunRow).where(...), RunRow.id, cursor=cursor, limit=limit)
return Page(items=[...], next_cursor=next_cursor)
"""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from kpl.errors import Invalid
from kpl.sentence import Sentence

Row = TypeVar("Row")
Key = int | str | float

_FLOAT = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?(e[+-]?[0-9]{1,3})?", re.ASCII)


def page_of(
    session: Session,
    statement: Select[Row],
    key: InstrumentedAttribute[Any],
    *,
    cursor: str | None,
    limit: int,
    ascending: bool = False,
) -> tuple[Sequence[Row], str | None]:
    """The rows after `cursor` and the cursor of the next page.

    Args:
        statement: what to list, without an order. It may select more columns; then the rows are those of its
            first. That may be the key alone.
        key: a column of the first entity, unique among the rows; they are ordered by it, newest (highest)
            first.
    """
    if cursor is not None:
        after = decode_cursor(cursor, type(key.type.python_type()))
        statement = statement.where(key > after if ascending else key < after)
    order = key.asc() if ascending else key.desc()
    rows = session.scalars(statement.order_by(order).limit(limit + 1)).all()
    if len(rows) <= limit:
        return rows, None
    rows = rows[:limit]
    last: Any = rows[-1]
    return rows, encode_cursor(getattr(last, key.key, last))


def page_of_pair(
    session: Session,
    statement: Select[Row],
    first: InstrumentedAttribute[Any],
    second: InstrumentedAttribute[Any],
    *,
    cursor: str | None,
    limit: int,
    ascending: bool = False,
) -> tuple[Sequence[Row], str | None]:
    """As `page_of`, ordered by two columns: a number that several rows share, and their unique key."""
    if cursor is not None:
        number, _, key = str(decode_cursor(cursor, str)).partition(" ")
        kinds = [column.type.python_type for column in (first, second)]
        if not all(_is_of(kind, text) for kind, text in zip(kinds, (number, key), strict=True)):
            raise no_cursor(cursor)
        place, after = tuple_(first, second), tuple_(kinds[0](number), kinds[1](key))
        statement = statement.where(place > after if ascending else place < after)
    order = (first.asc(), second.asc()) if ascending else (first.desc(), second.desc())
    rows = session.scalars(statement.order_by(*order).limit(limit + 1)).all()
    if len(rows) <= limit:
        return rows, None
    rows = rows[:limit]
    return rows, pair_cursor(getattr(rows[-1], first.key), getattr(rows[-1], second.key))


def pair_cursor(first: float, second: Key) -> str:
    """The place after the row with these two values, for `page_of_pair`."""
    return encode_cursor(f"{first!r} {second}")


def encode_cursor(key: Key) -> str:
    """The place after the row with this key, as an opaque word."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, expected: type) -> Key:
    """The key in a cursor. Raises Invalid for anything that `encode_cursor` did not make for such a list."""
    try:
        key = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        key = None
    if type(key) is not expected or (isinstance(key, int) and abs(key) >= 1 << 63):
        raise no_cursor(cursor)
    assert isinstance(key, int | str | float)
    return key


def _is_of(kind: type, text: str) -> bool:
    if kind is int:
        return text.isascii() and text.isdigit() and int(text) < 1 << 63
    return kind is not float or _FLOAT.fullmatch(text) is not None


def no_cursor(cursor: str) -> Invalid:
    """What to raise for a cursor that the list did not give."""
    return Invalid(
        Sentence(
            f"cursor: '{cursor[:80]}' is not a cursor of this list.",
            f"cursor：“{cursor[:80]}”不是此列表的游标。",
        ),
        hint=Sentence(
            "Use next_cursor of the page before, or leave it out to begin with the first page.",
            "请使用上一页的 next_cursor，或不填以从第一页开始。",
        ),
    )
