"""A web proxy that lies between a client and a server and does what networks do: waits, fails, cuts, corrupts."""

import http.client
import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


class FaultyProxy:
    """Forwards GET and HEAD to a server on loopback; as a context manager it runs for the block.

    Args:
        port: of the server behind it.
        latency_s: added to every answer.
        error_rate: share of requests answered with status 503, or by a closed connection.
        cut_rate: share of answers of which only a part arrives.
        corrupt_rate: share of answers in which a byte is another one.
        seed: of the dice.

    Attributes:
        requests: (path, value of the header Range) of each so far.
        num_bytes: sent so far in bodies.
    """

    def __init__(
        self,
        port: int,
        *,
        latency_s: float = 0,
        error_rate: float = 0,
        cut_rate: float = 0,
        corrupt_rate: float = 0,
        seed: int = 0,
    ) -> None:
        self.behind, self.latency_s = port, latency_s
        self.error_rate, self.cut_rate, self.corrupt_rate = error_rate, cut_rate, corrupt_rate
        self.dice = random.Random(seed)  # noqa: S311  faults need no secrecy
        self.requests: list[tuple[str, str]] = []
        self.num_bytes = 0
        self.lock = threading.Lock()
        proxy = self

        class Bound(_Handler):
            pass

        Bound.proxy = proxy
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    proxy: FaultyProxy

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        proxy = self.proxy
        with proxy.lock:
            proxy.requests.append((self.path, self.headers.get("Range", "")))
            fault, cut, corrupt = (proxy.dice.random() for _ in range(3))
            place = proxy.dice.random()
        if proxy.latency_s:
            threading.Event().wait(proxy.latency_s)
        if fault < proxy.error_rate / 2:
            self.close_connection = True
            return
        if fault < proxy.error_rate:
            self._send(503, {}, b"busy")
            return
        status, headers, body = self._ask()
        if body and corrupt < proxy.corrupt_rate:
            spot = int(place * len(body))
            body = body[:spot] + bytes([body[spot] ^ 0x10]) + body[spot + 1 :]
        self._send(status, headers, body, cut=int(place * len(body)) if cut < proxy.cut_rate else None)

    def _ask(self) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy.behind, timeout=20)
        try:
            # all of them, since the host and others are part of what an object store's client signs
            wanted = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
            connection.request(self.command, self.path, headers=wanted)
            answer = connection.getresponse()
            kept = ("Content-Range", "Content-Length", "Accept-Ranges", "ETag", "Last-Modified")
            headers = {name: answer.headers[name] for name in kept if name in answer.headers}
            return answer.status, headers, answer.read()
        finally:
            connection.close()

    def _send(self, status: int, headers: dict[str, str], body: bytes, *, cut: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name != "Content-Length":
                self.send_header(name, value)
        self.send_header("Content-Length", headers.get("Content-Length", str(len(body))))
        self.end_headers()
        if self.command == "HEAD":
            return
        try:
            self.wfile.write(body if cut is None else body[:cut])
        except OSError:  # the client has gone
            self.close_connection = True
        if cut is not None:
            self.close_connection = True
        with self.proxy.lock:
            self.proxy.num_bytes += len(body)
