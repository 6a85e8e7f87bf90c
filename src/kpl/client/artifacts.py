"""Artifacts: stored folders by their digest."""

from collections.abc import Sequence
from pathlib import Path

from kpl.client.transport import Transport
from kpl.schemas.artifact import ArtifactOut


class Artifacts:
    def __init__(self, transport: Transport, base: str) -> None:
        self._transport = transport
        self._base = f"{base}/artifacts"

    def get(self, digest: str) -> ArtifactOut:
        return self._transport.get(ArtifactOut, f"{self._base}/{digest}")

    def download(self, digest: str, destination: Path) -> Sequence[Path]:
        """Save all files of an artifact below `destination`."""
        written = []
        for entry in self.get(digest).files:
            path = destination / entry.path
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                self._transport.download(f"{self._base}/{digest}/files/{entry.path}", file.write)
            written.append(path)
        return written
