"""The artifact store, for administrators."""

import time
from collections.abc import Iterator

from kpl.client.transport import Transport
from kpl.errors import Unavailable
from kpl.schemas.storage import (
    ArtifactKind,
    GarbageItemOut,
    GarbageOut,
    ProjectStorageOut,
    StorageOut,
    StoredArtifactOut,
)

_BASE = "/api/v1/storage"
_LOOK_AGAIN_S = 0.2


class Storage:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self) -> StorageOut:
        """What the store held when it was counted last."""
        return self._transport.get(StorageOut, _BASE)

    def count(self, *, timeout_s: float = 600.0) -> StorageOut:
        """Have what the store holds counted anew, and wait for it.

        Raises:
            Unavailable: the count failed, or is not done in time; it goes on.
        """
        found = self._transport.post(StorageOut, f"{_BASE}/count")
        deadline_s = time.monotonic() + timeout_s
        while found.is_counting:
            if time.monotonic() > deadline_s:
                raise Unavailable(
                    f"The store is not counted after {timeout_s:.0f} s.",
                    hint="It goes on; look later with `kpl storage show`.",
                )
            time.sleep(_LOOK_AGAIN_S)
            found = self.get()
        if found.problem:
            raise Unavailable(f"The store could not be counted: {found.problem}")
        return found

    def projects(self, *, limit: int | None = None) -> Iterator[ProjectStorageOut]:
        """What each project refers to, the largest first."""
        return self._transport.pages(ProjectStorageOut, f"{_BASE}/projects", limit=limit)

    def artifacts(
        self, *, kind: ArtifactKind | None = None, limit: int | None = None
    ) -> Iterator[StoredArtifactOut]:
        """Artifacts with what refers to them, the largest first."""
        return self._transport.pages(
            StoredArtifactOut, f"{_BASE}/artifacts", query={"kind": kind}, limit=limit
        )

    def garbage(self, *, limit: int | None = None) -> Iterator[GarbageItemOut]:
        """Artifacts that nothing refers to, as of the last count, the largest first."""
        return self._transport.pages(GarbageItemOut, f"{_BASE}/garbage", limit=limit)

    def collect(self) -> GarbageOut:
        """Remove artifacts that nothing refers to any more."""
        return self._transport.post(GarbageOut, f"{_BASE}/collect")
