"""Users: who can sign in.

Administrators of the platform manage users; everybody may see and change themselves. There is always at least
one active administrator.
"""

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kpl.errors import Conflict, Denied, Invalid, NotFound, nearest
from kpl.schemas.page import Page
from kpl.schemas.user import SignInLinkOut, UserCreate, UserCreated, UserOut, UserUpdate
from kpl.sentence import Sentence
from kpl.server.db.tables.users import UserRow
from kpl.server.services import audit, sessions
from kpl.server.services.access import Caller, Scope, require_platform_admin, require_scope, require_unbound
from kpl.server.services.clock import utc
from kpl.server.services.paging import page_of
from kpl.server.services.passwords import check_password, new_password
from kpl.server.services.platform import Platform


def list_users(platform: Platform, caller: Caller, *, cursor: str | None, limit: int) -> Page[UserOut]:
    """All users by name."""
    require_platform_admin(caller)
    with platform.db.read() as session:
        rows, next_cursor = page_of(
            session, select(UserRow), UserRow.username, cursor=cursor, limit=limit, ascending=True
        )
        return Page(items=[_user_out(row) for row in rows], next_cursor=next_cursor)


def get_user(platform: Platform, caller: Caller, username: str) -> UserOut:
    """One user: any for administrators, oneself for everybody."""
    _require_self_or_admin(caller, username, Scope.READ)
    with platform.db.read() as session:
        return _user_out(_user(session, username))


def create_user(platform: Platform, caller: Caller, new: UserCreate) -> UserCreated:
    """Make a user; without a password, with a one-time password."""
    require_platform_admin(caller)
    one_time = None
    if new.password is None:
        password = one_time = new_password()
    else:
        password = new.password.get_secret_value()
        check_password(password, username=new.username)
    password_hash = platform.passwords.hash(password)
    with platform.db.write() as session:
        row = add_user(
            platform,
            session,
            new,
            password_hash=password_hash,
            # Whoever makes the user knows the password in both cases.
            must_change_password=True,
        )
        audit.record(
            platform,
            session,
            caller,
            "user.create",
            f"user:{new.username}",
            details={"is_admin": new.is_admin},
        )
        return UserCreated(**_user_out(row).model_dump(), one_time_password=one_time)


def update_user(platform: Platform, caller: Caller, username: str, change: UserUpdate) -> UserOut:
    """Change a user. A changed password ends all other sessions of the user."""
    if change.is_admin is not None or change.is_active is not None:
        require_platform_admin(caller)
    _require_self_or_admin(caller, username, Scope.WRITE, is_password=change.password is not None)
    password_hash = _new_password_hash(platform, caller, username, change)
    with platform.db.write() as session:
        row = _user(session, username)
        changed = [name for name in ("display_name", "is_admin", "is_active") if _apply(row, change, name)]
        if password_hash is not None:
            row.password_hash = password_hash
            row.must_change_password = caller.user_id != row.id
            own = caller.session_id if caller.user_id == row.id else None
            sessions.end_sessions(platform, session, row.id, but=own)
            changed.append("password")
        if not row.is_active:
            sessions.end_sessions(platform, session, row.id)
        session.flush()
        if "is_admin" in changed or "is_active" in changed:
            _require_an_admin(session, username)
        if changed:
            audit.record(
                platform, session, caller, "user.update", f"user:{username}", details={"changed": changed}
            )
            platform.live.refresh_access(session)
        return _user_out(row)


def delete_user(platform: Platform, caller: Caller, username: str) -> None:
    """Delete a user with sessions, tokens and memberships. What the user made stays."""
    require_platform_admin(caller)
    with platform.db.write() as session:
        session.delete(_user(session, username))
        session.flush()
        _require_an_admin(session, username)
        audit.record(platform, session, caller, "user.delete", f"user:{username}")
        platform.live.refresh_access(session)


def create_sign_in_link(platform: Platform, caller: Caller, username: str) -> SignInLinkOut:
    """Make a link that signs the user in once, for somebody who forgot the password."""
    require_platform_admin(caller)
    with platform.db.write() as session:
        row = _user(session, username)
        if not row.is_active:
            raise Conflict(
                Sentence(
                    f"User '{username}' is not active and cannot sign in.",
                    f"用户“{username}”未启用，无法登录。",
                ),
                hint=Sentence("Activate the user first.", "请先启用该用户。"),
            )
        secret = sessions.new_sign_in_link(platform, session, row.id)
        audit.record(platform, session, caller, "user.link", f"user:{username}")
    expires_at = utc(platform.now_s() + platform.settings.sign_in_link_lifetime_s)
    return SignInLinkOut(path=sessions.link_path(secret), expires_at=expires_at)


def add_user(
    platform: Platform,
    session: Session,
    new: UserCreate,
    *,
    password_hash: str,
    must_change_password: bool,
) -> UserRow:
    """Put a user into the database. Part of a use case that has checked permission."""
    row = UserRow(
        username=new.username,
        display_name=new.display_name,
        password_hash=password_hash,
        must_change_password=must_change_password,
        is_admin=new.is_admin,
        is_active=True,
        created_at_s=platform.now_s(),
        last_seen_at_s=None,
    )
    session.add(row)
    try:
        session.flush()
    except IntegrityError as err:
        raise Conflict(
            Sentence(f"There is a user '{new.username}' already.", f"已有用户“{new.username}”。"),
            hint=Sentence("Choose another name.", "请换一个名称。"),
        ) from err
    return row


def _new_password_hash(platform: Platform, caller: Caller, username: str, change: UserUpdate) -> str | None:
    if change.password is None:
        return None
    password = change.password.get_secret_value()
    with platform.db.read() as session:
        row = _user(session, username)
    if row.id == caller.user_id and not caller.must_change_password:
        _check_current(platform, caller, row, change)
    check_password(password, username=username)
    if row.must_change_password and platform.passwords.verify(password, row.password_hash):
        raise Invalid(
            Sentence("password: it is the one-time password.", "新密码与一次性密码相同。"),
            hint=Sentence("Choose another one.", "请换一个密码。"),
        )
    return platform.passwords.hash(password)


def _check_current(platform: Platform, caller: Caller, row: UserRow, change: UserUpdate) -> None:
    now_s = platform.now_s()
    platform.attempts.check(row.username, caller.address, now_s)
    current = change.current_password.get_secret_value() if change.current_password is not None else ""
    if not platform.passwords.verify(current, row.password_hash):
        platform.attempts.add_failure(row.username, caller.address, now_s)
        raise Denied(
            Sentence("current_password: it is missing or wrong.", "当前密码缺失或错误。"),
            hint=Sentence("Type the password you signed in with.", "请输入登录时使用的密码。"),
        )


def _require_self_or_admin(caller: Caller, username: str, scope: Scope, *, is_password: bool = False) -> None:
    if caller.username != username:
        require_platform_admin(caller)
        return
    require_unbound(caller, Sentence("read or change its user", "读取或修改其用户"))
    if is_password and caller.session_id is None:
        # A stolen token must not become the account.
        raise Denied(
            Sentence("A token cannot change its user's password.", "令牌不能修改其用户的密码。"),
            hint=Sentence("Sign in to change it.", "请登录后修改。"),
        )
    if not (is_password and caller.must_change_password):
        require_scope(caller, scope)


def _require_an_admin(session: Session, username: str) -> None:
    # FOR UPDATE makes two administrators who remove each other at once wait for one another.
    admins = select(UserRow.id).where(UserRow.is_admin, UserRow.is_active).with_for_update()
    if not session.scalars(admins).all():
        raise Conflict(
            Sentence(
                f"'{username}' is the last active administrator of this platform.",
                f"“{username}”是平台最后一名可用的管理员。",
            ),
            hint=Sentence("Make somebody else an administrator first.", "请先将其他人设为管理员。"),
        )


def _apply(row: UserRow, change: UserUpdate, name: str) -> bool:
    value = getattr(change, name)
    if value is None or value == getattr(row, name):
        return False
    setattr(row, name, value)
    return True


def _user(session: Session, username: str) -> UserRow:
    row = session.scalar(select(UserRow).where(UserRow.username == username))
    if row is None:
        known = session.scalars(select(UserRow.username).order_by(UserRow.username).limit(200)).all()
        raise NotFound(
            Sentence(f"There is no user '{username}'.", f"没有用户“{username}”。"),
            hint=nearest(username, known),
        )
    return row


def count_users(session: Session) -> int:
    return session.scalar(select(func.count(UserRow.id))) or 0


def _user_out(row: UserRow) -> UserOut:
    return UserOut(
        username=row.username,
        display_name=row.display_name,
        is_admin=row.is_admin,
        is_active=row.is_active,
        must_change_password=row.must_change_password,
        created_at=utc(row.created_at_s),
        last_seen_at=utc(row.last_seen_at_s),
    )
