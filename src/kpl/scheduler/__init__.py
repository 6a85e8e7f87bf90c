"""Who runs where, and when: pure decisions over a snapshot of machines, placements and waiting tasks."""

from kpl.scheduler.decide import decide, never_fits
from kpl.scheduler.fit import describe
from kpl.scheduler.snapshot import Decision, Snapshot, WaitingTask

__all__ = ["Decision", "Snapshot", "WaitingTask", "decide", "describe", "never_fits"]
