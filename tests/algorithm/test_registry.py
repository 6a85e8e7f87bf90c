import shutil
from pathlib import Path

import pytest

from kpl.algorithm.manifest import ManifestInvalid
from kpl.algorithm.registry import install, open_installed
from kpl.storage import ArtifactStore

_HELLO = Path(__file__).parents[2] / "examples" / "algorithms" / "hello_shell"


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "store")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(_HELLO, tmp_path / "hello_shell"))


def test_an_installed_version_is_opened_by_its_tree(store: ArtifactStore, folder: Path) -> None:
    installed = install(folder, store)
    assert open_installed(installed.tree, store) == installed
    assert (store.materialize(installed.tree) / "process.sh").is_file()


def test_what_tools_leave_behind_does_not_change_the_tree(store: ArtifactStore, folder: Path) -> None:
    before = install(folder, store)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__/x.pyc").touch()
    (folder / ".git").mkdir()
    (folder / ".git/HEAD").touch()
    (folder / ".venv").symlink_to("/usr")
    (folder / ".pytest_cache").mkdir()
    assert install(folder, store) == before


def test_one_byte_in_any_file_changes_the_tree(store: ArtifactStore, folder: Path) -> None:
    before = install(folder, store)
    with (folder / "process.sh").open("a") as file:
        file.write("\n")
    assert install(folder, store).tree != before.tree


def test_a_folder_with_a_broken_manifest_is_not_installed(store: ArtifactStore, folder: Path) -> None:
    (folder / "algorithm.yaml").write_text("name: x\n")
    with pytest.raises(ManifestInvalid, match=r"algorithm\.yaml:1"):
        install(folder, store)
    assert not list((store.root / "trees").iterdir())
