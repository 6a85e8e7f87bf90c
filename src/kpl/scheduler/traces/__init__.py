"""Recorded work of other clusters, and of KPL itself, as jobs to simulate: text in, values out."""

from kpl.scheduler.traces.history import read_history
from kpl.scheduler.traces.machines import read_machines
from kpl.scheduler.traces.openb import read_pods
from kpl.scheduler.traces.philly import read_philly
from kpl.scheduler.traces.setup import read_setup
from kpl.scheduler.traces.trace import FORMATS, read_trace

__all__ = [
    "FORMATS", "read_history", "read_machines", "read_philly", "read_pods", "read_setup", "read_trace",
]  # fmt: skip
