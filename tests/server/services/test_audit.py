"""The audit log."""

import pytest

from kpl.errors import Denied, NotFound
from kpl.schemas.project import ProjectCreate
from kpl.schemas.user import UserCreate
from kpl.server.services import audit, projects, users
from kpl.server.services.access import Caller, Role
from kpl.server.services.platform import Platform
from kpl.testing.server import FakeClock, add_user


def entries(
    platform: Platform, caller: Caller, *, project: str | None = None, action: str | None = None
) -> list[tuple[str, str, str]]:
    page = audit.list_audit(
        platform, caller, project=project, username=None, action=action, cursor=None, limit=100
    )
    return [(entry.username, entry.action, entry.target) for entry in page.items]


@pytest.fixture
def root(platform: Platform) -> Caller:
    return add_user(platform, "root", is_admin=True)


def test_changes_are_listed_newest_first(platform: Platform, root: Caller) -> None:
    users.create_user(platform, root, UserCreate(username="ann"))
    projects.create_project(platform, root, ProjectCreate(name="digits"))
    assert entries(platform, root) == [
        ("root", "project.create", "project:digits"),
        ("root", "user.create", "user:ann"),
    ]
    assert entries(platform, root, action="user.create") == [("root", "user.create", "user:ann")]


def test_admins_of_a_project_see_its_part(platform: Platform, root: Caller) -> None:
    ann = add_user(platform, "ann")
    projects.create_project(platform, ann, ProjectCreate(name="digits"))
    projects.create_project(platform, root, ProjectCreate(name="faces"))
    assert entries(platform, ann, project="digits") == [("ann", "project.create", "project:digits")]


def test_nobody_else_sees_it(platform: Platform, root: Caller) -> None:
    developer = add_user(platform, "dev", roles={"default": Role.DEVELOPER})
    with pytest.raises(Denied):
        entries(platform, developer)
    with pytest.raises(Denied):
        entries(platform, developer, project="default")
    with pytest.raises(NotFound):
        entries(platform, add_user(platform, "stranger"), project="default")


def test_it_outlives_what_it_tells_of(platform: Platform, root: Caller) -> None:
    ann = add_user(platform, "ann")
    projects.create_project(platform, ann, ProjectCreate(name="digits"))
    projects.delete_project(platform, ann, "digits")
    users.delete_user(platform, root, "ann")
    assert ("ann", "project.delete", "project:digits") in entries(platform, root, project="digits")


def test_old_entries_go(platform: Platform, root: Caller, clock: FakeClock) -> None:
    projects.create_project(platform, root, ProjectCreate(name="digits"))
    clock.advance(platform.settings.audit_retention_s + 1)
    projects.create_project(platform, root, ProjectCreate(name="faces"))
    audit.remove_old(platform)
    assert entries(platform, root) == [("root", "project.create", "project:faces")]
