"""Errors that only a server has. `kpl.server.problems` says which HTTP status each one gets.

Denied       NotSignedIn        nobody knows who asks                  401
Unavailable  TooManyAttempts    too many failed sign-ins               429
Conflict     Stale              it was changed since it was read       412
Conflict     WrongOffset        a piece of an upload does not fit on   409
Invalid      TooLarge           more bytes than are allowed            413
"""

from kpl.errors import Conflict, Denied, Invalid, Unavailable


class NotSignedIn(Denied):
    code = "not_signed_in"


class TooManyAttempts(Unavailable):
    """`retry_after_s` says when it is worth to try again."""

    code = "too_many_attempts"

    def __init__(self, message: str, *, hint: str = "", retry_after_s: float) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class Stale(Conflict):
    code = "stale"


class WrongOffset(Conflict):
    """`offset` is where the next piece has to begin."""

    code = "wrong_offset"

    def __init__(self, message: str, *, hint: str = "", offset: int) -> None:
        super().__init__(message, hint=hint)
        self.offset = offset


class TooLarge(Invalid):
    code = "too_large"
