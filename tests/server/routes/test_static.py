"""The web console's files."""

import gzip
from pathlib import Path

import httpx
import pytest

from kpl.server.settings import Settings

INDEX = "<!doctype html><title>KPL console</title>"
SCRIPT = "console.log('kpl');" * 50


@pytest.fixture
def web_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "web"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(INDEX)
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / ".stamp").write_text("hidden")
    (folder / "assets" / "main-abc123.js").write_text(SCRIPT)
    (folder / "assets" / "main-abc123.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    (tmp_path / "secret.txt").write_text("outside")
    (folder / "assets" / "link.txt").symlink_to(tmp_path / "secret.txt")
    return folder


@pytest.fixture
def settings(tmp_path: Path, web_dir: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", password_hash_memory_mib=8, web_dir=web_dir)


def test_the_first_page_is_asked_for_every_time(anonymous: httpx.Client) -> None:
    answer = anonymous.get("/")
    assert answer.text == INDEX
    assert answer.headers["cache-control"] == "no-cache"
    again = anonymous.get("/", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/datasets", "/runs/12", "/sign-in", "/pipelines/digits.v2"])
def test_addresses_of_the_console_show_it(anonymous: httpx.Client, path: str) -> None:
    assert anonymous.get(path).text == INDEX


def test_assets_are_kept_for_ever(anonymous: httpx.Client) -> None:
    answer = anonymous.get("/assets/main-abc123.js", headers={"Accept-Encoding": "identity"})
    assert answer.text == SCRIPT
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]
    assert "content-encoding" not in answer.headers


def test_assets_come_packed_to_whoever_can_unpack(anonymous: httpx.Client) -> None:
    answer = anonymous.get("/assets/main-abc123.js", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["vary"] == "Accept-Encoding"
    assert int(answer.headers["content-length"]) < len(SCRIPT)
    assert answer.text == SCRIPT


def test_a_missing_asset_is_not_the_first_page(anonymous: httpx.Client) -> None:
    assert anonymous.get("/assets/main-old.js").status_code == 404


OUTSIDE = [
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/assets/%2e%2e/%2e%2e/secret.txt",
    "/assets/..%2f..%2fsecret.txt",
    "/assets/link.txt",
    "/.stamp",
    "/%00",
    "//etc/passwd",
    "/assets/\\..\\..\\secret.txt",
]


@pytest.mark.parametrize("path", OUTSIDE)
def test_nothing_outside_or_hidden_is_given(anonymous: httpx.Client, path: str) -> None:
    answer = anonymous.get(path)
    assert "outside" not in answer.text
    assert "hidden" not in answer.text
    assert "root:" not in answer.text


def test_only_the_api_answers_below_its_address(anonymous: httpx.Client) -> None:
    answer = anonymous.get("/api/v2/anything")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_head_is_answered(anonymous: httpx.Client) -> None:
    answer = anonymous.head("/")
    assert (answer.status_code, answer.content) == (200, b"")


class TestWithoutConsole:
    @pytest.fixture
    def web_dir(self, tmp_path: Path) -> Path:
        return tmp_path / "nothing here <b>"

    def test_a_page_says_how_to_build_it(self, anonymous: httpx.Client) -> None:
        answer = anonymous.get("/")
        assert answer.status_code == 200
        assert "KPL_WEB=require" in answer.text
        assert "nothing here &lt;b&gt;" in answer.text

    def test_the_api_works(self, anonymous: httpx.Client) -> None:
        assert anonymous.get("/api/v1/health").json()["status"] == "ok"
        assert anonymous.get("/datasets").status_code == 404
