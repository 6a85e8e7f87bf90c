"""API tokens: how programs prove who they work for.

A token is `kpl_` and 256 random bits; its sha256 is kept, the token itself is shown once. Users manage their
own; administrators of the platform can also see and delete those of others.
"""

from typing import cast

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kpl.errors import Denied, Invalid, NotFound
from kpl.schemas.page import Page
from kpl.schemas.token import ScopeName, TokenCreate, TokenCreated, TokenOut
from kpl.sentence import Sentence
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.db.tables.tokens import TokenRow
from kpl.server.db.tables.users import UserRow
from kpl.server.services import audit
from kpl.server.services.access import (
    Caller,
    Role,
    Scope,
    project_for,
    require_platform_admin,
    require_scope,
    require_unbound,
    scopes_with,
)
from kpl.server.services.clock import utc
from kpl.server.services.paging import page_of
from kpl.server.services.passwords import hash_secret, new_secret
from kpl.server.services.platform import Platform

TOKEN_START = "kpl_"  # noqa: S105  it makes leaked tokens easy to find
_SHOWN = 10


def list_tokens(
    platform: Platform, caller: Caller, *, username: str | None, cursor: str | None, limit: int
) -> Page[TokenOut]:
    """The caller's tokens, newest first; for administrators of the platform also those of another user."""
    require_scope(caller, Scope.READ)
    require_unbound(caller, Sentence("see its user's tokens", "查看其用户的令牌"))
    owner = username or caller.username
    if owner != caller.username:
        require_platform_admin(caller)
    with platform.db.read() as session:
        chosen = select(TokenRow).join(UserRow).where(UserRow.username == owner)
        rows, next_cursor = page_of(session, chosen, TokenRow.id, cursor=cursor, limit=limit)
        return Page(items=[_token_out(session, row) for row in rows], next_cursor=next_cursor)


def create_token(platform: Platform, caller: Caller, new: TokenCreate) -> TokenCreated:
    """Make a token for the caller. A token can make others only with at most its own scopes."""
    require_scope(caller, Scope.WRITE)
    require_unbound(caller, Sentence("make tokens", "创建令牌"))
    missing = scopes_with({Scope(scope) for scope in new.scopes}) - caller.scopes
    if missing:
        raise Denied(
            Sentence(
                f"This token lacks scope {', '.join(sorted(missing))} and cannot give it.",
                f"此令牌没有权限范围 {'、'.join(sorted(missing))}，无法授予。",
            ),
            hint=Sentence("Sign in to make it.", "请登录后再创建。"),
        )
    life_s = _life_s(platform, new)
    with platform.db.write() as session:
        project_id = None
        if new.project is not None:
            project_id = project_for(session, caller, new.project, Role.VIEWER).id
        row, token = add_token(
            platform,
            session,
            caller.user_id,
            name=new.name,
            scopes=sorted(set(new.scopes)),
            project_id=project_id,
            expires_at_s=platform.now_s() + life_s,
        )
        audit.record(
            platform,
            session,
            caller,
            "token.create",
            f"token:{row.id}",
            project=new.project,
            details={"name": new.name, "scopes": row.scopes},
        )
        return TokenCreated(**_token_out(session, row).model_dump(), token=token)


def delete_token(platform: Platform, caller: Caller, token_id: int) -> None:
    """Delete a token; it stops working at once. A token may delete itself."""
    if caller.token_id != token_id:
        require_scope(caller, Scope.WRITE)
        require_unbound(caller, Sentence("delete other tokens", "删除其他令牌"))
    with platform.db.write() as session:
        row = session.get(TokenRow, token_id)
        if row is None or (row.user_id != caller.user_id and not _is_admin(caller)):
            raise NotFound(
                Sentence(f"You have no token {token_id}.", f"您没有令牌 {token_id}。"),
                hint=Sentence("GET /api/v1/tokens lists them.", "GET /api/v1/tokens 会列出您的令牌。"),
            )
        session.delete(row)
        audit.record(
            platform, session, caller, "token.delete", f"token:{token_id}", details={"name": row.name}
        )
        platform.live.refresh_access(session)


def add_token(
    platform: Platform,
    session: Session,
    user_id: int,
    *,
    name: str,
    scopes: list[str],
    project_id: int | None,
    expires_at_s: float | None,
) -> tuple[TokenRow, str]:
    """Put a token into the database; returns it in clear too. Part of a use case that has checked permission."""
    token = TOKEN_START + new_secret()
    row = TokenRow(
        user_id=user_id,
        project_id=project_id,
        name=name,
        token_hash=hash_secret(token),
        prefix=token[:_SHOWN],
        scopes=scopes,
        created_at_s=platform.now_s(),
        expires_at_s=expires_at_s,
        last_used_at_s=None,
    )
    session.add(row)
    session.flush()
    return row, token


def remove_expired(platform: Platform) -> None:
    """Delete tokens that expired a month ago; for the housekeeping loop. Until then users see why one fails."""
    month_s = 30 * 24 * 3600.0
    with platform.db.write() as session:
        session.execute(delete(TokenRow).where(TokenRow.expires_at_s < platform.now_s() - month_s))


def _is_admin(caller: Caller) -> bool:
    return caller.is_admin and Scope.ADMIN in caller.scopes


def _life_s(platform: Platform, new: TokenCreate) -> float:
    longest_s = platform.settings.token_lifetime_max_s
    if new.expires_in_s is not None and new.expires_in_s > longest_s:
        raise Invalid(
            Sentence(
                f"expires_in_s: {new.expires_in_s:.0f} s is longer than this server allows.",
                f"expires_in_s：{new.expires_in_s:.0f} 秒超出此服务器允许的时长。",
            ),
            hint=Sentence(f"Use at most {longest_s:.0f}.", f"最多 {longest_s:.0f} 秒。"),
        )
    return longest_s if new.expires_in_s is None else new.expires_in_s


def _token_out(session: Session, row: TokenRow) -> TokenOut:
    project = None if row.project_id is None else session.get_one(ProjectRow, row.project_id).name
    return TokenOut(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        scopes=cast(list[ScopeName], row.scopes),
        project=project,
        created_at=utc(row.created_at_s),
        expires_at=utc(row.expires_at_s),
        last_used_at=utc(row.last_used_at_s),
    )
