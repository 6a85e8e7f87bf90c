"""The server's log: one line of JSON an event, and never a secret in it.

What looks like one is masked wherever it stands: values under telling names, API tokens, and the secrets of
links and cookies. Code that logs still must not log secrets; this is the net below.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any, Literal, TextIO

import structlog

MASK = "***"

_TELLING_NAME = re.compile(
    r"passw(or)?d|passphrase|secret|token|credential|authorization|cookie|api_?key|private_?key|database_url",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(
    r"kpl_[A-Za-z0-9_-]{16,}"  # API tokens
    r"|(?<=#link=)[A-Za-z0-9_-]+"
    r"|(?i:(?<=bearer )\S+)"
    r"|(?i:(?<=kpl_session=)[^;\s]+)"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"  # user and password in an address
)
_MAX_DEPTH = 8


def configure_logs(
    *,
    level: str = "info",
    format: Literal["json", "text"] = "json",
    file: Path | None = None,
) -> None:
    """Send the server's own log and that of its libraries to stderr, or to a file that is appended to."""
    stream: TextIO = sys.stderr
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        stream = file.open("a", encoding="utf-8", buffering=1)
    last = (
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        if format == "json"
        else structlog.dev.ConsoleRenderer(colors=file is None and stream.isatty())
    )
    processors: list[structlog.typing.Processor] = [
        _without_colours,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask_secrets,
    ]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *processors],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for noisy in ("httpx", "httpcore", "alembic", "multipart"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *processors,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _without_colours(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event.pop("color_message", None)  # uvicorn says everything twice
    return event


def mask_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: replace what looks like a secret."""
    return {
        name: value if name.startswith("_") else _masked(name, value, _MAX_DEPTH)
        for name, value in event.items()
    }


def _masked(name: str, value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if _TELLING_NAME.search(name) or depth == 0:
        return MASK
    if isinstance(value, Mapping):
        return {_masked_text(key): _masked(str(key), item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked("", item, depth - 1) for item in value]
    return _masked_text(value)


def _masked_text(value: Any) -> str:
    return _SECRET_TEXT.sub(MASK, str(value))
