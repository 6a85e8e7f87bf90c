"""Datasets, their versions and samples."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response

from kpl.schemas.dataset import (
    MOST_CHOSEN,
    ChangedSamplesOut,
    DatasetDetail,
    DatasetImport,
    DatasetOut,
    DatasetVersionOut,
    DifferenceOut,
    FacetsOut,
    GroupsOut,
    LayersOut,
    Review,
    SampleChange,
    SampleKeysOut,
    SampleOrder,
    SampleOut,
    SamplesOut,
    SectionsOut,
    StatisticsOut,
)
from kpl.schemas.page import Page
from kpl.schemas.task import TaskOut
from kpl.server.routes.dependencies import PROJECT, Cursor, Limit, Search, TheCaller, ThePlatform
from kpl.server.routes.files import FOREVER, many_files_response
from kpl.server.services import datasets, differences, reviews
from kpl.server.services.sample_filters import SampleFilter

router = APIRouter(prefix=f"{PROJECT}/datasets", tags=["datasets"])

Predictions = Annotated[
    str | None,
    Query(description="Layer whose answers go with the samples; left out, `predictions` if there is one."),
]


def chosen_samples(
    split: str | None = None,
    label: str | None = None,
    verdict: Annotated[
        Literal["accepted", "rejected", "none"] | None,
        Query(description="What people decided about the answers of the layer `predictions`."),
    ] = None,
    predictions: Predictions = None,
    size: Annotated[
        str | None,
        Query(
            pattern=r"^\d{1,9}(x\d{1,9}|-\d{0,9})$",
            description="`640x480`, or a range as `257-512` of the longer side in pixels.",
        ),
    ] = None,
    objects: Annotated[
        str | None, Query(pattern=r"^\d{1,9}-\d{0,9}$", description="How many objects, as `3-5` or `101-`.")
    ] = None,
    group: Annotated[
        Literal["split", "label"] | None,
        Query(description="Samples of one split or class after those of another, each in `order`."),
    ] = None,
    order: Annotated[
        SampleOrder,
        Query(description="What they are sorted by; `size` is in pixels, and `-` puts the highest first."),
    ] = "row",
) -> SampleFilter:
    """The filter that a list of samples is asked for with."""
    return SampleFilter(split, label, verdict, predictions, size, objects, group, order)


Chosen = Annotated[SampleFilter, Depends(chosen_samples)]


@router.get("", operation_id="list_datasets")
def list_datasets(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    search: Search = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[DatasetOut]:
    """List datasets, newest first."""
    return datasets.list_datasets(platform, caller, project, search=search, cursor=cursor, limit=limit)


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


@router.get(
    "/{name}/versions/{version}/samples",
    operation_id="list_samples",
    response_model_exclude_defaults=True,  # of each box what it does not have: a third of a page of them
)
def list_samples(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    name: str,
    version: int,
    chosen: Chosen,
    predictions: Predictions = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> SamplesOut:
    """List samples without their images, filtered by split and class."""
    return datasets.list_samples(
        platform,
        caller,
        project,
        name,
        version,
        chosen,
        predictions=predictions,
        cursor=cursor,
        limit=limit,
    )


@router.get("/{name}/versions/{version}/sample-keys", operation_id="list_sample_keys")
def list_sample_keys(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    name: str,
    version: int,
    chosen: Chosen,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=MOST_CHOSEN, description="Most keys in one page.")] = 1000,
) -> SampleKeysOut:
    """List the keys alone of samples, in the order of `list_samples`: to choose very many of them."""
    return datasets.list_sample_keys(
        platform, caller, project, name, version, chosen, cursor=cursor, limit=limit
    )


@router.get("/{name}/versions/{version}/samples/{row}", operation_id="get_sample")
def get_sample(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    name: str,
    version: int,
    row: int,
    predictions: Predictions = None,
) -> SampleOut:
    """Show one sample with all its objects and their outlines."""
    return datasets.get_sample(platform, caller, project, name, version, row, predictions=predictions)


@router.get("/{name}/versions/{version}/layers", operation_id="list_layers")
def list_layers(platform: ThePlatform, caller: TheCaller, project: str, name: str, version: int) -> LayersOut:
    """List the layers of a version: samples, labels, predictions."""
    return datasets.list_layers(platform, caller, project, name, version)


@router.get("/{name}/versions/{version}/facets", operation_id="list_sample_facets")
def list_sample_facets(
    platform: ThePlatform, caller: TheCaller, project: str, name: str, version: int, chosen: Chosen
) -> FacetsOut:
    """Count the samples that pass by size and by their number of objects."""
    return datasets.list_facets(platform, caller, project, name, version, chosen)


@router.get("/{name}/versions/{version}/sections", operation_id="list_sample_sections")
def list_sample_sections(
    platform: ThePlatform, caller: TheCaller, project: str, name: str, version: int, chosen: Chosen
) -> SectionsOut:
    """Count the samples of each split or class, in the order of a list that is arranged by it (`group`)."""
    return datasets.list_sections(platform, caller, project, name, version, chosen)


@router.post("/{name}/versions/{version}/reviews", operation_id="review_answers", status_code=201)
def review_answers(
    platform: ThePlatform, caller: TheCaller, project: str, name: str, version: int, body: Review
) -> DatasetVersionOut:
    """Accept a model's answers as labels, or reject them, in a new version; for the newest version alone."""
    return reviews.review_answers(platform, caller, project, name, version, body)


@router.get("/{name}/versions/{version}/groups", operation_id="list_sample_groups")
def list_sample_groups(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    name: str,
    version: int,
    split: str | None = None,
    search: Annotated[str, Query(description="Part of the name.", max_length=200)] = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> GroupsOut:
    """List classes, as persons, with their samples; largest first."""
    return datasets.list_groups(
        platform, caller, project, name, version, split=split, search=search, cursor=cursor, limit=limit
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


@router.get(
    "/{name}/versions/{version}/thumbnails",
    operation_id="get_thumbnails",
    response_class=Response,
    responses={200: {"content": {"multipart/form-data": {}}, "description": "A WebP file for each row."}},
)
def get_thumbnails(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    name: str,
    version: int,
    row: Annotated[list[int], Query(max_length=100, description="Of the samples; give it up to 100 times.")],
    size: Annotated[int, Query(description="160 or 400: scaled down to fit.")] = 160,
) -> Response:
    """The images of many samples, small. Rows whose image cannot be read are left out: one alone says why."""
    found = datasets.get_thumbnails(platform, caller, project, name, version, row, size=size)
    return many_files_response({str(each): data for each, data in found.items()}, "image/webp")


@router.get(
    "/{name}/versions/{version}/samples/{row}/mask",
    operation_id="get_sample_mask",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}, "description": "Red + 256 * green is the class id."}},
)
def get_sample_mask(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    name: str,
    version: int,
    row: int,
    layer: Annotated[str, Query(description="`labels`, or a layer of predictions.")] = "labels",
    size: Annotated[int, Query(description="160, 400 or 1200: fits into that; never enlarged.")] = 400,
) -> Response:
    """The masks of one sample as a picture to tint: the class of each pixel; blue numbers objects, 0 is none."""
    data = datasets.get_sample_mask(platform, caller, project, name, version, row, layer=layer, size=size)
    return Response(data, media_type="image/png", headers={"Cache-Control": FOREVER})


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
