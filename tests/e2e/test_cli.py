"""The command line as a user types it, against a real server."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kpl.client import LocalServer

pytestmark = pytest.mark.e2e


def kpl(
    server: LocalServer | None, *words: str, data_dir: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    folder = server.data_dir if server is not None else data_dir
    options = ["--data-dir", str(folder)] if folder is not None else []
    environment = {key: value for key, value in os.environ.items() if not key.startswith("KPL_")}
    return subprocess.run(
        [sys.executable, "-m", "kpl.cli", *options, *words],
        capture_output=True,
        text=True,
        timeout=120,
        env={**environment, "NO_COLOR": "1", "COLUMNS": "140"},
        check=False,
    )


def test_a_dataset_is_packed_looked_at_and_verified_without_a_server(images: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    done = kpl(None, "dataset", "pack", str(images), str(packed), "--kind", "classification")
    assert done.returncode == 0, done.stderr
    assert "60 samples" in done.stdout
    assert json.loads(kpl(None, "dataset", "info", str(packed), "--json").stdout)["num_samples"] == 60
    assert "circle/circle 0.png" in kpl(None, "dataset", "head", str(packed), "-n", "1").stdout
    assert "intact" in kpl(None, "dataset", "verify", str(packed)).stdout

    shard = max(packed.rglob("*.kpl"), key=lambda path: path.stat().st_size)
    data = bytearray(shard.read_bytes())
    data[200] ^= 1
    shard.chmod(0o644)
    shard.write_bytes(data)
    damaged = kpl(None, "dataset", "verify", str(packed))
    assert damaged.returncode == 1
    assert shard.name in damaged.stderr


def test_a_folder_is_imported_listed_and_shown(server: LocalServer, images: Path) -> None:
    done = kpl(server, "dataset", "import", "shapes", str(images))
    assert done.returncode == 0, done.stderr
    assert "shapes@1: 60 samples" in done.stdout
    assert "shapes" in kpl(server, "dataset", "list").stdout
    shown = json.loads(kpl(server, "dataset", "show", "shapes", "--json").stdout)
    assert shown["latest"]["class_names"] == ["circle", "square", "star"]
    plan = kpl(server, "pipeline", "plan", "--template", "image_classification", "-p", "dataset=shapes")
    assert plan.returncode == 0, plan.stderr
    stored = json.loads(kpl(server, "storage", "show", "--count", "--json").stdout)
    assert "shapes" in [each["references"][0]["name"] for each in stored["artifacts"]]
    preview = kpl(server, "storage", "collect", "--dry-run")
    assert "Nothing to remove" in preview.stderr
    assert "first time" in plan.stdout


@pytest.mark.skipif(shutil.which("git") is None, reason="no git: apt-get install git")
def test_an_algorithm_is_installed_from_a_git_repository(server: LocalServer, tmp_path: Path) -> None:
    examples = Path(__file__).parents[2] / "examples" / "algorithms"
    repository = tmp_path / "repository"
    shutil.copytree(examples / "hello_python", repository / "hello")
    identity = ["-c", "user.name=test", "-c", "user.email=test"]
    for words in (["init", "--quiet"], ["add", "."], [*identity, "commit", "--quiet", "-m", "first"]):
        subprocess.run(["git", *words], cwd=repository, check=True)
    address = repository.as_uri()
    done = kpl(server, "algorithm", "install", address, "--folder", "hello")
    assert done.returncode == 0, done.stderr
    assert "hello_python" in done.stdout
    assert "hello_python" in kpl(server, "algorithm", "list").stdout
    failed = kpl(server, "algorithm", "install", address, "--folder", "nowhere")
    assert failed.returncode == 1
    assert "An algorithm.yaml lies in: hello" in failed.stderr
    manifest = repository / "hello" / "README.md"
    manifest.write_text("changed")
    subprocess.run(["git", "add", "."], cwd=repository, check=True)
    subprocess.run(["git", *identity, "commit", "--quiet", "-m", "second"], cwd=repository, check=True)
    refused = kpl(server, "algorithm", "install", address, "--folder", "hello")
    assert refused.returncode == 1
    assert "Raise `version`" in refused.stderr


def test_a_template_is_saved_shown_and_deleted(server: LocalServer, tmp_path: Path) -> None:
    file = tmp_path / "split.yaml"
    file.write_text(kpl(server, "template", "show", "image_classification").stdout, encoding="utf-8")
    words = ("--title", "Ours", "--title-zh", "我们的", "--open", "dataset", "--open", "epochs")
    done = kpl(server, "template", "save", "ours", str(file), *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "ours, 7 steps, asks for dataset, epochs\n"
    assert kpl(server, "template", "save", "ours", str(file), *words).returncode == 0
    shown = json.loads(kpl(server, "template", "show", "ours", "--json").stdout)
    assert (shown["origin"], shown["title"]) == ("project", {"en": "Ours", "zh": "我们的"})
    assert "default/ours" in kpl(server, "template", "share", "ours").stderr
    assert kpl(server, "project", "create", "elsewhere").returncode == 0
    assert "default/ours" in kpl(server, "--project", "elsewhere", "template", "list", "--shared").stdout
    there = kpl(server, "--project", "elsewhere", "template", "show", "default/ours", "--revision", "1")
    assert "title:" in there.stdout, there.stderr
    assert kpl(server, "template", "unshare", "ours").returncode == 0
    assert kpl(server, "--project", "elsewhere", "template", "show", "default/ours").returncode == 1
    assert kpl(server, "template", "delete", "ours", "--yes").returncode == 0
    assert "ours" not in kpl(server, "template", "list").stdout
    kept = kpl(server, "template", "delete", "image_classification", "--yes")
    assert (kept.returncode, "comes with KPL" in kept.stderr) == (1, True)


def test_an_expected_error_is_two_lines_and_exit_code_1(server: LocalServer, tmp_path: Path) -> None:
    done = kpl(server, "dataset", "show", "shappes")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("Error: There is no dataset 'shappes'")
    assert len(done.stderr.strip().splitlines()) <= 2
    lost = kpl(None, "dataset", "list", data_dir=tmp_path)
    assert lost.returncode == 1
    assert "kpl up" in lost.stderr


def test_a_file_that_is_not_there_is_an_expected_error(server: LocalServer, tmp_path: Path) -> None:
    for words in (("endpoint", "predict", "digits"), ("pipeline", "validate"), ("run", "create")):
        done = kpl(server, *words, str(tmp_path / "none"))
        assert done.returncode == 1
        assert f"Error: '{tmp_path}/none' cannot be" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 2


def test_wrong_use_is_exit_code_2(server: LocalServer) -> None:
    assert kpl(server, "dataset", "shwo").returncode == 2
    assert kpl(server, "run", "show", "one").returncode == 2


def test_users_projects_and_tokens_are_managed(server: LocalServer) -> None:
    created = json.loads(kpl(server, "user", "create", "ann", "--json").stdout)
    assert created["one_time_password"]
    assert kpl(server, "project", "create", "vision").returncode == 0
    assert kpl(server, "project", "add-member", "vision", "ann", "viewer").returncode == 0
    assert "ann" in kpl(server, "project", "members", "vision").stdout
    token = json.loads(kpl(server, "token", "create", "ci", "--json").stdout)
    assert token["token"].startswith("kpl_")
    assert token["token"] not in kpl(server, "token", "list", "--json").stdout


def test_deleting_asks_where_somebody_can_answer_and_else_needs_yes(server: LocalServer) -> None:
    kpl(server, "project", "create", "passing")
    assert kpl(server, "project", "delete", "passing").returncode == 2
    assert kpl(server, "project", "delete", "passing", "--yes").returncode == 0


def test_the_doctor_says_what_is_there(server: LocalServer) -> None:
    done = kpl(server, "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert server.url in done.stdout
