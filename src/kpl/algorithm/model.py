"""A saved model: a folder of files with `model.json`, which says what it does, what it takes and gives, and
how its files hash. A file that was changed afterwards is refused.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kpl.errors import Invalid

MODEL_NAME = "model.json"
MODEL_SCHEMA = "kpl.model/v1"


class ModelInvalid(Invalid):
    """A folder is no model, or its `model.json` cannot be read."""

    code = "model_invalid"


class ModelTampered(Invalid):
    """A file of a model is not the one that was saved."""

    code = "tampered"


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A tensor that goes in or comes out. The first dimension is the batch; -1 stands for any size."""

    name: str
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelFile:
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ModelManifest:
    """What `model.json` says.

    Args:
        task: what the model does, as in `classification`; the kind of the model on a port.
        classes: names, in the order of class ids.
        preprocessing: all that must be done to an input before the model sees it, in the algorithm's own
            words.
        files: size and hash by path inside the folder.
    """

    folder: Path
    task: str
    classes: tuple[str, ...] = ()
    signature: Signature = Signature()
    preprocessing: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    files: Mapping[str, ModelFile] = field(default_factory=dict)

    def path(self, name: str) -> Path:
        """Where one of the model's files is.

        Raises:
            ModelInvalid: the model has no such file.
        """
        if name not in self.files:
            known = ", ".join(sorted(self.files))
            raise ModelInvalid(f"The model in {self.folder} has no file '{name}'.", hint=f"It has: {known}.")
        return self.folder / name


def save_model(
    folder: Path,
    *,
    task: str,
    classes: Iterable[str] = (),
    signature: Mapping[str, Iterable[Mapping[str, Any]]] | None = None,
    preprocessing: Mapping[str, Any] | None = None,
    metrics: Mapping[str, float] | None = None,
    files: Iterable[str] | None = None,
) -> ModelManifest:
    """Write `model.json` beside the model's files, with the hash of each.

    Args:
        signature: `{"inputs": [{"name", "dtype", "shape"}], "outputs": [...]}`.
        files: paths inside the folder; all files there when left out.
    Raises:
        ModelInvalid: a file does not exist, or the signature cannot be read.
    """
    names = _found_files(folder) if files is None else sorted(files)
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise ModelInvalid(
            f"{folder} has no file '{missing[0]}'.", hint="Write the model's files first, then save it."
        )
    manifest = ModelManifest(
        folder=folder,
        task=task,
        classes=tuple(classes),
        signature=_read_signature(signature or {}, folder),
        preprocessing=dict(preprocessing or {}),
        metrics={name: float(value) for name, value in (metrics or {}).items()},
        files={name: _hash(folder / name) for name in names},
    )
    # Only here: a process that loads a model need not import the store.
    from kpl.storage.atomic import write_atomic

    document = {"schema": MODEL_SCHEMA, **asdict(manifest)}
    del document["folder"]
    data = json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True).encode()
    write_atomic(folder / MODEL_NAME, data, is_durable=False)
    return manifest


def load_model(folder: Path) -> ModelManifest:
    """Read a model's manifest and check that its files are those that were saved.

    Raises:
        ModelInvalid: the folder holds no model that can be read.
        ModelTampered: a file was changed or is gone; it is named.
    """
    manifest = read_model(folder)
    for name, expected in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise ModelTampered(f"The model in {folder} lacks its file '{name}'.", hint=_AGAIN)
        if path.stat().st_size != expected.size_bytes or _hash(path) != expected:
            raise ModelTampered(
                f"'{name}' of the model in {folder} was changed after it was saved.", hint=_AGAIN
            )
    return manifest


_AGAIN = "Train or fetch the model again; nothing of it was loaded."


def read_model(folder: Path) -> ModelManifest:
    """Read a model's manifest without a look at its files.

    Raises:
        ModelInvalid: the folder holds no model that can be read.
    """
    path = folder / MODEL_NAME
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != MODEL_SCHEMA:
            hint = f"This KPL reads '{MODEL_SCHEMA}'."
            raise ModelInvalid(f"{path} has the schema '{document['schema']}'.", hint=hint)
        files = {name: ModelFile(**fields) for name, fields in document["files"].items()}
        leading_out = [name for name in files if name.startswith("/") or ".." in Path(name).parts]
        if leading_out:
            raise ModelInvalid(f"{path} names the file '{leading_out[0]}', which is outside the folder.")
        return ModelManifest(
            folder=folder,
            task=document["task"],
            classes=tuple(document.get("classes", ())),
            signature=_read_signature(document.get("signature", {}), path),
            preprocessing=document.get("preprocessing", {}),
            metrics=document.get("metrics", {}),
            files=files,
        )
    except FileNotFoundError as err:
        hint = "A model's folder is written by author.save_model."
        raise ModelInvalid(f"{folder} has no {MODEL_NAME}.", hint=hint) from err
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as err:
        hint = "A model's folder is written by author.save_model."
        raise ModelInvalid(f"{path} cannot be read: {err!r}.", hint=hint) from err


def _read_signature(fields: Mapping[str, Iterable[Mapping[str, Any]]], where: Path) -> Signature:
    try:
        sides = [tuple(_read_tensor(each) for each in fields.get(side, ())) for side in ("inputs", "outputs")]
    except (KeyError, TypeError, ValueError) as err:
        hint = 'Each tensor is {"name": "image", "dtype": "float32", "shape": [-1, 3, 32, 32]}.'
        raise ModelInvalid(f"{where}: the signature cannot be read: {err!r}.", hint=hint) from err
    return Signature(*sides)


def _read_tensor(fields: Mapping[str, Any]) -> TensorSpec:
    return TensorSpec(fields["name"], fields["dtype"], tuple(int(size) for size in fields["shape"]))


def _found_files(folder: Path) -> list[str]:
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in found if name != MODEL_NAME)


def _hash(path: Path) -> ModelFile:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return ModelFile(path.stat().st_size, sha256)
