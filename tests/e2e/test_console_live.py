"""A server killed and started again under ten open pages: each of them hears every event once."""

import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

from kpl.client import local_server

from .console import NEEDS_BROWSER, run_script, set_password  # noqa: TID252  tests are no package with a name of its own

pytestmark = NEEDS_BROWSER

STEP = Path(__file__).parents[2] / "benchmarks" / "web" / "algorithms" / "grid_step"


def test_ten_pages_miss_nothing_and_hear_nothing_twice_when_the_server_is_killed(tmp_path: Path) -> None:
    with local_server(tmp_path / "data") as server:
        with server.client() as client:
            client.algorithms.install(STEP)
            link = client.users.sign_in_link("admin")
        set_password(link)
        port = str(urlsplit(server.url).port)
        again = [sys.executable, "-m", "kpl.cli", "--data-dir", str(server.data_dir), "up", "--port", port]
        printed = run_script(
            "live.mjs",
            server.url,
            KPL_E2E_GATE=str(tmp_path / "go-on"),
            KPL_E2E_PID=str(server.process.pid),
            KPL_E2E_RESTART=json.dumps(again),
        )
    found = json.loads(printed.splitlines()[-1])
    assert (found["tabs"], found["gaps"], found["duplicates"]) == (10, 0, 0), found
