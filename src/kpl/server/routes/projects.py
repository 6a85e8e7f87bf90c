"""Projects and their members."""

from fastapi import APIRouter

from kpl.schemas.page import Page
from kpl.schemas.project import MemberOut, MemberUpdate, ProjectCreate, ProjectOut, ProjectUpdate
from kpl.server.routes.dependencies import Cursor, Limit, TheCaller, ThePlatform
from kpl.server.services import projects

router = APIRouter(prefix="/api/v1/projects", tags=["projects"])


@router.get("", operation_id="list_projects")
def list_projects(
    platform: ThePlatform, caller: TheCaller, cursor: Cursor = None, limit: Limit = 50
) -> Page[ProjectOut]:
    """List the projects that one is a member of, by name."""
    return projects.list_projects(platform, caller, cursor=cursor, limit=limit)


@router.post("", operation_id="create_project", status_code=201)
def create_project(platform: ThePlatform, caller: TheCaller, body: ProjectCreate) -> ProjectOut:
    """Make a project and become its admin."""
    return projects.create_project(platform, caller, body)


@router.get("/{project}", operation_id="get_project")
def get_project(platform: ThePlatform, caller: TheCaller, project: str) -> ProjectOut:
    """Show a project."""
    return projects.get_project(platform, caller, project)


@router.patch("/{project}", operation_id="update_project")
def update_project(platform: ThePlatform, caller: TheCaller, project: str, body: ProjectUpdate) -> ProjectOut:
    """Change title or description."""
    return projects.update_project(platform, caller, project, body)


@router.delete("/{project}", operation_id="delete_project", status_code=204)
def delete_project(platform: ThePlatform, caller: TheCaller, project: str) -> None:
    """Delete a project with everything in it."""
    projects.delete_project(platform, caller, project)


@router.get("/{project}/members", operation_id="list_members")
def list_members(
    platform: ThePlatform, caller: TheCaller, project: str, cursor: Cursor = None, limit: Limit = 50
) -> Page[MemberOut]:
    """List the members by name."""
    return projects.list_members(platform, caller, project, cursor=cursor, limit=limit)


@router.put("/{project}/members/{username}", operation_id="put_member")
def put_member(
    platform: ThePlatform, caller: TheCaller, project: str, username: str, body: MemberUpdate
) -> MemberOut:
    """Add a member, or change the role of one."""
    return projects.put_member(platform, caller, project, username, body.role)


@router.delete("/{project}/members/{username}", operation_id="delete_member", status_code=204)
def delete_member(platform: ThePlatform, caller: TheCaller, project: str, username: str) -> None:
    """Take a member out of the project, or leave it."""
    projects.delete_member(platform, caller, project, username)
