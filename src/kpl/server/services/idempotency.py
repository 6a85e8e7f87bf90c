"""Requests that may be sent twice: with the same Idempotency-Key, the second gets the first one's answer.

A key belongs to a user and to one request: method, path and body. While the first is under way the second is
refused. When the server died in the middle nobody can tell whether the work was done: the key stays refused,
and whoever asks has to look.
"""

from dataclasses import dataclass

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from kpl.errors import Conflict, Invalid
from kpl.sentence import Sentence
from kpl.server.db.tables.idempotency import IdempotencyRow
from kpl.server.services.access import Caller
from kpl.server.services.platform import Platform


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it was given, to be given again."""

    status: int
    headers: dict[str, str]
    body: bytes


def begin(platform: Platform, caller: Caller, key: str, fingerprint: str) -> Answer | None:
    """Claim a key for a request; the stored answer when it was carried out already.

    Args:
        fingerprint: digest of method, path and body.
    Raises:
        Invalid: the key was used for another request.
        Conflict: the first request with it has no answer (yet).
    """
    _check_key(key)
    claim = IdempotencyRow(
        user_id=caller.user_id,
        key=key,
        fingerprint=fingerprint,
        status=None,
        headers={},
        body=b"",
        created_at_s=platform.now_s(),
    )
    with platform.db.write() as session:
        row = session.get(IdempotencyRow, (caller.user_id, key))
        if (
            row is not None
            and row.created_at_s <= platform.now_s() - platform.settings.idempotency_lifetime_s
        ):
            session.delete(row)
            session.flush()
            row = None
        if row is None:
            session.add(claim)
            try:
                session.flush()
            except IntegrityError as err:
                raise _under_way(key) from err
            return None
    if row.fingerprint != fingerprint:
        raise Invalid(
            Sentence(
                f"Idempotency-Key '{key}' was used for another request.",
                f"Idempotency-Key“{key}”已用于另一个请求。",
            ),
            hint=Sentence("Use a new key for each.", "每个请求请用新的键。"),
        )
    if row.status is None:
        raise _under_way(key)
    return Answer(row.status, {name: str(value) for name, value in row.headers.items()}, row.body)


def finish(platform: Platform, caller: Caller, key: str, answer: Answer) -> None:
    """Keep the answer for whoever asks again."""
    with platform.db.write() as session:
        row = session.get(IdempotencyRow, (caller.user_id, key))
        if row is not None:
            row.status, row.headers, row.body = answer.status, dict(answer.headers), answer.body


def release(platform: Platform, caller: Caller, key: str) -> None:
    """Give the key back: the request changed nothing and may be sent again."""
    with platform.db.write() as session:
        row = session.get(IdempotencyRow, (caller.user_id, key))
        if row is not None:
            session.delete(row)


def remove_old(platform: Platform) -> None:
    """Forget answers after their time; for the housekeeping loop."""
    oldest_s = platform.now_s() - platform.settings.idempotency_lifetime_s
    with platform.db.write() as session:
        session.execute(delete(IdempotencyRow).where(IdempotencyRow.created_at_s <= oldest_s))


def _check_key(key: str) -> None:
    if not 1 <= len(key) <= 200 or not key.isascii() or not key.isprintable():
        raise Invalid(
            Sentence(
                "Idempotency-Key: it is not 1 to 200 printable ASCII characters.",
                "Idempotency-Key：应为 1 到 200 个可打印的 ASCII 字符。",
            ),
            hint=Sentence("Use a random UUID.", "请使用随机 UUID。"),
        )


def _under_way(key: str) -> Conflict:
    return Conflict(
        Sentence(
            f"The first request with Idempotency-Key '{key}' has no answer yet.",
            f"Idempotency-Key 为“{key}”的首个请求尚无应答。",
        ),
        hint=Sentence(
            "Wait and send it again. If the server was restarted meanwhile, look whether it was carried out.",
            "请稍后重新发送。若期间服务器重启过，请确认它是否已执行。",
        ),
    )
