"""Pipelines, runs, tasks and machines over HTTP, against a server that works."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from kpl.server.services.access import Role
from kpl.testing.pipelines import chain, toy_node, toy_pipeline
from kpl.testing.server import PASSWORD, LoopThread, RunningServer, add_user
from kpl.testing.working_server import wait_until, working

P = "/api/v1/projects/default"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with working(tmp_path_factory.mktemp("works") / "data") as works:
        add_user(works.platform, "dev", roles={"default": Role.DEVELOPER})
        thread = LoopThread()
        server = RunningServer(works.platform, thread)
        yield server.url
        works.end_all()
        server.close()
        thread.close()


@contextmanager
def signed_in(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url) as client:
        answer = client.post("/api/v1/session", json={"username": "dev", "password": PASSWORD})
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        yield client


@pytest.fixture
def client(url: str) -> Iterator[httpx.Client]:
    with signed_in(url) as client:
        yield client


def finish(client: httpx.Client, run_id: int) -> dict[str, Any]:
    def look() -> dict[str, Any]:
        return dict(client.get(f"{P}/runs/{run_id}").json())

    return wait_until(look, lambda run: run["state"] in ("succeeded", "failed", "cancelled"))


def test_pipeline_goes_from_draft_to_a_run_with_log_and_files(client: httpx.Client) -> None:
    made = client.post(f"{P}/pipelines", json={"name": "mine", "document": chain("one", "two")})
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    plan = client.post(f"{P}/pipelines/plan", json={"pipeline": "mine"}).json()
    assert (plan["num_to_run"], plan["num_reused"]) == (2, 0)
    started = client.post(f"{P}/runs", json={"pipeline": "mine", "origin": "cli"})
    assert started.status_code == 201
    run = finish(client, started.json()["id"])
    assert (run["state"], run["origin"], run["revision"]) == ("succeeded", "cli", 1)

    task = f"{P}/tasks/{run['tasks'][1]['id']}"
    log = client.get(f"{task}/log?start=-1").json()
    assert (log["lines"], log["num_lines"], log["is_final"]) == (["line 0: two"], 1, True)
    found = client.get(f"{task}/log/search?q=TWO").json()
    assert found["matches"] == [{"line": 0, "text": "line 0: two"}]
    told = client.get(f"{task}/log/error").json()
    assert told == {"attempt": 1, "from_end": 1, "text": "line 0: two"}
    (output,) = client.get(f"{task}/outputs").json()
    assert output["files"] == [{"path": "text", "size_bytes": 7}]
    part = client.get(f"{task}/outputs/files/files/text", headers={"Range": "bytes=4-6"})
    assert (part.status_code, part.text) == (206, "two")
    assert client.get(f"{task}/attempts").json()[0]["exit_code"] == 0
    series = client.get(f"{task}/metrics/score?from=1").json()
    assert series["steps"] == [1, 2]


def test_log_of_a_failed_task_tells_of_its_error(client: httpx.Client) -> None:
    parameters = {"text": "error: disk is full", "lines": 3, "exit_code": 1}
    document = toy_pipeline(toy_node("full", parameters=parameters))
    run = finish(client, client.post(f"{P}/runs", json={"document": document}).json()["id"])
    assert (run["state"], run["reason_zh"][:3]) == ("failed", "任务 ")
    (failed,) = run["tasks"]
    assert (failed["reason"], failed["reason_zh"]) == (
        "line 0: error: disk is full (the process ended with exit code 1)",
        "“line 0: error: disk is full”（进程以退出码 1 结束）",
    )
    found = client.get(f"{P}/tasks/{failed['id']}/log/error").json()
    assert (found["attempt"], found["text"]) == (1, "line 0: error: disk is full")
    line = client.get(f"{P}/tasks/{failed['id']}/log?start={-found['from_end']}&limit=1").json()
    assert line["lines"] == [found["text"]]


def test_draft_is_kept_from_save_to_save_by_its_etag(client: httpx.Client) -> None:
    client.post(f"{P}/pipelines", json={"name": "drawn", "document": chain("one")})
    draft = f"{P}/pipelines/drawn/draft"
    none = client.get(draft)
    assert (none.json(), none.headers["etag"]) == (None, '"0"')
    body = {"base_revision": 1, "document": chain("one", "two")}
    first = client.put(draft, json=body, headers={"If-Match": none.headers["etag"]})
    assert first.status_code == 200
    assert client.put(draft, json=body, headers={"If-Match": none.headers["etag"]}).status_code == 412
    kept = client.get(draft)
    assert (kept.headers["etag"], len(kept.json()["document"]["nodes"])) == (first.headers["etag"], 2)
    assert client.delete(draft, headers={"If-Match": kept.headers["etag"]}).status_code == 204
    assert client.get(draft).json() is None


def test_request_that_names_nothing_to_run_is_told_what_to_give(client: httpx.Client) -> None:
    problem = client.post(f"{P}/runs", json={}).json()
    assert problem["detail"] == "body: give exactly one of pipeline, template, document; got none"


def test_number_beyond_all_numbers_is_refused(client: httpx.Client) -> None:
    for path in (f"{P}/runs/{1 << 70}", f"{P}/tasks/{1 << 70}/log", f"{P}/tasks?run_id={1 << 70}"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_two_people_do_not_overwrite_each_other(client: httpx.Client) -> None:
    client.post(f"{P}/pipelines", json={"name": "shared", "document": chain("a")})
    body = {"document": chain("a", "b")}
    saved = client.put(f"{P}/pipelines/shared", json=body, headers={"If-Match": '"1"'})
    assert (saved.status_code, saved.headers["etag"]) == (200, '"2"')
    late = client.put(f"{P}/pipelines/shared", json=body, headers={"If-Match": '"1"'})
    assert (late.status_code, late.json()["code"]) == (412, "stale")
    assert client.put(f"{P}/pipelines/shared", json=body, headers={"If-Match": "x"}).status_code == 422
    assert client.post(f"{P}/pipelines", json={"name": "shared", "document": chain("a")}).status_code == 409
    assert client.delete(f"{P}/pipelines/shared").status_code == 204
    assert client.get(f"{P}/pipelines/shared").status_code == 404


def test_run_names_exactly_one_source(client: httpx.Client) -> None:
    answer = client.post(f"{P}/runs", json={"pipeline": "mine", "template": "mine"})
    assert answer.status_code == 422
    assert "exactly one of pipeline, template, document" in answer.json()["detail"]


def test_stopping_is_accepted_and_a_second_stop_is_a_conflict(client: httpx.Client, tmp_path: Path) -> None:
    document = chain("wait", wait_for=str(tmp_path / "never"))
    run_id = client.post(f"{P}/runs", json={"document": document}).json()["id"]
    assert client.post(f"{P}/runs/{run_id}/cancel").status_code == 202
    finish(client, run_id)
    again = client.post(f"{P}/runs/{run_id}/cancel")
    assert (again.status_code, again.json()["detail"]) == (409, f"Run {run_id} is over: cancelled.")


def test_machines_show_who_holds_what(client: httpx.Client, tmp_path: Path) -> None:
    document = chain("hold", wait_for=str(tmp_path / "go on"))
    document["nodes"][0]["resources"] = {"cpu": 0.5, "devices": [{"kind": "gpu"}]}
    run = client.post(f"{P}/runs", json={"document": document}).json()
    task_id = run["tasks"][0]["id"]
    wait_until(lambda: client.get(f"{P}/tasks/{task_id}").json()["state"], lambda state: state == "running")
    (machine,) = client.get("/api/v1/machines").json()["machines"]
    assert {"task_id": task_id, "project": "default", "name": "hold"}.items() <= machine["holders"][0].items()
    (device,) = machine["devices"]
    assert (device["held_milli"], device["holders"][0]["task_id"]) == (1000, task_id)
    (tmp_path / "go on").write_text("")
    finish(client, run["id"])


def events_of(stream: httpx.Response) -> Iterator[dict[str, Any]]:
    """What is told on a stream, but for its beginning."""
    for line in stream.iter_lines():
        if line.startswith("data:"):
            event: dict[str, Any] = json.loads(line[5:])
            if event["type"] != "hello":
                yield event


def test_states_are_told_as_they_change_the_run_last(url: str, client: httpx.Client) -> None:
    heard: list[dict[str, Any]] = []
    is_listening = threading.Event()

    def listen() -> None:
        with (
            signed_in(url) as ear,
            ear.stream("GET", "/api/v1/events?topics=project:default", timeout=30) as stream,
        ):
            is_listening.set()
            for event in events_of(stream):
                heard.append(event)
                if event["type"] == "run" and event["data"]["state"] == "succeeded":
                    return

    thread = threading.Thread(target=listen)
    thread.start()
    assert is_listening.wait(10)
    run = client.post(f"{P}/runs", json={"document": chain("told")}).json()
    thread.join(timeout=30)
    assert not thread.is_alive()
    states = [event["data"]["state"] for event in heard if event["type"] == "task"]
    assert (states[-1], heard[-1]["data"]["id"]) == ("succeeded", run["id"])
    assert "running" in states


def test_new_log_line_is_told_within_a_second(url: str, client: httpx.Client, tmp_path: Path) -> None:
    go_on, end = tmp_path / "go on", tmp_path / "end"
    document = chain("grow", wait_for=str(go_on), last_words="bye", then_wait_for=str(end))
    run = client.post(f"{P}/runs", json={"document": document}).json()
    task = f"{P}/tasks/{run['tasks'][0]['id']}"
    wait_until(lambda: client.get(f"{task}/log").json()["num_lines"], lambda num_lines: num_lines == 1)
    told: dict[str, tuple[float, dict[str, Any]]] = {}
    topic = f"task:{run['tasks'][0]['id']}"
    with (
        signed_in(url) as ear,
        ear.stream("GET", f"/api/v1/events?topics={topic}", timeout=30) as stream,
    ):
        events = events_of(stream)
        go_on.write_text("")
        written_s = time.monotonic()
        while not {"log", "metrics"} <= set(told) or told["log"][1]["num_lines"] < 2:
            event = next(events)
            told[event["type"]] = (time.monotonic(), event["data"])
    assert told["log"][0] - written_s < 1.0
    assert told["metrics"][1]["metrics"]["score"] == {"value": 1.0, "step": 2.0}
    end.write_text("")
    assert finish(client, run["id"])["state"] == "succeeded"
