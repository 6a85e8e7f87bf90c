"""Edges between resolved nodes: which output feeds which input, and why an edge cannot be."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kpl.errors import nearest
from kpl.pipeline.conditions import branches_of, condition_problems
from kpl.pipeline.document import Document, Edge
from kpl.pipeline.graph import find_cycle, topological_order
from kpl.pipeline.ports import ANY, BRANCH, Port, refusal, with_inherited_kinds
from kpl.pipeline.problem import Problem
from kpl.pipeline.resolve import DataNode, ResolvedNode
from kpl.sentence import Sentence, in_chinese


@dataclass(frozen=True, slots=True)
class Links:
    """What is joined.

    Args:
        sources: for each node, its linked inputs, each with (node, output) at the other end.
        outputs: for each node, its outputs with the kinds that follow from what comes in.
        branches: for each node, the branches (condition, output) that have to be taken for it to run.
        order: the nodes, each after those it waits for; empty when there is a cycle.
    """

    sources: Mapping[str, Mapping[str, tuple[str, str]]]
    outputs: Mapping[str, Mapping[str, Port]]
    branches: Mapping[str, Sequence[tuple[str, str]]]
    order: Sequence[str]
    problems: Sequence[Problem]


def link(document: Document, nodes: Mapping[str, ResolvedNode]) -> Links:
    """Join the nodes by the document's edges; edges with a problem are left out."""
    names = list(dict.fromkeys(node.id for node in document.nodes))
    cycle = find_cycle(document.predecessors)
    order = names if cycle else topological_order(names, document.predecessors)
    joined, problems = _joined(document, names, nodes)
    outputs: dict[str, Mapping[str, Port]] = {}
    for name in order:
        if name not in nodes:
            continue
        problems += _missing_inputs(name, nodes[name], joined[name])
        problems += _kind_problems(document, name, nodes[name], joined[name], outputs)
        linked = {port: found for port in joined[name] if (found := _other_end(joined[name][port], outputs))}
        outputs[name] = with_inherited_kinds(nodes[name].outputs, nodes[name].inputs, linked)
    if cycle:
        problems.append(_cycle_problem(document, cycle))
    problems += _layout_problems(document, names)
    problems += condition_problems(document, nodes, joined, order)
    sources = {
        name: {port: (edge.source, edge.output) for port, edge in joined[name].items()} for name in names
    }
    return Links(sources, outputs, branches_of(document), () if cycle else order, problems)


_Joined = dict[str, dict[str, Edge]]


def _joined(
    document: Document, names: Sequence[str], nodes: Mapping[str, ResolvedNode]
) -> tuple[_Joined, list[Problem]]:
    """The edge into each input of each node. Ports of nodes that could not be resolved are taken on trust."""
    joined: _Joined = {name: {} for name in names}
    problems: list[Problem] = []
    for number, edge in enumerate(document.edges):
        found = list(_end_problems(edge, f"edges[{number}]", joined, nodes))
        earlier = joined.get(edge.target, {}).get(edge.input)
        if earlier is not None and edge.input:
            what = Sentence(
                f"Input '{edge.input}' of '{edge.target}' is fed by '{earlier.text}' already.",
                f"“{edge.target}”的输入“{edge.input}”已由“{earlier.text}”提供。",
            )
            fix = Sentence("Remove one of the two edges.", "请删除其中一条连线。")
            found.append(Problem(edge.target, edge.input, f"edges[{number}]", what, fix))
        problems += found
        if not found and edge.input:
            joined[edge.target][edge.input] = edge
    return joined, problems


def _end_problems(
    edge: Edge, path: str, names: Collection[str], nodes: Mapping[str, ResolvedNode]
) -> Iterator[Problem]:
    for node, port in ((edge.source, edge.output), (edge.target, edge.input)):
        if node not in names:
            what = Sentence(
                f"'{edge.text}' names the unknown node '{node}'.",
                f"“{edge.text}”引用了不存在的节点“{node}”。",
            )
            yield Problem(node, port, path, what, nearest(node, names))
    source, target = nodes.get(edge.source), nodes.get(edge.target)
    if edge.is_order:
        if isinstance(source, DataNode) or isinstance(target, DataNode):
            what = Sentence(
                f"'{edge.text}' orders nothing: data is there before the run begins.",
                f"“{edge.text}”不决定任何先后：数据在运行开始前就已存在。",
            )
            order = Sentence("Remove it, or name the ports.", "请删除它，或写明端口。")
            yield Problem(edge.target, "", path, what, order, "warning")
        return
    if source is not None and edge.output not in source.outputs:
        what = Sentence(
            f"Node '{edge.source}' has no output '{edge.output}'.",
            f"节点“{edge.source}”没有输出“{edge.output}”。",
        )
        fix: str = nearest(edge.output, source.outputs) or Sentence("It has no outputs.", "它没有输出。")
        yield Problem(edge.source, edge.output, path, what, fix)
    if edge.is_branch:
        if isinstance(target, DataNode):
            yield _nothing_to_decide(edge, path)
        return
    if target is not None and edge.input not in target.inputs:
        what = Sentence(
            f"Node '{edge.target}' has no input '{edge.input}'.",
            f"节点“{edge.target}”没有输入“{edge.input}”。",
        )
        fix = nearest(edge.input, target.inputs) or Sentence("It has no inputs.", "它没有输入。")
        yield Problem(edge.target, edge.input, path, what, fix)


def _nothing_to_decide(edge: Edge, path: str) -> Problem:
    what = Sentence(
        f"'{edge.text}' decides nothing: data is there before the run begins.",
        f"“{edge.text}”不起作用：数据在运行开始前就已存在。",
    )
    fix = Sentence("Lead it to a step that runs.", "请连到会执行的步骤。")
    return Problem(edge.target, "", path, what, fix)


def _other_end(edge: Edge, outputs: Mapping[str, Mapping[str, Port]]) -> Port | None:
    return outputs.get(edge.source, {}).get(edge.output)


def _kind_problems(
    document: Document,
    name: str,
    node: ResolvedNode,
    edges: Mapping[str, Edge],
    outputs: Mapping[str, Mapping[str, Port]],
) -> Iterator[Problem]:
    for input_, edge in edges.items():
        source, target = _other_end(edge, outputs), node.inputs.get(input_)
        reason = refusal(source, target) if source is not None and target is not None else ""
        if source is not None and target is not None and reason:
            number = document.edges.index(edge)
            what = Sentence(
                f"'{edge.text}' cannot be linked: {reason}.", f"“{edge.text}”无法连接：{in_chinese(reason)}。"
            )
            yield Problem(name, input_, f"edges[{number}]", what, _fitting(source, target))


def _fitting(source: Port, target: Port) -> Sentence:
    if source.type == "endpoint":
        return Sentence(
            "Link the model itself, or draw an edge between the nodes for order alone.",
            "请连接模型本身，或在两个节点之间画一条只表示先后的连线。",
        )
    if source.type == BRANCH:
        return Sentence("Lead it to the step itself.", "请连到步骤本身。")
    if source.type != target.type:
        return Sentence(f"Link an output of type {target.type}.", f"请连接类型为 {target.type} 的输出。")
    wanted, zh = " or ".join(target.kinds), " 或 ".join(target.kinds)
    return Sentence(
        f"Link a {target.type} of kind {wanted}, or use an algorithm that takes {source.kinds[0]}.",
        f"请连接种类为 {zh} 的 {target.type}，或换用接受 {source.kinds[0]} 的算法。",
    )


def _missing_inputs(name: str, node: ResolvedNode, edges: Mapping[str, Edge]) -> Iterator[Problem]:
    for port in node.inputs.values():
        if not port.is_optional and port.name not in edges:
            kinds = f" of kind {' or '.join(port.kinds)}" if port.kinds else ""
            zh = f"种类为 {' 或 '.join(port.kinds)} 的 " if port.kinds else " "
            what = Sentence(
                f"Input '{port.name}' of '{name}' is not linked.", f"“{name}”的输入“{port.name}”没有连接。"
            )
            fix = Sentence(f"Link a {port.type}{kinds} to it.", f"请为它连接{zh}{port.type}。")
            if port.type == ANY:
                fix = Sentence(
                    "Link an output of the step whose metric decides.", "请连接上报该指标的步骤的任一输出。"
                )
            yield Problem(name, port.name, f"nodes.{name}", what, fix)


def _cycle_problem(document: Document, cycle: Sequence[str]) -> Problem:
    last = next(
        n for n, edge in enumerate(document.edges) if (edge.source, edge.target) == (cycle[-2], cycle[-1])
    )
    circle = " -> ".join(cycle)
    what = Sentence(f"The edges run in a circle: {circle}.", f"连线构成了环：{circle}。")
    fix = Sentence("Remove one of these edges.", "请删除其中一条连线。")
    return Problem(cycle[-1], "", f"edges[{last}]", what, fix)


def _layout_problems(document: Document, names: Sequence[str]) -> Iterator[Problem]:
    for name in document.layout:
        if name not in names:
            what = Sentence(f"There is no node '{name}' to place.", f"布局中的节点“{name}”不存在。")
            yield Problem(name, "", f"layout.{name}", what, nearest(name, names), "warning")
