"""One file from a web address into a folder: resumed where it broke off, and kept out of private networks."""

import json
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from email.message import Message
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from mimetypes import guess_extension
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote, urlsplit

from kpl.errors import Denied, Invalid, NotFound, Unavailable
from kpl.sentence import Sentence
from kpl.storage.atomic import write_atomic
from kpl.storage.remote import TRY_AGAIN

if TYPE_CHECKING:
    import urllib3

ANY_HOST = "*"
"""Among `private_hosts`: every address may be reached."""

_PIECE = 1 << 20
_NUM_TRIES = 6  # without a byte more
_FIRST_WAIT_S = 0.5  # twice as long each time
_TIMEOUT_S = 30.0

Progress = Callable[[int, int | None], None]


def check_address(url: str) -> None:
    """Refuse what cannot be the web address of a file.

    Raises:
        Invalid: it has no host, another scheme than http(s), or a password in it.
    """
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:  # a port or an IPv6 address that is none
        is_whole = False
    if not is_whole or any(letter.isspace() or not letter.isprintable() for letter in url):
        raise Invalid(
            Sentence(f"'{_shown(url)}' is not a web address.", f"“{_shown(url)}”不是网址。"),
            hint=Sentence(
                "Give one as in https://example.com/flowers.zip.",
                "请填写完整网址，例如 https://example.com/flowers.zip。",
            ),
        )
    if parts.username is not None or parts.password is not None:
        raise Invalid(
            Sentence(
                "The address holds a user name or password, which others of the project could read.",
                "网址中含有用户名或密码，项目的其他成员可能会看到。",
            ),
            hint=Sentence(
                "Use a link that is signed for a time, or upload the file.",
                "请使用限时签名链接，或直接上传文件。",
            ),
        )


def download(
    url: str,
    folder: Path,
    *,
    max_bytes: int,
    private_hosts: Sequence[str] = (),
    progress: Progress | None = None,
) -> Path:
    """Fetch the file at a web address into `folder`; called again after a stop, it goes on where it was.

    It goes on only in a file that the server vouches for as unchanged; otherwise it begins anew.

    Args:
        private_hosts: names, addresses and networks (`10.1.0.0/16`) beyond the public internet that may be reached, or
            `ANY_HOST`. Redirections are held to it as well.
        progress: called with the bytes that are there and those in all, None where the server does not say.
    Returns:
        the file, under the name that the server, or the address, gives it.
    Raises:
        Invalid: the address leads to a page or to more than `max_bytes`, or there is no room for it.
        NotFound: the host or the file is not there.
        Denied: the server wants credentials, or the host may not be reached.
        Unavailable: it did not work, many times in a row.
    """
    check_address(url)
    fetch = _Fetch(url, folder, max_bytes, private_hosts, progress or (lambda *_: None))
    folder.mkdir(parents=True, exist_ok=True)
    name = fetch.state.name
    return folder / name if name and (folder / name).is_file() else fetch.whole()


@dataclass(frozen=True, slots=True)
class _State:
    """What is remembered between two calls; `name` once the file is whole."""

    url: str = ""
    validator: str = ""
    name: str = ""

    @classmethod
    def read(cls, path: Path, url: str) -> Self:
        """What was remembered of this address; nothing of another one."""
        try:
            found = cls(**json.loads(path.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return cls(url)
        return found if found.url == url else cls(url)

    def write(self, path: Path) -> None:
        write_atomic(path, json.dumps(asdict(self)).encode())


class _Broken(Exception):
    """One try that failed, and may succeed later."""


@dataclass(slots=True)
class _Fetch:
    url: str
    folder: Path
    max_bytes: int
    private_hosts: Sequence[str]
    progress: Progress

    @property
    def state(self) -> _State:
        return _State.read(self.folder / "download.json", self.url)

    @state.setter
    def state(self, state: _State) -> None:
        state.write(self.folder / "download.json")

    @property
    def part(self) -> Path:
        return self.folder / "download.part"

    def whole(self) -> Path:
        """Try until the file is whole; only tries that brought nothing new are counted."""
        most, failures = 0, 0
        with _client(self.private_hosts) as client:
            while True:
                try:
                    name = self._try(client)
                    break
                except _Broken as err:
                    size = self.part.stat().st_size if self.part.exists() else 0
                    failures = 0 if size > most else failures + 1
                    most = max(most, size)
                    if failures == _NUM_TRIES:
                        raise Unavailable(
                            Sentence(
                                f"{_shown(self.url)} cannot be fetched: {err}.",
                                f"无法下载 {_shown(self.url)}：{err}。",
                            ),
                            hint=Sentence("Try again later.", "请稍后重试。"),
                        ) from err
                    time.sleep(_FIRST_WAIT_S * 2 ** max(0, failures - 1))
        file = self.part.rename(self.folder / name)
        self.state = replace(self.state, name=name)
        return file

    def _try(self, client: "urllib3.PoolManager") -> str:
        """Fetch what is missing; returns the name of the file."""
        from urllib3.exceptions import HTTPError

        state = self.state
        start = self.part.stat().st_size if state.validator and self.part.exists() else 0
        headers = {"Accept-Encoding": "identity", "User-Agent": "KPL"}
        if start:
            headers |= {"Range": f"bytes={start}-", "If-Range": state.validator}
        try:
            answer = client.request("GET", self.url, headers=headers, preload_content=False)
        except HTTPError as err:
            raise _Broken(_cause(err)) from err
        try:
            start = self._check(answer, start)
            if not start:
                self.part.unlink(missing_ok=True)  # before another validator is remembered
                self.state = _State(self.url, _validator(answer))
            self._take(answer, start)
            return _name(answer, self.url)
        except HTTPError as err:
            raise _Broken(_cause(err)) from err
        finally:
            answer.close()

    def _check(self, answer: "urllib3.BaseHTTPResponse", start: int) -> int:
        """Where the bytes of an answer begin; refuses those that hold no file."""
        _refuse_status(answer.status, self.url)
        if answer.status == 416:  # it is another file by now
            self.part.unlink(missing_ok=True)
            raise _Broken(f"status {answer.status}")
        if answer.headers.get("Content-Type", "").partition(";")[0] in ("text/html", "application/xhtml+xml"):
            raise Invalid(
                Sentence(
                    f"{_shown(self.url)} leads to a web page, not to a file.",
                    f"{_shown(self.url)} 指向网页，而不是文件。",
                ),
                hint=Sentence(
                    "Give the address of the file itself, as a download button has it.",
                    "请填写文件本身的地址，例如下载按钮的链接。",
                ),
            )
        if answer.status == 206:
            if not answer.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
                self.part.unlink(missing_ok=True)
                raise _Broken("the server sent another part than it was asked for")
            return start
        return 0

    def _take(self, answer: "urllib3.BaseHTTPResponse", start: int) -> None:
        length = answer.headers.get("Content-Length", "")
        total = start + int(length) if length.isdecimal() else None
        self._check_size(total or 0)
        self._check_room((total or 0) - start)
        size = start
        with self.part.open("ab") as file:
            self.progress(size, total)
            for piece in answer.stream(_PIECE, decode_content=False):
                size += len(piece)
                self._check_size(size)
                file.write(piece)
                self.progress(size, total)

    def _check_size(self, size: int) -> None:
        if size > self.max_bytes:
            raise Invalid(
                Sentence(
                    f"{_shown(self.url)} is larger than the {self.max_bytes:,} bytes that are allowed.",
                    f"{_shown(self.url)} 超过了允许的 {self.max_bytes:,} 字节。",
                ),
                hint=Sentence("Import it in parts, or ask an administrator.", "请分批导入，或联系管理员。"),
            )

    def _check_room(self, size: int) -> None:
        free = shutil.disk_usage(self.folder).free
        if size > free:
            raise Invalid(
                Sentence(
                    f"{_shown(self.url)} needs {size:,} bytes, and {free:,} are free on the disk.",
                    f"{_shown(self.url)} 需要 {size:,} 字节，磁盘只剩 {free:,} 字节。",
                ),
                hint=Sentence("Make room first.", "请先清理磁盘空间。"),
            )


def _shown(url: str) -> str:
    """An address without what may be secret in it."""
    return url.partition("?")[0]


def _cause(err: Exception) -> str:
    return str(getattr(err, "reason", None) or err).rstrip(".")


def _refuse_status(status: int, url: str) -> None:
    if status in (404, 410):
        raise NotFound(
            Sentence(f"There is no file at {_shown(url)}.", f"{_shown(url)} 处没有文件。"),
            hint=Sentence("Open the address in a browser to look.", "请在浏览器中打开该网址确认。"),
        )
    if status in (401, 403, 407):
        raise Denied(
            Sentence(
                f"{_shown(url)} is not given out without sign-in: status {status}.",
                f"{_shown(url)} 需要登录才能下载：状态码 {status}。",
            ),
            hint=Sentence(
                "Use a link that is signed, or upload the file.", "请使用签名链接，或直接上传文件。"
            ),
        )
    if status in TRY_AGAIN:
        raise _Broken(f"status {status}")
    if status not in (200, 206, 416):
        raise Unavailable(
            Sentence(
                f"{_shown(url)} cannot be fetched: status {status}.",
                f"无法下载 {_shown(url)}：状态码 {status}。",
            )
        )


def _validator(answer: "urllib3.BaseHTTPResponse") -> str:
    """What tells whether the file is still the same, as `If-Range` may name it (RFC 9110, 13.1.5)."""
    etag = answer.headers.get("ETag", "")
    return etag if etag and not etag.startswith("W/") else answer.headers.get("Last-Modified", "")


def _name(answer: "urllib3.BaseHTTPResponse", url: str) -> str:
    """A plain name for the file, with the ending that its type has where it has none."""
    header = Message()
    header["Content-Disposition"] = answer.headers.get("Content-Disposition", "")
    named = header.get_filename() or unquote(urlsplit(answer.url or url).path)
    name = PurePosixPath(named.replace("\\", "/")).name
    name = "".join(letter for letter in name if letter.isprintable()).lstrip(".")[-100:] or "download"
    if not PurePosixPath(name).suffix:
        name += guess_extension(answer.headers.get("Content-Type", "").partition(";")[0]) or ""
    return name if name not in ("download.json", "download.part") else f"file-{name}"


# Where it may go. ---------------------------------------------------------------------------------------------


@contextmanager
def _client(private_hosts: Sequence[str]) -> Iterator["urllib3.PoolManager"]:
    """A client that follows redirections and repeats nothing by itself."""
    import urllib3
    from urllib3.connection import HTTPConnection, HTTPSConnection

    class _Plain(HTTPConnection):
        def connect(self) -> None:
            _check_host(self.host, self.port, private_hosts)
            super().connect()
            _check_peer(self, private_hosts)

    class _Secure(_Plain, HTTPSConnection):
        pass

    class _PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = _Plain

    class _SecurePool(urllib3.HTTPSConnectionPool):
        ConnectionCls = _Secure

    retries = urllib3.Retry(total=None, connect=0, read=0, status=0, other=0, redirect=5)
    client = urllib3.PoolManager(retries=retries, timeout=urllib3.Timeout(_TIMEOUT_S))
    client.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
    with client:
        yield client


def _check_host(host: str, port: int | None, private_hosts: Sequence[str]) -> None:
    """Look the host up before anything is sent to it."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as err:
        if err.errno == socket.EAI_AGAIN:
            raise _Broken(f"the address of {host} cannot be looked up now") from err
        raise NotFound(
            Sentence(f"There is no host '{host}'.", f"找不到主机“{host}”。"),
            hint=Sentence("Check how the address is written.", "请检查网址的拼写。"),
        ) from err
    for *_, address in found:
        _check_reachable(host, str(address[0]), private_hosts)


def _check_peer(connection: Any, private_hosts: Sequence[str]) -> None:
    """Look at who answered: a name may have been given another address in between."""
    try:
        _check_reachable(connection.host, connection.sock.getpeername()[0], private_hosts)
    except Denied:
        connection.close()
        raise


def _check_reachable(host: str, address: str, private_hosts: Sequence[str]) -> None:
    ip = ip_address(address.partition("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    if (ip.is_global and not ip.is_multicast) or any(_covers(each, host, ip) for each in private_hosts):
        return
    raise Denied(
        Sentence(
            f"The host '{host}' ({ip}) is not on the public internet.", f"主机“{host}”（{ip}）不在公网上。"
        ),
        hint=Sentence(
            "Ask an administrator to allow it by the setting KPL_IMPORT_HOSTS, or upload the file.",
            "请联系管理员通过设置 KPL_IMPORT_HOSTS 放行，或直接上传文件。",
        ),
    )


def _covers(allowed: str, host: str, ip: IPv4Address | IPv6Address) -> bool:
    if allowed in (ANY_HOST, host):
        return True
    try:
        return ip in ip_network(allowed, strict=False)
    except ValueError:  # a name
        return False
