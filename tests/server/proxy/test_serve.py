from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from kpl.client import connect
from kpl.errors import NotFound
from kpl.schemas.endpoint import DeploymentOut, EndpointCreate, EndpointOut
from kpl.schemas.token import TokenCreate
from kpl.server.services import endpoints, tokens
from kpl.server.services.access import SERVER, Role
from kpl.testing.pipelines import toy_node, toy_pipeline
from kpl.testing.server import PASSWORD, LoopThread, RunningServer, add_project, add_user
from kpl.testing.working_server import Working, wait_until

CALL = "/serve/default/toy/v2/models?x=%2F1"


@pytest.fixture(scope="module")
def served(works: Working) -> Iterator[str]:
    """The address of a server with a ready endpoint `toy`."""
    works.run(toy_pipeline(toy_node("train", "train", publish={"model": "toy"})))
    endpoints.create_endpoint(works.platform, SERVER, "default", EndpointCreate(name="toy", model="toy"))
    works.endpoint_in("toy", "ready")
    add_project(works.platform, "other")
    add_user(works.platform, "ann", roles={"default": Role.VIEWER})
    add_user(works.platform, "bob", roles={"other": Role.ADMIN})
    thread = LoopThread()
    server = RunningServer(works.platform, thread)
    yield server.url
    server.close()
    thread.close()


@contextmanager
def sign_in(url: str, username: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url) as client:
        answer = client.post("/api/v1/session", json={"username": username, "password": PASSWORD})
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        yield client


@pytest.fixture
def ann(served: str) -> Iterator[httpx.Client]:
    """A viewer of the project, signed in by cookie."""
    with sign_in(served, "ann") as client:
        yield client


def test_request_reaches_the_service_and_its_answer_the_caller(ann: httpx.Client) -> None:
    answer = ann.post(CALL, content=b"an image")
    assert answer.status_code == 200
    seen = answer.json()
    assert (seen["method"], seen["path"], seen["body"]) == ("POST", "/v2/models?x=%2F1", "an image")
    assert seen["headers"]["X-Forwarded-Prefix"] == "/serve/default/toy"
    assert answer.headers["x-toy"] == "yes"


def test_address_without_a_slash_leads_to_the_first_page(ann: httpx.Client) -> None:
    answer = ann.get("/serve/default/toy?x=1")
    assert (answer.status_code, answer.headers["location"]) == (307, "/serve/default/toy/?x=1")
    assert ann.get("/serve/default/toy", follow_redirects=True).json()["path"] == "/"


def test_streamed_body_reaches_the_service(ann: httpx.Client) -> None:
    pieces = (piece for piece in (b"one ", b"two"))
    assert ann.post(CALL, content=pieces).json()["body"] == "one two"


def test_status_of_the_service_is_passed_on(ann: httpx.Client) -> None:
    assert ann.get("/serve/default/toy/teapot").status_code == 418


def test_service_never_sees_who_asks(ann: httpx.Client) -> None:
    answer = ann.post(CALL, headers={"X-Real-IP": "1.2.3.4", "Connection": "x-hop", "X-Hop": "1"})
    names = {name.lower() for name in answer.json()["headers"]}
    assert not names & {"cookie", "authorization", "x-csrf-token", "x-hop", "x-real-ip"}
    assert answer.json()["headers"]["X-Forwarded-For"] == "127.0.0.1"


def test_service_sets_no_cookie_and_its_pages_have_no_rights(ann: httpx.Client) -> None:
    answer = ann.get(CALL)
    assert "set-cookie" not in answer.headers
    assert answer.headers["content-security-policy"] == "sandbox allow-scripts allow-forms"


def test_nobody_calls_an_endpoint_without_a_sign_in(served: str) -> None:
    answer = httpx.get(served + CALL)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


def test_stranger_cannot_even_tell_that_the_project_exists(served: str) -> None:
    with sign_in(served, "bob") as bob:
        assert bob.get(CALL).status_code == 404


def test_change_by_cookie_needs_the_csrf_token_or_a_page_of_this_server(ann: httpx.Client) -> None:
    del ann.headers["X-CSRF-Token"]
    assert ann.post(CALL).status_code == 403
    assert ann.post(CALL, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert ann.post(CALL, headers={"Origin": "https://evil.example"}).status_code == 403
    assert ann.post(CALL, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_path_cannot_lead_to_another_host(ann: httpx.Client) -> None:
    answer = ann.get("/serve/default/toy//evil.example/x")
    assert answer.json()["path"].endswith("/evil.example/x")
    assert answer.json()["headers"]["Host"].startswith("127.0.0.1:")


def test_unknown_endpoint_is_named_with_the_nearest(ann: httpx.Client) -> None:
    answer = ann.get("/serve/default/tor/x")
    assert (answer.status_code, answer.json()["hint"]) == (404, "Did you mean 'toy'?")


def test_traffic_is_counted(works: Working, ann: httpx.Client) -> None:
    before = endpoints.get_endpoint(works.platform, SERVER, "default", "toy").traffic.num_requests
    for _ in range(3):
        ann.get(CALL)
    traffic = wait_until(
        lambda: endpoints.get_endpoint(works.platform, SERVER, "default", "toy").traffic,
        lambda traffic: traffic.num_requests == before + 3,
    )
    assert traffic.p50_ms is not None
    assert traffic.p50_ms > 0
    page = ann.get("/metrics").text
    assert f'kpl_endpoint_requests{{endpoint="toy",project="default"}} {before + 3}.0' in page
    assert 'kpl_tasks{state="ready"} 1.0' in page


def test_service_that_crashed_is_restarted_and_until_then_the_answer_says_why(
    works: Working, ann: httpx.Client
) -> None:
    task_id = endpoints.get_endpoint(works.platform, SERVER, "default", "toy").task_id
    crashed = ann.get("/serve/default/toy/crash")
    assert (crashed.status_code, crashed.json()["code"]) == (503, "unavailable")
    wait_until(
        lambda: endpoints.get_endpoint(works.platform, SERVER, "default", "toy"),
        lambda seen: seen.state == "ready" and seen.num_restarts == 1,
    )
    assert endpoints.get_endpoint(works.platform, SERVER, "default", "toy").task_id == task_id
    assert ann.get(CALL).status_code == 200


def _version(given: EndpointOut | DeploymentOut) -> int | None:
    return given.model.version if given.model is not None else None


def test_model_that_answered_before_is_put_back(works: Working, served: str) -> None:
    node = toy_node("again", "train", parameters={"text": "other weights"}, publish={"model": "toy"})
    works.run(toy_pipeline(node))
    admin = add_user(works.platform, "eve", is_admin=True)
    token = tokens.create_token(works.platform, admin, TokenCreate(name="eve", scopes=["admin"])).token
    with connect(server=served, token=token, project="default") as client:
        with pytest.raises(NotFound, match="no published model of task 999"):
            client.endpoints.roll_back("toy", to=999)
        client.endpoints.create("back", "toy", version=1)
        works.endpoint_in("back", "ready")
        with pytest.raises(NotFound, match="nothing that answered before"):
            client.endpoints.roll_back("back")
        client.endpoints.create("back", "toy", version=2)
        assert _version(client.endpoints.wait_ready("back")) == 2
        assert client.endpoints.roll_back("back").name == "back"
        wait_until(lambda: client.endpoints.get("back"), lambda seen: _version(seen) == 1)
        works.endpoint_in("back", "ready")
        assert [_version(each) for each in client.endpoints.deployments("back")] == [1, 2, 1]
        client.endpoints.stop("back")
        works.endpoint_in("back", "stopped")
        client.endpoints.delete("back")


def test_stopped_endpoint_says_so_and_a_deleted_one_is_gone(works: Working, ann: httpx.Client) -> None:
    endpoints.create_endpoint(works.platform, SERVER, "default", EndpointCreate(name="brief", model="toy"))
    works.endpoint_in("brief", "ready")
    endpoints.stop_endpoint(works.platform, SERVER, "default", "brief")
    works.endpoint_in("brief", "stopped")
    call = CALL.replace("toy", "brief")
    answer = ann.get(call)
    assert answer.status_code == 503
    assert "is stopped: stopped by kpl" in answer.json()["detail"]
    endpoints.delete_endpoint(works.platform, SERVER, "default", "brief")
    assert ann.get(call).status_code == 404
    left = endpoints.list_endpoints(works.platform, SERVER, "default").items
    assert [endpoint.name for endpoint in left] == ["toy"]
