import httpx

from kpl.testing.server import SignedIn


def test_whoever_signed_in_is_told_who_they_are(admin: SignedIn) -> None:
    answer = admin.client.get("/api/v1/session")
    assert answer.status_code == 200
    assert answer.json()["username"] == "root"


def test_without_a_sign_in_nothing_but_health_is_answered(anonymous: httpx.Client) -> None:
    assert anonymous.get("/api/v1/health").status_code == 200
    answer = anonymous.get("/api/v1/session")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_signed_in"
