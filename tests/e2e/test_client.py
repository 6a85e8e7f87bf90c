"""The SDK against a real server: uploads that break off, errors by family, live events, chains of steps."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from kpl.client import Client, LocalServer, connect, find_server
from kpl.client.transport import Transport
from kpl.errors import Conflict, Denied, Invalid, NotFound, Unavailable
from kpl.testing.pipelines import chain as toys
from kpl.testing.toy_algorithm import write_toy_algorithm

pytestmark = pytest.mark.e2e

MANIFEST = """\
name: {name}
version: "1.0"
title: {{en: Writer, zh: 写入}}
description: {{en: Writes a word., zh: 写一个词。}}
task: processing
licence: Apache-2.0
functions:
  process:
    command: [python, "{{algorithm}}/process.py"]
    inputs:
      - {{name: before, type: files, optional: true}}
    outputs:
      - {{name: text, type: files}}
    parameters:
      type: object
      properties:
        word: {{type: string, default: hello}}
        code: {{type: integer, minimum: 0, maximum: 255, default: 0}}
    resources: {{cpu: 0.1, memory: 16Mi}}
"""
PROGRAM = """\
import helper, json, os, pathlib, sys

parameters = json.load(open(os.environ["KPL_PARAMETERS"]))
print("word:", parameters["word"])
pathlib.Path(os.environ["KPL_OUTPUT_TEXT"], "word.txt").write_text(helper.spell(parameters["word"]))
sys.exit(parameters["code"])
"""
HELPER = "def spell(word):\n    return word.upper()\n"


def write_algorithm(folder: Path, name: str, *, helper: str = HELPER) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "algorithm.yaml").write_text(MANIFEST.format(name=name))
    (folder / "process.py").write_text(PROGRAM)
    (folder / "helper.py").write_text(helper)
    return folder


def chain(algorithm: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    """Steps s0 -> s1 -> ..., each with its own parameters."""
    nodes = [
        {
            "id": f"s{i}",
            "type": "algorithm",
            "algorithm": algorithm,
            "function": "process",
            "parameters": values,
        }
        for i, values in enumerate(parameters)
    ]
    edges = [{"from": f"s{i}.text", "to": f"s{i + 1}.before"} for i in range(len(parameters) - 1)]
    return {"schema": "kpl.pipeline/v1", "name": algorithm, "nodes": nodes, "edges": edges}


def ran(client: Client, document: dict[str, Any]) -> dict[str, str]:
    """Run a document to its end and say why each step ran or was reused."""
    run = client.runs.wait(client.runs.create(document=document).id, timeout_s=60)
    assert run.state == "succeeded", run.reason
    return {task.name: task.why for task in run.tasks}


def test_only_what_depends_on_a_change_runs_again(client: Client, tmp_path: Path) -> None:
    client.algorithms.install(write_algorithm(tmp_path / "a", "chained"))
    first = ran(client, chain("chained", {"word": "a"}, {"word": "b"}, {"word": "c"}))
    assert set(first.values()) == {"ran: first time"}

    again = ran(client, chain("chained", {"word": "a"}, {"word": "b"}, {"word": "c"}))
    assert all(why.startswith("reused from task ") for why in again.values())

    changed = ran(client, chain("chained", {"word": "a"}, {"word": "x"}, {"word": "c"}))
    assert changed["s0"].startswith("reused from task ")
    assert "parameter word b -> x" in changed["s1"]
    assert "input before changed" in changed["s2"]


def test_a_changed_helper_file_runs_everything_that_uses_it_again(client: Client, tmp_path: Path) -> None:
    client.algorithms.install(write_algorithm(tmp_path / "a", "helped"))
    ran(client, chain("helped", {"word": "a"}))
    client.algorithms.delete("helped")
    changed = HELPER.replace("upper", "title")
    client.algorithms.install(write_algorithm(tmp_path / "b", "helped", helper=changed))
    assert "helper.py changed" in ran(client, chain("helped", {"word": "a"}))["s0"]


def test_a_run_from_a_node_takes_over_what_came_before(client: Client, tmp_path: Path) -> None:
    client.algorithms.install(write_algorithm(tmp_path / "a", "restarted"))
    run = client.runs.create(document=chain("restarted", {"word": "a"}, {"word": "b"}, {"word": "c"}))
    client.runs.wait(run.id, timeout_s=60)
    again = client.runs.wait(client.runs.rerun(run.id, from_node="s1").id, timeout_s=60)
    states = {task.name: str(task.state) for task in again.tasks}
    assert states == {"s0": "reused", "s1": "succeeded", "s2": "succeeded"}


def test_a_failed_step_says_so_and_skips_what_depends_on_it(client: Client, tmp_path: Path) -> None:
    client.algorithms.install(write_algorithm(tmp_path / "a", "failing"))
    run = client.runs.create(
        document=chain("failing", {"word": "a"}, {"word": "b", "code": 3}, {"word": "c"})
    )
    run = client.runs.wait(run.id, timeout_s=60)
    tasks = {task.name: task for task in run.tasks}
    assert run.state == "failed"
    assert "3" in tasks["s1"].reason
    assert (str(tasks["s2"].state), "s1" in tasks["s2"].reason) == ("skipped", True)
    assert list(client.tasks.log_lines(tasks["s1"].id)) == ["word: b"]
    assert client.tasks.search_log(tasks["s1"].id, "word").num_matches == 1


def test_a_run_that_is_stopped_ends_and_twice_does_no_harm(client: Client, tmp_path: Path) -> None:
    client.algorithms.install(write_toy_algorithm(tmp_path / "toy"))
    run = client.runs.create(document=toys("a", "b", wait_for=str(tmp_path / "never")))
    first = next(task for task in run.tasks if task.name == "a")
    for seen in client.runs.watch(run.id, timeout_s=60):
        if any(task.id == first.id and task.state == "running" for task in seen.tasks):
            break
    assert client.runs.cancel(run.id).id == run.id
    with suppress(Conflict):  # it may be over by now
        client.runs.cancel(run.id)
    ended = client.runs.wait(run.id, timeout_s=60)
    assert (ended.state, [str(task.state) for task in ended.tasks]) == ("cancelled", ["cancelled"] * 2)
    with pytest.raises(Conflict, match="is over: cancelled"):
        client.tasks.cancel(first.id)


def test_a_log_is_followed_through_all_attempts(client: Client, tmp_path: Path) -> None:
    client.algorithms.install(write_toy_algorithm(tmp_path / "toy"))
    document = toys("a", fail_until=2, lines=2)
    document["nodes"][0]["retries"] = 1
    run = client.runs.create(document=document)
    lines = list(client.tasks.log_lines(run.tasks[0].id, follow=True))
    assert lines == ["line 0: a", "line 1: a"] * 2
    assert list(client.tasks.log_lines(run.tasks[0].id, attempt=1, follow=True)) == lines[:2]


def test_problems_of_a_document_name_node_reason_and_fix(client: Client, tmp_path: Path) -> None:
    client.algorithms.install(write_algorithm(tmp_path / "a", "checked"))
    document = chain("checked", {"word": "a"}, {"wrod": "b"})
    answer = client.pipelines.validate(document)
    assert not answer.is_valid
    assert answer.problems[0].node == "s1"
    assert "word" in answer.problems[0].fix
    with pytest.raises(Invalid, match="wrod"):
        client.runs.create(document=document)


def test_an_upload_goes_on_where_it_broke_off(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "data.bin"
    path.write_bytes(bytes(range(256)) * 80_000)  # more than two pieces
    sent: list[int] = []

    class Broken(Transport):
        """Loses the answer of the first piece, as a network does."""

        def request(self, method: str, path: str, **options: Any) -> httpx.Response:
            answer = super().request(method, path, **options)
            if method == "PATCH" and not sent:
                sent.append(0)
                raise Unavailable("the line was cut")
            return answer

    broken = Broken(client.url, token=_token(client))
    client.uploads._transport = broken
    upload_id = client.uploads.send(path, progress=lambda done, _total: sent.append(done))
    broken.close()
    assert upload_id > 0
    assert sent[-1] == path.stat().st_size


def _token(client: Client) -> str:
    return client.tokens.create("test", scopes=["write"]).token


def test_errors_arrive_as_their_families(client: Client, server: LocalServer) -> None:
    with pytest.raises(NotFound, match="no dataset 'nothing'"):
        client.datasets.get("nothing")
    with pytest.raises(Invalid):
        client.runs.create(template="image_classification")
    reader = client.tokens.create("reader", scopes=["read"]).token
    with Client(server.url, token=reader) as weak, pytest.raises(Denied, match="no scope 'write'"):
        weak.datasets.delete("nothing")
    with Client(server.url, token="kpl_wrong") as nobody, pytest.raises(Denied):
        list(nobody.datasets.list())
    with (
        Client("http://127.0.0.1:9", token="x", timeout_s=2) as lost,
        pytest.raises(Unavailable, match="kpl doctor"),
    ):
        lost.machines.list()


def test_a_version_cannot_be_installed_twice_with_other_files(client: Client, tmp_path: Path) -> None:
    client.algorithms.install(write_algorithm(tmp_path / "a", "twice"))
    with pytest.raises(Conflict, match="Raise `version`"):
        client.algorithms.install(write_algorithm(tmp_path / "b", "twice", helper=HELPER + "# changed\n"))


def test_a_server_is_found_by_its_data_folder_or_not_at_all(
    server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("KPL_SERVER", "KPL_TOKEN", "KPL_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    assert find_server(data_dir=server.data_dir).url == server.url
    with connect(data_dir=server.data_dir) as found:
        assert found.machines.list()
    with pytest.raises(NotFound, match="kpl up"):
        find_server(data_dir=tmp_path)


def test_a_second_server_on_the_same_data_is_refused(server: LocalServer) -> None:
    from kpl.client import start_server

    with pytest.raises(Unavailable, match="Another server works on"):
        start_server(server.data_dir)
    written = json.loads((server.data_dir / "server.json").read_text())
    assert written["url"] == server.url
