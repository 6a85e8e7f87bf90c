"""Who may do what. Every service asks here in its first lines.

A caller is a user, known by a session or an API token. In a project a user is viewer, developer or admin,
each including the one before; an administrator of the platform may do everything everywhere. A token can do
at most what its user can, cut down to its scopes: `read`, `write` (includes read), `admin` (includes write).

Somebody who is not a member of a project gets the same answer as for a project that does not exist.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from kpl.errors import Denied, NotFound, nearest
from kpl.sentence import Sentence, in_chinese
from kpl.server.db.tables.projects import MemberRow, ProjectRow


class Role(IntEnum):
    """What a member may do: see everything; also change and run things; also manage members."""

    VIEWER = 1
    DEVELOPER = 2
    ADMIN = 3

    @property
    def label(self) -> str:
        return self.name.lower()


class Scope(StrEnum):
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


_INCLUDES = {
    Scope.READ: frozenset({Scope.READ}),
    Scope.WRITE: frozenset({Scope.READ, Scope.WRITE}),
    Scope.ADMIN: frozenset(Scope),
}
_SCOPE_OF_ROLE = {Role.VIEWER: Scope.READ, Role.DEVELOPER: Scope.WRITE, Role.ADMIN: Scope.ADMIN}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Args:
        is_admin: whether the user is an administrator of the platform.
        scopes: what this sign-in or token may do, whatever the user may.
        only_project_id: the one project that a token is limited to.
        must_change_password: nothing but changing the password is allowed.
        origin: `session`, `token:NAME` or `server`, for the audit log.
    """

    user_id: int
    username: str
    is_admin: bool
    scopes: frozenset[Scope] = frozenset(Scope)
    only_project_id: int | None = None
    session_id: int | None = None
    token_id: int | None = None
    must_change_password: bool = False
    origin: str = "session"
    address: str = ""
    request_id: str = ""


SERVER = Caller(user_id=0, username="kpl", is_admin=True, origin="server")
"""The server itself, for what its background loops do."""


def scopes_with(scopes: frozenset[Scope] | set[Scope]) -> frozenset[Scope]:
    """The scopes together with all that they include."""
    return frozenset().union(*(_INCLUDES[scope] for scope in scopes))


def require_scope(caller: Caller, scope: Scope) -> None:
    """Refuse a caller whose token lacks the scope, or who has to change the password first."""
    if caller.must_change_password:
        raise Denied(
            Sentence(
                f"'{caller.username}' signed in with a one-time password.",
                f"“{caller.username}”是用一次性密码登录的。",
            ),
            hint=Sentence("Choose a password of your own first.", "请先设置自己的密码。"),
        )
    if scope not in caller.scopes:
        raise Denied(
            Sentence(
                f"This token has no scope '{scope}'; it has {', '.join(sorted(caller.scopes)) or 'none'}.",
                f"此令牌没有权限范围“{scope}”；它有：{'、'.join(sorted(caller.scopes)) or '无'}。",
            ),
            hint=Sentence(f"Make a token with scope '{scope}'.", f"请创建带“{scope}”权限范围的令牌。"),
        )


def require_platform_admin(caller: Caller) -> None:
    """Refuse everybody but administrators of the platform whose token has scope `admin` for all projects."""
    require_scope(caller, Scope.ADMIN)
    if not caller.is_admin or caller.only_project_id is not None:
        raise Denied(
            Sentence(
                f"'{caller.username}' is not an administrator of this platform.",
                f"“{caller.username}”不是平台管理员。",
            ),
            hint=Sentence("Ask one of the administrators.", "请联系平台管理员。"),
        )


def require_unbound(caller: Caller, what: str) -> None:
    """Refuse a token that is limited to one project."""
    if caller.only_project_id is not None:
        raise Denied(
            Sentence(
                f"This token is limited to one project and cannot {what}.",
                f"此令牌仅限一个项目，不能{in_chinese(what)}。",
            ),
            hint=Sentence("Use a token for all projects.", "请使用适用于所有项目的令牌。"),
        )


def role_in(session: Session, caller: Caller, project: ProjectRow) -> Role | None:
    """The caller's role in the project, None when the caller has nothing to do with it."""
    if caller.only_project_id not in (None, project.id):
        return None
    if caller.is_admin:
        return Role.ADMIN
    member = session.get(MemberRow, (project.id, caller.user_id))
    return None if member is None else Role[member.role.upper()]


def project_for(session: Session, caller: Caller, name: str, role: Role) -> ProjectRow:
    """The project of that name, for a caller with at least that role in it.

    Raises:
        NotFound: there is no such project, or the caller is not a member.
        Denied: the caller's role or token does not suffice.
    """
    require_scope(caller, _SCOPE_OF_ROLE[role])
    project = session.scalar(select(ProjectRow).where(ProjectRow.name == name))
    held = None if project is None else role_in(session, caller, project)
    if project is None or held is None:
        known = session.scalars(visible_projects(caller).order_by(ProjectRow.name).limit(200))
        raise NotFound(
            Sentence(
                f"There is no project '{name}' that you are a member of.", f"没有您所属的项目“{name}”。"
            ),
            hint=nearest(name, [row.name for row in known]),
        )
    if held < role:
        raise Denied(
            Sentence(
                f"'{caller.username}' is {held.label} of project '{name}'; this needs {role.label}.",
                f"“{caller.username}”在项目“{name}”中的角色是 {held.label}，此操作需要 {role.label}。",
            ),
            hint=Sentence("Ask an admin of the project.", "请联系项目管理员。"),
        )
    return project


def visible_projects(caller: Caller) -> Select[ProjectRow]:
    """Select the projects that the caller may see."""
    chosen = select(ProjectRow)
    if caller.only_project_id is not None:
        chosen = chosen.where(ProjectRow.id == caller.only_project_id)
    if not caller.is_admin:
        chosen = chosen.join(MemberRow).where(MemberRow.user_id == caller.user_id)
    return chosen
