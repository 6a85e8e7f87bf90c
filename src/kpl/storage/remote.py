"""Storage behind a web address, read by byte ranges: http(s) with urllib3, object stores with obstore.

Clients are made in the process that uses them and never cross a fork.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import parse_qs, quote, urlsplit

from kpl.errors import Denied, Invalid, NotFound, Unavailable
from kpl.sentence import Sentence
from kpl.storage.base import check_path

if TYPE_CHECKING:
    import urllib3

MAX_IN_FLIGHT = 64  # small requests wait, they do not fill the line; who asks for large ones asks for fewer
_NUM_TRIES = 8
_TIMEOUT_S = 30.0
TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})  # statuses that pass


class HttpStorage:
    """Files below a web address, for reading alone.

    A request is repeated, ever more slowly, when the connection or the server fails or the answer is cut short.

    Args:
        url: of the folder; a query, such as a signature, is sent with every request.
    """

    def __init__(self, url: str) -> None:
        base, _, query = url.partition("?")
        self.url = base.rstrip("/")
        self._query = f"?{query}" if query else ""
        self._client: urllib3.PoolManager | None = None
        self._process = 0

    def __reduce__(self) -> tuple[Any, ...]:
        return HttpStorage, (self.url + self._query,)

    def read(self, path: str, start: int = 0, length: int | None = None) -> bytes:
        """Bytes from `start`, at most `length` of them; fewer, or none, where the file ends.

        Raises:
            NotFound: there is no such file.
            Denied: the server wants other credentials.
            Unavailable: it did not work, many times in a row.
        """
        if length == 0:
            return b""
        headers = {}
        if start or length is not None:
            headers["Range"] = f"bytes={start}-{'' if length is None else start + length - 1}"
        answer = self._request("GET", path, headers)
        if answer.status == 416:
            return b""
        data: bytes = answer.data
        if answer.status == 206:
            _check_range(self._address(path), answer.headers.get("Content-Range", ""), start, len(data))
            return data
        return data[start : None if length is None else start + length]  # the server knows no ranges

    def size(self, path: str) -> int:
        return int(self._request("HEAD", path, {}).headers["Content-Length"])

    def exists(self, path: str) -> bool:
        try:
            self._request("HEAD", path, {})
        except NotFound:
            return False
        return True

    def write_atomic(self, path: str, data: bytes | Iterable[bytes]) -> None:
        del data
        self._refuse(f"'{path}' cannot be written")

    def list(self, prefix: str = "") -> Iterator[str]:
        self._refuse(f"what begins with '{prefix}' cannot be listed")

    def delete(self, path: str) -> None:
        self._refuse(f"'{path}' cannot be deleted")

    def _refuse(self, what: str) -> NoReturn:
        raise Invalid(f"{self.url}: {what} over http.", hint="Use a folder or an object store.")

    def _address(self, path: str) -> str:
        return f"{self.url}/{quote(check_path(path))}{self._query}"

    def _request(self, method: str, path: str, headers: dict[str, str]) -> "urllib3.BaseHTTPResponse":
        from urllib3.exceptions import HTTPError

        address = self._address(path)
        try:
            # the body is read inside, so that one cut short counts as a failed try
            answer = self._open().request(method, address, headers={**headers, "Accept-Encoding": "identity"})
        except HTTPError as err:
            raise Unavailable(f"{self.url}/{path} cannot be read: {err}.", hint="Try again later.") from err
        if answer.status == 404:
            raise NotFound(f"There is no file '{path}' at {self.url}.")
        if answer.status in (401, 403):
            raise Denied(f"{self.url} does not give out '{path}': status {answer.status}.")
        if answer.status not in (200, 206, 416):
            raise Unavailable(f"{self.url}/{path} cannot be read: status {answer.status}.")
        return answer

    def _open(self) -> "urllib3.PoolManager":
        if self._client is None or self._process != os.getpid():
            import urllib3

            retries = urllib3.Retry(
                _NUM_TRIES, status_forcelist=TRY_AGAIN, backoff_factor=0.05, backoff_jitter=0.05,
                backoff_max=5, raise_on_status=False, redirect=5,
            )  # fmt: skip
            self._client = urllib3.PoolManager(
                retries=retries, maxsize=2 * MAX_IN_FLIGHT, timeout=urllib3.Timeout(_TIMEOUT_S)
            )
            self._process = os.getpid()
        return self._client


def _check_range(address: str, answered: str, start: int, length: int) -> None:
    expected = f"bytes {start}-{start + length - 1}/"
    if answered and not answered.startswith(expected):
        raise Unavailable(
            f"{address}: the server answered '{answered}' to a request that begins at {start}.",
            hint="Something between here and the server answers wrongly: ask for another way to it.",
        )


class ObjectStorage:
    """Objects in a bucket of S3 (or what speaks its language), Google or Azure, below a prefix.

    Credentials come from where the clouds' own tools look. A store at another place than the cloud's own is named
    in the address: `s3://bucket/prefix?endpoint=http://minio:9000&region=us-east-1`; so with `gs` and `az`.
    """

    def __init__(self, url: str) -> None:
        base, _, self._query = url.partition("?")
        self.url = base.rstrip("/")
        self._store: Any = None
        self._process = 0

    def __reduce__(self) -> tuple[Any, ...]:
        return ObjectStorage, (f"{self.url}?{self._query}",)

    def read(self, path: str, start: int = 0, length: int | None = None) -> bytes:
        if length == 0:
            return b""
        obstore = self._library()
        with self._told(path):
            options: Any = None if length is None else {"range": (start, start + length)}
            for _ in range(_NUM_TRIES - 1):
                answer = obstore.get(self._open(), check_path(path), options=options)
                try:
                    data = bytes(answer.bytes())
                except (
                    obstore.exceptions.BaseError
                ):  # cut short: obstore repeats requests, but not always what follows them
                    continue
                return data if length is not None else data[start:]
            data = bytes(obstore.get(self._open(), check_path(path), options=options).bytes())
            return data if length is not None else data[start:]

    def size(self, path: str) -> int:
        obstore = self._library()
        with self._told(path):
            return int(obstore.head(self._open(), check_path(path))["size"])

    def exists(self, path: str) -> bool:
        try:
            self.size(path)
        except NotFound:
            return False
        return True

    def write_atomic(self, path: str, data: bytes | Iterable[bytes]) -> None:
        obstore = self._library()
        obstore.put(self._open(), check_path(path), data if isinstance(data, bytes) else b"".join(data))

    def list(self, prefix: str = "") -> Iterator[str]:
        obstore = self._library()
        folder = prefix.rpartition("/")[0]
        with self._told(prefix):
            found = [item["path"] for page in obstore.list(self._open(), folder or None) for item in page]
        yield from sorted(path for path in found if path.startswith(prefix))

    def delete(self, path: str) -> None:
        obstore = self._library()
        obstore.delete(self._open(), check_path(path))

    @contextmanager
    def _told(self, path: str) -> Iterator[None]:
        """Turn the store's errors into those of storages."""
        failures = self._library().exceptions
        try:
            yield
        except (FileNotFoundError, failures.NotFoundError) as err:
            raise NotFound(
                Sentence(f"There is no object '{path}' at {self.url}.", f"{self.url} 处没有对象“{path}”。")
            ) from err
        except (PermissionError, failures.PermissionDeniedError, failures.UnauthenticatedError) as err:
            raise Denied(
                Sentence(
                    f"{self.url} does not give out '{path}': {err}.", f"{self.url} 拒绝访问“{path}”：{err}。"
                )
            ) from err
        except failures.BaseError as err:
            raise Unavailable(
                Sentence(f"{self.url}/{path} cannot be read: {err}.", f"无法读取 {self.url}/{path}：{err}。"),
                hint=Sentence("Try again later.", "请稍后重试。"),
            ) from err

    def _library(self) -> Any:
        try:
            import obstore
            import obstore.exceptions
            import obstore.store
        except ImportError as err:
            raise Invalid(
                Sentence(
                    f"{self.url}: reading object stores needs obstore.",
                    f"{self.url}：读取对象存储需要 obstore。",
                ),
                hint=Sentence(
                    "pip install 'kpl-platform[remote]'", "请运行 pip install 'kpl-platform[remote]'"
                ),
            ) from err
        return obstore

    def _open(self) -> Any:
        # its threads do not survive a fork: https://github.com/developmentseed/obstore
        if self._store is None or self._process != os.getpid():
            obstore = self._library()
            options: dict[str, Any] = {name: values[0] for name, values in parse_qs(self._query).items()}
            client: Any = {"allow_http": True} if options.get("endpoint", "").startswith("http://") else None
            scheme = urlsplit(self.url).scheme
            if scheme == "s3" and "endpoint" in options:
                options["virtual_hosted_style_request"] = False
            if scheme == "gs" and "endpoint" in options:
                options["base_url"] = options.pop("endpoint")
            retry: Any = {"max_retries": _NUM_TRIES, "retry_timeout": timedelta(seconds=4 * _TIMEOUT_S)}
            self._store = obstore.store.from_url(
                self.url, client_options=client, retry_config=retry, **options
            )
            self._process = os.getpid()
        return self._store
