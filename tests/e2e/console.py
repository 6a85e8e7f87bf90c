"""What the tests of the console in a browser share: when they can run, and how they sign in."""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import kpl.server
from kpl.testing.console import PASSWORD, set_password

WEB = Path(__file__).parents[2] / "web"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

__all__ = ["NEEDS_BROWSER", "NEEDS_TORCH", "WEB", "run_script", "set_password"]

NEEDS_BROWSER = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        not Path(kpl.server.__path__[0], "static", "index.html").exists(),
        reason="the console is not built: install without KPL_WEB=skip",
    ),
    pytest.mark.skipif(
        not any(shutil.which(name) for name in BROWSERS), reason="no Chromium: apt-get install chromium"
    ),
    pytest.mark.skipif(
        shutil.which("node") is None or not (WEB / "node_modules" / "playwright-core").exists(),
        reason="no tools for browser tests: python tools/web.py ci, with Node on the path",
    ),
]

NEEDS_TORCH = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None,
    reason="needs the extra `demo`: pip install 'kpl-platform[demo]'",
)


def run_script(
    name: str, url: str, *arguments: str, password: str = PASSWORD, timeout_s: float = 280, **variables: str
) -> str:
    """Run a script of web/e2e against a server, as its administrator unless told otherwise; returns what it printed.

    Args:
        variables: environment variables beside those that name the server and the password.
    """
    done = subprocess.run(
        ["node", f"e2e/{name}", *arguments],
        cwd=WEB,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        env={**os.environ, "KPL_E2E_URL": url, "KPL_E2E_PASSWORD": password, **variables},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SKIPPED" not in done.stdout, done.stdout
    return done.stdout
