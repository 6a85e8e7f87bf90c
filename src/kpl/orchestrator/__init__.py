"""Moves runs forward: joins the plan, the scheduler's decisions and the executor's reports."""

from kpl.orchestrator.loop import Clock, Loop
from kpl.orchestrator.memory_store import InMemoryStore
from kpl.orchestrator.state import Changes, Run, RunState, State
from kpl.orchestrator.step import StepResult, commands_for, step
from kpl.orchestrator.store import Earlier, Finished, Inbox, Store

__all__ = [
    "Changes",
    "Clock",
    "Earlier",
    "Finished",
    "InMemoryStore",
    "Inbox",
    "Loop",
    "Run",
    "RunState",
    "State",
    "StepResult",
    "Store",
    "commands_for",
    "step",
]
