"""API tokens."""

import pytest

from kpl.errors import Denied, Invalid, NotFound
from kpl.schemas.token import TokenCreate
from kpl.server.services import projects, sessions, tokens
from kpl.server.services.access import Caller, Role, Scope
from kpl.server.services.errors import NotSignedIn
from kpl.server.services.platform import Platform
from kpl.server.services.sessions import Credentials
from kpl.testing.server import FakeClock, add_project, add_user


@pytest.fixture
def ann(platform: Platform) -> Caller:
    return add_user(platform, "ann", roles={"default": Role.ADMIN})


def caller_of(platform: Platform, token: str) -> Caller:
    return sessions.identify(platform, Credentials(bearer=token))


def test_a_token_acts_for_its_user_within_its_scopes(platform: Platform, ann: Caller) -> None:
    made = tokens.create_token(platform, ann, TokenCreate(name="ci", scopes=["write"]))
    caller = caller_of(platform, made.token)
    assert (caller.username, caller.origin) == ("ann", "token:ci")
    assert caller.scopes == {Scope.READ, Scope.WRITE}
    assert made.token.startswith("kpl_")
    assert made.token.startswith(made.prefix)


def test_the_database_holds_no_token(platform: Platform, ann: Caller) -> None:
    made = tokens.create_token(platform, ann, TokenCreate(name="ci", scopes=["read"]))
    assert platform.db.path is not None
    files = platform.db.path.parent.glob("kpl.db*")
    assert all(made.token.encode() not in file.read_bytes() for file in files)


def test_an_expired_token_says_so(platform: Platform, ann: Caller, clock: FakeClock) -> None:
    made = tokens.create_token(platform, ann, TokenCreate(name="ci", scopes=["read"], expires_in_s=60))
    clock.advance(59)
    caller_of(platform, made.token)
    clock.advance(2)
    with pytest.raises(NotSignedIn, match="'ci' has expired"):
        caller_of(platform, made.token)


def test_the_last_use_is_noted(platform: Platform, ann: Caller, clock: FakeClock) -> None:
    made = tokens.create_token(platform, ann, TokenCreate(name="ci", scopes=["read"]))
    clock.advance(100)
    caller_of(platform, made.token)
    shown = tokens.list_tokens(platform, ann, username=None, cursor=None, limit=10).items[0]
    assert shown.last_used_at is not None
    assert shown.last_used_at.timestamp() == clock.now_s()


def test_a_life_longer_than_allowed_is_refused(platform: Platform, ann: Caller) -> None:
    with pytest.raises(Invalid, match="expires_in_s"):
        tokens.create_token(platform, ann, TokenCreate(name="ci", scopes=["read"], expires_in_s=1e12))


def test_a_token_cannot_make_a_stronger_one(platform: Platform, ann: Caller) -> None:
    made = tokens.create_token(platform, ann, TokenCreate(name="ci", scopes=["write"]))
    caller = caller_of(platform, made.token)
    tokens.create_token(platform, caller, TokenCreate(name="weaker", scopes=["read"]))
    with pytest.raises(Denied, match="lacks scope admin"):
        tokens.create_token(platform, caller, TokenCreate(name="stronger", scopes=["admin"]))


def test_a_token_to_read_makes_none(platform: Platform, ann: Caller) -> None:
    made = tokens.create_token(platform, ann, TokenCreate(name="ci", scopes=["read"]))
    with pytest.raises(Denied, match="no scope 'write'"):
        tokens.create_token(platform, caller_of(platform, made.token), TokenCreate(name="x", scopes=["read"]))


def test_a_token_for_one_project_stays_there(platform: Platform, ann: Caller) -> None:
    add_project(platform, "other")
    made = tokens.create_token(platform, ann, TokenCreate(name="ci", scopes=["admin"], project="default"))
    caller = caller_of(platform, made.token)
    assert projects.get_project(platform, caller, "default").name == "default"
    with pytest.raises(NotFound):
        projects.get_project(platform, caller, "other")
    for refused in (
        lambda: tokens.create_token(platform, caller, TokenCreate(name="x", scopes=["read"])),
        lambda: tokens.list_tokens(platform, caller, username=None, cursor=None, limit=10),
        lambda: tokens.delete_token(platform, caller, made.id + 1),
    ):
        with pytest.raises(Denied, match="limited to one project"):
            refused()


def test_no_token_for_the_project_of_others(platform: Platform, ann: Caller) -> None:
    add_project(platform, "other")
    with pytest.raises(NotFound):
        tokens.create_token(platform, ann, TokenCreate(name="x", scopes=["read"], project="other"))


def test_tokens_of_others_are_not_to_be_seen_or_deleted(platform: Platform, ann: Caller) -> None:
    made = tokens.create_token(platform, ann, TokenCreate(name="ci", scopes=["read"]))
    bob = add_user(platform, "bob")
    with pytest.raises(Denied):
        tokens.list_tokens(platform, bob, username="ann", cursor=None, limit=10)
    with pytest.raises(NotFound):
        tokens.delete_token(platform, bob, made.id)
    caller_of(platform, made.token)


def test_administrators_can_delete_the_tokens_of_others(platform: Platform, ann: Caller) -> None:
    made = tokens.create_token(platform, ann, TokenCreate(name="ci", scopes=["read"]))
    root = add_user(platform, "root", is_admin=True)
    assert tokens.list_tokens(platform, root, username="ann", cursor=None, limit=10).items[0].id == made.id
    tokens.delete_token(platform, root, made.id)
    with pytest.raises(NotSignedIn):
        caller_of(platform, made.token)


def test_a_token_may_end_itself(platform: Platform, ann: Caller) -> None:
    made = tokens.create_token(platform, ann, TokenCreate(name="ci", scopes=["read"]))
    tokens.delete_token(platform, caller_of(platform, made.token), made.id)
    with pytest.raises(NotSignedIn, match="not known"):
        caller_of(platform, made.token)


def test_a_made_up_token_is_refused(platform: Platform) -> None:
    with pytest.raises(NotSignedIn):
        caller_of(platform, "kpl_" + "x" * 43)
