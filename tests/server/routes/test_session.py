"""Signing in over HTTP."""

import httpx

from kpl.server.services import sessions
from kpl.testing.server import PASSWORD, RunningServer, SignedIn, add_user


def test_whoever_signed_in_is_told_who_they_are(admin: SignedIn) -> None:
    answer = admin.client.get("/api/v1/session")
    assert answer.status_code == 200
    assert answer.json()["username"] == "root"
    assert answer.json()["csrf_token"] == admin.client.headers["X-CSRF-Token"]


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    server: RunningServer, anonymous: httpx.Client
) -> None:
    add_user(server.platform, "ann")
    answer = anonymous.post("/api/v1/session", json={"username": "ann", "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/" in cookie
    assert "secure" not in cookie  # this test speaks plain HTTP


def test_signing_out_takes_the_cookie_back(admin: SignedIn) -> None:
    answer = admin.client.delete("/api/v1/session")
    assert answer.status_code == 204
    assert "kpl_session" not in admin.client.cookies
    assert admin.client.get("/api/v1/session").status_code == 401


def test_a_link_signs_in(server: RunningServer, anonymous: httpx.Client) -> None:
    ann = add_user(server.platform, "ann")
    with server.platform.db.write() as session:
        secret = sessions.new_sign_in_link(server.platform, session, ann.user_id)
    answer = anonymous.post("/api/v1/session", json={"link_token": secret})
    assert answer.json()["username"] == "ann"
    assert anonymous.get("/api/v1/session").json()["username"] == "ann"


def test_two_ways_at_once_are_one_too_many(anonymous: httpx.Client) -> None:
    both = {"username": "ann", "password": PASSWORD, "link_token": "x"}
    for body in (both, {}, {"username": "ann"}):
        assert anonymous.post("/api/v1/session", json=body).status_code == 422


def test_without_a_sign_in_the_way_in_is_told(anonymous: httpx.Client) -> None:
    answer = anonymous.get("/api/v1/session")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_signed_in"


def test_waiting_is_told_in_seconds(server: RunningServer, anonymous: httpx.Client) -> None:
    add_user(server.platform, "ann")
    for _ in range(server.platform.settings.sign_in_failures):
        anonymous.post("/api/v1/session", json={"username": "ann", "password": "guess"})
    answer = anonymous.post("/api/v1/session", json={"username": "ann", "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_attempts")
    assert answer.headers["retry-after"] == "900"


def test_a_token_needs_no_csrf_token(admin: SignedIn, anonymous: httpx.Client) -> None:
    made = admin.client.post("/api/v1/tokens", json={"name": "ci", "scopes": ["write"]}).json()
    bearer = {"Authorization": f"Bearer {made['token']}"}
    session = anonymous.get("/api/v1/session", headers=bearer).json()
    assert (session["username"], session["csrf_token"]) == ("root", None)
    assert anonymous.post("/api/v1/projects", json={"name": "digits"}, headers=bearer).status_code == 201


def test_other_ways_to_authorize_are_refused(anonymous: httpx.Client) -> None:
    for header in ("Basic cm9vdDpyb290", "Bearer", "kpl_token"):
        answer = anonymous.get("/api/v1/session", headers={"Authorization": header})
        assert answer.status_code == 401
