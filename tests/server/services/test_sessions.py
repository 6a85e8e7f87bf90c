"""Signing in and out."""

from pathlib import Path

import pytest

from kpl.errors import Denied
from kpl.server.services import sessions
from kpl.server.services.access import Caller
from kpl.server.services.errors import NotSignedIn, TooManyAttempts
from kpl.server.services.platform import Platform
from kpl.server.services.sessions import Credentials, SignIn
from kpl.testing.server import PASSWORD, FakeClock, add_user

HERE = "10.0.0.1"


@pytest.fixture
def ann(platform: Platform) -> Caller:
    return add_user(platform, "ann")


def sign_in(
    platform: Platform, password: str = PASSWORD, *, username: str = "ann", address: str = HERE
) -> SignIn:
    return sessions.sign_in(platform, username, password, address=address, request_id="r1")


def data_bytes(platform: Platform) -> bytes:
    assert isinstance(platform.db.path, Path)
    return b"".join(file.read_bytes() for file in sorted(platform.db.path.parent.glob("kpl.db*")))


def test_the_cookie_tells_who_asks(platform: Platform, ann: Caller) -> None:
    begun = sign_in(platform)
    caller = sessions.identify(platform, Credentials(session=begun.secret))
    assert (caller.username, caller.user_id) == ("ann", ann.user_id)


def test_the_database_holds_no_secret_of_a_session(platform: Platform, ann: Caller) -> None:
    begun = sign_in(platform)
    content = data_bytes(platform)
    assert begun.secret.encode() not in content
    assert (begun.session.csrf_token or "").encode() not in content
    assert PASSWORD.encode() not in content


def test_a_change_needs_the_csrf_token_of_this_session(platform: Platform, ann: Caller) -> None:
    mine, other = sign_in(platform), sign_in(platform)
    for wrong in (None, "", other.session.csrf_token, "ü"):
        with pytest.raises(Denied, match="X-CSRF-Token"):
            sessions.identify(platform, Credentials(session=mine.secret, csrf=wrong, is_unsafe=True))
    sessions.identify(
        platform, Credentials(session=mine.secret, csrf=mine.session.csrf_token, is_unsafe=True)
    )


@pytest.mark.parametrize(("username", "password"), [("ann", "wrong"), ("nobody", PASSWORD), ("ann", "")])
def test_a_refusal_does_not_say_what_was_wrong(
    platform: Platform, ann: Caller, username: str, password: str
) -> None:
    with pytest.raises(NotSignedIn, match="user name or the password is wrong"):
        sign_in(platform, password, username=username)


def test_a_password_typed_as_user_name_is_not_written_down(platform: Platform, ann: Caller) -> None:
    with pytest.raises(NotSignedIn):
        sign_in(platform, "ann", username="correct-horse-42")
    assert b"correct-horse-42" not in data_bytes(platform)


def test_a_session_ends_by_itself(platform: Platform, ann: Caller, clock: FakeClock) -> None:
    begun = sign_in(platform)
    step_s = platform.settings.session_idle_s / 2
    end_s = clock.now_s() + begun.max_age_s
    while clock.now_s() + step_s < end_s:
        clock.advance(step_s)
        sessions.identify(platform, Credentials(session=begun.secret))
    clock.advance(step_s)
    with pytest.raises(NotSignedIn, match="has ended"):
        sessions.identify(platform, Credentials(session=begun.secret))


def test_an_unused_session_ends_sooner(platform: Platform, ann: Caller, clock: FakeClock) -> None:
    begun = sign_in(platform)
    clock.advance(platform.settings.session_idle_s + 3600)
    with pytest.raises(NotSignedIn):
        sessions.identify(platform, Credentials(session=begun.secret))


def test_signing_out_ends_this_session_only(platform: Platform, ann: Caller) -> None:
    mine, other = sign_in(platform), sign_in(platform)
    sessions.sign_out(platform, sessions.identify(platform, Credentials(session=mine.secret)))
    with pytest.raises(NotSignedIn):
        sessions.identify(platform, Credentials(session=mine.secret))
    sessions.identify(platform, Credentials(session=other.secret))


def test_a_token_has_no_session_to_end(platform: Platform, ann: Caller) -> None:
    with pytest.raises(Denied, match="not a session"):
        sessions.sign_out(platform, Caller(ann.user_id, "ann", is_admin=False, token_id=1))


def test_a_link_works_once(platform: Platform, ann: Caller) -> None:
    with platform.db.write() as session:
        secret = sessions.new_sign_in_link(platform, session, ann.user_id)
    assert secret.encode() not in data_bytes(platform)
    begun = sessions.sign_in_by_link(platform, secret, address=HERE, request_id="r1")
    assert begun.session.username == "ann"
    with pytest.raises(NotSignedIn, match="used already"):
        sessions.sign_in_by_link(platform, secret, address=HERE, request_id="r1")


def test_a_link_gets_too_old(platform: Platform, ann: Caller, clock: FakeClock) -> None:
    with platform.db.write() as session:
        secret = sessions.new_sign_in_link(platform, session, ann.user_id)
    clock.advance(platform.settings.sign_in_link_lifetime_s + 1)
    with pytest.raises(NotSignedIn, match="too old"):
        sessions.sign_in_by_link(platform, secret, address=HERE, request_id="r1")


def test_whoever_guesses_has_to_wait(platform: Platform, ann: Caller, clock: FakeClock) -> None:
    for _ in range(platform.settings.sign_in_failures):
        with pytest.raises(NotSignedIn):
            sign_in(platform, "guess")
    with pytest.raises(TooManyAttempts) as caught:
        sign_in(platform)  # the right password does not help either
    assert caught.value.retry_after_s == platform.settings.sign_in_window_s
    sign_in(platform, address="10.0.0.2")  # nobody is locked out from elsewhere
    clock.advance(platform.settings.sign_in_window_s + 1)
    sign_in(platform)


def test_a_hash_of_other_costs_is_renewed_at_sign_in(platform: Platform, ann: Caller) -> None:
    strict = type(platform.passwords)(memory_mib=16)
    object.__setattr__(platform, "passwords", strict)
    sign_in(platform)
    sign_in(platform)
    with platform.db.read() as session:
        stored = session.connection().exec_driver_sql("SELECT password_hash FROM users").scalar_one()
    assert not strict.is_outdated(stored)


def test_expired_sessions_are_removed(platform: Platform, ann: Caller, clock: FakeClock) -> None:
    sign_in(platform)
    clock.advance(platform.settings.session_lifetime_s + 1)
    begun = sign_in(platform)
    sessions.remove_expired(platform)
    with platform.db.read() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM sessions").scalar_one() == 1
    sessions.identify(platform, Credentials(session=begun.secret))


def test_nobody_is_nobody(platform: Platform) -> None:
    for credentials in (Credentials(), Credentials(session="made up"), Credentials(bearer="kpl_made_up")):
        with pytest.raises(NotSignedIn):
            sessions.identify(platform, credentials)
