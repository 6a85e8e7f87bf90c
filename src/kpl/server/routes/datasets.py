"""Datasets, their versions and samples."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from kpl.schemas.dataset import (
    ChangedSamplesOut,
    DatasetDetail,
    DatasetImport,
    DatasetOut,
    DatasetVersionOut,
    DifferenceOut,
    SampleChange,
    SamplesOut,
    StatisticsOut,
)
from kpl.schemas.page import Page
from kpl.schemas.task import TaskOut
from kpl.server.routes.dependencies import PROJECT, Cursor, Limit, TheCaller, ThePlatform
from kpl.server.routes.files import FOREVER
from kpl.server.services import datasets, differences

router = APIRouter(prefix=f"{PROJECT}/datasets", tags=["datasets"])


@router.get("", operation_id="list_datasets")
def list_datasets(
    platform: ThePlatform, caller: TheCaller, project: str, cursor: Cursor = None, limit: Limit = 50
) -> Page[DatasetOut]:
    """List datasets, newest first."""
    return datasets.list_datasets(platform, caller, project, cursor=cursor, limit=limit)


@router.post("/import", operation_id="import_dataset", status_code=202)
def import_dataset(platform: ThePlatform, caller: TheCaller, project: str, body: DatasetImport) -> TaskOut:
    """Start a task that turns files into the next version of a dataset."""
    return datasets.import_dataset(platform, caller, project, body)


@router.get("/{name}", operation_id="get_dataset")
def get_dataset(platform: ThePlatform, caller: TheCaller, project: str, name: str) -> DatasetDetail:
    """Show a dataset with its versions."""
    return datasets.get_dataset(platform, caller, project, name)


@router.delete("/{name}", operation_id="delete_dataset", status_code=204)
def delete_dataset(platform: ThePlatform, caller: TheCaller, project: str, name: str) -> None:
    """Delete a dataset with all its versions."""
    datasets.delete_dataset(platform, caller, project, name)


@router.get("/{name}/versions/{version}", operation_id="get_dataset_version")
def get_dataset_version(
    platform: ThePlatform, caller: TheCaller, project: str, name: str, version: int
) -> DatasetVersionOut:
    """Show one version."""
    return datasets.get_dataset_version(platform, caller, project, name, version)


@router.delete("/{name}/versions/{version}", operation_id="delete_dataset_version", status_code=204)
def delete_dataset_version(
    platform: ThePlatform, caller: TheCaller, project: str, name: str, version: int
) -> None:
    """Delete one version."""
    datasets.delete_dataset_version(platform, caller, project, name, version)


@router.get("/{name}/versions/{version}/samples", operation_id="list_samples")
def list_samples(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    name: str,
    version: int,
    split: str | None = None,
    label: str | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> SamplesOut:
    """List samples without their images, filtered by split and class."""
    return datasets.list_samples(
        platform, caller, project, name, version, split=split, label=label, cursor=cursor, limit=limit
    )


@router.get(
    "/{name}/versions/{version}/samples/{row}/image",
    operation_id="get_sample_image",
    response_class=Response,
    responses={200: {"content": {"image/*": {}}, "description": "The encoded image."}},
)
def get_sample_image(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    name: str,
    version: int,
    row: int,
    size: Annotated[int | None, Query(description="160 or 400: scaled down to fit, as WebP.")] = None,
) -> Response:
    """The image of one sample."""
    data, media_type = datasets.get_sample_image(platform, caller, project, name, version, row, size=size)
    return Response(data, media_type=media_type, headers={"Cache-Control": FOREVER})


@router.get("/{name}/versions/{version}/statistics", operation_id="get_dataset_statistics")
def get_dataset_statistics(
    platform: ThePlatform, caller: TheCaller, project: str, name: str, version: int
) -> StatisticsOut:
    """Counts, ranges and health of a version."""
    return datasets.get_statistics(platform, caller, project, name, version)


Before = Annotated[int, Query(ge=1, description="The version to compare with.")]


@router.get("/{name}/versions/{version}/difference", operation_id="get_dataset_difference")
def get_dataset_difference(
    platform: ThePlatform, caller: TheCaller, project: str, name: str, version: int, before: Before
) -> DifferenceOut:
    """Count the samples that were added, removed and changed since another version."""
    return differences.get_difference(platform, caller, project, name, before=before, after=version)


@router.get("/{name}/versions/{version}/difference/samples", operation_id="list_changed_samples")
def list_changed_samples(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    name: str,
    version: int,
    before: Before,
    *,
    change: SampleChange,
    field: Annotated[str | None, Query(description="Only samples of which this field changed.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ChangedSamplesOut:
    """List the samples that were added, removed or changed since another version, in their order."""
    return differences.list_changed_samples(
        platform,
        caller,
        project,
        name,
        before=before,
        after=version,
        change=change,
        field=field,
        cursor=cursor,
        limit=limit,
    )
