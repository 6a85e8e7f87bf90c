"""Locks of environments change when what gets imported may change."""

from pathlib import Path

import pytest

from kpl.errors import Invalid
from kpl.runtime.environments import environment_lock, host_lock, open_environment, venv_lock
from kpl.task import EnvironmentSpec


def test_host_lock_is_a_digest_and_steady() -> None:
    assert len(host_lock()) == 64
    assert environment_lock(EnvironmentSpec()) == host_lock()


def test_venv_lock_follows_every_byte_of_the_requirements() -> None:
    locks = {venv_lock(text) for text in ("", "numpy==2.0", "numpy==2.0\n", "numpy==2.1")}
    assert len(locks) == 4
    assert environment_lock(EnvironmentSpec(type="venv", requirements="numpy==2.0")) in locks


def test_venv_is_kept_under_its_lock(tmp_path: Path) -> None:
    environment = open_environment(EnvironmentSpec(type="venv", requirements="a==1\n"), tmp_path)
    [preparation] = environment.preparations
    assert preparation.folder.name == venv_lock("a==1\n")
    assert environment.python.is_relative_to(preparation.folder)
    assert (tmp_path / f"{preparation.folder.name}.txt").read_text() == "a==1\n"


def test_container_says_what_it_needs(tmp_path: Path) -> None:
    spec = EnvironmentSpec(type="container", image="example/image@sha256:0")
    assert environment_lock(spec) == "example/image@sha256:0"
    with pytest.raises(Invalid, match="example/image"):
        open_environment(spec, tmp_path)
