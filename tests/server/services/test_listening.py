"""Who may listen to what."""

import pytest

from kpl.errors import Denied, Invalid, NotFound
from kpl.server.services import listening
from kpl.server.services.access import Caller, Role, Scope
from kpl.server.services.live import View
from kpl.server.services.platform import Platform
from kpl.testing.server import add_project, add_user


def test_a_member_listens_to_the_own_project(platform: Platform) -> None:
    ann = add_user(platform, "ann", roles={"default": Role.VIEWER})
    topics = listening.check_topics(platform, ann, "project:default, run:1,cluster")
    assert topics == {"project:default", "run:1", "cluster"}


def test_the_project_of_others_is_not_found(platform: Platform) -> None:
    with pytest.raises(NotFound):
        listening.check_topics(platform, add_user(platform, "ann"), "run:1,project:default")


@pytest.mark.parametrize("topics", ["", ",", "run:", "Run:1", "run:\n1", "run:1:2", "x" * 40])
def test_what_is_no_topic_is_refused(platform: Platform, topics: str) -> None:
    with pytest.raises(Invalid, match="topics"):
        listening.check_topics(platform, add_user(platform, "ann"), topics)


def test_without_scope_to_read_nothing_is_heard(platform: Platform) -> None:
    user = add_user(platform, "ann", roles={"default": Role.ADMIN})
    deaf = Caller(user.user_id, "ann", is_admin=False, scopes=frozenset[Scope]())
    with pytest.raises(Denied):
        listening.check_topics(platform, deaf, "cluster")
    with pytest.raises(Denied):
        listening.look(platform, lambda: deaf)


def test_the_view_is_what_the_caller_may_see(platform: Platform) -> None:
    other = add_project(platform, "other")
    ann = add_user(platform, "ann", roles={"other": Role.VIEWER})
    root = add_user(platform, "root", is_admin=True)
    bound = Caller(root.user_id, "root", is_admin=True, only_project_id=other)
    assert listening.look(platform, lambda: ann) == View(frozenset({other}))
    assert listening.look(platform, lambda: root) == View(None)
    assert listening.look(platform, lambda: bound) == View(frozenset({other}))
