import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kpl.errors import Denied, Invalid, KPLError, NotFound, Unavailable
from kpl.sentence import in_chinese
from kpl.storage import download as module
from kpl.storage.download import ANY_HOST, check_address, download
from kpl.testing.faulty_proxy import FaultyProxy
from kpl.testing.nginx import has_nginx, nginx

needs_nginx = pytest.mark.skipif(not has_nginx(), reason="nginx is not installed")
DATA = bytes(range(256)) * 40_000
HERE = ("127.0.0.1",)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST_WAIT_S", 0.0)


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "all pets.zip").write_bytes(DATA)
    with nginx(folder, tmp_path / "nginx") as port:
        yield port


def _fetch(url: str, folder: Path, *, max_bytes: int = 1 << 30) -> Path:
    return download(url, folder, max_bytes=max_bytes, private_hosts=HERE)


class _Answers(BaseHTTPRequestHandler):
    """Answers that a server of files does not give."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        answers: dict[str, tuple[int, dict[str, str], bytes]] = {
            "/moved": (302, {"Location": "/get?id=7"}, b""),
            "/away": (302, {"Location": "http://[::1]:9/get"}, b""),
            "/circle": (302, {"Location": "/circle"}, b""),
            "/page": (200, {"Content-Type": "text/html; charset=utf-8"}, b"<html>"),
            "/table": (200, {"Content-Type": "text/csv"}, b"a,b\n"),
            "/evil": (200, {"Content-Disposition": 'attachment; filename="../../.x/\x07y.zip"'}, b"z"),
            "/state": (200, {"Content-Disposition": "attachment; filename=download.json"}, b"z"),
            "/get?id=7": (200, {"Content-Disposition": "attachment; filename*=UTF-8''%E8%8A%B1.zip"}, b"z"),
            "/private": (403, {}, b""),
            "/teapot": (418, {}, b""),
        }
        path = self.path.removesuffix("?key=secret")
        status, headers, body = answers.get(path, (404, {}, b""))
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def odd() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@needs_nginx
def test_a_file_is_fetched_whole_and_once(port: int, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    url = f"http://127.0.0.1:{port}/all%20pets.zip"
    file = download(
        url,
        tmp_path / "here",
        max_bytes=len(DATA),
        private_hosts=HERE,
        progress=lambda *now: seen.append(now),
    )
    assert (file.name, file.read_bytes()) == ("all pets.zip", DATA)
    assert (seen[0], seen[-1]) == ((0, len(DATA)), (len(DATA), len(DATA)))
    seen.clear()
    assert _fetch(url, tmp_path / "here") == file
    assert seen == []


@needs_nginx
def test_a_network_that_cuts_and_fails_still_gives_the_whole_file(port: int, tmp_path: Path) -> None:
    with FaultyProxy(port, error_rate=0.3, cut_rate=0.7, seed=3) as proxy:
        file = _fetch(f"{proxy.url}/all%20pets.zip", tmp_path / "here")
    assert file.read_bytes() == DATA
    ranges = [asked for _, asked in proxy.requests if asked]
    assert ranges, "it never went on where it was"


@needs_nginx
def test_what_was_begun_by_a_killed_process_goes_on(port: int, tmp_path: Path) -> None:
    folder, url = tmp_path / "here", f"http://127.0.0.1:{port}/all%20pets.zip"
    with FaultyProxy(port) as proxy:
        _fetch(f"{proxy.url}/all%20pets.zip", folder)
        state = json.loads((folder / "download.json").read_text())
        (folder / "all pets.zip").unlink()
        (folder / "download.json").write_text(json.dumps({**state, "name": ""}))
        (folder / "download.part").write_bytes(DATA[:1000])
        assert _fetch(f"{proxy.url}/all%20pets.zip", folder).read_bytes() == DATA
        assert proxy.requests[-1][1] == "bytes=1000-"
    (folder / "all pets.zip").unlink()
    (folder / "download.part").write_bytes(b"of another address")
    assert _fetch(url, folder).read_bytes() == DATA


@needs_nginx
def test_a_file_that_changed_in_between_begins_anew(port: int, tmp_path: Path) -> None:
    folder, url = tmp_path / "here", f"http://127.0.0.1:{port}/all%20pets.zip"
    folder.mkdir()
    (folder / "download.json").write_text(json.dumps({"url": url, "validator": '"old"', "name": ""}))
    (folder / "download.part").write_bytes(b"old" * 1000)
    assert _fetch(url, folder).read_bytes() == DATA


@needs_nginx
def test_limits_are_kept_before_anything_is_sent(port: int, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="larger than the 1,000 bytes"):
        _fetch(f"http://127.0.0.1:{port}/all%20pets.zip", tmp_path / "here", max_bytes=1000)
    assert list((tmp_path / "here").glob("*.zip")) == []


@pytest.mark.parametrize(
    ("path", "name"),
    [("moved", "花.zip"), ("table", "table.csv"), ("evil", "y.zip"), ("state", "file-download.json")],
)
def test_a_name_is_plain_and_says_what_it_is(odd: str, tmp_path: Path, path: str, name: str) -> None:
    file = _fetch(f"{odd}/{path}", tmp_path)
    assert (file.name, file.parent) == (name, tmp_path)


@pytest.mark.parametrize(
    ("path", "family", "words"),
    [
        ("page", Invalid, "a web page, not to a file"),
        ("nothing", NotFound, "There is no file at"),
        ("private", Denied, "without sign-in: status 403"),
        ("teapot", Unavailable, "status 418"),
        ("circle", Unavailable, "too many redirects"),
    ],
)
def test_what_is_no_file_is_refused(
    odd: str, tmp_path: Path, path: str, family: type[KPLError], words: str
) -> None:
    with pytest.raises(family, match=words) as caught:
        _fetch(f"{odd}/{path}?key=secret", tmp_path)
    assert "secret" not in str(caught.value)
    assert in_chinese(caught.value.message) != caught.value.message


def test_a_server_that_is_not_there_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    with pytest.raises(Unavailable, match="Connection refused"):
        _fetch("http://127.0.0.1:9/pets.zip", tmp_path)
    assert len(waits) == module._NUM_TRIES - 1


def test_an_unknown_host_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no host 'no-such-host\.invalid'"):
        _fetch("http://no-such-host.invalid/pets.zip", tmp_path)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]"]
)
def test_private_addresses_are_not_reached(host: str, tmp_path: Path) -> None:
    with pytest.raises(Denied, match="not on the public internet"):
        download(f"http://{host}:9/latest", tmp_path, max_bytes=10)


def test_a_redirection_does_not_lead_into_a_private_network(odd: str, tmp_path: Path) -> None:
    with pytest.raises(Denied, match="::1"):
        _fetch(f"{odd}/away", tmp_path)


@pytest.mark.parametrize("allowed", [ANY_HOST, "127.0.0.1", "127.0.0.0/8"])
def test_private_addresses_are_reached_where_they_are_allowed(odd: str, tmp_path: Path, allowed: str) -> None:
    assert download(f"{odd}/table", tmp_path, max_bytes=10, private_hosts=[allowed]).name == "table.csv"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "pets.zip",
        "/data/pets.zip",
        "file:///etc/passwd",
        "ftp://a.org/b",
        "https://",
        "http://a:b/",
        "http://a.org/ b",
    ],
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match="is not a web address"):
        check_address(url)


def test_a_password_in_an_address_is_refused() -> None:
    with pytest.raises(Invalid, match="could read") as caught:
        check_address("https://anna:secret@example.com/pets.zip")
    assert "secret" not in str(caught.value)
