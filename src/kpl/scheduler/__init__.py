"""Who runs where, and when: pure decisions over a snapshot of machines, placements and waiting tasks."""

from kpl.scheduler.cluster import Cluster
from kpl.scheduler.decide import decide, never_fits
from kpl.scheduler.fit import describe
from kpl.scheduler.mix import Mix
from kpl.scheduler.snapshot import Decision, Policy, Queue, RunningTask, Snapshot, WaitingTask

__all__ = [
    "Cluster",
    "Decision",
    "Mix",
    "Policy",
    "Queue",
    "RunningTask",
    "Snapshot",
    "WaitingTask",
    "decide",
    "describe",
    "never_fits",
]
