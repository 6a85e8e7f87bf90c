"""Algorithms are fetched from real git repositories, by branch, tag and commit, and refused with a reason."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kpl.algorithm.manifest import load_manifest

if TYPE_CHECKING:
    from tests.builtin.conftest import MakeTask

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="no git: apt-get install git")

NAME = "algorithm_install"
EXAMPLES = Path(__file__).parents[2] / "examples" / "algorithms"


def git(folder: Path, *arguments: str) -> str:
    identity = {f"GIT_{who}_{what}": "test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**os.environ, **identity},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with an algorithm in a folder: version 1.0.0 has a tag, version 2.0.0 is the newest."""
    folder = tmp_path / "repository"
    shutil.copytree(EXAMPLES / "hello_python", folder / "algorithms" / "hello")
    git(tmp_path, "init", "--quiet", "-b", "main", str(folder))
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    git(folder, "tag", "v1")
    manifest = folder / "algorithms" / "hello" / "algorithm.yaml"
    version = load_manifest(manifest.parent).version
    manifest.write_text(manifest.read_text().replace(version, "9.0.0", 1))
    git(folder, "commit", "--quiet", "-am", "second")
    return folder


@pytest.mark.parametrize("kind", ["branch", "tag", "commit", "default"])
def test_branches_tags_and_commits_are_fetched(make_task: "MakeTask", repository: Path, kind: str) -> None:
    first = git(repository, "rev-parse", "v1")
    ref = {"branch": "main", "tag": "v1", "commit": first, "default": ""}[kind]
    task = make_task(NAME, "process", inputs={}, url=repository.as_uri(), ref=ref, folder="algorithms/hello")
    finished = task.run()
    folder = finished.outputs["algorithm"]
    is_first = kind in ("tag", "commit")
    assert (load_manifest(folder).version == "9.0.0") != is_first
    assert not (folder / ".git").exists()
    commit = first if is_first else git(repository, "rev-parse", "main")
    assert f"Commit {commit}" in finished.notes()


def test_a_wrong_folder_names_where_algorithms_lie(make_task: "MakeTask", repository: Path) -> None:
    finished = make_task(NAME, "process", inputs={}, url=repository.as_uri(), folder="nowhere").run(
        fails=True
    )
    assert "no folder 'nowhere'. An algorithm.yaml lies in: algorithms/hello." in finished.log


def test_a_folder_outside_is_refused(make_task: "MakeTask", repository: Path) -> None:
    finished = make_task(NAME, "process", inputs={}, url=repository.as_uri(), folder="../..").run(fails=True)
    assert "no folder '../..'" in finished.log


def test_a_broken_manifest_is_named_with_its_line(make_task: "MakeTask", repository: Path) -> None:
    manifest = repository / "algorithms" / "hello" / "algorithm.yaml"
    manifest.write_text(manifest.read_text().replace("licence:", "license:"))
    git(repository, "commit", "--quiet", "-am", "broken")
    finished = make_task(NAME, "process", inputs={}, url=repository.as_uri(), folder="algorithms/hello").run(
        fails=True
    )
    assert "Did you mean 'licence'" in finished.log


def test_a_link_out_of_the_folder_is_refused(make_task: "MakeTask", repository: Path) -> None:
    (repository / "algorithms" / "hello" / "secret").symlink_to("/etc/passwd")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "link")
    finished = make_task(NAME, "process", inputs={}, url=repository.as_uri(), folder="algorithms/hello").run(
        fails=True
    )
    assert "secret is a link that leads out" in finished.log


def test_a_missing_repository_or_branch_is_said_in_the_words_of_git(
    make_task: "MakeTask", repository: Path, tmp_path: Path
) -> None:
    finished = make_task(NAME, "process", inputs={}, url=(tmp_path / "nothing").as_uri()).run(fails=True)
    assert "git fetch failed" in finished.log
    finished = make_task(NAME, "process", inputs={}, url=repository.as_uri(), ref="no-such-branch").run(
        fails=True
    )
    assert "no-such-branch" in finished.log
