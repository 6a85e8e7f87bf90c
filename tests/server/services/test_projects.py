"""Projects and members: who may do what."""

from collections.abc import Callable
from typing import Any

import pytest

from kpl.errors import Conflict, Denied, NotFound
from kpl.schemas.project import ProjectCreate, ProjectUpdate
from kpl.server.services import projects
from kpl.server.services.access import Caller, Role, Scope
from kpl.server.services.platform import Platform
from kpl.testing.server import add_project, add_user

Use = Callable[[Platform, Caller], Any]

FOR_MEMBERS: list[Use] = [
    lambda p, c: projects.get_project(p, c, "default"),
    lambda p, c: projects.list_members(p, c, "default", cursor=None, limit=10),
]
FOR_PROJECT_ADMINS: list[Use] = [
    lambda p, c: projects.update_project(p, c, "default", ProjectUpdate(title="x")),
    lambda p, c: projects.delete_project(p, c, "default"),
    lambda p, c: projects.put_member(p, c, "default", "ann", "admin"),
    lambda p, c: projects.delete_member(p, c, "default", "other"),
]


@pytest.mark.parametrize("use", [*FOR_MEMBERS, *FOR_PROJECT_ADMINS])
def test_strangers_find_nothing(platform: Platform, use: Use) -> None:
    with pytest.raises(NotFound):
        use(platform, add_user(platform, "ann"))


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DEVELOPER])
@pytest.mark.parametrize("use", FOR_PROJECT_ADMINS)
def test_only_admins_manage_a_project(platform: Platform, use: Use, role: Role) -> None:
    with pytest.raises(Denied, match="needs admin"):
        use(platform, add_user(platform, "ann", roles={"default": role}))


@pytest.mark.parametrize("use", FOR_PROJECT_ADMINS)
def test_a_token_to_write_does_not_manage_a_project(platform: Platform, use: Use) -> None:
    user = add_user(platform, "ann", roles={"default": Role.ADMIN})
    with pytest.raises(Denied, match="scope"):
        use(
            platform, Caller(user.user_id, "ann", is_admin=False, scopes=frozenset({Scope.READ, Scope.WRITE}))
        )


@pytest.mark.parametrize("use", FOR_MEMBERS)
def test_members_see_their_project(platform: Platform, use: Use) -> None:
    assert use(platform, add_user(platform, "ann", roles={"default": Role.VIEWER}))


def test_whoever_makes_a_project_is_its_admin(platform: Platform) -> None:
    ann = add_user(platform, "ann")
    made = projects.create_project(platform, ann, ProjectCreate(name="digits", title="Digits"))
    assert (made.role, made.num_members, made.created_by) == ("admin", 1, "ann")
    assert [p.name for p in projects.list_projects(platform, ann, cursor=None, limit=10).items] == ["digits"]


def test_a_name_is_taken_once(platform: Platform) -> None:
    with pytest.raises(Conflict, match="'default' is taken"):
        projects.create_project(platform, add_user(platform, "ann"), ProjectCreate(name="default"))


def test_making_projects_can_be_left_to_administrators(platform: Platform) -> None:
    strict = platform.settings.model_copy(update={"users_may_create_projects": False})
    object.__setattr__(platform, "settings", strict)
    with pytest.raises(Denied):
        projects.create_project(platform, add_user(platform, "ann"), ProjectCreate(name="digits"))
    projects.create_project(platform, add_user(platform, "root", is_admin=True), ProjectCreate(name="digits"))


def test_a_token_of_one_project_makes_no_other(platform: Platform) -> None:
    user = add_user(platform, "ann")
    caller = Caller(user.user_id, "ann", is_admin=False, only_project_id=1)
    with pytest.raises(Denied, match="limited to one project"):
        projects.create_project(platform, caller, ProjectCreate(name="digits"))


def test_a_list_shows_the_own_projects_only(platform: Platform) -> None:
    add_project(platform, "digits")
    add_project(platform, "faces")
    ann = add_user(platform, "ann", roles={"digits": Role.VIEWER})
    root = add_user(platform, "root", is_admin=True)
    assert [p.name for p in projects.list_projects(platform, ann, cursor=None, limit=10).items] == ["digits"]
    names = [p.name for p in projects.list_projects(platform, root, cursor=None, limit=10).items]
    assert names == ["default", "digits", "faces"]


def test_roles_are_given_changed_and_taken(platform: Platform) -> None:
    ann = add_user(platform, "ann", roles={"default": Role.ADMIN})
    bob = add_user(platform, "bob")
    projects.put_member(platform, ann, "default", "bob", "viewer")
    assert projects.get_project(platform, bob, "default").role == "viewer"
    projects.put_member(platform, ann, "default", "bob", "developer")
    assert projects.get_project(platform, bob, "default").role == "developer"
    members = projects.list_members(platform, ann, "default", cursor=None, limit=10).items
    assert [(m.username, m.role) for m in members] == [("ann", "admin"), ("bob", "developer")]
    projects.delete_member(platform, ann, "default", "bob")
    with pytest.raises(NotFound):
        projects.get_project(platform, bob, "default")


def test_members_may_leave(platform: Platform) -> None:
    ann = add_user(platform, "ann", roles={"default": Role.VIEWER})
    projects.delete_member(platform, ann, "default", "ann")
    with pytest.raises(NotFound):
        projects.get_project(platform, ann, "default")


def test_unknown_people_are_named(platform: Platform) -> None:
    ann = add_user(platform, "ann", roles={"default": Role.ADMIN})
    with pytest.raises(NotFound, match="no user 'nobody'"):
        projects.put_member(platform, ann, "default", "nobody", "viewer")
    with pytest.raises(NotFound, match="'nobody' is not a member"):
        projects.delete_member(platform, ann, "default", "nobody")


def test_a_deleted_project_is_gone_and_its_name_free(platform: Platform) -> None:
    ann = add_user(platform, "ann", roles={"default": Role.ADMIN})
    projects.delete_project(platform, ann, "default")
    with pytest.raises(NotFound):
        projects.get_project(platform, ann, "default")
    projects.create_project(platform, ann, ProjectCreate(name="default"))
