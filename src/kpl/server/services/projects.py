"""Projects and their members."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kpl.errors import Conflict, NotFound, nearest
from kpl.scheduler.snapshot import ROOT
from kpl.schemas.page import Page
from kpl.schemas.project import MemberOut, ProjectCreate, ProjectOut, ProjectUpdate, RoleName
from kpl.sentence import Sentence
from kpl.server.db.tables.projects import MemberRow, ProjectRow
from kpl.server.db.tables.queues import QueueRow
from kpl.server.db.tables.tasks import TaskRow
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
    role_in,
    visible_projects,
)
from kpl.server.services.clock import utc
from kpl.server.services.paging import page_of
from kpl.server.services.platform import Platform
from kpl.server.services.store import post_settings


def list_projects(platform: Platform, caller: Caller, *, cursor: str | None, limit: int) -> Page[ProjectOut]:
    """The projects that the caller may see, by name."""
    require_scope(caller, Scope.READ)
    with platform.db.read() as session:
        rows, next_cursor = page_of(
            session, visible_projects(caller), ProjectRow.name, cursor=cursor, limit=limit, ascending=True
        )
        return Page(items=_projects_out(session, caller, rows), next_cursor=next_cursor)


def get_project(platform: Platform, caller: Caller, name: str) -> ProjectOut:
    with platform.db.read() as session:
        row = project_for(session, caller, name, Role.VIEWER)
        return _projects_out(session, caller, [row])[0]


def create_project(platform: Platform, caller: Caller, new: ProjectCreate) -> ProjectOut:
    """Make a project; its maker becomes its admin."""
    require_scope(caller, Scope.WRITE)
    require_unbound(caller, Sentence("make projects", "创建项目"))
    if not platform.settings.users_may_create_projects:
        require_platform_admin(caller)
    with platform.db.write() as session:
        row = add_project(platform, session, caller, new)
        session.add(
            MemberRow(
                project_id=row.id, user_id=caller.user_id, role=Role.ADMIN.label, added_at_s=platform.now_s()
            )
        )
        audit.record(platform, session, caller, "project.create", f"project:{new.name}", project=new.name)
        session.flush()
        return _projects_out(session, caller, [row])[0]


def update_project(platform: Platform, caller: Caller, name: str, change: ProjectUpdate) -> ProjectOut:
    with platform.db.write() as session:
        row = project_for(session, caller, name, Role.ADMIN)
        if change.title is not None:
            row.title = change.title
        if change.description is not None:
            row.description = change.description
        audit.record(platform, session, caller, "project.update", f"project:{name}", project=name)
        _publish(platform, session, row, "updated")
        return _projects_out(session, caller, [row])[0]


def delete_project(platform: Platform, caller: Caller, name: str) -> None:
    """Delete a project with all that belongs to it. Refused while something in it is going on."""
    with platform.db.write() as session:
        row = project_for(session, caller, name, Role.ADMIN)
        _refuse_while_busy(session, row)
        audit.record(platform, session, caller, "project.delete", f"project:{name}", project=name)
        _publish(platform, session, row, "deleted")
        session.delete(row)
        post_settings(platform, session)
        platform.live.refresh_access(session)


def list_members(
    platform: Platform, caller: Caller, project: str, *, cursor: str | None, limit: int
) -> Page[MemberOut]:
    """The members of a project by user name."""
    with platform.db.read() as session:
        row = project_for(session, caller, project, Role.VIEWER)
        users = select(UserRow).join(MemberRow).where(MemberRow.project_id == row.id)
        rows, next_cursor = page_of(
            session, users, UserRow.username, cursor=cursor, limit=limit, ascending=True
        )
        roles = _memberships(session, row.id, [user.id for user in rows])
        items = [_member_out(user, roles[user.id]) for user in rows]
        return Page(items=items, next_cursor=next_cursor)


def put_member(platform: Platform, caller: Caller, project: str, username: str, role: RoleName) -> MemberOut:
    """Make a user a member, or change the member's role."""
    with platform.db.write() as session:
        row = project_for(session, caller, project, Role.ADMIN)
        user = session.scalar(select(UserRow).where(UserRow.username == username))
        if user is None:
            raise NotFound(
                Sentence(f"There is no user '{username}'.", f"没有用户“{username}”。"),
                hint=Sentence("An administrator of the platform makes users.", "用户由平台管理员创建。"),
            )
        member = session.get(MemberRow, (row.id, user.id))
        if member is None:
            member = MemberRow(project_id=row.id, user_id=user.id, role=role, added_at_s=platform.now_s())
            session.add(member)
        member.role = role
        audit.record(
            platform,
            session,
            caller,
            "member.put",
            f"user:{username}",
            project=project,
            details={"role": role},
        )
        platform.live.refresh_access(session)
        return _member_out(user, member)


def delete_member(platform: Platform, caller: Caller, project: str, username: str) -> None:
    """Take a user out of a project. Members may leave by themselves."""
    is_self = username == caller.username
    with platform.db.write() as session:
        row = project_for(session, caller, project, Role.VIEWER if is_self else Role.ADMIN)
        require_scope(caller, Scope.WRITE)
        users = select(UserRow).join(MemberRow).where(MemberRow.project_id == row.id)
        user = session.scalar(users.where(UserRow.username == username))
        if user is None:
            known = [member.username for member in session.scalars(users.limit(200))]
            raise NotFound(
                Sentence(
                    f"'{username}' is not a member of project '{project}'.",
                    f"“{username}”不是项目“{project}”的成员。",
                ),
                hint=nearest(username, known),
            )
        session.delete(session.get_one(MemberRow, (row.id, user.id)))
        audit.record(platform, session, caller, "member.delete", f"user:{username}", project=project)
        platform.live.refresh_access(session)


def add_project(platform: Platform, session: Session, caller: Caller, new: ProjectCreate) -> ProjectRow:
    """Put a project into the database. Part of a use case that has checked permission."""
    is_queue = session.scalar(select(QueueRow.id).where(QueueRow.name == new.name)) is not None
    if is_queue or new.name == ROOT:
        raise Conflict(
            Sentence(
                f"'{new.name}' is the name of a queue, and a project's queue is called like the project.",
                f"“{new.name}”已是某个队列的名称，而项目的队列与项目同名。",
            ),
            hint=Sentence("Choose another name.", "请换一个名称。"),
        )
    row = ProjectRow(
        name=new.name,
        title=new.title,
        description=new.description,
        created_at_s=platform.now_s(),
        created_by=caller.username,
    )
    session.add(row)
    try:
        session.flush()
    except IntegrityError as err:
        raise Conflict(
            Sentence(f"The project name '{new.name}' is taken.", f"项目名称“{new.name}”已被使用。"),
            hint=Sentence("Choose another name.", "请换一个名称。"),
        ) from err
    _publish(platform, session, row, "created")
    post_settings(platform, session)  # every project has a queue
    platform.live.refresh_access(session)
    return row


def _refuse_while_busy(session: Session, project: ProjectRow) -> None:
    going_on = select(TaskRow.id).where(TaskRow.project_id == project.id, TaskRow.is_final.is_(False))
    tasks = session.scalars(going_on.order_by(TaskRow.id).limit(5)).all()
    if tasks:
        raise Conflict(
            Sentence(
                f"Project '{project.name}' cannot be deleted: tasks {', '.join(map(str, tasks))} are going on.",
                f"项目“{project.name}”不能删除：任务 {'、'.join(map(str, tasks))} 仍在进行。",
            ),
            hint=Sentence("Cancel its runs and stop its endpoints first.", "请先取消其运行并停止其端点。"),
        )


def _publish(platform: Platform, session: Session, row: ProjectRow, what: str) -> None:
    platform.live.publish(
        session,
        "project",
        topics=[f"project:{row.name}", "projects"],
        data={"name": row.name, "change": what},
        project_id=row.id,
        at_s=platform.now_s(),
    )


def _memberships(session: Session, project_id: int, user_ids: Sequence[int]) -> dict[int, MemberRow]:
    rows = session.scalars(
        select(MemberRow).where(MemberRow.project_id == project_id, MemberRow.user_id.in_(user_ids))
    )
    return {row.user_id: row for row in rows}


def _projects_out(session: Session, caller: Caller, rows: Sequence[ProjectRow]) -> list[ProjectOut]:
    counted = session.execute(
        select(MemberRow.project_id, func.count())
        .where(MemberRow.project_id.in_([row.id for row in rows]))
        .group_by(MemberRow.project_id)
    )
    counts = {project_id: number for project_id, number in counted}  # noqa: C416  dict() loses the types
    return [
        ProjectOut(
            name=row.name,
            title=row.title,
            description=row.description,
            role=_role_name(role_in(session, caller, row) or Role.VIEWER),
            num_members=counts.get(row.id, 0),
            created_at=utc(row.created_at_s),
            created_by=row.created_by,
        )
        for row in rows
    ]


def _role_name(role: Role) -> RoleName:
    names: dict[Role, RoleName] = {Role.VIEWER: "viewer", Role.DEVELOPER: "developer", Role.ADMIN: "admin"}
    return names[role]


def _member_out(user: UserRow, member: MemberRow) -> MemberOut:
    return MemberOut(
        username=user.username,
        display_name=user.display_name,
        role=_role_name(Role[member.role.upper()]),
        added_at=utc(member.added_at_s),
    )
