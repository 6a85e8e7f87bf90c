"""Small tasks, runs and machines for tests of whatever moves them forward."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kpl.orchestrator.state import Run
from kpl.resources import Device, Machine, ResourceRequest
from kpl.task import (
    MEASURED,
    NO_PROGRAM,
    OTHERWISE,
    THEN,
    Branch,
    Condition,
    Objective,
    OutputSpec,
    Program,
    SearchedParameter,
    SearchSpec,
    Task,
    TaskInput,
    TaskKind,
    TaskOutputInput,
    TaskSpec,
)
from kpl.task.ids import Digest, RunId, TaskId

NO_TREE = Digest("0" * 64)


def tiny_machine(name: str = "local", *, cpu: int = 4, memory_mib: int = 4096, gpu: int = 0) -> Machine:
    return Machine(name, cpu * 1000, memory_mib, tuple(Device("gpu", index) for index in range(gpu)))


def tiny_task(
    number: int,
    *,
    after: Iterable[int] = (),
    kind: TaskKind = TaskKind.BATCH,
    run: int | None = None,
    project: int = 1,
    name: str = "",
    endpoint: str = "",
    tree: Digest = NO_TREE,
    inputs: Sequence[TaskInput] = (),
    outputs: Sequence[OutputSpec] = (),
    parameters: Mapping[str, Any] | None = None,
    resources: ResourceRequest | None = None,
    max_attempts: int = 1,
    command: tuple[str, ...] = ("python", "-c", "pass"),
    timeout_s: float | None = None,
    metrics: tuple[str, ...] = (),
    must_run: bool = False,
    queue: str = "",
    priority: int = 0,
    saves_checkpoints: bool = False,
    branches: Sequence[Branch] = (),
    search: SearchSpec | None = None,
) -> Task:
    """A waiting task that asks for one core."""
    spec = TaskSpec(
        Program("tiny", "1", "train", tree, command),
        parameters=dict(parameters or {}),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        resources=resources or ResourceRequest(1000, 64),
        max_attempts=max_attempts,
        timeout_s=timeout_s,
        grace_s=5.0,
        metrics=metrics,
        endpoint=endpoint,
        must_run=must_run,
        queue=queue,
        is_preemptible=saves_checkpoints,
        saves_checkpoints=saves_checkpoints,
        branches=tuple(branches),
        search=search,
    )
    return Task(
        TaskId(number),
        project,
        name or f"node{number}",
        kind,
        spec,
        run_id=None if run is None else RunId(run),
        depends_on=tuple(TaskId(upstream) for upstream in after),
        priority=priority,
    )


def tiny_condition(
    number: int,
    *,
    measures: int,
    run: int | None = None,
    name: str = "",
    branches: Sequence[Branch] = (),
) -> Task:
    """A waiting condition on what task `measures` reports and leaves as output `out`."""
    task = tiny_task(number, run=run, after=[measures], kind=TaskKind.CONDITION, name=name, branches=branches)
    measured = TaskOutputInput(MEASURED, "files", "", TaskId(measures), "out")
    outputs = tuple(OutputSpec(branch, "branch", is_optional=True) for branch in (THEN, OTHERWISE))
    condition = Condition("accuracy", ">=", 0.9)
    spec = replace(task.spec, program=NO_PROGRAM, inputs=(measured,), outputs=outputs, condition=condition)
    return replace(task, spec=spec)


def tiny_search(**changes: Any) -> SearchSpec:
    """A search for the highest score over one number; at most three trials, one at a time."""
    search = SearchSpec(
        (SearchedParameter("rate", min=0.0, max=1.0),), Objective("score", "maximize"), trials=3
    )
    return replace(search, **changes)


def tiny_run(number: int, tasks: Iterable[Task]) -> Run:
    return Run(RunId(number), project_id=1, tasks=tuple(task.id for task in tasks))
