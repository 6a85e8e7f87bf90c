"""Which way a run goes on: what a condition decides, and what that means for the tasks behind it. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kpl.errors import Invalid
from kpl.sentence import Sentence, in_chinese
from kpl.task import (
    MEASURED,
    OPPOSITES,
    OTHERWISE,
    THEN,
    Condition,
    Task,
    TaskKind,
    TaskOutputInput,
    TaskState,
)
from kpl.task.ids import TaskId

DECISION = "decision.json"
"""The file that the branch which is taken holds: what was compared with what."""

MOST_NAMED = 10


class Reported(Protocol):
    """All values of one metric; the last counts."""

    @property
    def last(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided.

    Args:
        branch: `then` or `otherwise`.
        compared: as in "accuracy 0.87 < 0.9".
        why: as in "condition 'good_enough' does not hold: accuracy 0.87 < 0.9".
        record: the comparison as JSON, kept as the branch's output.
    """

    branch: str
    compared: str
    why: Sentence
    record: str


def decide(name: str, condition: Condition, *, source: TaskId, reported: Mapping[str, Reported]) -> Verdict:
    """Compare what was reported last with the limit.

    Args:
        name: what the condition is called.
        source: the task that reported.
    Raises:
        Invalid: the metric was not reported; the message names those that were.
    """
    metric = condition.metric
    if metric not in reported:
        raise Invalid(
            Sentence(
                f"Metric '{metric}' was not reported by task {source}, so nothing can be decided.",
                f"任务 {source} 没有上报指标“{metric}”，无法判断条件。",
            ),
            hint=_those_reported(sorted(reported)),
        )
    measured = reported[metric].last
    holds = condition.holds(measured)
    record = {
        "metric": metric,
        "measured": measured,
        "operator": condition.operator,
        "value": condition.value,
        "holds": holds,
        "task": source,
    }
    compared = _compared(condition, measured)
    why = (
        Sentence(f"condition '{name}' holds: {compared}", f"条件“{name}”成立：{compared}")
        if holds
        else Sentence(f"condition '{name}' does not hold: {compared}", f"条件“{name}”不成立：{compared}")
    )
    return Verdict(THEN if holds else OTHERWISE, compared, why, json.dumps(record) + "\n")


def _those_reported(names: Sequence[str]) -> Sentence:
    if not names:
        return Sentence("It reported no metric.", "它没有上报任何指标。")
    more = len(names) - MOST_NAMED
    en, zh = ", ".join(names[:MOST_NAMED]), "、".join(names[:MOST_NAMED])
    if more > 0:
        en, zh = f"{en} and {more} more", f"{zh} 等 {len(names)} 个"
    return Sentence(f"It reported {en}.", f"它上报了 {zh}。")


def measured_task(task: Task) -> TaskId:
    """The task whose metric a condition compares."""
    sources = (each.task for each in task.spec.inputs if isinstance(each, TaskOutputInput))
    found = next(sources, None)
    assert found is not None, f"condition {task.id} has no input '{MEASURED}'"
    return found


def _compared(condition: Condition, measured: float) -> str:
    operator = condition.operator if condition.holds(measured) else OPPOSITES[condition.operator]
    shown, limit = f"{measured:.6g}", f"{condition.value:.6g}"
    if shown == limit and measured != condition.value:
        shown, limit = repr(measured), repr(condition.value)
    return f"{condition.metric} {shown} {operator} {limit}"


def not_taken(task: Task, tasks: Mapping[TaskId, Task]) -> Task | None:
    """The condition that was decided against this task, if there is one."""
    for branch in task.spec.branches:
        condition = tasks.get(branch.task)
        if condition is not None and condition.branch not in ("", branch.output):
            return condition
    return None


def what_was_decided(tasks: Sequence[Task]) -> str:
    """What a run that came to its end says of its conditions and of what was skipped by them; empty without any."""
    decided = [task for task in tasks if task.kind is TaskKind.CONDITION and task.branch]
    if not decided:
        return ""
    en = "; ".join(str(task.why) for task in decided)
    zh = "；".join(in_chinese(task.why) for task in decided)
    skipped = [task.name for task in tasks if task.state is TaskState.SKIPPED]
    if not skipped:
        return Sentence(en, zh)
    return Sentence(f"{en}; skipped: {', '.join(skipped)}", f"{zh}；已跳过：{'、'.join(skipped)}")
