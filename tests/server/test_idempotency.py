"""Repeated requests with an Idempotency-Key."""

import threading
from typing import Any

import pytest

from kpl.schemas.project import ProjectCreate
from kpl.server.db.tables.idempotency import IdempotencyRow
from kpl.server.services import idempotency, projects
from kpl.server.services.platform import Platform
from kpl.testing.server import FakeClock, SignedIn

KEY = {"Idempotency-Key": "b3f1c0de"}


def test_the_second_request_gets_the_answer_of_the_first(admin: SignedIn) -> None:
    first = admin.client.post("/api/v1/projects", json={"name": "digits"}, headers=KEY)
    second = admin.client.post("/api/v1/projects", json={"name": "digits"}, headers=KEY)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert second.headers["content-type"] == "application/json"


def test_an_answer_with_a_secret_is_not_kept(admin: SignedIn, platform: Platform) -> None:
    asked: dict[str, Any] = {"name": "ci", "scopes": ["read"]}
    token = admin.client.post("/api/v1/tokens", json=asked, headers=KEY).json()["token"]
    again = admin.client.post("/api/v1/tokens", json=asked, headers=KEY)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    user = {"username": "ann"}
    password = admin.client.post("/api/v1/users", json=user, headers={"Idempotency-Key": "a-user"}).json()[
        "one_time_password"
    ]
    link = admin.client.post("/api/v1/users/ann/sign-in-link", headers={"Idempotency-Key": "a-link"}).json()[
        "path"
    ]
    with platform.db.read() as session:
        kept = b"".join(row.body for row in session.query(IdempotencyRow))
    assert kept.count(b"held a secret") == 3
    for secret in (token, password, link.partition("link=")[2]):
        assert secret
        assert secret.encode() not in kept


def test_without_a_key_it_is_carried_out_again(admin: SignedIn) -> None:
    statuses = [admin.client.post("/api/v1/projects", json={"name": "digits"}).status_code for _ in range(2)]
    assert statuses == [201, 409]


def test_a_key_is_for_one_request(admin: SignedIn) -> None:
    admin.client.post("/api/v1/projects", json={"name": "digits"}, headers=KEY)
    answer = admin.client.post("/api/v1/projects", json={"name": "faces"}, headers=KEY)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_a_refused_request_may_be_mended_under_its_key(admin: SignedIn) -> None:
    bad = admin.client.post("/api/v1/projects", json={"name": "NOT A NAME"}, headers=KEY)
    good = admin.client.post("/api/v1/projects", json={"name": "digits"}, headers=KEY)
    assert (bad.status_code, good.status_code) == (422, 201)


def test_keys_of_users_are_their_own(admin: SignedIn, developer: SignedIn) -> None:
    mine = admin.client.post("/api/v1/projects", json={"name": "digits"}, headers=KEY)
    theirs = developer.client.post("/api/v1/projects", json={"name": "faces"}, headers=KEY)
    assert (mine.status_code, theirs.status_code) == (201, 201)


def test_a_stored_answer_is_for_the_signed_in_only(admin: SignedIn) -> None:
    admin.client.post("/api/v1/projects", json={"name": "digits"}, headers=KEY)
    admin.client.delete("/api/v1/session")
    answer = admin.client.post("/api/v1/projects", json={"name": "digits"}, headers=KEY)
    assert answer.status_code == 401


def test_a_key_without_csrf_token_is_refused(admin: SignedIn) -> None:
    del admin.client.headers["X-CSRF-Token"]
    answer = admin.client.post("/api/v1/projects", json={"name": "digits"}, headers=KEY)
    assert answer.status_code == 403


def test_a_key_is_forgotten_after_its_time(platform: Platform, admin: SignedIn, clock: FakeClock) -> None:
    for name in ("digits", "faces"):
        answer = admin.client.post("/api/v1/projects", json={"name": name}, headers=KEY)
        assert answer.status_code == 201
        clock.advance(platform.settings.idempotency_lifetime_s / 2)
        admin.client.get("/api/v1/session")
        clock.advance(platform.settings.idempotency_lifetime_s / 2 + 1)
        admin.client.get("/api/v1/session")


def test_of_requests_at_once_one_is_carried_out(admin: SignedIn, monkeypatch: pytest.MonkeyPatch) -> None:
    is_inside, may_go_on = threading.Event(), threading.Event()
    create = projects.create_project

    def slow(platform: Platform, caller: Any, new: ProjectCreate) -> Any:
        is_inside.set()
        assert may_go_on.wait(10)
        return create(platform, caller, new)

    monkeypatch.setattr(projects, "create_project", slow)
    answers: list[int] = []

    def send() -> None:
        answer = admin.client.post("/api/v1/projects", json={"name": "digits"}, headers=KEY)
        answers.append(answer.status_code)

    first = threading.Thread(target=send)
    first.start()
    assert is_inside.wait(10)
    send()
    may_go_on.set()
    first.join(timeout=30)
    send()
    assert answers == [409, 201, 201]


def test_a_failed_server_leaves_the_key_undecided(
    platform: Platform, admin: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(projects, "create_project", fail)
    assert admin.client.post("/api/v1/projects", json={"name": "digits"}, headers=KEY).status_code == 500
    answer = admin.client.post("/api/v1/projects", json={"name": "digits"}, headers=KEY)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize("key", ["x" * 201, "a\x7fb"])
def test_an_odd_key_is_refused(admin: SignedIn, key: str) -> None:
    answer = admin.client.post("/api/v1/projects", json={"name": "d"}, headers={"Idempotency-Key": key})
    assert answer.status_code == 422


def test_a_large_request_cannot_have_a_key(admin: SignedIn) -> None:
    body = {"name": "digits", "description": "x" * (5 << 20)}
    answer = admin.client.post("/api/v1/projects", json=body, headers=KEY)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_old_answers_are_removed(platform: Platform, admin: SignedIn, clock: FakeClock) -> None:
    admin.client.post("/api/v1/projects", json={"name": "digits"}, headers=KEY)
    clock.advance(platform.settings.idempotency_lifetime_s + 1)
    idempotency.remove_old(platform)
    with platform.db.read() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM idempotency").scalar_one() == 0
