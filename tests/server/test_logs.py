"""The log holds no secrets."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from kpl.server.logs import configure_logs, mask_secrets
from kpl.server.services.passwords import new_secret

SECRET = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", min_size=20, max_size=43)
PLAIN = st.text(max_size=20)


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in root.handlers:
        if handler not in handlers and isinstance(handler, logging.StreamHandler):
            handler.stream.close() if handler.stream.name.endswith(".log") else None
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def nested(leaf: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(PLAIN, inner, max_size=3), st.tuples(inner)
        ),
        max_leaves=5,
    )


@given(st.data(), SECRET)
def test_a_token_is_masked_wherever_it_stands(data: st.DataObject, secret: str) -> None:
    token = f"kpl_{secret}"
    around = st.sampled_from(["{}", "Bearer {}", "x {}\ny", "http://127.0.0.1/?t={}", '{{"a": "{}"}}'])
    value = data.draw(nested(around.map(lambda text: text.format(token))))
    masked = mask_secrets(None, "", {"event": value, "detail": {token: value}})
    assert secret not in json.dumps(masked, default=str)


@given(
    st.sampled_from(
        ["password", "current_password", "link_token", "Authorization", "cookie", "X-CSRF-Token"]
    ),
    SECRET,
)
def test_whatever_has_a_telling_name_is_masked(name: str, secret: str) -> None:
    masked = mask_secrets(None, "", {"event": "request", "body": {"inner": [{name: secret}]}, name: secret})
    assert secret not in json.dumps(masked, default=str)


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1:8700/sign-in#link={}",
        "kpl_session={}; other=1",
        "authorization: Bearer {}",
        "postgresql+psycopg://kpl:{}@db.example/kpl",
    ],
)
def test_secrets_in_sentences_are_masked(text: str) -> None:
    secret = new_secret()
    masked = mask_secrets(None, "", {"event": text.format(secret), "error": ValueError(text.format(secret))})
    assert secret not in json.dumps(masked, default=str)


def test_ordinary_values_stay() -> None:
    event = {"event": "request", "path": "/api/v1/users", "status": 200, "user": None, "rate": 0.5}
    assert mask_secrets(None, "", dict(event)) == event


def test_lines_of_libraries_and_tracebacks_are_masked_json(tmp_path: Path) -> None:
    path = tmp_path / "server.log"
    configure_logs(file=path)
    token = f"kpl_{new_secret()}"
    try:
        raise ValueError(f"cannot use {token}")
    except ValueError:
        logging.getLogger("some.library").exception("failed with %s", token)
        structlog.get_logger("kpl.server").exception("failed", token_of="ann", detail=token)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["level"] for line in lines] == ["error", "error"]
    assert all("ValueError" in line["exception"] for line in lines)
    assert token not in path.read_text()
