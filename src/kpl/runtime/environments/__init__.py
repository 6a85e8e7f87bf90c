"""What a task's process runs in: the interpreter of an environment, its lock, and how it is made ready."""

from pathlib import Path

from kpl.errors import Invalid
from kpl.runtime.environments.base import Environment, Preparation
from kpl.runtime.environments.host import host_environment, host_lock
from kpl.runtime.environments.venv import venv_environment, venv_lock
from kpl.sentence import Sentence
from kpl.task import EnvironmentSpec

__all__ = ["Environment", "Preparation", "environment_lock", "host_lock", "open_environment", "venv_lock"]


def open_environment(spec: EnvironmentSpec, folder: Path) -> Environment:
    """The environment that `spec` asks for; those that must be built are kept in `folder`.

    Raises:
        Invalid: this machine cannot provide it.
    """
    match spec.type:
        case "host":
            return host_environment()
        case "venv":
            return venv_environment(spec.requirements, folder)
        case "container":
            raise Invalid(
                Sentence(
                    f"The environment is the container image '{spec.image}', and this executor runs no containers.",
                    f"运行环境是容器镜像“{spec.image}”，而此执行器不运行容器。",
                ),
                hint=Sentence(
                    "They need an executor that unpacks OCI images; use 'host' or 'venv' in algorithm.yaml instead.",
                    "容器需要能解包 OCI 镜像的执行器；请在 algorithm.yaml 中改用 'host' 或 'venv'。",
                ),
            )


def environment_lock(spec: EnvironmentSpec) -> str:
    """Digest of all that decides what gets imported in an environment."""
    match spec.type:
        case "host":
            return host_lock()
        case "venv":
            return venv_lock(spec.requirements)
        case "container":
            return spec.image
