"""Machines and what is held on them."""

from collections.abc import Sequence
from datetime import datetime

from kpl.client.transport import Transport
from kpl.schemas.machine import MachineOut, MachinesOut
from kpl.schemas.sample import MachineMetricsOut


class Machines:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Sequence[MachineOut]:
        return self._transport.get(MachinesOut, "/api/v1/machines").machines

    def metrics(
        self,
        name: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        step_s: float | None = None,
    ) -> MachineMetricsOut:
        """What a machine and its devices measured: the last ten minutes unless told otherwise."""
        query = {
            "since": None if since is None else since.isoformat(),
            "until": None if until is None else until.isoformat(),
            "step": step_s,
        }
        return self._transport.get(MachineMetricsOut, f"/api/v1/machines/{name}/metrics", query=query)
