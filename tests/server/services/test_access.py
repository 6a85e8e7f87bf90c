"""Roles and scopes."""

import pytest

from kpl.errors import Denied, NotFound
from kpl.server.services.access import (
    Caller,
    Role,
    Scope,
    project_for,
    require_platform_admin,
    require_scope,
    scopes_with,
)
from kpl.server.services.platform import Platform
from kpl.testing.server import add_project, add_user


def role_reached(platform: Platform, caller: Caller, project: str = "default") -> Role | None:
    """The highest role that the caller passes for; None when the project does not exist for it."""
    reached = None
    for role in Role:
        with platform.db.read() as session:
            try:
                project_for(session, caller, project, role)
            except NotFound:
                return None
            except Denied:
                break
            reached = role
    return reached


@pytest.mark.parametrize("role", list(Role))
def test_a_member_reaches_exactly_the_own_role(platform: Platform, role: Role) -> None:
    caller = add_user(platform, "ann", roles={"default": role})
    assert role_reached(platform, caller) == role


def test_an_administrator_of_the_platform_reaches_every_role_everywhere(platform: Platform) -> None:
    caller = add_user(platform, "root", is_admin=True)
    assert role_reached(platform, caller) == Role.ADMIN


def test_a_project_of_others_looks_like_one_that_does_not_exist(platform: Platform) -> None:
    caller = add_user(platform, "ann")
    messages = []
    for name in ("default", "nothing"):
        with platform.db.read() as session, pytest.raises(NotFound) as caught:
            project_for(session, caller, name, Role.VIEWER)
        messages.append(str(caught.value).replace(name, "NAME"))
    assert messages[0] == messages[1]


def test_a_wrong_name_is_answered_with_near_ones_of_the_caller_only(platform: Platform) -> None:
    for name in ("digits", "digital"):
        add_project(platform, name)
    caller = add_user(platform, "ann", roles={"digits": Role.VIEWER})
    with platform.db.read() as session, pytest.raises(NotFound) as caught:
        project_for(session, caller, "digts", Role.VIEWER)
    assert "'digits'" in caught.value.hint
    assert "digital" not in caught.value.hint


@pytest.mark.parametrize(
    ("scope", "reached"),
    [(Scope.READ, Role.VIEWER), (Scope.WRITE, Role.DEVELOPER), (Scope.ADMIN, Role.ADMIN)],
)
def test_a_token_reaches_no_more_than_its_scopes(platform: Platform, scope: Scope, reached: Role) -> None:
    user = add_user(platform, "root", is_admin=True)
    caller = Caller(user.user_id, "root", is_admin=True, scopes=scopes_with({scope}))
    assert role_reached(platform, caller) == reached


def test_a_token_for_one_project_sees_no_other(platform: Platform) -> None:
    other = add_project(platform, "other")
    user = add_user(platform, "root", is_admin=True)
    caller = Caller(user.user_id, "root", is_admin=True, only_project_id=other)
    assert role_reached(platform, caller, "other") == Role.ADMIN
    assert role_reached(platform, caller, "default") is None
    with pytest.raises(Denied):
        require_platform_admin(caller)


def test_whoever_must_change_the_password_can_do_nothing_else(platform: Platform) -> None:
    caller = Caller(1, "ann", is_admin=True, must_change_password=True)
    with pytest.raises(Denied, match="one-time password"):
        require_scope(caller, Scope.READ)


def test_the_platform_is_for_its_administrators(platform: Platform) -> None:
    with pytest.raises(Denied, match="not an administrator"):
        require_platform_admin(add_user(platform, "ann", roles={"default": Role.ADMIN}))
    with pytest.raises(Denied, match="no scope 'admin'"):
        require_platform_admin(Caller(1, "root", is_admin=True, scopes=frozenset({Scope.READ})))
