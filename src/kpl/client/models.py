"""Models: versions, files, cards."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from kpl.client.transport import Transport
from kpl.schemas.model import ModelCardOut, ModelDetail, ModelOut, ModelVersionDetail
from kpl.schemas.page import Order, Sort


class Models:
    def __init__(self, transport: Transport, base: str) -> None:
        self._transport = transport
        self._base = f"{base}/models"

    def list(
        self,
        *,
        search: str | None = None,
        sort: Sort = "created",
        order: Order | None = None,
        limit: int | None = None,
    ) -> Iterator[ModelOut]:
        """Those of the project, all or those with these words in what they are called."""
        return self._transport.pages(
            ModelOut, self._base, query={"search": search, "sort": sort, "order": order}, limit=limit
        )

    def get(self, name: str) -> ModelDetail:
        return self._transport.get(ModelDetail, f"{self._base}/{name}")

    def version(self, name: str, version: int) -> ModelVersionDetail:
        return self._transport.get(ModelVersionDetail, f"{self._base}/{name}/versions/{version}")

    def card(self, name: str, version: int, *, language: Literal["en", "zh"] = "en") -> ModelCardOut:
        path = f"{self._base}/{name}/versions/{version}/card"
        return self._transport.get(ModelCardOut, path, query={"language": language})

    def download(self, name: str, version: int, destination: Path) -> Sequence[Path]:
        """Save all files of a version below `destination`."""
        written = []
        for entry in self.version(name, version).files:
            path = destination / entry.path
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                self._transport.download(
                    f"{self._base}/{name}/versions/{version}/files/{entry.path}", file.write
                )
            written.append(path)
        return written

    def delete(self, name: str) -> None:
        self._transport.delete(f"{self._base}/{name}")

    def delete_version(self, name: str, version: int) -> None:
        self._transport.delete(f"{self._base}/{name}/versions/{version}")
