"""Nodes with everything looked up and filled in: versions, ports, parameters, resources, names.

Both `validate` and `plan` look at a document through this, so they never disagree. What cannot be resolved
becomes a `Problem`; the rest is resolved nevertheless, so that one look shows all problems. Edges are left
to `kpl.pipeline.links`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from kpl.algorithm.manifest import WRONG_AMOUNT, Device, Resources
from kpl.errors import Invalid, NotFound, nearest
from kpl.pipeline.binding import UNBOUND, bind, expressions, parameter_of
from kpl.pipeline.catalog import AlgorithmVersion, Catalog, Function
from kpl.pipeline.document import (
    NAME_RULE,
    AlgorithmNode,
    ConditionNode,
    DatasetNode,
    Document,
    ModelNode,
    Node,
    bindable_fields,
    is_name,
)
from kpl.pipeline.parameters import fill_in, parameter_values
from kpl.pipeline.ports import ANY, BRANCH, Port
from kpl.pipeline.problem import Problem
from kpl.pipeline.search import resolve_search
from kpl.pipeline.text import dotted
from kpl.resources import ResourceRequest
from kpl.resources.amounts import WHOLE_DEVICE_MILLI
from kpl.sentence import Sentence, in_chinese
from kpl.task import MEASURED, OTHERWISE, THEN, Condition, SearchSpec
from kpl.task.ids import Digest

PUBLISHED_TYPES = ("dataset", "model")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DataNode:
    """A dataset or model that is in the store. `reference` is exact, as in `digits@3`."""

    id: str
    reference: str
    digest: Digest
    outputs: Mapping[str, Port]
    inputs: Mapping[str, Port]


@dataclass(frozen=True, slots=True)
class StepNode:
    """A function with its parameters bound and filled in; `publish` holds outputs with a name alone."""

    id: str
    version: AlgorithmVersion
    function: Function
    parameters: Mapping[str, Any]
    resources: ResourceRequest
    publish: Mapping[str, str]
    endpoint: str
    search: SearchSpec | None = None

    @property
    def inputs(self) -> Mapping[str, Port]:
        return self.function.inputs

    @property
    def outputs(self) -> Mapping[str, Port]:
        return self.function.outputs

    @property
    def is_service(self) -> bool:
        return self.function.name == "serve"


@dataclass(frozen=True, slots=True)
class DecisionNode:
    """A condition with its limit bound."""

    id: str
    condition: Condition

    @property
    def inputs(self) -> Mapping[str, Port]:
        return {MEASURED: Port(MEASURED, ANY)}

    @property
    def outputs(self) -> Mapping[str, Port]:
        return {name: Port(name, BRANCH, is_optional=True) for name in (THEN, OTHERWISE)}


ResolvedNode = DataNode | StepNode | DecisionNode


@dataclass(frozen=True, slots=True)
class Resolution:
    """`values` of the pipeline's parameters, and the nodes that could be resolved."""

    values: Mapping[str, Any]
    nodes: Mapping[str, ResolvedNode]
    problems: Sequence[Problem]


def resolve(document: Document, catalog: Catalog, parameters: Mapping[str, Any]) -> Resolution:
    """Look up and fill in what the nodes name."""
    values, problems = parameter_values(document, parameters)
    resolver = _Resolver(catalog, values, [*problems, *_binding_problems(document)])
    nodes: dict[str, ResolvedNode] = {}
    seen: set[str] = set()
    for node in document.nodes:
        if node.id in seen:
            resolver.report(
                node.id,
                Sentence(f"Two nodes have the id '{node.id}'.", f"有两个节点的标识都是“{node.id}”。"),
                Sentence("Rename one of them.", "请重命名其中一个。"),
            )
            continue
        seen.add(node.id)
        resolved = resolver.node(node)
        if resolved is not None:
            nodes[node.id] = resolved
    if not any(isinstance(node, AlgorithmNode) for node in document.nodes):
        what = Sentence("No node runs anything.", "没有任何会执行的节点。")
        fix = Sentence("Add a function of an algorithm.", "请添加一个算法功能。")
        resolver.problems.append(Problem("", "", "nodes", what, fix))
    resolver.problems += _endpoint_clashes(nodes)
    return Resolution(values, nodes, resolver.problems)


class _Resolver:
    def __init__(self, catalog: Catalog, values: Mapping[str, Any], problems: list[Problem]) -> None:
        self.problems = problems
        self._catalog = catalog
        self._values = values

    def report(self, node: str, what: str, fix: str = "", *, field: str = "", port: str = "") -> None:
        path = f"nodes.{node}.{field}" if field else f"nodes.{node}"
        self.problems.append(Problem(node, port, path, what, fix))

    def node(self, node: Node) -> ResolvedNode | None:
        match node:
            case DatasetNode():
                dataset = self._find(node.id, "dataset", node.dataset, self._catalog.dataset)
                if dataset is None:
                    return None
                output = Port("dataset", "dataset", (dataset.kind,) if dataset.kind else ())
                return DataNode(node.id, dataset.reference, dataset.digest, {output.name: output}, {})
            case ModelNode():
                model = self._find(node.id, "model", node.model, self._catalog.model)
                if model is None:
                    return None
                output = Port("model", "model", (model.task,) if model.task else ())
                return DataNode(node.id, model.reference, model.digest, {output.name: output}, {})
            case AlgorithmNode():
                return self._step(node)
            case ConditionNode():
                return DecisionNode(node.id, Condition(node.metric, node.operator, self._limit(node)))

    def _limit(self, node: ConditionNode) -> float:
        value = bind(node.value, self._values)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        if value is None:
            what = Sentence("The condition has no value to compare with.", "条件没有用来比较的值。")
            self.report(node.id, what, Sentence("Give a number.", "请填写一个数字。"), field="value")
        elif value is not UNBOUND:
            what = Sentence(f"{value!r} is not a number.", f"{value!r} 不是数字。")
            fix = Sentence(
                "Give a number, or ${parameters.NAME} of a parameter that is one.",
                "请填写数字，或用 ${parameters.名称} 引用数字参数。",
            )
            self.report(node.id, what, fix, field="value")
        return 0.0

    def _step(self, node: AlgorithmNode) -> StepNode | None:
        version = self._find(node.id, "algorithm", node.algorithm, self._catalog.algorithm)
        if version is None:
            return None
        if not version.manifest.is_for_pipelines:
            name = version.manifest.name
            what = Sentence(
                f"Algorithm '{name}' is not for pipelines: KPL starts it by itself.",
                f"算法“{name}”不能用于流水线：它由 KPL 自行启动。",
            )
            self.report(
                node.id, what, Sentence("Use what it makes.", "请使用它产生的结果。"), field="algorithm"
            )
            return None
        function = self._find(node.id, "function", node.function, version.function)
        if function is None:
            return None
        parameters = self._parameters(node, function)
        return StepNode(
            id=node.id,
            version=version,
            function=function,
            parameters=parameters,
            resources=self._resources(node, function),
            publish=self._publish(node, function),
            endpoint=self._endpoint(node, function),
            search=self._search(node, function, parameters),
        )

    def _search(
        self, node: AlgorithmNode, function: Function, filled: Mapping[str, Any]
    ) -> SearchSpec | None:
        if node.search is None:
            return None
        given = {name: filled[name] for name in node.parameters if name in filled}
        search, problems = resolve_search(node.search, function, given, filled)
        for problem in problems:
            self.report(node.id, problem.what, problem.fix, field=problem.path)
        return search

    def _find(self, node: str, field: str, reference: str, find: Callable[[str], T]) -> T | None:
        bound = bind(reference, self._values)
        if bound is UNBOUND:
            return None
        if not isinstance(bound, str):
            what = Sentence(f"{bound!r} does not name a {field}.", f"{bound!r} 不是 {field} 的名称。")
            self.report(node, what, Sentence("Give a name as text.", "请以文本填写名称。"), field=field)
            return None
        try:
            return find(bound)
        except NotFound as err:
            self.report(node, err.message, err.hint, field=field)
            return None

    def _parameters(self, node: AlgorithmNode, function: Function) -> dict[str, Any]:
        bound = {name: bind(value, self._values) for name, value in node.parameters.items()}
        unbound = {name for name, value in bound.items() if value is UNBOUND}
        given = {name: value for name, value in bound.items() if name not in unbound}
        if node.search is not None:
            unbound |= node.search.parameters.keys() - given.keys()  # each trial gives them
        filled, problems = fill_in(function.parameters, given, unbound)
        for problem in problems:
            name = re.split(r"[.\[]", problem.path, maxsplit=1)[0]
            source = next(filter(None, map(parameter_of, expressions(node.parameters.get(name)))), "")
            fix = problem.fix
            if source:
                fix = Sentence(
                    f"{fix} The value comes from the pipeline's parameter '{source}'.".strip(),
                    f"{in_chinese(fix)}该值来自流水线参数“{source}”。",
                )
            self.report(node.id, problem.what, fix, field=f"parameters.{problem.path}")
        return filled

    def _resources(self, node: AlgorithmNode, function: Function) -> ResourceRequest:
        bound = bind(node.resources, self._values)
        if bound is UNBOUND:
            return function.resources.request()
        merged = {**function.resources.model_dump(), **_own_alternatives(bound)}
        try:
            request = Resources.model_validate(merged, strict=False).request()
            self._check_shares(node.id, request)
            return request
        except ValidationError as err:
            for error in err.errors():
                place = dotted(("resources", *(error["loc"] or ("devices",))))
                self.report(node.id, *_resource_words(error), field=place)
        except Invalid as err:
            self.report(node.id, err.message, err.hint, field="resources.memory")
        return function.resources.request()

    def _check_shares(self, node: str, request: ResourceRequest) -> None:
        sets = {"devices": request.devices}
        sets |= {f"alternatives[{number}]": each for number, each in enumerate(request.alternatives)}
        for place, devices in sets.items():
            for number, device in enumerate(devices):
                is_share = device.share_milli < WHOLE_DEVICE_MILLI or device.share_mib > 0
                if is_share and device.count > 1:
                    what = Sentence(
                        f"A share is of one device, not of {device.count}.",
                        f"份额只针对一台设备，不能是 {device.count} 台。",
                    )
                    fix = Sentence("Write count: 1, or leave the share out.", "请写 count: 1，或去掉份额。")
                    self.report(node, what, fix, field=f"resources.{place}[{number}].share")

    def _publish(self, node: AlgorithmNode, function: Function) -> dict[str, str]:
        named: dict[str, str] = {}
        for output, text in node.publish.items():
            name = bind(text, self._values)
            what, fix = _publish_refusal(function, output, name)
            if what:
                self.report(node.id, what, fix, field=f"publish.{output}", port=output)
            elif name is not UNBOUND and name:
                named[output] = name
        return named

    def _endpoint(self, node: AlgorithmNode, function: Function) -> str:
        endpoint = bind(node.endpoint, self._values)
        if endpoint is UNBOUND:
            return ""
        if function.name != "serve":
            if endpoint != "":
                what = Sentence(
                    f"Function '{function.name}' does not serve.", f"功能“{function.name}”不提供在线服务。"
                )
                fix = Sentence(
                    "Remove the endpoint, or use the function 'serve'.", "请删除服务名称，或使用功能“serve”。"
                )
                self.report(node.id, what, fix, field="endpoint")
            return ""
        if endpoint == "":
            what = Sentence("A function that serves needs an endpoint.", "提供在线服务的功能需要服务名称。")
            fix = Sentence("Give the name that it shall answer under.", "请填写对外服务的名称。")
            self.report(node.id, what, fix, field="endpoint")
            return ""
        if not isinstance(endpoint, str) or not is_name(endpoint):
            what = Sentence(f"{endpoint!r} cannot name an endpoint.", f"{endpoint!r} 不能作为服务名称。")
            self.report(node.id, what, NAME_RULE, field="endpoint")
            return ""
        return endpoint


def _own_alternatives(resources: Mapping[str, Any]) -> Mapping[str, Any]:
    """Devices that a node names replace those of the manifest together with what would do instead."""
    return {"alternatives": (), **resources} if "devices" in resources else resources


def _resource_words(error: ErrorDetails) -> tuple[str, str]:
    if error["type"] == WRONG_AMOUNT:
        what = Sentence(error["msg"], f"{error['input']!r} 不是有效的资源量。")
        fix = str(error.get("ctx", {}).get("fix", ""))
        return what, Sentence(fix, "写法如 cpu: 2、memory: 2Gi、devices: gpu=1 或 gpu=0.5。")
    if error["type"] == "extra_forbidden":
        known = tuple((Device if len(error["loc"]) > 1 else Resources).model_fields)
        name = str(error["loc"][-1])
        return Sentence(f"'{name}' is not a resource.", f"“{name}”不是资源。"), nearest(name, known)
    example = "{cpu: 2, memory: 2Gi, devices: gpu=1}"
    what = Sentence(
        f"{error['input']!r} does not fit: {error['msg'][:1].lower()}{error['msg'][1:]}.",
        f"{error['input']!r} 不符合要求：{error['msg']}。",
    )
    return what, Sentence(f"Write {example}.", f"写法如 {example}。")


def _publish_refusal(function: Function, output: str, name: Any) -> tuple[str, str]:
    port = function.outputs.get(output)
    if port is None:
        what = Sentence(
            f"Function '{function.name}' has no output '{output}'.",
            f"功能“{function.name}”没有输出“{output}”。",
        )
        return what, nearest(output, function.outputs)
    if port.type not in PUBLISHED_TYPES:
        what = Sentence(
            f"Output '{output}' is of type {port.type}, which cannot be published.",
            f"输出“{output}”的类型是 {port.type}，不能发布。",
        )
        return what, Sentence(
            "Publish datasets and models; other outputs stay with their task.",
            "可发布数据集和模型；其他输出保留在任务中。",
        )
    if name is not UNBOUND and name != "" and not (isinstance(name, str) and is_name(name)):
        return Sentence(
            f"{name!r} cannot name a {port.type}.", f"{name!r} 不能作为 {port.type} 的名称。"
        ), NAME_RULE
    return "", ""


_HOW_TO_BIND = Sentence(
    "Write ${parameters.NAME}, or $${ for a plain '${'.",
    "请写 ${parameters.名称}；要写普通的“${”，请用 $${。",
)
_DECLARE = Sentence("Declare it first.", "请先声明它。")


def _binding_problems(document: Document) -> Iterator[Problem]:
    """Find bindings to parameters that do not exist, and parameters that nothing is bound to."""
    known = {parameter.name for parameter in document.parameters}
    used: set[str] = set()
    for node in document.nodes:
        for field, value in bindable_fields(node):
            for expression in expressions(value):
                name = parameter_of(expression)
                used.add(name)
                if name in known:
                    continue
                what = Sentence(
                    f"'{expression}' is not a parameter of this pipeline.",
                    f"“{expression}”不是此流水线的参数。",
                )
                fix = nearest(name, known) if name else _HOW_TO_BIND
                yield Problem(node.id, "", f"nodes.{node.id}.{field}", what, fix or _DECLARE)
    for parameter in document.parameters:
        if parameter.name not in used:
            what = Sentence(
                f"Nothing is bound to the parameter '{parameter.name}'.",
                f"参数“{parameter.name}”没有被使用。",
            )
            use = f"${{parameters.{parameter.name}}}"
            fix = Sentence(f"Use it as {use}, or remove it.", f"请以 {use} 使用它，或删除它。")
            yield Problem("", "", f"parameters.{parameter.name}", what, fix, "warning")


def _endpoint_clashes(nodes: Mapping[str, ResolvedNode]) -> Iterator[Problem]:
    served: dict[str, str] = {}
    for node in nodes.values():
        if isinstance(node, StepNode) and node.endpoint:
            first = served.setdefault(node.endpoint, node.id)
            if first != node.id:
                what = Sentence(
                    f"Node '{first}' serves under '{node.endpoint}' already.",
                    f"节点“{first}”已使用服务名称“{node.endpoint}”。",
                )
                fix = Sentence("Choose another name.", "请换一个名称。")
                yield Problem(node.id, "", f"nodes.{node.id}.endpoint", what, fix)
