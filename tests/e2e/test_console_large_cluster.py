"""Ten thousand machines in a real browser, as the administrator and as a user of one project see them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kpl.resources import Device, Machine
from kpl.server.app import close_platform, open_platform
from kpl.server.services.access import Role
from kpl.server.settings import Settings
from kpl.testing.queued_tasks import add_running, give_machines
from kpl.testing.server import PASSWORD, IdleExecutor, LoopThread, RunningServer, add_project, add_user

from .console import NEEDS_BROWSER, run_script  # noqa: TID252  tests are no package with a name of its own

pytestmark = NEEDS_BROWSER

NUM_MACHINES = 10_000


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server whose machines have eight GPUs each; two tasks of a project that ann may not see share some."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("large") / "data", password_hash_memory_mib=8)
    platform = open_platform(settings, executor=IdleExecutor(Path(settings.runtime_dir)))
    for project in ("default", "secret-project"):
        add_project(platform, project)
    gpus = [Device("gpu", index, model="a100", memory_mib=40960) for index in range(8)]
    broken = Device("gpu", 7, model="a100", memory_mib=40960, is_healthy=False)
    first = Machine("n00000", 64000, 262144, (*gpus[:7], broken))
    others = (Machine(f"n{number:05}", 64000, 262144, tuple(gpus)) for number in range(1, NUM_MACHINES))
    give_machines(platform, first, *others)
    root = add_user(platform, "root", is_admin=True)
    ann = add_user(platform, "ann", roles={"default": Role.DEVELOPER})
    add_running(platform, ann, 0, 1, machine="n00000")
    add_running(platform, root, 2, project="secret-project", machine="n00000", share_milli=250)
    for share_milli in (500, 250):
        add_running(platform, root, 0, project="secret-project", machine="n00001", share_milli=share_milli)
    thread = LoopThread()
    server = RunningServer(platform, thread)
    yield server.url
    server.close()
    thread.close()
    close_platform(platform)


@pytest.mark.parametrize("user", ["root", "ann"])
def test_thousands_of_machines_scroll_and_only_the_own_tasks_are_named(url: str, user: str) -> None:
    printed = run_script(
        "large_cluster.mjs",
        url,
        password=PASSWORD,
        KPL_E2E_USER=user,
        KPL_E2E_MACHINES=str(NUM_MACHINES),
    )
    assert "elements" in printed, printed
