"""What holds for every request."""

import re
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from kpl.server.app import create_app
from kpl.server.services.platform import Platform
from kpl.testing.server import RunningServer, SignedIn

OPEN_TO_ALL = {("get", "/api/v1/health"), ("post", "/api/v1/session")}


def operations(platform: Platform) -> list[tuple[str, str, dict[str, Any]]]:
    paths = create_app(platform, loops=()).openapi()["paths"]
    return [(method, path, operation) for path, item in paths.items() for method, operation in item.items()]


def test_every_operation_has_an_id_in_snake_case(platform: Platform) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(platform)]
    assert [name for name in ids if not re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", name)] == []
    assert len(ids) == len(set(ids))


def test_nothing_is_answered_to_nobody(platform: Platform, anonymous: httpx.Client) -> None:
    answered = []
    for method, path, _ in operations(platform):
        if (method, path) in OPEN_TO_ALL:
            continue
        headers = {"Upload-Offset": "0"}
        address = re.sub(r"\{[^}]+\}", "1", path)
        answer = anonymous.request(method, address, params={"topics": "cluster"}, headers=headers)
        if answer.status_code != 401:
            answered.append((method, path, answer.status_code))
    assert answered == []


def test_no_change_without_a_csrf_token(platform: Platform, admin: SignedIn) -> None:
    del admin.client.headers["X-CSRF-Token"]
    changed = []
    for method, path, _ in operations(platform):
        if method == "get" or (method, path) in OPEN_TO_ALL:
            continue
        address = re.sub(r"\{[^}]+\}", "1", path)
        answer = admin.client.request(method, address, headers={"Upload-Offset": "0"})
        if answer.status_code != 403 or "X-CSRF-Token" not in answer.json()["detail"]:
            changed.append((method, path, answer.status_code))
    assert changed == []


def test_pages_of_other_sites_change_nothing(admin: SignedIn) -> None:
    answer = admin.client.post(
        "/api/v1/projects", json={"name": "digits"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403


def test_the_description_is_open_api_3_1(admin: SignedIn) -> None:
    document = admin.client.get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")


def test_an_unknown_address_is_a_problem(admin: SignedIn) -> None:
    answer = admin.client.get("/api/v1/nothing")
    problem = answer.json()
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["code"] == "not_found"
    assert problem["instance"] == "/api/v1/nothing"
    assert problem["request_id"] == answer.headers["x-request-id"]


def test_a_wrong_body_is_told_field_by_field_without_its_values(anonymous: httpx.Client) -> None:
    body = {"username": "ann", "password": ["hunter2-hunter2"], "extra": "hunter2-hunter2"}
    answer = anonymous.post("/api/v1/session", json=body)
    assert answer.status_code == 422
    problem = answer.json()
    assert {error["path"] for error in problem["errors"]} == {"body.password", "body.extra"}
    assert {error["message_zh"] for error in problem["errors"]} == {"应为文本", "没有此字段"}
    assert "extra：没有此字段" in problem["detail_zh"]
    assert "hunter2" not in answer.text


def test_a_body_that_is_no_json_is_a_problem(anonymous: httpx.Client) -> None:
    answer = anonymous.post("/api/v1/session", content=b"{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_a_wrong_method_is_a_problem(admin: SignedIn) -> None:
    answer = admin.client.put("/api/v1/session")
    assert (answer.status_code, answer.json()["code"]) == (405, "not_allowed")


def test_a_body_that_is_too_large_is_refused(platform: Platform, admin: SignedIn) -> None:
    body = {"name": "digits", "description": "x" * platform.settings.max_body_bytes}
    answer = admin.client.post("/api/v1/projects", json=body)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_bug_is_a_problem_that_tells_nothing_of_the_inside(
    platform: Platform, admin: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise RuntimeError("inner secret")

    monkeypatch.setattr("kpl.server.services.projects.list_projects", fail)
    with capture_logs() as logged:
        answer = admin.client.get("/api/v1/projects")
    assert (answer.status_code, answer.json()["code"]) == (500, "bug")
    assert "inner secret" not in answer.text
    assert answer.json()["request_id"] in answer.json()["hint"]
    (cause,) = [entry for entry in logged if entry.get("code") == "bug"]
    assert cause["request_id"] == answer.json()["request_id"]
    assert cause["cause"] == "RuntimeError: inner secret"


def test_a_request_keeps_the_number_it_comes_with(admin: SignedIn) -> None:
    given = admin.client.get("/api/v1/session", headers={"X-Request-ID": "trace-12345678"})
    assert given.headers["x-request-id"] == "trace-12345678"
    odd = admin.client.get("/api/v1/session", headers={"X-Request-ID": "a b\tc <script>"})
    assert re.fullmatch(r"[0-9a-f]{16}", odd.headers["x-request-id"])


@pytest.mark.parametrize("path", ["/", "/api/v1/health", "/api/v1/nothing"])
def test_every_answer_has_the_safety_headers(anonymous: httpx.Client, path: str) -> None:
    headers = anonymous.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert "script-src 'self';" in headers["content-security-policy"]
    assert "strict-transport-security" not in headers


def test_answers_of_the_api_are_not_cached(anonymous: httpx.Client) -> None:
    assert anonymous.get("/api/v1/health").headers["cache-control"] == "no-store"


def test_requests_are_counted_by_route_and_not_by_address(server: RunningServer, admin: SignedIn) -> None:
    for name in ("root", "nobody", "somebody"):
        admin.client.get(f"/api/v1/users/{name}")
    page = admin.client.get("/metrics").text
    assert 'route="/api/v1/users/{username}",status="200"} 1.0' in page
    assert 'route="/api/v1/users/{username}",status="404"} 2.0' in page
    assert "nobody" not in page


def test_a_gauge_is_read_when_somebody_asks(server: RunningServer, admin: SignedIn) -> None:
    server.platform.telemetry.add_gauge(
        "kpl_things", "Things.", ["state"], lambda: [({"state": "running"}, 3.0)]
    )
    assert 'kpl_things{state="running"} 3.0' in admin.client.get("/metrics").text


def test_numbers_are_not_for_other_machines(server: RunningServer, anonymous: httpx.Client) -> None:
    outside = {"X-Forwarded-For": "203.0.113.5"}
    assert anonymous.get("/metrics").status_code == 200
    assert anonymous.get("/metrics", headers=outside).status_code == 401


def test_health_says_when_the_database_is_away(
    server: RunningServer, anonymous: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy.exc import OperationalError

    def fail(*_args: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr("sqlalchemy.orm.Session.execute", fail)
    answer = anonymous.get("/api/v1/health")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
