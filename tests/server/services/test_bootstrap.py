"""The first start."""

import stat

import pytest

from kpl.schemas.user import UserUpdate
from kpl.server.services import bootstrap, sessions, users
from kpl.server.services.access import Caller
from kpl.server.services.errors import NotSignedIn
from kpl.server.services.platform import Platform
from kpl.server.services.sessions import Credentials
from kpl.testing.server import add_user


@pytest.fixture
def empty(platform: Platform) -> Platform:
    """A platform as it is before the first start: without the project of the other tests."""
    with platform.db.write() as session:
        session.connection().exec_driver_sql("DELETE FROM projects")
    return platform


def local_caller(platform: Platform) -> Caller:
    token = bootstrap.write_local_token(platform).read_text().strip()
    return sessions.identify(platform, Credentials(bearer=token))


def test_the_first_start_makes_an_administrator_and_a_project(empty: Platform) -> None:
    first = bootstrap.first_start(empty)
    assert first is not None
    begun = sessions.sign_in(
        empty, first.username, first.one_time_password, address="127.0.0.1", request_id=""
    )
    assert begun.session.is_admin
    assert begun.session.must_change_password
    with empty.db.read() as session:
        names = session.connection().exec_driver_sql("SELECT name FROM projects").scalars().all()
    assert list(names) == ["default"]


def test_the_link_of_the_first_start_signs_in(empty: Platform) -> None:
    first = bootstrap.first_start(empty)
    assert first is not None
    secret = first.link_path.partition("#link=")[2]
    begun = sessions.sign_in_by_link(empty, secret, address="127.0.0.1", request_id="")
    assert begun.session.username == first.username


def test_there_is_one_first_start(empty: Platform) -> None:
    assert bootstrap.first_start(empty) is not None
    assert bootstrap.first_start(empty) is None


def test_the_local_token_is_an_administrators_and_for_its_owner_only(empty: Platform) -> None:
    bootstrap.first_start(empty)
    caller = local_caller(empty)
    assert caller.is_admin
    assert not caller.must_change_password
    mode = stat.S_IMODE((empty.settings.data_dir / "local-token").stat().st_mode)
    assert mode == 0o600


def test_the_local_token_stays_while_it_works(empty: Platform) -> None:
    bootstrap.first_start(empty)
    path = bootstrap.write_local_token(empty)
    before = path.read_text()
    assert bootstrap.write_local_token(empty).read_text() == before


def test_a_lost_local_token_is_replaced_and_the_old_one_stops(empty: Platform) -> None:
    bootstrap.first_start(empty)
    path = bootstrap.write_local_token(empty)
    old = path.read_text().strip()
    path.unlink()
    local_caller(empty)
    with pytest.raises(NotSignedIn):
        sessions.identify(empty, Credentials(bearer=old))


def test_the_local_token_moves_on_when_its_user_is_no_administrator_any_more(empty: Platform) -> None:
    bootstrap.first_start(empty)
    local_caller(empty)
    root = add_user(empty, "root", is_admin=True)
    users.update_user(empty, root, "admin", UserUpdate(is_admin=False))
    assert local_caller(empty).username == "root"


def test_whoever_has_the_local_token_gets_in_again(empty: Platform) -> None:
    bootstrap.first_start(empty)
    made = users.create_sign_in_link(empty, local_caller(empty), "admin")
    secret = made.path.partition("#link=")[2]
    begun = sessions.sign_in_by_link(empty, secret, address="127.0.0.1", request_id="")
    assert begun.session.username == "admin"
