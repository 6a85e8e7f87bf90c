"""One thing that is wrong with a pipeline: where, why, and how to mend it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Problem:
    """What keeps a pipeline from running (`error`), or what its author may not have meant (`warning`).

    Args:
        node: id of the node; empty when it concerns the whole document.
        port: the input or output in question; may be empty.
        path: place in the document, as in `nodes.train.parameters.epochs`.
        what: one sentence on what is wrong, with the value.
        fix: what to do about it.
    """

    node: str
    port: str
    path: str
    what: str
    fix: str = ""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return f"{self.path}: {self.what} {self.fix}".strip()


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Keep those that forbid a run."""
    return [problem for problem in problems if problem.severity == "error"]
