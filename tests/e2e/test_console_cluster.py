"""The queue of a busy server in a real browser, in both languages and themes, with axe looking on."""

from kpl.client import LocalServer

from .console import NEEDS_BROWSER, run_script, set_password  # noqa: TID252  tests are no package with a name of its own

pytestmark = NEEDS_BROWSER


def test_the_console_shows_quotas_and_why_a_task_waits(busy: LocalServer) -> None:
    with busy.client() as client:
        client.queues.put("lab", guaranteed={"gpu": 1000})
        client.queues.put("default", parent="lab", guaranteed={"gpu": 1000}, limit={"gpu": 2000})
        link = client.users.sign_in_link("admin")
    set_password(link)
    printed = run_script("cluster.mjs", busy.url)
    assert "2 readings made" in printed, printed
