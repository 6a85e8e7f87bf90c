"""Moves runs forward: joins the plan, the scheduler's decisions and the executor's reports.

Named here are the values and the seam to the store, so that whoever shows a run loads nothing that moves one. The pure
decision is `kpl.orchestrator.step.step`, the loop around it `kpl.orchestrator.loop.Loop`.
"""

from kpl.orchestrator.state import Changes, Run, RunState, State
from kpl.orchestrator.store import Earlier, Finished, Inbox, Store

__all__ = ["Changes", "Earlier", "Finished", "Inbox", "Run", "RunState", "State", "Store"]
