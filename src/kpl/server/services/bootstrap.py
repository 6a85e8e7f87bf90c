"""What a server needs before anybody can use it: the first administrator, a project, a token for this machine."""

import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kpl.schemas.project import ProjectCreate
from kpl.schemas.user import UserCreate
from kpl.server.db.tables.tokens import TokenRow
from kpl.server.db.tables.users import UserRow
from kpl.server.services import audit, sessions, tokens, users
from kpl.server.services.access import SERVER, Scope
from kpl.server.services.passwords import hash_secret, new_password
from kpl.server.services.platform import Platform
from kpl.server.services.projects import add_project
from kpl.storage.atomic import write_atomic

FIRST_ADMIN = "admin"
DEFAULT_PROJECT = "default"
LOCAL_TOKEN = "local"  # noqa: S105  the name of the token that this machine's command line uses


@dataclass(frozen=True, slots=True)
class FirstStart:
    """How the first administrator gets in; shown once, on the terminal.

    Args:
        link_path: path on this server that signs in once.
    """

    username: str
    one_time_password: str
    link_path: str


def first_start(platform: Platform) -> FirstStart | None:
    """Make the first administrator and the project `default`; None when there are users already."""
    with platform.db.read() as session:
        if users.count_users(session):
            return None
    password = new_password()
    password_hash = platform.passwords.hash(password)
    with platform.db.write() as session:
        if users.count_users(session):
            return None
        admin = UserCreate(username=FIRST_ADMIN, display_name="Administrator", is_admin=True)
        row = users.add_user(platform, session, admin, password_hash=password_hash, must_change_password=True)
        audit.record(platform, session, SERVER, "user.create", f"user:{FIRST_ADMIN}")
        add_project(platform, session, SERVER, ProjectCreate(name=DEFAULT_PROJECT, title="Default project"))
        audit.record(
            platform,
            session,
            SERVER,
            "project.create",
            f"project:{DEFAULT_PROJECT}",
            project=DEFAULT_PROJECT,
        )
        secret = sessions.new_sign_in_link(platform, session, row.id)
    return FirstStart(FIRST_ADMIN, password, sessions.link_path(secret))


def write_local_token(platform: Platform) -> Path:
    """Make sure that `data_dir/local-token` holds a working token of an administrator, readable by its owner
    only.

    Whoever can read that file may do everything: it belongs to the user who runs the server, who could read
    the database as well.
    """
    path = platform.settings.data_dir / "local-token"
    if path.is_file() and _still_works(platform, path.read_text().strip()):
        path.chmod(0o600)
        return path
    with platform.db.write() as session:
        admin = _first_administrator(session)
        row, token = tokens.add_token(
            platform,
            session,
            admin.id,
            name=LOCAL_TOKEN,
            scopes=[Scope.ADMIN.value],
            project_id=None,
            expires_at_s=None,
        )
        session.execute(
            update(TokenRow)
            .where(TokenRow.name == LOCAL_TOKEN, TokenRow.expires_at_s.is_(None), TokenRow.id != row.id)
            .values(expires_at_s=platform.now_s())
        )
        audit.record(
            platform, session, SERVER, "token.create", f"token:{row.id}", details={"name": LOCAL_TOKEN}
        )
    previous = os.umask(0o077)
    try:
        write_atomic(path, f"{token}\n".encode())
    finally:
        os.umask(previous)
    return path


def _still_works(platform: Platform, token: str) -> bool:
    with platform.db.read() as session:
        found = session.scalar(
            select(TokenRow.id)
            .join(UserRow)
            .where(
                TokenRow.token_hash == hash_secret(token),
                TokenRow.expires_at_s.is_(None),
                UserRow.is_active,
                UserRow.is_admin,
            )
        )
    return found is not None


def _first_administrator(session: Session) -> UserRow:
    """The administrator who was here first; there is always one."""
    admins = select(UserRow).where(UserRow.is_admin, UserRow.is_active).order_by(UserRow.id)
    return session.scalars(admins.limit(1)).one()
