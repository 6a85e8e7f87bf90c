"""Algorithms: built-in and installed ones, conflicts, and who may do what."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from kpl.errors import Conflict, Denied, Invalid, NotFound
from kpl.schemas.algorithm import AlgorithmFetch, AlgorithmInstall
from kpl.schemas.dataset import DatasetImport
from kpl.server.db.tables.tasks import TaskSpecRow
from kpl.server.services import algorithms, datasets, fetches, tasks
from kpl.server.services.access import Caller, Role
from kpl.server.services.platform import Platform
from kpl.server.services.spec_text import decode_spec
from kpl.testing.server import add_user

MANIFEST = """\
name: {name}
version: "{version}"
title: {{en: Echo, zh: 回声}}
description: {{en: Says it again., zh: 再说一遍。}}
task: processing
licence: Apache-2.0
functions:
  process:
    command: [cat]
    outputs:
      - {{name: text, type: files}}
"""


def write_algorithm(folder: Path, *, name: str = "echo", version: str = "1.0", note: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "algorithm.yaml").write_text(MANIFEST.format(name=name, version=version))
    (folder / "README.md").write_text(f"# Echo\n{note}")
    return folder


@pytest.fixture
def root(platform: Platform) -> Caller:
    return add_user(platform, "root", is_admin=True)


def install(platform: Platform, caller: Caller, folder: Path) -> str:
    found = algorithms.install_algorithm(platform, caller, "default", AlgorithmInstall(path=str(folder)))
    return f"{found.name}@{found.version}"


def test_an_installed_algorithm_shows_its_interface_and_readme(
    platform: Platform, root: Caller, tmp_path: Path
) -> None:
    folder = write_algorithm(tmp_path / "echo")
    (folder / "README.zh-CN.md").write_text("# 回声\n", encoding="utf-8")
    assert install(platform, root, folder) == "echo@1.0"
    found = algorithms.get_algorithm(platform, root, "default", "echo")
    assert found.readme.startswith("# Echo")
    assert found.readme_zh == "# 回声\n"
    assert [function.name for function in found.interfaces] == ["process"]
    assert found.title == {"en": "Echo", "zh": "回声"}


def test_the_same_version_with_other_files_is_refused(
    platform: Platform, root: Caller, tmp_path: Path
) -> None:
    folder = write_algorithm(tmp_path / "echo")
    install(platform, root, folder)
    assert install(platform, root, folder) == "echo@1.0"
    with pytest.raises(Conflict, match="Raise `version`"):
        install(platform, root, write_algorithm(folder, note="changed"))
    assert install(platform, root, write_algorithm(folder, version="1.1", note="changed")) == "echo@1.1"
    assert algorithms.get_algorithm(platform, root, "default", "echo").versions == ["1.1", "1.0"]


def test_a_broken_manifest_is_refused_with_line_and_fix(
    platform: Platform, root: Caller, tmp_path: Path
) -> None:
    folder = write_algorithm(tmp_path / "echo")
    manifest = folder / "algorithm.yaml"
    manifest.write_text(manifest.read_text().replace("licence:", "license:"))
    with pytest.raises(Invalid, match=r"algorithm\.yaml:6: .*Did you mean 'licence'"):
        install(platform, root, folder)


def test_builtin_algorithms_are_installed_once_and_again_when_they_change(
    platform: Platform, root: Caller, tmp_path: Path
) -> None:
    write_algorithm(tmp_path / "builtin" / "echo")
    algorithms.install_builtin(platform, tmp_path / "builtin")
    before = algorithms.get_algorithm(platform, root, "default", "echo")
    algorithms.install_builtin(platform, tmp_path / "builtin")
    assert algorithms.get_algorithm(platform, root, "default", "echo") == before
    write_algorithm(tmp_path / "builtin" / "echo", note="changed")
    algorithms.install_builtin(platform, tmp_path / "builtin")
    after = algorithms.get_algorithm(platform, root, "default", "echo")
    assert (after.origin, after.versions) == ("builtin", ["1.0"])
    assert after.tree != before.tree
    with pytest.raises(Conflict, match="Built-in"):
        algorithms.delete_algorithm(platform, root, "default", "echo")


def test_an_algorithm_of_the_project_comes_before_a_builtin_one_of_that_name(
    platform: Platform, root: Caller, tmp_path: Path
) -> None:
    algorithms.install_builtin(platform, write_algorithm(tmp_path / "builtin" / "echo").parent)
    install(platform, root, write_algorithm(tmp_path / "own", version="0.1"))
    assert algorithms.get_algorithm(platform, root, "default", "echo").version == "0.1"
    algorithms.delete_algorithm(platform, root, "default", "echo")
    assert algorithms.get_algorithm(platform, root, "default", "echo").version == "1.0"


def test_only_administrators_of_the_platform_install_from_a_path_of_the_server(
    platform: Platform, tmp_path: Path
) -> None:
    developer = add_user(platform, "dev", roles={"default": Role.DEVELOPER})
    with pytest.raises(Denied):
        install(platform, developer, write_algorithm(tmp_path / "echo"))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("https://ann:secret@host/a.git", "holds a password"),
        ("a.git", "no address"),
        ("--upload-pack=/bin/sh", "no address"),
        ("ext::sh -c id", "no address"),
        ("git@host:-oProxyCommand=id", "no address"),
    ],
)
def test_git_gets_only_addresses(platform: Platform, root: Caller, url: str, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        fetches.fetch_algorithm(platform, root, "default", AlgorithmFetch(url=url))


@pytest.mark.parametrize("url", ["/srv/repository", "file:///srv/repository"])
def test_only_administrators_of_the_platform_fetch_from_the_server_itself(
    platform: Platform, url: str
) -> None:
    developer = add_user(platform, "dev", roles={"default": Role.DEVELOPER})
    with pytest.raises(Denied):
        fetches.fetch_algorithm(platform, developer, "default", AlgorithmFetch(url=url))


@pytest.mark.parametrize("url", ["https://host/a.git", "git@host:team/a.git", "ssh://git@host/a.git"])
def test_a_fetch_is_a_task_that_is_never_reused(platform: Platform, url: str) -> None:
    developer = add_user(platform, "dev", roles={"default": Role.DEVELOPER})
    algorithms.install_builtin(platform)
    task = fetches.fetch_algorithm(platform, developer, "default", AlgorithmFetch(url=url, ref="main"))
    assert (task.algorithm, task.state) == ("algorithm_install", "waiting")
    found = tasks.get_task(platform, developer, "default", task.id)
    assert found.parameters == {"url": url, "ref": "main", "folder": ""}
    with platform.db.read() as session:
        spec = decode_spec(session.scalars(select(TaskSpecRow.spec)).one())
    assert spec.must_run


def test_what_the_platform_starts_itself_is_not_for_pipelines(platform: Platform) -> None:
    developer = add_user(platform, "dev", roles={"default": Role.DEVELOPER})
    algorithms.install_builtin(platform)
    found = algorithms.list_algorithms(platform, developer, "default", cursor=None, limit=50).items
    kept = {each.name for each in found if not each.is_for_pipelines}
    assert kept == {"algorithm_install", "dataset_import"}


USES: list[Callable[[Platform, Caller], object]] = [
    lambda p, c: algorithms.list_algorithms(p, c, "default", cursor=None, limit=10),
    lambda p, c: algorithms.get_algorithm(p, c, "default", "echo"),
    lambda p, c: algorithms.install_algorithm(p, c, "default", AlgorithmInstall(upload_id=1)),
    lambda p, c: algorithms.delete_algorithm(p, c, "default", "echo"),
    lambda p, c: fetches.fetch_algorithm(p, c, "default", AlgorithmFetch(url="https://host/a.git")),
]


@pytest.mark.parametrize("use", USES)
def test_strangers_learn_nothing(platform: Platform, use: Callable[[Platform, Caller], object]) -> None:
    with pytest.raises(NotFound, match="no project 'default'"):
        use(platform, add_user(platform, "stranger"))


@pytest.mark.parametrize("use", USES[2:])
def test_viewers_change_nothing(platform: Platform, use: Callable[[Platform, Caller], object]) -> None:
    with pytest.raises(Denied, match="needs developer"):
        use(platform, add_user(platform, "view", roles={"default": Role.VIEWER}))


def test_no_algorithm_of_a_project_takes_the_place_of_what_kpl_starts(
    platform: Platform, root: Caller, tmp_path: Path
) -> None:
    algorithms.install_builtin(platform)
    install(platform, root, write_algorithm(tmp_path / "a", name="dataset_import", version="99.0"))
    install(platform, root, write_algorithm(tmp_path / "b", name="algorithm_install", version="99.0"))
    request = DatasetImport(name="pets", url="https://example.com/pets.zip")
    imported = datasets.import_dataset(platform, root, "default", request)
    fetch = AlgorithmFetch(url="https://example.com/repository.git")
    fetched = fetches.fetch_algorithm(platform, root, "default", fetch)
    assert "99.0" not in (imported.version, fetched.version)
