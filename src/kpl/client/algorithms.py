"""Algorithms: install, list, look at."""

from collections.abc import Iterator
from pathlib import Path

from kpl.client.transport import Transport
from kpl.client.uploads import Uploads
from kpl.schemas.algorithm import AlgorithmDetail, AlgorithmFetch, AlgorithmInstall, AlgorithmOut
from kpl.schemas.task import TaskOut


class Algorithms:
    def __init__(self, transport: Transport, base: str, uploads: Uploads) -> None:
        self._transport = transport
        self._base = f"{base}/algorithms"
        self._uploads = uploads

    def list(self, *, search: str | None = None, limit: int | None = None) -> Iterator[AlgorithmOut]:
        """Those of the project, all or those with these words in what they are called."""
        return self._transport.pages(AlgorithmOut, self._base, query={"search": search}, limit=limit)

    def get(self, name: str, *, version: str | None = None) -> AlgorithmDetail:
        return self._transport.get(AlgorithmDetail, f"{self._base}/{name}", query={"version": version})

    def install(self, folder: Path) -> AlgorithmDetail:
        """Install a folder with an `algorithm.yaml`.

        Raises:
            Invalid: the manifest has problems; each with line and fix.
            Conflict: the version is installed already with other content.
        """
        body = AlgorithmInstall(upload_id=self._uploads.send(folder))
        return self._transport.post(AlgorithmDetail, self._base, body)

    def fetch(self, url: str, *, ref: str = "", folder: str = "") -> TaskOut:
        """Install a folder of a git repository.

        Returns:
            the task that fetches it; once it has succeeded, `published_as` of its output is the version.
        """
        body = AlgorithmFetch(url=url, ref=ref, folder=folder)
        return self._transport.post(TaskOut, f"{self._base}/fetch", body)

    def delete(self, name: str) -> None:
        self._transport.delete(f"{self._base}/{name}")
