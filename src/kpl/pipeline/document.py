"""A pipeline as a value: the one object that the canvas, the file and the SDK edit.

Equal documents have equal text: `to_yaml` writes keys in one fixed order, so a pipeline lies well in git.
Reading is left to `kpl.pipeline.parsing`, and whether the pieces fit together to `kpl.pipeline.validate`;
a document may be half-drawn.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kpl.pipeline.text import Inline, write_yaml
from kpl.sentence import Sentence
from kpl.task import Operator
from kpl.task.spec import Direction, SearchMethod

SCHEMA = "kpl.pipeline/v1"

NAME_PATTERN = r"[a-z0-9][a-z0-9_.-]{0,62}"
NAME_RULE = Sentence(
    "Use lower-case letters, digits, '_', '-' and '.', beginning with a letter or digit; at most 63.",
    "请使用小写字母、数字、“_”、“-”和“.”，以字母或数字开头，最多 63 个字符。",
)
NODE_ID_PATTERN = r"[a-z0-9][a-z0-9_-]{0,62}"
PORT_PATTERN = r"[A-Za-z_][A-Za-z0-9_]{0,62}"
PARAMETER_PATTERN = r"[A-Za-z_][A-Za-z0-9_]{0,62}"
NOTE_PATTERN = r"(note|group)/[a-z0-9][a-z0-9_-]{0,62}"
NOTE_COLOURS = ("grey", "blue", "teal", "green", "amber", "pink", "violet")

KEYWORDS = (
    "type", "x-kpl", "title", "description", "default", "enum", "const",
    "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf",
    "minLength", "maxLength", "pattern", "format", "items", "minItems", "maxItems", "uniqueItems",
    "properties", "required", "additionalProperties", "examples",
)  # fmt: skip
"""The keywords of JSON Schema that a parameter may use, in the order in which they are written."""

SUBSCHEMAS = ("items", "additionalProperties")
"""Those of them whose value may be a schema again."""

Texts = Mapping[str, str]
"""The same text by language, as in `{"en": "Train", "zh": "训练"}`."""


def is_name(text: str) -> bool:
    """Whether `text` may name a pipeline, dataset, model or endpoint."""
    return re.fullmatch(NAME_PATTERN, text) is not None


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a pipeline: its name and the JSON Schema of its value, which makes its form field.

    A parameter without `default` must be given when the pipeline is run.
    """

    name: str
    schema: Mapping[str, Any]

    @property
    def is_required(self) -> bool:
        return "default" not in self.schema


@dataclass(frozen=True, slots=True)
class DatasetNode:
    """A dataset in the store, `name` (the latest when a run is made) or `name@3`. Its output is `dataset`."""

    id: str
    dataset: str
    title: Texts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelNode:
    """A model in the store, `name` or `name@3`. Its output is `model`."""

    id: str
    model: str
    title: Texts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SearchRange:
    """The values that a search tries for one parameter: all from `min` to `max`, or `choices`."""

    min: int | float | None = None
    max: int | float | None = None
    log: bool = False
    step: int | float | None = None
    choices: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Search:
    """Automatic search over parameters of a function: each trial is a task of its own, the best one is kept.

    Args:
        parameters: what is searched, by the name of the function's parameter.
        trials: how many at most.
        parallel: how many at once.
        budget_s: time after which no trial begins any more.
        pruning: stop trials early that fall behind.
        metric: by which trials are compared; empty for the function's primary one.
        direction: None for what the manifest says of the metric.
    """

    parameters: Mapping[str, SearchRange] = field(default_factory=dict)
    trials: int = 10
    parallel: int = 1
    budget_s: int | float | None = None
    method: SearchMethod = "tpe"
    pruning: bool = False
    metric: str = ""
    direction: Direction | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class AlgorithmNode:
    """One function of an algorithm.

    Args:
        algorithm: `name` (the latest version when the run is made) or `name@1.2.0`.
        resources: replaces the manifest's request field by field, as in `{"cpu": 2, "memory": "2Gi"}`.
        retries: how often a failed attempt is tried again.
        publish: output -> name of the dataset or model that it becomes a version of; empty: not published.
        endpoint: the name that a served model answers under.
        search: tries values of parameters; those of them in `parameters` are where it begins.
    """

    id: str
    algorithm: str
    function: str
    title: Texts = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    resources: Mapping[str, Any] = field(default_factory=dict)
    retries: int = 0
    timeout_s: int | float | None = None
    publish: Mapping[str, str] = field(default_factory=dict)
    endpoint: str = ""
    search: Search | None = None


@dataclass(frozen=True, slots=True)
class ConditionNode:
    """Compares a metric of the step before it with a limit; its outputs `then` and `otherwise` lead to what may run.

    Args:
        operator: `>=`, `>`, `<=` or `<`.
        value: a number, or the binding of one; None while nobody has said.
    """

    id: str
    metric: str
    operator: Operator = ">="
    value: int | float | str | None = None
    title: Texts = field(default_factory=dict)


Node = DatasetNode | ModelNode | AlgorithmNode | ConditionNode


@dataclass(frozen=True, slots=True)
class Edge:
    """A link from an output to an input; with empty ports it only orders `target` after `source`.

    With an output alone it is a branch: `target` comes after the condition `source` and only runs if that takes it.
    """

    source: str
    target: str
    output: str = ""
    input: str = ""

    @property
    def is_order(self) -> bool:
        return not self.output

    @property
    def is_branch(self) -> bool:
        return bool(self.output) and not self.input

    @property
    def text(self) -> str:
        return f"{_end(self.source, self.output)} -> {_end(self.target, self.input)}"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a node stands on the canvas, in its units."""

    x: int | float
    y: int | float


@dataclass(frozen=True, slots=True)
class Note:
    """Words on the canvas, or a frame with a title around nodes; what runs does not depend on it.

    Args:
        width, height: in units of the canvas.
        colour: one of NOTE_COLOURS.
    """

    x: int | float
    y: int | float
    width: int | float
    height: int | float
    text: str = ""
    colour: str = "grey"


@dataclass(frozen=True, slots=True)
class Document:
    """A whole pipeline.

    Args:
        task: what it is for, as in `classification`.
        parameters: in the order of the form; nodes and edges keep the order in which they were drawn.
        notes: by name, `note/NAME` for words and `group/NAME` for a frame. They are written among the places
            of `layout`; the `/` keeps them apart from nodes.
    """

    name: str
    title: Texts = field(default_factory=dict)
    description: Texts = field(default_factory=dict)
    task: str = ""
    parameters: tuple[Parameter, ...] = ()
    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    layout: Mapping[str, Position] = field(default_factory=dict)
    notes: Mapping[str, Note] = field(default_factory=dict)

    def node(self, node_id: str) -> Node | None:
        return next((node for node in self.nodes if node.id == node_id), None)

    @property
    def predecessors(self) -> dict[str, list[str]]:
        """For each node, the nodes that it must wait for; edges from or to unknown nodes are left out."""
        before: dict[str, list[str]] = {node.id: [] for node in self.nodes}
        for edge in self.edges:
            if edge.source in before and edge.target in before and edge.source not in before[edge.target]:
                before[edge.target].append(edge.source)
        return before


def bindable_fields(node: Node) -> Iterator[tuple[str, Any]]:
    """The fields of a node that may be bound to parameters of the pipeline, with their paths in it."""
    match node:
        case DatasetNode():
            yield "dataset", node.dataset
        case ModelNode():
            yield "model", node.model
        case AlgorithmNode():
            yield "algorithm", node.algorithm
            yield "function", node.function
            yield from ((f"parameters.{name}", value) for name, value in node.parameters.items())
            yield "resources", node.resources
            yield from ((f"publish.{output}", name) for output, name in node.publish.items())
            yield "endpoint", node.endpoint
        case ConditionNode():
            yield "value", node.value


def to_plain(document: Document) -> dict[str, Any]:
    """Write the document as plain values with the keys in their fixed order; empty parts are left out."""
    return {"schema": SCHEMA, "name": document.name} | _filled(
        title=_texts(document.title),
        description=_texts(document.description, inline=False),
        task=document.task,
        parameters={parameter.name: _schema(parameter.schema) for parameter in document.parameters},
        nodes=[_node(node) for node in document.nodes],
        edges=[_edge(edge) for edge in document.edges],
        layout={name: Inline(x=at.x, y=at.y) for name, at in _in_node_order(document)}
        | {name: _note(document.notes[name]) for name in sorted(document.notes)},
    )


def to_yaml(document: Document) -> str:
    """Write the document as YAML. Equal documents give equal bytes; reading them gives the document back."""
    return write_yaml(to_plain(document))


def to_json(document: Document) -> str:
    """Write the document as JSON, with the keys in the same order as in YAML."""
    return json.dumps(to_plain(document), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _filled(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in ("", None, {}, [], ())}


def _texts(texts: Texts, *, inline: bool = True) -> dict[str, str]:
    ordered = {language: texts[language] for language in sorted(texts)}
    return Inline(ordered) if inline and "\n" not in "".join(ordered.values()) else ordered


def _schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    ordered: dict[str, Any] = {}
    for key in sorted(schema, key=_schema_position):
        value = schema[key]
        if key in ("title", "description") and isinstance(value, Mapping):
            ordered[key] = _texts(value, inline=key == "title")
        elif key == "properties" and isinstance(value, Mapping):
            ordered[key] = {name: _schema(value[name]) for name in sorted(value)}
        elif key in SUBSCHEMAS and isinstance(value, Mapping):
            ordered[key] = _schema(value)
        else:
            ordered[key] = _sorted(value)
    return ordered


def _schema_position(key: str) -> tuple[int, str]:
    return (KEYWORDS.index(key) if key in KEYWORDS else len(KEYWORDS), key)


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_sorted(inner) for inner in value]
    return value


def _node(node: Node) -> dict[str, Any]:
    if isinstance(node, DatasetNode):
        return {"id": node.id, "type": "dataset", "dataset": node.dataset} | _filled(title=_texts(node.title))
    if isinstance(node, ModelNode):
        return {"id": node.id, "type": "model", "model": node.model} | _filled(title=_texts(node.title))
    if isinstance(node, ConditionNode):
        compared = {"metric": node.metric, "operator": node.operator}
        limit = {} if node.value is None else {"value": node.value}
        return {"id": node.id, "type": "condition", **compared, **limit} | _filled(title=_texts(node.title))
    head = {"id": node.id, "type": "algorithm", "algorithm": node.algorithm, "function": node.function}
    return head | _filled(
        title=_texts(node.title),
        parameters=_sorted(node.parameters),
        search=None if node.search is None else _search(node.search),
        resources=Inline(_in_order(_sorted(node.resources), ["cpu", "memory", "devices", "alternatives"])),
        retries=node.retries or None,
        timeout_s=node.timeout_s,
        publish=Inline(_sorted(node.publish)),
        endpoint=node.endpoint,
    )


def _search(search: Search) -> dict[str, Any]:
    ranges = {name: _range(search.parameters[name]) for name in sorted(search.parameters)}
    usual = Search()
    return {"parameters": ranges} | {
        name: value
        for name in ("trials", "parallel", "budget_s", "method", "pruning", "metric", "direction", "seed")
        if (value := getattr(search, name)) != getattr(usual, name)
    }


def _range(values: SearchRange) -> Inline:
    found = _filled(
        min=values.min,
        max=values.max,
        log=values.log or None,
        step=values.step,
        choices=[_sorted(each) for each in values.choices],
    )
    return Inline(found)


def _note(note: Note) -> dict[str, Any]:
    box = {"x": note.x, "y": note.y, "width": note.width, "height": note.height}
    return box | _filled(text=note.text, colour=None if note.colour == "grey" else note.colour)


def _in_order(values: Mapping[str, Any], first: list[str]) -> dict[str, Any]:
    return {key: values[key] for key in [*filter(values.__contains__, first), *values]}


def _edge(edge: Edge) -> Inline:
    return Inline({"from": _end(edge.source, edge.output), "to": _end(edge.target, edge.input)})


def _end(node: str, port: str) -> str:
    return f"{node}.{port}" if port else node


def _in_node_order(document: Document) -> Iterator[tuple[str, Position]]:
    drawn = [node.id for node in document.nodes if node.id in document.layout]
    for name in dict.fromkeys([*drawn, *sorted(document.layout)]):
        yield name, document.layout[name]
