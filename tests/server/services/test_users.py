"""Users: who may see and change whom."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr

from kpl.errors import Conflict, Denied, Invalid, KPLError, NotFound
from kpl.schemas.token import TokenCreate
from kpl.schemas.user import UserCreate, UserUpdate
from kpl.server.services import sessions, tokens, users
from kpl.server.services.access import Caller, Role
from kpl.server.services.errors import NotSignedIn
from kpl.server.services.platform import Platform
from kpl.server.services.sessions import Credentials
from kpl.testing.server import PASSWORD, add_user


@pytest.fixture
def root(platform: Platform) -> Caller:
    return add_user(platform, "root", is_admin=True)


@pytest.fixture
def ann(platform: Platform) -> Caller:
    return add_user(platform, "ann", roles={"default": Role.ADMIN})


def secret(text: str) -> SecretStr:
    return SecretStr(text)


def signed_in(platform: Platform, username: str, password: str = PASSWORD) -> tuple[Caller, str]:
    begun = sessions.sign_in(platform, username, password, address="10.0.0.1", request_id="r1")
    return sessions.identify(platform, Credentials(session=begun.secret)), begun.secret


ONLY_FOR_ADMINS: list[Callable[[Platform, Caller], Any]] = [
    lambda p, c: users.list_users(p, c, cursor=None, limit=10),
    lambda p, c: users.get_user(p, c, "root"),
    lambda p, c: users.create_user(p, c, UserCreate(username="new")),
    lambda p, c: users.update_user(p, c, "root", UserUpdate(display_name="x")),
    lambda p, c: users.update_user(p, c, "ann", UserUpdate(is_admin=True)),
    lambda p, c: users.update_user(p, c, "ann", UserUpdate(is_active=True)),
    lambda p, c: users.delete_user(p, c, "ann"),
    lambda p, c: users.create_sign_in_link(p, c, "ann"),
]


@pytest.mark.parametrize("use", ONLY_FOR_ADMINS)
def test_managing_users_is_for_administrators(
    platform: Platform, root: Caller, ann: Caller, use: Callable[[Platform, Caller], Any]
) -> None:
    with pytest.raises(Denied):
        use(platform, ann)


def test_a_user_sees_and_changes_the_own_name(platform: Platform, ann: Caller) -> None:
    changed = users.update_user(platform, ann, "ann", UserUpdate(display_name="Ann"))
    assert changed.display_name == "Ann"
    assert users.get_user(platform, ann, "ann").display_name == "Ann"


def test_a_new_user_must_choose_a_password_first(platform: Platform, root: Caller) -> None:
    created = users.create_user(platform, root, UserCreate(username="new"))
    assert created.one_time_password is not None
    caller, _ = signed_in(platform, "new", created.one_time_password)
    with pytest.raises(Denied, match="one-time password"):
        users.get_user(platform, caller, "new")
    with pytest.raises(Invalid, match="one-time password"):
        users.update_user(platform, caller, "new", UserUpdate(password=secret(created.one_time_password)))
    users.update_user(platform, caller, "new", UserUpdate(password=secret("a much better phrase")))
    again, _ = signed_in(platform, "new", "a much better phrase")
    assert users.get_user(platform, again, "new").must_change_password is False


def test_changing_the_own_password_needs_the_current_one(platform: Platform, ann: Caller) -> None:
    caller, _ = signed_in(platform, "ann")
    for current in (None, secret("wrong guess indeed")):
        with pytest.raises(Denied, match="current_password"):
            users.update_user(
                platform,
                caller,
                "ann",
                UserUpdate(password=secret("some new phrase"), current_password=current),
            )
    users.update_user(
        platform,
        caller,
        "ann",
        UserUpdate(password=secret("some new phrase"), current_password=secret(PASSWORD)),
    )
    signed_in(platform, "ann", "some new phrase")


def test_a_changed_password_ends_all_other_sessions(platform: Platform, ann: Caller) -> None:
    _, elsewhere = signed_in(platform, "ann")
    here, here_secret = signed_in(platform, "ann")
    users.update_user(
        platform,
        here,
        "ann",
        UserUpdate(password=secret("some new phrase"), current_password=secret(PASSWORD)),
    )
    sessions.identify(platform, Credentials(session=here_secret))
    with pytest.raises(NotSignedIn):
        sessions.identify(platform, Credentials(session=elsewhere))


def test_a_token_cannot_take_the_account_over(platform: Platform, ann: Caller) -> None:
    made = tokens.create_token(platform, ann, TokenCreate(name="t", scopes=["admin"]))
    caller = sessions.identify(platform, Credentials(bearer=made.token))
    with pytest.raises(Denied, match="token cannot change"):
        users.update_user(
            platform,
            caller,
            "ann",
            UserUpdate(password=secret("some new phrase"), current_password=secret(PASSWORD)),
        )


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaa", "ann12345678"[:10], "x" * 300])
def test_poor_passwords_are_refused(platform: Platform, root: Caller, password: str) -> None:
    with pytest.raises(Invalid, match="password"):
        users.create_user(platform, root, UserCreate(username="ann1234", password=secret(password)))


def test_user_names_are_unique(platform: Platform, root: Caller, ann: Caller) -> None:
    with pytest.raises(Conflict, match="'ann' already"):
        users.create_user(platform, root, UserCreate(username="ann"))


@pytest.mark.parametrize(
    "remove",
    [
        lambda p, c: users.delete_user(p, c, "root"),
        lambda p, c: users.update_user(p, c, "root", UserUpdate(is_admin=False)),
        lambda p, c: users.update_user(p, c, "root", UserUpdate(is_active=False)),
    ],
)
def test_the_last_administrator_stays(
    platform: Platform, root: Caller, ann: Caller, remove: Callable[[Platform, Caller], Any]
) -> None:
    with pytest.raises(Conflict, match="last active administrator"):
        remove(platform, root)
    assert users.get_user(platform, root, "root").is_admin
    users.update_user(platform, root, "ann", UserUpdate(is_admin=True))
    remove(platform, root)


def test_deleting_a_user_ends_sessions_and_tokens(platform: Platform, root: Caller, ann: Caller) -> None:
    _, cookie = signed_in(platform, "ann")
    token = tokens.create_token(platform, ann, TokenCreate(name="t", scopes=["read"])).token
    users.delete_user(platform, root, "ann")
    for credentials in (Credentials(session=cookie), Credentials(bearer=token)):
        with pytest.raises(NotSignedIn):
            sessions.identify(platform, credentials)
    with pytest.raises(NotSignedIn):
        signed_in(platform, "ann")


def test_whoever_is_not_active_is_locked_out_at_once(platform: Platform, root: Caller, ann: Caller) -> None:
    _, cookie = signed_in(platform, "ann")
    token = tokens.create_token(platform, ann, TokenCreate(name="t", scopes=["read"])).token
    users.update_user(platform, root, "ann", UserUpdate(is_active=False))
    for credentials in (Credentials(session=cookie), Credentials(bearer=token)):
        with pytest.raises(NotSignedIn):
            sessions.identify(platform, credentials)
    with pytest.raises(NotSignedIn):
        signed_in(platform, "ann")


def test_an_unknown_user_is_answered_with_near_names(platform: Platform, root: Caller, ann: Caller) -> None:
    with pytest.raises(NotFound, match="no user 'anne'") as caught:
        users.get_user(platform, root, "anne")
    assert "'ann'" in caught.value.hint


def test_a_refused_change_leaves_no_trace(platform: Platform, root: Caller) -> None:
    with pytest.raises(KPLError):
        users.update_user(platform, root, "root", UserUpdate(display_name="x", is_admin=False))
    assert users.get_user(platform, root, "root").display_name == ""
