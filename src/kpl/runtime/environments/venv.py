"""A virtual environment of its own, built once for each text of requirements with plain `venv` and `pip`."""

import hashlib
import sys
from pathlib import Path

from kpl.runtime.environments.base import Environment, Preparation
from kpl.runtime.environments.host import interpreter_version
from kpl.sentence import Sentence
from kpl.storage.atomic import write_atomic


def venv_lock(requirements: str) -> str:
    """Digest of the interpreter's version and the requirements, byte for byte."""
    return hashlib.sha256(f"{interpreter_version()}\n{requirements}".encode()).hexdigest()


def venv_environment(requirements: str, folder: Path) -> Environment:
    """The environment in `folder`, with how to build it unless it is there."""
    digest = venv_lock(requirements)
    root = folder / digest
    python = root / "bin" / "python"
    requirements_file = folder / f"{digest}.txt"
    if not requirements_file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(requirements_file, requirements.encode())
    pip = (
        str(python),
        "-m",
        "pip",
        "install",
        "--no-input",
        "--disable-pip-version-check",
        "--progress-bar",
        "off",
    )
    build = Preparation(
        title=Sentence(f"Building environment {digest[:12]}", f"构建运行环境 {digest[:12]}"),
        lock=folder / f"{digest}.lock",
        folder=root,
        marker=root / "complete.json",
        commands=((sys.executable, "-m", "venv", str(root)), (*pip, "-r", str(requirements_file))),
    )
    return Environment(python=python, variables={"VIRTUAL_ENV": str(root)}, preparations=(build,))
