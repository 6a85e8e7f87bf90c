"""Which headers pass through the proxy, and which stay with KPL."""

from collections.abc import Iterable, Mapping

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# Who asks is checked here; a service must not get hold of it. The rest could be sent by anybody, yet be believed.
_KEPT_FROM_SERVICE = frozenset(
    {"authorization", "cookie", "x-csrf-token", "host", "forwarded", "x-real-ip", "expect"}
)
# A service answers under the console's own address: it must set no cookies there and loosen no protection.
_KEPT_FROM_CALLER = frozenset(
    {
        "set-cookie",
        "clear-site-data",
        "strict-transport-security",
        "content-security-policy",
        "service-worker-allowed",
        "server",
        "date",
    }
)
_SANDBOX = ("Content-Security-Policy", "sandbox allow-scripts allow-forms")

Headers = Iterable[tuple[str, str]]


def to_service(headers: Headers, *, prefix: str, client: str) -> list[tuple[str, str]]:
    """The headers of a request as the service gets them.

    Args:
        prefix: path under which the caller sees the service.
        client: address of the caller.
    """
    given = list(headers)
    dropped = _HOP_BY_HOP | _KEPT_FROM_SERVICE | _named_by_connection(given)
    kept = [
        (name, value)
        for name, value in given
        if name.lower() not in dropped and not name.lower().startswith("x-forwarded-")
    ]
    return [*kept, ("X-Forwarded-Prefix", prefix), ("X-Forwarded-For", client)]


def to_caller(headers: Headers) -> list[tuple[str, str]]:
    """The headers of an answer as the caller gets them; a page runs without the rights of the console's origin."""
    given = list(headers)
    dropped = _HOP_BY_HOP | _KEPT_FROM_CALLER | _named_by_connection(given)
    kept = [(name, value) for name, value in given if name.lower() not in dropped]
    if not any(name.lower() == "cache-control" for name, _ in kept):
        kept.append(("Cache-Control", "no-store"))
    return [*kept, _SANDBOX]


def is_same_origin(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that a page of this server asks; pages of other sites cannot make it say so."""
    if "sec-fetch-site" in headers:
        return headers["sec-fetch-site"] == "same-origin"
    origin = headers.get("origin", "")
    return bool(origin) and origin.partition("://")[2] == headers.get("host")


def _named_by_connection(headers: Headers) -> frozenset[str]:
    """Headers that `Connection` declares to be meant for the next hop only."""
    named = (value for name, value in headers if name.lower() == "connection")
    return frozenset(word.strip().lower() for value in named for word in value.split(","))
