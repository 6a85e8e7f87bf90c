"""Folders of a task: inputs, outputs, checkpoints."""

import os
from collections.abc import Mapping
from pathlib import Path

from kpl.algorithm import protocol
from kpl.algorithm.protocol import ProvidedInput
from kpl.errors import NotFound, nearest

_ARCHIVE_ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


def is_on_platform() -> bool:
    """Whether KPL started this process; if not, folders below the current one are used."""
    return protocol.INPUTS in os.environ


def inputs() -> Mapping[str, ProvidedInput]:
    """All inputs by name, each with its type, kind, path and digest; empty outside the platform."""
    if not is_on_platform():
        return {}
    return protocol.read_inputs(Path(os.environ[protocol.INPUTS]))


def input(name: str) -> Path:
    """The folder of an input. Read it, do not write into it. Outside the platform: `./inputs/NAME`.

    Raises:
        NotFound: the task has no input of that name.
    """
    direct = os.environ.get(protocol.input_variable(name))
    if direct:
        return Path(direct)
    if not is_on_platform():
        return Path("inputs", name).absolute()
    known = inputs()
    if name not in known:
        raise NotFound(
            f"This task has no input '{name}'.", hint=nearest(name, known) or _DECLARE.format("inputs")
        )
    return known[name].path


def unpacked_input(name: str, *, max_bytes: int = 1 << 40, max_files: int = 10_000_000) -> Path:
    """The folder of an input; when it holds one zip or tar alone, what is in that, unpacked beside.

    Raises:
        ArchiveRejected: the archive is damaged, over a limit, or holds a link or a name that leads out of it.
    """
    from kpl.storage.archive import extract  # only here: a process starts faster without it

    folder = input(name)
    entries = list(folder.iterdir())
    if len(entries) != 1 or not entries[0].name.lower().endswith(_ARCHIVE_ENDINGS):
        return folder
    unpacked = Path(f"{name}.unpacked").absolute()
    extract(entries[0], unpacked, max_bytes=max_bytes, max_files=max_files)
    inner = list(unpacked.iterdir())
    # An archive of a folder, as people make them, holds that folder alone.
    return inner[0] if len(inner) == 1 and inner[0].is_dir() else unpacked


def has_input(name: str) -> bool:
    """Whether an optional input was connected."""
    return name in inputs() if is_on_platform() else input(name).exists()


def output(name: str) -> Path:
    """The folder of an output: what is in it at the end becomes an artifact. Outside the platform:
    `./outputs/NAME`.

    Raises:
        NotFound: the function declares no output of that name.
    """
    direct = os.environ.get(protocol.output_variable(name))
    if direct:
        return Path(direct)
    if is_on_platform():
        known = [
            key.removeprefix(protocol.OUTPUT_PREFIX).lower()
            for key in os.environ
            if key.startswith(protocol.OUTPUT_PREFIX)
        ]
        raise NotFound(
            f"This task has no output '{name}'.", hint=nearest(name, known) or _DECLARE.format("outputs")
        )
    return _made(Path("outputs", name))


def checkpoints() -> Path:
    """A folder that outlives attempts: resume from what is there. Outside the platform: `./checkpoints`."""
    return _made(Path(os.environ.get(protocol.CHECKPOINTS, "checkpoints")))


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder.absolute()


_DECLARE = "Declare it under '{}' of the function in algorithm.yaml."
