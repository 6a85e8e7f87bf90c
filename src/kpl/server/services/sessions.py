"""Signing in and out, and finding out who asks.

The browser holds a random secret in an HttpOnly cookie; the database only its sha256. The token against
forged requests (CSRF) follows from the secret, so it is bound to the session and need not be kept.
"""

import hashlib
import hmac
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from kpl.errors import Denied
from kpl.schemas.session import SessionOut
from kpl.sentence import Sentence
from kpl.server.db.tables.sessions import SessionRow, SignInLinkRow
from kpl.server.db.tables.tokens import TokenRow
from kpl.server.db.tables.users import UserRow
from kpl.server.services import audit
from kpl.server.services.access import Caller, Scope, scopes_with
from kpl.server.services.errors import NotSignedIn
from kpl.server.services.passwords import hash_secret, new_secret
from kpl.server.services.platform import Platform

SESSION_COOKIE = "kpl_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Requests of these methods change nothing."""

_SEEN_INTERVAL_S = 300.0  # last use is written this often at most: a read must not become a write


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request brings to prove who asks.

    Args:
        session: value of the session cookie.
        bearer: API token of the Authorization header; it counts before the cookie.
        csrf: token against forged requests; asked for when `is_unsafe` and the cookie counts.
        is_unsafe: whether the request may change something.
    """

    session: str | None = None
    bearer: str | None = None
    csrf: str | None = None
    is_unsafe: bool = False
    address: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class SignIn:
    """A fresh sign-in: `secret` goes into the cookie and nowhere else."""

    secret: str
    max_age_s: float
    session: SessionOut


def bearer_token(header: str | None) -> str | None:
    """The API token in an Authorization header; None when there is no such header."""
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotSignedIn(
            Sentence(
                "Authorization: only `Bearer TOKEN` is understood.", "Authorization：只支持 `Bearer TOKEN`。"
            ),
            hint=Sentence("Send `Bearer kpl_...`.", "请发送 `Bearer kpl_...`。"),
        )
    return token.strip()


def identify(platform: Platform, credentials: Credentials) -> Caller:
    """Who asks. Raises NotSignedIn when nobody can be told, Denied when the request may be forged."""
    if credentials.bearer is not None:
        return _caller_of_token(platform, credentials)
    if credentials.session is None:
        raise NotSignedIn(
            Sentence("This needs a sign-in.", "需要登录。"),
            hint=Sentence(
                "Sign in, or send an API token: `Authorization: Bearer kpl_...`.",
                "请登录，或发送 API 令牌：`Authorization: Bearer kpl_...`。",
            ),
        )
    caller = _caller_of_session(platform, credentials)
    if credentials.is_unsafe and not _csrf_fits(credentials.session, credentials.csrf):
        raise Denied(
            Sentence(
                "X-CSRF-Token: the header is missing or not the one of this session.",
                "X-CSRF-Token：请求头缺失，或不属于此会话。",
            ),
            hint=Sentence(
                "Read csrf_token from GET /api/v1/session and send it with every change.",
                "请从 GET /api/v1/session 读取 csrf_token，并随每次修改发送。",
            ),
        )
    return caller


def sign_in(platform: Platform, username: str, password: str, *, address: str, request_id: str) -> SignIn:
    """Begin a session with a password.

    Raises:
        NotSignedIn: user or password is wrong; which of them is not said.
        TooManyAttempts: too many failures, wait.
    """
    now_s = platform.now_s()
    platform.attempts.check(username, address, now_s)
    with platform.db.read() as session:
        user = session.scalar(select(UserRow).where(UserRow.username == username))
    fits = platform.passwords.verify(password, user.password_hash if user is not None else "")
    if user is None or not fits or not user.is_active:
        platform.attempts.add_failure(username, address, now_s)
        _record_failure(platform, username, address=address, request_id=request_id)
        raise NotSignedIn(
            Sentence("The user name or the password is wrong.", "用户名或密码错误。"),
            hint=Sentence("An administrator can set a new password.", "管理员可以设置新密码。"),
        )
    platform.attempts.forget(username, address)
    renewed = (
        platform.passwords.hash(password) if platform.passwords.is_outdated(user.password_hash) else None
    )
    with platform.db.write() as session:
        if renewed is not None:
            session.execute(
                update(UserRow)
                .where(UserRow.id == user.id, UserRow.password_hash == user.password_hash)
                .values(password_hash=renewed)
            )
        return _begin(platform, session, user.id, "session.begin", address=address, request_id=request_id)


def sign_in_by_link(platform: Platform, link_token: str, *, address: str, request_id: str) -> SignIn:
    """Begin a session with a one-time link; it cannot be used again."""
    now_s = platform.now_s()
    platform.attempts.check("", address, now_s)
    with platform.db.write() as session:
        link = session.scalar(
            select(SignInLinkRow).where(SignInLinkRow.token_hash == hash_secret(link_token))
        )
        if link is not None and link.expires_at_s > now_s:
            session.delete(link)
            return _begin(
                platform,
                session,
                link.user_id,
                "session.begin_by_link",
                address=address,
                request_id=request_id,
            )
    platform.attempts.add_failure("", address, now_s)
    raise NotSignedIn(
        Sentence("This sign-in link was used already, or is too old.", "此登录链接已被使用，或已过期。"),
        hint=Sentence(
            "Sign in with your password, or ask an administrator for a new link.",
            "请用密码登录，或向管理员索取新链接。",
        ),
    )


def new_sign_in_link(platform: Platform, session: Session, user_id: int) -> str:
    """The secret of a new one-time link for a user. Part of a use case that has checked permission."""
    secret = new_secret()
    session.add(
        SignInLinkRow(
            user_id=user_id,
            token_hash=hash_secret(secret),
            expires_at_s=platform.now_s() + platform.settings.sign_in_link_lifetime_s,
        )
    )
    return secret


def link_path(secret: str) -> str:
    """Where a one-time link leads.

    The secret stands behind `#`, which browsers never send, so no log holds it.
    """
    return f"/sign-in#link={secret}"


def get_session(platform: Platform, caller: Caller, secret: str | None) -> SessionOut:
    """Who the caller is; with the CSRF token for the holder of a session."""
    with platform.db.read() as session:
        user = session.get_one(UserRow, caller.user_id)
        return _session_out(user, caller, csrf_token(secret) if secret is not None else None)


def sign_out(platform: Platform, caller: Caller) -> None:
    """End the caller's session. A token has none to end."""
    if caller.session_id is None:
        raise Denied(
            Sentence("A token is not a session and cannot be signed out.", "令牌不是会话，无法退出登录。"),
            hint=Sentence("Delete the token instead.", "请改为删除该令牌。"),
        )
    with platform.db.write() as session:
        session.execute(delete(SessionRow).where(SessionRow.id == caller.session_id))
        audit.record(platform, session, caller, "session.end", f"user:{caller.username}")
        platform.live.refresh_access(session)


def end_sessions(platform: Platform, session: Session, user_id: int, *, but: int | None = None) -> None:
    """End all sessions and links of a user except one. Part of a use case that has checked permission."""
    ended = delete(SessionRow).where(SessionRow.user_id == user_id)
    session.execute(ended if but is None else ended.where(SessionRow.id != but))
    session.execute(delete(SignInLinkRow).where(SignInLinkRow.user_id == user_id))
    platform.live.refresh_access(session)


def remove_expired(platform: Platform) -> None:
    """Delete sessions and links that cannot be used any more; for the housekeeping loop."""
    now_s = platform.now_s()
    idle_s = now_s - platform.settings.session_idle_s - _SEEN_INTERVAL_S
    with platform.db.write() as session:
        session.execute(
            delete(SessionRow).where(
                (SessionRow.expires_at_s <= now_s) | (SessionRow.last_seen_at_s <= idle_s)
            )
        )
        session.execute(delete(SignInLinkRow).where(SignInLinkRow.expires_at_s <= now_s))


def csrf_token(secret: str) -> str:
    """The token against forged requests that belongs to a session's secret."""
    return hashlib.sha256(f"csrf:{secret}".encode()).hexdigest()


def _csrf_fits(secret: str, token: str | None) -> bool:
    return token is not None and hmac.compare_digest(csrf_token(secret).encode(), token.encode())


def _caller_of_session(platform: Platform, credentials: Credentials) -> Caller:
    assert credentials.session is not None
    now_s = platform.now_s()
    with platform.db.read() as session:
        found = session.execute(
            select(SessionRow, UserRow)
            .join(UserRow, UserRow.id == SessionRow.user_id)
            .where(SessionRow.token_hash == hash_secret(credentials.session))
        ).one_or_none()
    if found is None or not found.UserRow.is_active or _is_over(platform, found.SessionRow, now_s):
        raise NotSignedIn(
            Sentence("The session has ended.", "会话已结束。"),
            hint=Sentence("Sign in again.", "请重新登录。"),
        )
    row, user = found.SessionRow, found.UserRow
    if now_s - row.last_seen_at_s > _SEEN_INTERVAL_S:
        with platform.db.write() as session:
            session.execute(update(SessionRow).where(SessionRow.id == row.id).values(last_seen_at_s=now_s))
            session.execute(update(UserRow).where(UserRow.id == user.id).values(last_seen_at_s=now_s))
    return Caller(
        user_id=user.id,
        username=user.username,
        is_admin=user.is_admin,
        session_id=row.id,
        must_change_password=user.must_change_password,
        address=credentials.address,
        request_id=credentials.request_id,
    )


def _is_over(platform: Platform, row: SessionRow, now_s: float) -> bool:
    idle_s = now_s - row.last_seen_at_s - _SEEN_INTERVAL_S  # a use may be unwritten for that long
    return row.expires_at_s <= now_s or idle_s > platform.settings.session_idle_s


def _caller_of_token(platform: Platform, credentials: Credentials) -> Caller:
    assert credentials.bearer is not None
    now_s = platform.now_s()
    with platform.db.read() as session:
        found = session.execute(
            select(TokenRow, UserRow)
            .join(UserRow, UserRow.id == TokenRow.user_id)
            .where(TokenRow.token_hash == hash_secret(credentials.bearer))
        ).one_or_none()
    if found is None or not found.UserRow.is_active:
        raise NotSignedIn(
            Sentence("The API token is not known here.", "此服务器不认识该 API 令牌。"),
            hint=Sentence(
                "It was deleted, or belongs to another server.", "它已被删除，或属于另一台服务器。"
            ),
        )
    row, user = found.TokenRow, found.UserRow
    if row.expires_at_s is not None and row.expires_at_s <= now_s:
        raise NotSignedIn(
            Sentence(f"The API token '{row.name}' has expired.", f"API 令牌“{row.name}”已过期。"),
            hint=Sentence("Make a new one.", "请创建新令牌。"),
        )
    if row.last_used_at_s is None or now_s - row.last_used_at_s > _SEEN_INTERVAL_S:
        with platform.db.write() as session:
            session.execute(update(TokenRow).where(TokenRow.id == row.id).values(last_used_at_s=now_s))
    return Caller(
        user_id=user.id,
        username=user.username,
        is_admin=user.is_admin,
        scopes=scopes_with({Scope(scope) for scope in row.scopes}),
        only_project_id=row.project_id,
        token_id=row.id,
        origin=f"token:{row.name}",
        address=credentials.address,
        request_id=credentials.request_id,
    )


def _begin(
    platform: Platform, session: Session, user_id: int, action: str, *, address: str, request_id: str
) -> SignIn:
    now_s, secret = platform.now_s(), new_secret()
    user = session.get(UserRow, user_id)
    if user is None or not user.is_active:
        raise NotSignedIn(
            Sentence("The user cannot sign in.", "该用户无法登录。"),
            hint=Sentence("Ask an administrator.", "请联系管理员。"),
        )
    user.last_seen_at_s = now_s
    row = SessionRow(
        user_id=user.id,
        token_hash=hash_secret(secret),
        created_at_s=now_s,
        last_seen_at_s=now_s,
        expires_at_s=now_s + platform.settings.session_lifetime_s,
    )
    session.add(row)
    session.flush()
    caller = Caller(
        user_id=user.id,
        username=user.username,
        is_admin=user.is_admin,
        session_id=row.id,
        must_change_password=user.must_change_password,
        address=address,
        request_id=request_id,
    )
    audit.record(platform, session, caller, action, f"user:{user.username}")
    out = _session_out(user, caller, csrf_token(secret))
    return SignIn(secret, platform.settings.session_lifetime_s, out)


def _record_failure(platform: Platform, username: str, *, address: str, request_id: str) -> None:
    nobody = Caller(user_id=0, username="", is_admin=False, address=address, request_id=request_id)
    with platform.db.write() as session:
        # What was typed into the name field may be a password: only names of real users are written down.
        known = session.scalar(select(UserRow.username).where(UserRow.username == username))
        audit.record(platform, session, nobody, "session.refused", f"user:{known}" if known else "user")


def _session_out(user: UserRow, caller: Caller, csrf: str | None) -> SessionOut:
    return SessionOut(
        username=user.username,
        display_name=user.display_name,
        is_admin=user.is_admin,
        must_change_password=caller.must_change_password,
        scopes=sorted(caller.scopes),
        csrf_token=csrf,
    )
