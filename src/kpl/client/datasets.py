"""Datasets: import, list, look at samples."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from kpl.client.transport import Transport
from kpl.client.uploads import Progress, Uploads, ignore_progress
from kpl.schemas.dataset import (
    ChangedSampleOut,
    DatasetDetail,
    DatasetImport,
    DatasetKind,
    DatasetOut,
    DatasetVersionOut,
    DifferenceOut,
    ImportFormat,
    Review,
    SampleChange,
    SampleOut,
    StatisticsOut,
)
from kpl.schemas.task import TaskOut


class Datasets:
    def __init__(self, transport: Transport, base: str, uploads: Uploads) -> None:
        self._transport = transport
        self._base = f"{base}/datasets"
        self._uploads = uploads

    def list(self, *, search: str | None = None, limit: int | None = None) -> Iterator[DatasetOut]:
        """Those of the project, all or those with these words in what they are called."""
        return self._transport.pages(DatasetOut, self._base, query={"search": search}, limit=limit)

    def get(self, name: str) -> DatasetDetail:
        return self._transport.get(DatasetDetail, f"{self._base}/{name}")

    def version(self, name: str, version: int) -> DatasetVersionOut:
        return self._transport.get(DatasetVersionOut, f"{self._base}/{name}/versions/{version}")

    def import_folder(
        self,
        name: str,
        source: Path | None = None,
        *,
        kind: DatasetKind | Literal["auto"] = "auto",
        format: ImportFormat = "auto",
        on_error: Literal["skip", "stop"] = "skip",
        server_path: str | None = None,
        url: str | None = None,
        progress: Progress = ignore_progress,
    ) -> TaskOut:
        """Upload a folder or archive, or name one on the server or on the web, and import it as the next version of
        `name`.

        Args:
            server_path: a folder or archive that is read where it is; for administrators of the platform.
            url: web address of an archive or a table, which the server fetches.
            progress: called with bytes sent and bytes in all while it uploads.
        Returns:
            the task that imports; wait for it with `client.tasks.wait`.
        """
        upload_id = None if source is None else self._uploads.send(source, progress=progress)
        body = DatasetImport(
            name=name,
            kind=kind,
            format=format,
            on_error=on_error,
            upload_id=upload_id,
            path=server_path,
            url=url,
        )
        return self._transport.post(TaskOut, f"{self._base}/import", body)

    def review(
        self,
        name: str,
        version: int,
        *,
        accept: Iterable[str] = (),
        reject: Iterable[str] = (),
        layer: str = "predictions",
        min_score: float = 0.0,
        message: str = "",
    ) -> DatasetVersionOut:
        """Accept a model's answers as labels, or reject them, in a new version; 10,000 samples at most.

        Args:
            version: the newest; another one is refused.
            accept, reject: keys of samples.
            min_score: objects less sure than this are left out of accepted answers.
        """
        body = Review.model_construct(  # the server's refusal says what to do
            accept=[*accept], reject=[*reject], layer=layer, min_score=min_score, message=message
        )
        path = f"{self._base}/{name}/versions/{version}/reviews"
        return self._transport.post(DatasetVersionOut, path, body)

    def difference(self, name: str, version: int, *, before: int) -> DifferenceOut:
        """How many samples were added, removed and changed since another version."""
        path = f"{self._base}/{name}/versions/{version}/difference"
        return self._transport.get(DifferenceOut, path, query={"before": before})

    def changed_samples(
        self,
        name: str,
        version: int,
        *,
        before: int,
        change: SampleChange,
        field: str | None = None,
        limit: int | None = None,
    ) -> Iterator[ChangedSampleOut]:
        """The samples that were added, removed or changed since another version, in their order."""
        query = {"before": before, "change": change, "field": field}
        path = f"{self._base}/{name}/versions/{version}/difference/samples"
        return self._transport.pages(ChangedSampleOut, path, query=query, limit=limit)

    def samples(
        self,
        name: str,
        version: int,
        *,
        split: str | None = None,
        label: str | None = None,
        verdict: Literal["accepted", "rejected", "none"] | None = None,
        limit: int | None = None,
    ) -> Iterator[SampleOut]:
        """Samples without their images, in the order of the dataset.

        Args:
            verdict: what people decided about the answers of the layer `predictions`.
        """
        query = {"split": split, "label": label, "verdict": verdict}
        path = f"{self._base}/{name}/versions/{version}/samples"
        return self._transport.pages(SampleOut, path, query=query, limit=limit)

    def image(self, name: str, version: int, row: int) -> bytes:
        """The encoded image of one sample, byte for byte as it was imported."""
        path = f"{self._base}/{name}/versions/{version}/samples/{row}/image"
        return self._transport.request("GET", path).content

    def statistics(self, name: str, version: int) -> StatisticsOut:
        return self._transport.get(StatisticsOut, f"{self._base}/{name}/versions/{version}/statistics")

    def delete(self, name: str) -> None:
        self._transport.delete(f"{self._base}/{name}")

    def delete_version(self, name: str, version: int) -> None:
        self._transport.delete(f"{self._base}/{name}/versions/{version}")
