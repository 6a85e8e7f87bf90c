"""Conditions on a canvas: whose metric is compared, and what stands behind which branch."""

from collections.abc import Iterator, Mapping, Sequence

from kpl.errors import nearest
from kpl.pipeline.document import Document, Edge
from kpl.pipeline.problem import Problem
from kpl.pipeline.resolve import DataNode, DecisionNode, ResolvedNode, StepNode
from kpl.sentence import Sentence
from kpl.task import MEASURED, OTHERWISE, THEN

Branches = Mapping[str, Sequence[tuple[str, str]]]


def branches_of(document: Document) -> dict[str, list[tuple[str, str]]]:
    """For each node, the branches (condition, output) that lead to it."""
    found: dict[str, list[tuple[str, str]]] = {node.id: [] for node in document.nodes}
    for edge in document.edges:
        branch = (edge.source, edge.output)
        if edge.is_branch and edge.target in found and branch not in found[edge.target]:
            found[edge.target].append(branch)
    return found


def condition_problems(
    document: Document,
    nodes: Mapping[str, ResolvedNode],
    joined: Mapping[str, Mapping[str, Edge]],
    order: Sequence[str],
) -> Iterator[Problem]:
    """Find metrics that nobody reports, branches that lead nowhere, and steps that could never run.

    Args:
        joined: for each node, the edge into each of its inputs.
        order: the nodes, each after those it waits for.
    """
    branches = branches_of(document)
    used = {branch[0] for leading in branches.values() for branch in leading}
    for name, node in nodes.items():
        if not isinstance(node, DecisionNode):
            continue
        edge = joined[name].get(MEASURED)
        yield from _metric_problems(node, edge, None if edge is None else nodes.get(edge.source), document)
        if name not in used:
            what = Sentence(f"Nothing depends on what '{name}' decides.", f"没有步骤取决于“{name}”的判断。")
            fix = Sentence(
                "Draw an edge from 'then' or 'otherwise' to a step.", "请从“满足”或“不满足”连到一个步骤。"
            )
            yield Problem(name, "", f"nodes.{name}", what, fix, "warning")
    yield from _never_run(document, branches, order)


def _metric_problems(
    node: DecisionNode, edge: Edge | None, source: ResolvedNode | None, document: Document
) -> Iterator[Problem]:
    if edge is not None and isinstance(source, DataNode):
        what = Sentence(
            f"'{edge.text}' measures nothing: '{edge.source}' runs nothing, so it reports no metric.",
            f"“{edge.text}”没有可比较的指标：“{edge.source}”不执行，不会上报指标。",
        )
        fix = Sentence("Link an output of a step that runs.", "请连接会执行的步骤的输出。")
        yield Problem(node.id, MEASURED, f"edges[{document.edges.index(edge)}]", what, fix)
    declared = source.function.metrics if isinstance(source, StepNode) else ()
    metric, path = node.condition.metric, f"nodes.{node.id}.metric"
    if not metric:
        known = Sentence(", ".join(declared), "、".join(declared))
        named = Sentence(f"Choose one: {known}.", f"请选择：{known.zh}。")
        name_it = Sentence("Name one that the linked step reports.", "请填写所连步骤上报的指标名称。")
        what = Sentence("No metric is chosen.", "没有选择指标。")
        yield Problem(node.id, "", path, what, named if declared else name_it)
    elif declared and metric not in declared and edge is not None:
        what = Sentence(
            f"'{edge.source}' does not declare that it reports '{metric}'.",
            f"“{edge.source}”没有声明会上报“{metric}”。",
        )
        yield Problem(node.id, "", path, what, nearest(metric, declared), "warning")


def _never_run(document: Document, branches: Branches, order: Sequence[str]) -> Iterator[Problem]:
    """Find steps behind both branches of one condition: one of the two is never taken."""
    before = document.predecessors
    needed: dict[str, frozenset[tuple[str, str]]] = {}
    for name in order:
        above = frozenset[tuple[str, str]]().union(*(needed.get(each, frozenset()) for each in before[name]))
        needed[name] = above | frozenset(branches[name])
        torn = _torn_by(needed[name])
        if torn and not _torn_by(above):
            what = Sentence(
                f"'{name}' stands behind both branches of '{torn[0]}', so it would never run.",
                f"“{name}”同时位于“{torn[0]}”的两个分支之后，永远不会执行。",
            )
            fix = Sentence("Keep one of the two.", "请只保留其中一个分支。")
            yield Problem(name, "", f"nodes.{name}", what, fix)


def _torn_by(needed: frozenset[tuple[str, str]]) -> list[str]:
    """The conditions of which both branches would have to be taken."""
    return sorted(
        condition for condition, output in needed if output == THEN and (condition, OTHERWISE) in needed
    )
