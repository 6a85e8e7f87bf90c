"""Ports: what a node takes and gives, and whether an edge may join two of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from kpl.sentence import Sentence

ANY, BRANCH = "any", "branch"


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a node.

    Args:
        type: `dataset`, `model`, `files` or `endpoint`; `branch` of what a condition decides, `any` of the input by
            which it is told whose metric it compares.
        kinds: what it takes or may give, as in `detection`; empty for any.
    """

    name: str
    type: str
    kinds: tuple[str, ...] = ()
    is_optional: bool = False

    @property
    def kind(self) -> str:
        """The kind when there is no doubt about it, otherwise empty."""
        return self.kinds[0] if len(self.kinds) == 1 else ""


def refusal(source: Port, target: Port) -> str:
    """Say why an output may not be linked to an input; empty when it may.

    A kind that is not known before the run is not refused.
    """
    if source.type == "endpoint":
        return Sentence(
            "a served model leaves nothing behind that could be handed over", "在线服务不会产生可传递的结果"
        )
    if source.type == BRANCH:
        return Sentence(
            "a branch decides what runs, and hands nothing over", "分支只决定哪些步骤执行，不传递数据"
        )
    if target.type == ANY:
        return ""
    if source.type != target.type:
        return Sentence(
            f"the output is of type {source.type}, the input takes {target.type}",
            f"输出的类型是 {source.type}，输入需要 {target.type}",
        )
    if source.kinds and target.kinds and not set(source.kinds) & set(target.kinds):
        given, taken = " or ".join(source.kinds), " or ".join(target.kinds)
        return Sentence(
            f"the {source.type} is of kind {given}, the input takes {taken}",
            f"{source.type} 的种类是 {' 或 '.join(source.kinds)}，输入需要 {' 或 '.join(target.kinds)}",
        )
    return ""


def with_inherited_kinds(
    outputs: Mapping[str, Port], inputs: Mapping[str, Port], linked: Mapping[str, Port]
) -> dict[str, Port]:
    """Give outputs without a kind the kind that comes in.

    A function that takes one dataset and gives one of no stated kind (a split, a filter, predictions) keeps
    the kind of what it was given; the same holds for models.

    Args:
        linked: for each linked input, the output at the other end.
    """
    return {
        name: port if port.kinds else replace(port, kinds=_inherited(port, inputs.values(), linked))
        for name, port in outputs.items()
    }


def _inherited(port: Port, inputs: Iterable[Port], linked: Mapping[str, Port]) -> tuple[str, ...]:
    alike = [each for each in inputs if each.type == port.type]
    if len(alike) != 1:
        return ()
    source = linked.get(alike[0].name)
    return source.kinds if source is not None and source.kinds else alike[0].kinds
