"""What the tests of the console in a browser share: when they can run, and how they sign in."""

import os
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

import kpl.server

WEB = Path(__file__).parents[2] / "web"
PASSWORD = "a password of many words"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

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


def set_password(link: str) -> None:
    """Give the administrator PASSWORD, by a link that signs in once."""
    base, _, secret = link.partition("/sign-in#link=")
    with httpx.Client(base_url=base) as http:
        session = http.post("/api/v1/session", json={"link_token": secret}).raise_for_status().json()
        http.patch(
            "/api/v1/users/admin",
            json={"password": PASSWORD},
            headers={"X-CSRF-Token": session["csrf_token"]},
        ).raise_for_status()


def run_script(name: str, url: str, *arguments: str, password: str = PASSWORD) -> str:
    """Run a script of web/e2e against a server as its administrator; returns what it printed."""
    done = subprocess.run(
        ["node", f"e2e/{name}", *arguments],
        cwd=WEB,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "KPL_E2E_URL": url, "KPL_E2E_PASSWORD": password},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
