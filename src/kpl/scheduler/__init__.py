"""Who runs where, and when: pure decisions over a snapshot of machines, queues, running and waiting tasks."""

from kpl.scheduler.cluster import Cluster
from kpl.scheduler.decide import decide
from kpl.scheduler.fit import describe
from kpl.scheduler.mix import Mix
from kpl.scheduler.reasons import never_fits, refusal
from kpl.scheduler.snapshot import (
    Decision,
    Discipline,
    Hours,
    Obstacle,
    Policy,
    Preemption,
    Queue,
    Reservation,
    RunningTask,
    Snapshot,
    Text,
    Wait,
    WaitingTask,
)

__all__ = [
    "Cluster", "Decision", "Discipline", "Hours", "Mix", "Obstacle", "Policy", "Preemption", "Queue", "Reservation",
    "RunningTask", "Snapshot", "Text", "Wait", "WaitingTask", "decide", "describe", "never_fits", "refusal",
]  # fmt: skip
