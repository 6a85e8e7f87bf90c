import json
from pathlib import Path

import pytest

from kpl.algorithm.author import load_model, save_model
from kpl.algorithm.model import ModelInvalid, ModelTampered

_SIGNATURE = {
    "inputs": [{"name": "image", "dtype": "float32", "shape": [-1, 3, 8, 8]}],
    "outputs": [{"name": "scores", "dtype": "float32", "shape": [-1, 2]}],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "weights.bin").write_bytes(b"weights")
    (tmp_path / "onnx").mkdir()
    (tmp_path / "onnx/model.onnx").write_bytes(b"graph")
    return tmp_path


def test_a_model_comes_back_as_it_was_saved(folder: Path) -> None:
    saved = save_model(
        folder,
        task="classification",
        classes=["猫", "dog"],
        signature=_SIGNATURE,
        preprocessing={"mean": 0.5},
        metrics={"accuracy": 0.9},
    )
    loaded = load_model(folder)
    assert loaded == saved
    assert loaded.classes == ("猫", "dog")
    assert loaded.signature.inputs[0].shape == (-1, 3, 8, 8)
    assert set(loaded.files) == {"weights.bin", "onnx/model.onnx"}
    assert loaded.path("onnx/model.onnx").read_bytes() == b"graph"
    with pytest.raises(ModelInvalid, match="no file 'other'"):
        loaded.path("other")


def test_saving_again_does_not_count_the_manifest_as_a_file(folder: Path) -> None:
    save_model(folder, task="classification")
    assert "model.json" not in save_model(folder, task="classification").files


@pytest.mark.parametrize("data", [b"weighty", b"weights+", None])
def test_a_changed_file_is_refused_and_named(folder: Path, data: bytes | None) -> None:
    save_model(folder, task="classification")
    (folder / "weights.bin").unlink()
    if data is not None:
        (folder / "weights.bin").write_bytes(data)
    with pytest.raises(ModelTampered, match=r"weights\.bin"):
        load_model(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "kpl.model/v9"},
        {"files": {"../secret": {"size_bytes": 0, "sha256": "0"}}},
        {"files": {"/etc/passwd": {"size_bytes": 0, "sha256": "0"}}},
        {"files": [1]},
        {"files": {"a": {}}},
        {"signature": {"inputs": [{"name": "x"}]}},
        {"signature": 3},
    ],
)
def test_a_manifest_that_cannot_be_trusted_is_refused(folder: Path, change: dict[str, object]) -> None:
    save_model(folder, task="classification")
    document = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(document | change))
    with pytest.raises(ModelInvalid):
        load_model(folder)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null"])
def test_what_is_no_manifest_is_refused(folder: Path, text: str) -> None:
    (folder / "model.json").write_text(text)
    with pytest.raises(ModelInvalid):
        load_model(folder)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelInvalid, match=r"has no model\.json"):
        load_model(tmp_path)


def test_a_file_that_does_not_exist_cannot_be_saved(folder: Path) -> None:
    with pytest.raises(ModelInvalid, match="no file 'missing'"):
        save_model(folder, task="classification", files=["missing"])
