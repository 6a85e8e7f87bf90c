"""A pipeline turned into steps: all that decides what each task does, in an order that works."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kpl.errors import Invalid
from kpl.pipeline.catalog import Catalog
from kpl.pipeline.document import AlgorithmNode, ConditionNode, DatasetNode, Document, ModelNode, Node
from kpl.pipeline.links import Links, link
from kpl.pipeline.problem import Problem, errors
from kpl.pipeline.resolve import DataNode, DecisionNode, Resolution, StepNode, resolve
from kpl.resources import ResourceRequest
from kpl.task import (
    NO_PROGRAM,
    ArtifactInput,
    Branch,
    Condition,
    OutputSpec,
    Program,
    SearchSpec,
    TaskKind,
    TaskOutputInput,
    TaskSpec,
)
from kpl.task.ids import TaskId


class InvalidPipeline(Invalid):
    """A pipeline that cannot be run; `problems` says why."""

    code = "invalid_pipeline"

    def __init__(self, name: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join([f"Pipeline '{name}' cannot be run:", *map(str, problems)]))


@dataclass(frozen=True, slots=True)
class NodeOutput:
    """An input of a step that another step produces."""

    name: str
    type: str
    kind: str
    node: str
    output: str


@dataclass(frozen=True, slots=True)
class Step:
    """What will be one task: like a TaskSpec, but with nodes where that has tasks.

    Args:
        depends_on: nodes whose tasks must be done before, by an input, for order alone or by a branch.
        condition: what decides a step of kind `condition`.
        branches: as (node, output) of conditions, which have to be taken for it to run.
    """

    node: str
    kind: TaskKind
    program: Program
    parameters: Mapping[str, Any]
    inputs: tuple[ArtifactInput | NodeOutput, ...] = ()
    outputs: tuple[OutputSpec, ...] = ()
    resources: ResourceRequest = field(default_factory=ResourceRequest)
    max_attempts: int = 1
    timeout_s: float | None = None
    metrics: tuple[str, ...] = ()
    endpoint: str = ""
    saves_checkpoints: bool = False
    depends_on: tuple[str, ...] = ()
    condition: Condition | None = None
    branches: tuple[tuple[str, str], ...] = ()
    search: SearchSpec | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """The nodes whose outputs it takes."""
        return tuple(dict.fromkeys(each.node for each in self.inputs if isinstance(each, NodeOutput)))


@dataclass(frozen=True, slots=True)
class Plan:
    """A pipeline ready to be run.

    Args:
        document: a copy that names exact versions, so that it means the same for ever.
        parameters: the values of the pipeline's parameters, with defaults.
        steps: each after those it depends on.
    """

    document: Document
    parameters: Mapping[str, Any]
    steps: tuple[Step, ...]

    def step(self, node: str) -> Step | None:
        return next((step for step in self.steps if step.node == node), None)


def make_plan(document: Document, catalog: Catalog, parameters: Mapping[str, Any]) -> Plan:
    """Freeze versions and parameters, and put the steps in order.

    Raises:
        InvalidPipeline: `validate` finds an error; the message lists all of them.
    """
    resolution = resolve(document, catalog, parameters)
    links = link(document, resolution.nodes)
    problems = errors([*resolution.problems, *links.problems])
    if problems:
        raise InvalidPipeline(document.name, problems)
    drawn = {node.id: node for node in document.nodes}
    before = document.predecessors
    steps = tuple(
        _step(drawn[name], resolved, resolution, links, before[name])
        for name in links.order
        if not isinstance(resolved := resolution.nodes[name], DataNode)
    )
    nodes = tuple(_frozen(node, resolution) for node in document.nodes)
    return Plan(replace(document, nodes=nodes), resolution.values, steps)


def to_task_spec(
    step: Step, task_ids: Mapping[str, TaskId], *, must_run: bool = False, queue: str = "", user: str = ""
) -> TaskSpec:
    """Build the task's specification.

    Args:
        task_ids: the task of each node that the step takes something from, and of the conditions before it.
        must_run: never reuse a finished task, because a user asked to run from here.
        queue: that it waits in.
        user: who runs it.
    """
    return TaskSpec(
        program=step.program,
        parameters=step.parameters,
        inputs=tuple(
            each
            if isinstance(each, ArtifactInput)
            else TaskOutputInput(each.name, each.type, each.kind, task_ids[each.node], each.output)
            for each in step.inputs
        ),
        outputs=step.outputs,
        resources=step.resources,
        max_attempts=step.max_attempts,
        timeout_s=step.timeout_s,
        metrics=step.metrics,
        endpoint=step.endpoint,
        must_run=must_run,
        queue=queue,
        user=user,
        # What goes on where it was stopped loses next to nothing by making room for others.
        is_preemptible=step.saves_checkpoints and step.kind is TaskKind.BATCH,
        saves_checkpoints=step.saves_checkpoints,
        condition=step.condition,
        branches=tuple(Branch(task_ids[node], output) for node, output in step.branches),
        search=step.search,
    )


def _step(
    node: Node, resolved: StepNode | DecisionNode, resolution: Resolution, links: Links, before: Sequence[str]
) -> Step:
    depends_on = tuple(name for name in before if not isinstance(resolution.nodes[name], DataNode))
    branches = tuple(links.branches[resolved.id])
    if isinstance(resolved, DecisionNode):
        return Step(
            node=resolved.id,
            kind=TaskKind.CONDITION,
            program=NO_PROGRAM,
            parameters={},
            inputs=tuple(_inputs(resolved, resolution, links)),
            outputs=tuple(_outputs(resolved, links)),
            resources=ResourceRequest(cpu_milli=0, memory_mib=0),
            depends_on=depends_on,
            condition=resolved.condition,
            branches=branches,
        )
    assert isinstance(node, AlgorithmNode), "only algorithm nodes resolve to steps of a function"
    function, version = resolved.function, resolved.version
    return Step(
        node=resolved.id,
        kind=TaskKind.SERVICE if resolved.is_service else TaskKind.BATCH,
        program=version.program(function.name),
        parameters=resolved.parameters,
        inputs=tuple(_inputs(resolved, resolution, links)),
        outputs=tuple(_outputs(resolved, links)),
        resources=resolved.resources,
        max_attempts=node.retries + 1,
        timeout_s=node.timeout_s,
        metrics=function.metrics,
        endpoint=resolved.endpoint,
        saves_checkpoints=function.saves_checkpoints,
        depends_on=depends_on,
        branches=branches,
        search=resolved.search,
    )


def _inputs(
    resolved: StepNode | DecisionNode, resolution: Resolution, links: Links
) -> Iterator[ArtifactInput | NodeOutput]:
    for name in resolved.inputs:  # in the manifest's order
        if name not in links.sources[resolved.id]:
            continue
        source, output = links.sources[resolved.id][name]
        port, origin = links.outputs[source][output], resolution.nodes[source]
        if isinstance(origin, DataNode):
            yield ArtifactInput(name, port.type, port.kind, origin.digest)
        else:
            yield NodeOutput(name, port.type, port.kind, source, output)


def _outputs(resolved: StepNode | DecisionNode, links: Links) -> Iterator[OutputSpec]:
    publish = resolved.publish if isinstance(resolved, StepNode) else {}
    for name, port in links.outputs[resolved.id].items():
        if port.type != "endpoint":  # what a service offers is not stored
            yield OutputSpec(name, port.type, port.kind, port.is_optional, publish.get(name, ""))


def _frozen(node: Node, resolution: Resolution) -> Node:
    resolved = resolution.nodes[node.id]
    match node, resolved:
        case DatasetNode(), DataNode():
            return replace(node, dataset=resolved.reference)
        case ModelNode(), DataNode():
            return replace(node, model=resolved.reference)
        case AlgorithmNode(), StepNode():
            return replace(node, algorithm=resolved.version.reference)
        case ConditionNode(), DecisionNode():
            return node
    raise AssertionError(f"node '{node.id}' resolved to {type(resolved).__name__}")
