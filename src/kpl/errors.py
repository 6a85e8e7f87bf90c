"""The errors that may leave a package of KPL.

    KPLError
    ├── NotFound       a name or id that does not exist here
    ├── Conflict       the thing exists already, or changed meanwhile
    ├── Invalid        what was sent cannot be accepted as it is
    ├── Denied         the caller may not do this
    └── Unavailable    right now it cannot be done; later it may

A message says what went wrong, where, with which value; `hint` says what to do about it. Every class carries a
stable `code` that clients may rely on. The server turns these into problem+json, the command line into two lines;
nobody else catches them broadly.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar

from kpl.sentence import Sentence, chinese_of, in_chinese


class KPLError(Exception):
    """Base of all errors that users see.

    Args:
        message: what went wrong, where, with which value.
        hint: what to do next; may be empty when the message says it already.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    @property
    def sentence(self) -> str:
        """Message and hint as one, in Chinese too where the message is."""
        zh = chinese_of(self.message)
        return Sentence(str(self), zh + in_chinese(self.hint)) if zh else str(self)


class NotFound(KPLError):
    code = "not_found"


class Conflict(KPLError):
    code = "conflict"


class Invalid(KPLError):
    code = "invalid"


class Denied(KPLError):
    code = "denied"


class Unavailable(KPLError):
    code = "unavailable"


def nearest(name: str, known: Iterable[str]) -> str:
    """Say which known names are close to `name`, or which exist at all; empty when there are none."""
    names = sorted(set(known))
    close = get_close_matches(name, names, n=3, cutoff=0.5)
    if close:
        quoted = [f"'{n}'" for n in close]
        return Sentence(f"Did you mean {' or '.join(quoted)}?", f"是否指 {' 或 '.join(quoted)}？")
    if not names:
        return ""
    shown = ", ".join(f"'{n}'" for n in names[:10])
    is_cut = len(names) > 10
    return Sentence(
        f"Known: {shown}{', ...' if is_cut else '.'}", f"已知：{shown}{' 等。' if is_cut else '。'}"
    )
