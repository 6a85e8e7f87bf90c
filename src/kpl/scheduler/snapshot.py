"""What the scheduler sees: machines, what is held on them, and who waits. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kpl.resources import Machine, Placement, ResourceRequest
from kpl.task.ids import TaskId


@dataclass(frozen=True, slots=True)
class WaitingTask:
    """A task that may start as soon as its request fits.

    Args:
        priority: higher goes first.
        since_s: among equal priorities, who has waited longest goes first; the smaller id settles ties.
    """

    id: TaskId
    request: ResourceRequest
    priority: int = 0
    since_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment: `held` names the placement of every task that holds resources."""

    machines: tuple[Machine, ...] = ()
    held: Mapping[TaskId, Placement] = field(default_factory=dict)
    waiting: tuple[WaitingTask, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """Who starts where, and for everybody else one plain sentence on what is missing."""

    starts: Mapping[TaskId, Placement] = field(default_factory=dict)
    reasons: Mapping[TaskId, str] = field(default_factory=dict)
