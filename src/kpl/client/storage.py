"""The artifact store, for administrators."""

from kpl.client.transport import Transport
from kpl.schemas.storage import GarbageOut


class Storage:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def collect(self) -> GarbageOut:
        """Remove artifacts that nothing refers to any more."""
        return self._transport.post(GarbageOut, "/api/v1/storage/collect")
