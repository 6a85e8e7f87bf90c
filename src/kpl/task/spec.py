"""What a task is to do: frozen when the run is made and never changed afterwards."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import floor, prod
from typing import Any, Literal

from kpl.resources import ResourceRequest
from kpl.task.ids import Digest, TaskId


class TaskKind(StrEnum):
    """`batch` ends by itself; `service` (endpoint, notebook) runs until it is stopped and counts as done when ready.

    `condition` starts no process: it is decided by what another task reported, and says which way its run goes on.
    """

    BATCH = "batch"
    SERVICE = "service"
    CONDITION = "condition"


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


NO_PROGRAM = Program("", "", "", Digest(""), ())
"""Of a task that starts no process."""


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

Operator = Literal[">=", ">", "<=", "<"]
OPERATORS: tuple[Operator, ...] = (">=", ">", "<=", "<")
OPPOSITES: Mapping[Operator, Operator] = {">=": "<", ">": "<=", "<=": ">", "<": ">="}
"""What is true of two numbers where the operator is not."""

MEASURED = "measured"
"""The input of a condition: what it takes comes from the task whose metric is compared."""

THEN, OTHERWISE = "then", "otherwise"
"""The outputs of a condition, of which it has one in the end: the branch that was taken."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What decides a task of kind `condition`: the value that a metric was last reported with, against a limit."""

    metric: str
    operator: Operator
    value: float

    def holds(self, measured: float) -> bool:
        """Whether the measured value is as it should be; a value that is not a number never is."""
        match self.operator:
            case ">=":
                return measured >= self.value
            case ">":
                return measured > self.value
            case "<=":
                return measured <= self.value
            case "<":
                return measured < self.value


@dataclass(frozen=True, slots=True)
class Branch:
    """A task runs only if a condition of the same run takes this branch; `output` is `then` or `otherwise`."""

    task: TaskId
    output: str


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """A declared output. `publish` names the dataset or model that it becomes a version of; empty for neither."""

    name: str
    type: str
    kind: str = ""
    is_optional: bool = False
    publish: str = ""


MAX_TRIALS = 1000
SearchMethod = Literal["tpe", "random", "grid"]
Direction = Literal["maximize", "minimize"]


@dataclass(frozen=True, slots=True)
class SearchedParameter:
    """The values that a search tries for one parameter: `choices`, else all from `min` to `max`."""

    name: str
    choices: tuple[Any, ...] = ()
    min: int | float = 0
    max: int | float = 0
    log: bool = False
    step: int | float | None = None
    is_integer: bool = False

    @property
    def num_values(self) -> int | None:
        """How many there are; None for a range without steps."""
        if self.choices:
            return len(self.choices)
        step = self.step if self.step is not None else 1 if self.is_integer else None
        return None if step is None else floor((self.max - self.min) / step + _TOLERANCE) + 1

    def value(self, number: int) -> Any:
        """The value with this number, from 0, of those that `num_values` counts."""
        if self.choices:
            return self.choices[number]
        step = self.step if self.step is not None else 1
        if self.is_integer:
            return int(self.min + number * step)
        return float(f"{self.min + number * step:.12g}")  # 0.3, where adding up gives 0.30000000000000004

    def tries(self, value: Any) -> bool:
        """Whether a value is one of those that are tried; of choices, 1, 1.0 and true are three."""
        if self.choices:
            return json.dumps(value, sort_keys=True) in (
                json.dumps(each, sort_keys=True) for each in self.choices
            )
        if not isinstance(value, int | float) or isinstance(value, bool):
            return False
        if not self.min <= value <= self.max or (self.is_integer and value != int(value)):
            return False
        steps = (value - self.min) / self.step if self.step is not None else 0
        return abs(steps - round(steps)) < _TOLERANCE


_TOLERANCE = 1e-6  # of a step: decimal fractions such as 0.1 do not add up exactly


@dataclass(frozen=True, slots=True)
class Objective:
    """The metric by which trials are compared: the best value that was reported counts."""

    metric: str
    direction: Direction

    def is_better(self, one: float, other: float) -> bool:
        return one > other if self.direction == "maximize" else one < other


@dataclass(frozen=True, slots=True)
class SearchSpec:
    """What a search tries.

    Args:
        trials: how many at most; `parallel` of them at once.
        budget_s: time after which no trial begins any more, None for no limit.
        pruning: stop trials early that fall behind.
        start: values of searched parameters with which the first trial runs; others are chosen for it.
    """

    parameters: tuple[SearchedParameter, ...]
    objective: Objective
    trials: int = 10
    parallel: int = 1
    budget_s: float | None = None
    method: SearchMethod = "tpe"
    pruning: bool = False
    seed: int = 0
    start: Mapping[str, Any] = field(default_factory=dict)

    @property
    def num_points(self) -> int | None:
        """How many different sets of values there are; None where there is no end of them."""
        counts = [each.num_values for each in self.parameters]
        known = [count for count in counts if count is not None]
        return prod(known) if len(known) == len(counts) else None

    @property
    def num_trials(self) -> int:
        """How many trials there will be at most."""
        return min(self.trials, self.num_points or self.trials)


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
        condition: what decides a task of kind `condition`; None for all others.
        branches: of conditions, all of which have to be taken for this task to run.
        search: it runs nothing itself, but tries values of parameters in tasks of their own, its trials.
        objective: for a trial, what it is compared by.
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
    condition: Condition | None = None
    branches: tuple[Branch, ...] = ()
    search: SearchSpec | None = None
    objective: Objective | None = None
