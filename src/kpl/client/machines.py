"""Machines, what is held on them, and keeping new tasks away from them."""

from collections.abc import Sequence
from datetime import datetime

from kpl.client.transport import Transport
from kpl.schemas.machine import DrainOut, DrainRequest, MachineOut, MachinesOut, MachineUpdate
from kpl.schemas.sample import MachineMetricsOut


class Machines:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._base = "/api/v1/machines"

    def list(self) -> Sequence[MachineOut]:
        return self._transport.get(MachinesOut, self._base).machines

    def get(self, name: str) -> MachineOut:
        return self._transport.get(MachineOut, f"{self._base}/{name}")

    def cordon(self, name: str, *, reason: str = "") -> MachineOut:
        """Keep new tasks away from a machine; what runs on it goes on."""
        return self._update(name, MachineUpdate(is_cordoned=True, reason=reason))

    def uncordon(self, name: str) -> MachineOut:
        return self._update(name, MachineUpdate(is_cordoned=False))

    def drain(self, name: str, *, reason: str = "") -> DrainOut:
        """Close a machine and ask what can be resumed elsewhere to move on; the answer lists what stays."""
        return self._transport.post(DrainOut, f"{self._base}/{name}/drain", DrainRequest(reason=reason))

    def stop_drain(self, name: str) -> MachineOut:
        """Open a machine that is being drained."""
        answer = self._transport.request("DELETE", f"{self._base}/{name}/drain")
        return MachineOut.model_validate(answer.json())

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
        return self._transport.get(MachineMetricsOut, f"{self._base}/{name}/metrics", query=query)

    def _update(self, name: str, change: MachineUpdate) -> MachineOut:
        answer = self._transport.request("PATCH", f"{self._base}/{name}", body=change)
        return MachineOut.model_validate(answer.json())
