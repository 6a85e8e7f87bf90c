"""Who may listen to what of the live events."""

import re
from collections.abc import Callable

from kpl.errors import Invalid
from kpl.sentence import Sentence
from kpl.server.services.access import Caller, Role, Scope, project_for, require_scope, visible_projects
from kpl.server.services.live import View
from kpl.server.services.platform import Platform

_MAX_TOPICS = 200
_TOPIC = re.compile(r"[a-z_]{1,32}(:[A-Za-z0-9_.-]{1,64})?")


def check_topics(platform: Platform, caller: Caller, topics: str) -> frozenset[str]:
    """The topics that a listener asks for, as in `run:12,task:41,project:default`.

    A project has to be one of the caller's. Runs and tasks are not looked up: their events reach only the
    members of their project anyway.
    """
    require_scope(caller, Scope.READ)
    chosen = frozenset(filter(None, (topic.strip() for topic in topics.split(","))))
    if not 1 <= len(chosen) <= _MAX_TOPICS:
        raise Invalid(
            Sentence(f"topics: {len(chosen)} are given.", f"topics：给出了 {len(chosen)} 个。"),
            hint=Sentence(
                f"Give 1 to {_MAX_TOPICS}, separated by commas.",
                f"请给出 1 到 {_MAX_TOPICS} 个，以逗号分隔。",
            ),
        )
    for topic in chosen:
        if not _TOPIC.fullmatch(topic):
            raise Invalid(
                Sentence(f"topics: '{topic[:100]}' is no topic.", f"topics：“{topic[:100]}”不是主题。"),
                hint=Sentence(
                    "Write it like run:12 or project:default.", "请写成 run:12 或 project:default 的形式。"
                ),
            )
    with platform.db.read() as session:
        for topic in chosen:
            kind, _, name = topic.partition(":")
            if kind == "project":
                project_for(session, caller, name, Role.VIEWER)
    return chosen


def look(platform: Platform, who: Callable[[], Caller]) -> View:
    """What the caller may see now. Raises when the sign-in has ended meanwhile."""
    caller = who()
    require_scope(caller, Scope.READ)
    if caller.is_admin and caller.only_project_id is None:
        return View(None)
    with platform.db.read() as session:
        return View(frozenset(row.id for row in session.scalars(visible_projects(caller))))
