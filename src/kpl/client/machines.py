"""Machines and what is held on them."""

from collections.abc import Sequence

from kpl.client.transport import Transport
from kpl.schemas.machine import MachineOut, MachinesOut


class Machines:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Sequence[MachineOut]:
        return self._transport.get(MachinesOut, "/api/v1/machines").machines
