"""What a task is to do: frozen when the run is made and never changed afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from kpl.resources import ResourceRequest
from kpl.task.ids import Digest, TaskId


class TaskKind(StrEnum):
    """`batch` ends by itself; `service` (endpoint, notebook) runs until it is stopped and counts as done when ready."""

    BATCH = "batch"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class EnvironmentSpec:
    """What the process runs in.

    Args:
        type: `host` (the server's own interpreter), `venv` (locked requirements) or `container` (OCI image).
        requirements: the requirements text of a `venv`, byte for byte as in the algorithm's folder.
        image: the image reference of a `container`, with its digest.
        lock: digest of all that decides what gets imported; part of the digest of each step.
    """

    type: Literal["host", "venv", "container"] = "host"
    requirements: str = ""
    image: str = ""
    lock: str = ""


@dataclass(frozen=True, slots=True)
class Program:
    """One function of one algorithm version.

    Args:
        tree: artifact digest of the algorithm's folder.
        command: argv as in the manifest; `{algorithm}` stands for the folder's path, a leading `python` for the
            environment's interpreter.
    """

    algorithm: str
    version: str
    function: str
    tree: Digest
    command: tuple[str, ...]
    environment: EnvironmentSpec = field(default_factory=EnvironmentSpec)


@dataclass(frozen=True, slots=True)
class ArtifactInput:
    """An input that is in the store already."""

    name: str
    type: str
    kind: str
    artifact: Digest


@dataclass(frozen=True, slots=True)
class TaskOutputInput:
    """An input that another task of the same run produces."""

    name: str
    type: str
    kind: str
    task: TaskId
    output: str


TaskInput = ArtifactInput | TaskOutputInput


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """A declared output. `publish` names the dataset or model that it becomes a version of; empty for neither."""

    name: str
    type: str
    kind: str = ""
    is_optional: bool = False
    publish: str = ""


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """Everything that decides what one task does.

    Args:
        max_attempts: how often a `batch` task is tried at most; a `service` is restarted for as long as it is wanted.
        timeout_s: longest run time of one attempt, None for no limit. A `service` may run for as long as it likes
            once it is ready; for it, this is the time to become so, None for the usual time.
        grace_s: time between SIGTERM and SIGKILL.
        metrics: names of metrics that the function promises to report, the primary one first.
        endpoint: for a `service`, the name that it answers under.
        must_run: never reuse a finished task, because the user asked to run from here.
        queue: name of the queue that it waits in; empty for the queue of its project.
        user: who submitted it.
        is_preemptible: may be stopped and queued again for the sake of others.
        saves_checkpoints: its algorithm goes on from `KPL_CHECKPOINTS` when it is started again.
    """

    program: Program
    parameters: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[ArtifactInput | TaskOutputInput, ...] = ()
    outputs: tuple[OutputSpec, ...] = ()
    resources: ResourceRequest = field(default_factory=ResourceRequest)
    max_attempts: int = 1
    timeout_s: float | None = None
    grace_s: float = 10.0
    metrics: tuple[str, ...] = ()
    endpoint: str = ""
    must_run: bool = False
    queue: str = ""
    user: str = ""
    is_preemptible: bool = False
    saves_checkpoints: bool = False
