"""Datasets and their versions: import, look at samples, delete."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kpl.errors import Invalid, NotFound, nearest
from kpl.schemas.dataset import (
    DatasetDetail,
    DatasetImport,
    DatasetOut,
    DatasetVersionOut,
    FacetsOut,
    GroupsOut,
    LayerOut,
    LayersOut,
    SampleKeysOut,
    SampleOut,
    SamplesOut,
    SectionsOut,
    StatisticsOut,
)
from kpl.schemas.page import Page
from kpl.schemas.task import TaskOut
from kpl.sentence import Sentence, in_chinese
from kpl.server.db.tables.datasets import DatasetRow, DatasetVersionRow
from kpl.server.db.tables.tasks import TaskInputRow, TaskRow
from kpl.server.services import audit
from kpl.server.services.access import Caller, Role, project_for, require_platform_admin
from kpl.server.services.clock import utc
from kpl.server.services.paging import decode_cursor, encode_cursor, page_of
from kpl.server.services.platform import Platform
from kpl.server.services.sample_filters import SampleFilter, count_verdicts, keys_of, matching_rows
from kpl.server.services.searching import has_words
from kpl.storage.download import check_address
from kpl.storage.gather import OBJECT_STORES, check_store

MOST_VERSIONS = 100
MOST_USERS = 100
MOST_CLASSES = 1000
"""Names of classes in an answer: a set of faces has 100,000, and a dataset up to 100 versions with them."""


_LATEST_KIND = (
    select(DatasetVersionRow.kind)
    .where(DatasetVersionRow.dataset_id == DatasetRow.id)
    .order_by(DatasetVersionRow.version.desc())
    .limit(1)
    .correlate(DatasetRow)
    .scalar_subquery()
)


def list_datasets(
    platform: Platform,
    caller: Caller,
    project: str,
    *,
    search: str | None = None,
    cursor: str | None,
    limit: int,
) -> Page[DatasetOut]:
    """Datasets of a project, newest first; a search looks at names and kinds."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        chosen = select(DatasetRow).where(DatasetRow.project_id == owner.id)
        if search is not None:
            chosen = chosen.where(has_words(search, DatasetRow.name, _LATEST_KIND))
        rows, next_cursor = page_of(session, chosen, DatasetRow.id, cursor=cursor, limit=limit)
        return Page(items=[_dataset_out(session, row) for row in rows], next_cursor=next_cursor)


def get_dataset(platform: Platform, caller: Caller, project: str, name: str) -> DatasetDetail:
    """A dataset with its newest versions and the tasks that read them."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        row = find_dataset(session, owner.id, name)
        versions = session.scalars(
            select(DatasetVersionRow)
            .where(DatasetVersionRow.dataset_id == row.id)
            .order_by(DatasetVersionRow.version.desc())
            .limit(MOST_VERSIONS)
        ).all()
        users = session.scalars(
            select(TaskInputRow.task_id)
            .join(TaskRow, TaskRow.id == TaskInputRow.task_id)
            .where(
                TaskInputRow.artifact.in_([version.digest for version in versions]),
                TaskRow.project_id == owner.id,
            )
            .order_by(TaskInputRow.task_id.desc())
            .limit(MOST_USERS)
        )
        return DatasetDetail(
            **_dataset_out(session, row).model_dump(),
            versions=[version_out(version, name) for version in versions],
            used_by=list(users),
        )


def get_dataset_version(
    platform: Platform, caller: Caller, project: str, name: str, version: int
) -> DatasetVersionOut:
    """One version."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        return version_out(find_dataset_version(session, owner.id, name, version), name)


def list_samples(
    platform: Platform,
    caller: Caller,
    project: str,
    name: str,
    version: int,
    chosen: SampleFilter,
    *,
    predictions: str | None = None,
    cursor: str | None,
    limit: int,
) -> SamplesOut:
    """Samples of a version without their images, those that pass the filter.

    A cursor is the place of the last sample among them, so that any page can be asked for.
    """
    from kpl.server.services.dataset_reader import open_dataset, sample_at
    from kpl.server.services.sample_answers import predictions_layer, sample_out

    folder = _folder(platform, caller, project, name, version)
    dataset = open_dataset(folder)
    layer = predictions_layer(dataset, predictions)
    rows = matching_rows(folder, chosen)
    start = _place_after(cursor)
    shown = rows[start : start + limit].tolist()
    return SamplesOut(
        items=[sample_out(dataset, sample_at(dataset, row), layer, is_whole=False) for row in shown],
        next_cursor=encode_cursor(start + limit - 1) if start + limit < len(rows) else None,
        num_matches=len(rows),
    )


def list_sample_keys(
    platform: Platform,
    caller: Caller,
    project: str,
    name: str,
    version: int,
    chosen: SampleFilter,
    *,
    cursor: str | None,
    limit: int,
) -> SampleKeysOut:
    """Keys alone of the samples that pass the filter, in the order and with the cursors of `list_samples`."""
    from kpl.server.services.dataset_reader import open_dataset

    folder = _folder(platform, caller, project, name, version)
    rows = matching_rows(folder, chosen)
    start = _place_after(cursor)
    return SampleKeysOut(
        items=keys_of(open_dataset(folder), rows[start : start + limit]),
        next_cursor=encode_cursor(start + limit - 1) if start + limit < len(rows) else None,
        num_matches=len(rows),
    )


def list_facets(
    platform: Platform, caller: Caller, project: str, name: str, version: int, chosen: SampleFilter
) -> FacetsOut:
    """How the samples that pass the filter divide by size and by their number of objects."""
    from kpl.server.services.sample_facets import facets

    return facets(_folder(platform, caller, project, name, version), chosen)


def list_sections(
    platform: Platform, caller: Caller, project: str, name: str, version: int, chosen: SampleFilter
) -> SectionsOut:
    """The splits or classes that the list of samples is arranged by."""
    from kpl.server.services.sample_sections import sections

    return sections(_folder(platform, caller, project, name, version), chosen)


def _place_after(cursor: str | None) -> int:
    return 0 if cursor is None else max(0, int(decode_cursor(cursor, int)) + 1)


def get_sample(
    platform: Platform,
    caller: Caller,
    project: str,
    name: str,
    version: int,
    row: int,
    *,
    predictions: str | None = None,
) -> SampleOut:
    """One sample with all its objects and their outlines."""
    from kpl.server.services.dataset_reader import open_dataset, sample_at
    from kpl.server.services.sample_answers import predictions_layer, sample_out

    dataset = open_dataset(_folder(platform, caller, project, name, version))
    sample = sample_at(dataset, row)
    return sample_out(dataset, sample, predictions_layer(dataset, predictions), is_whole=True)


def list_layers(platform: Platform, caller: Caller, project: str, name: str, version: int) -> LayersOut:
    """Layers of a version: what stands in it, which of it are predictions, and how far people have reviewed them."""
    from kpl.server.services.dataset_reader import open_dataset
    from kpl.server.services.sample_answers import layers_of

    folder = _folder(platform, caller, project, name, version)
    return LayersOut(items=[_reviewed(folder, layer) for layer in layers_of(open_dataset(folder))])


def _reviewed(folder: Path, layer: LayerOut) -> LayerOut:
    """The layer with what people decided about its answers."""
    from kpl.dataset.review import kind_of_labels
    from kpl.server.services.dataset_reader import open_dataset

    if layer.role != "predictions":
        return layer
    try:
        kind_of_labels(open_dataset(folder), layer.name)
    except Invalid as err:
        why = err.sentence
        return layer.model_copy(update={"not_reviewable": str(why), "not_reviewable_zh": in_chinese(why)})
    return layer.model_copy(update={"verdicts": count_verdicts(folder, layer.name)})


def list_groups(
    platform: Platform,
    caller: Caller,
    project: str,
    name: str,
    version: int,
    *,
    split: str | None,
    search: str,
    cursor: str | None,
    limit: int,
) -> GroupsOut:
    """Classes of a version with their samples, largest first."""
    from kpl.server.services.sample_groups import group_out, grouping, matching_groups

    folder = _folder(platform, caller, project, name, version)
    places = matching_groups(folder, split, search)
    start = 0 if cursor is None else int(places.searchsorted(decode_cursor(cursor, int), side="right"))
    chosen = [int(place) for place in places[start : start + limit]]
    return GroupsOut(
        items=[group_out(folder, split, place) for place in chosen],
        next_cursor=encode_cursor(chosen[-1]) if start + limit < len(places) else None,
        num_groups=len(places),
        num_samples=int(grouping(folder, split).counts[places].sum()),
    )


def get_sample_mask(
    platform: Platform,
    caller: Caller,
    project: str,
    name: str,
    version: int,
    row: int,
    *,
    layer: str,
    size: int,
) -> bytes:
    """The masks of one sample as a small picture of classes, which is a PNG."""
    from kpl.server.services.dataset_reader import open_dataset, sample_at
    from kpl.server.services.label_maps import label_map

    folder = _folder(platform, caller, project, name, version)
    dataset = open_dataset(folder)
    return label_map(dataset, sample_at(dataset, row), layer, size, _thumbnail_cache(platform, folder))


def get_sample_image(
    platform: Platform, caller: Caller, project: str, name: str, version: int, row: int, *, size: int | None
) -> tuple[bytes, str]:
    """The image of one sample, as it was imported or scaled down, and its media type."""
    return sample_image(platform, _folder(platform, caller, project, name, version), row, size=size)


def get_thumbnails(
    platform: Platform,
    caller: Caller,
    project: str,
    name: str,
    version: int,
    rows: Sequence[int],
    *,
    size: int,
) -> dict[int, bytes]:
    """Scaled images of many samples, as WebP; rows whose image cannot be read are left out.

    Raises:
        Invalid: the size is not offered.
        NotFound: one of the rows is not there, or samples of this kind have no image.
    """
    from kpl.server.services.dataset_reader import Unreadable, open_dataset, thumbnail

    folder = _folder(platform, caller, project, name, version)
    dataset = open_dataset(folder)
    cache = _thumbnail_cache(platform, folder)
    found = {}
    for row in rows:
        with suppress(Unreadable):
            found[row] = thumbnail(dataset, row, size, cache)
    return found


def sample_image(platform: Platform, folder: Path, row: int, *, size: int | None) -> tuple[bytes, str]:
    """The image of one sample of a dataset in a materialised artifact; the caller has checked who asks."""
    from kpl.server.services.dataset_reader import image_of, open_dataset, thumbnail

    dataset = open_dataset(folder)
    if size is not None:
        return thumbnail(dataset, row, size, _thumbnail_cache(platform, folder)), "image/webp"
    data = image_of(dataset, row)
    return data, _media_type(data)


def _thumbnail_cache(platform: Platform, folder: Path) -> Path:
    """Where pictures made of a dataset in a materialised artifact are kept."""
    return platform.settings.cache_dir / "thumbnails" / folder.name


def get_statistics(
    platform: Platform, caller: Caller, project: str, name: str, version: int
) -> StatisticsOut:
    """Counts, ranges and health of a version."""
    folder = _folder(platform, caller, project, name, version)
    return StatisticsOut(name=name, version=version, statistics=statistics_of(folder))


def statistics_of(folder: Path) -> dict[str, Any]:
    """Counts, ranges and health of a dataset in a materialised artifact; the caller has checked who asks."""
    from kpl.server.services.dataset_reader import summary_of

    return _bounded(summary_of(folder))


def _bounded(summary: dict[str, Any]) -> dict[str, Any]:
    """Statistics with the most frequent classes alone, each with its number, when there are very many."""
    classes = [{"class_id": number, **each} for number, each in enumerate(summary.get("classes", ()))]
    if len(classes) > MOST_CLASSES:
        classes = sorted(classes, key=lambda each: (-each["num_samples"], each["class_id"]))[:MOST_CLASSES]
    shown = {"classes": classes} if "classes" in summary else {}
    names = summary["class_names"]
    return {**summary, **shown, "class_names": names[:MOST_CLASSES], "num_classes": len(names)}


def import_dataset(platform: Platform, caller: Caller, project: str, request: DatasetImport) -> TaskOut:
    """Start a task that turns files into the next version of a dataset.

    Raises:
        Denied: a folder on the server or an object store was named by somebody who is not an administrator of
            the platform.
        Invalid: the path or the address cannot be one.
    """
    from kpl.server.services.imports import submit_import

    if request.path is not None:
        require_platform_admin(caller)
        _check_server_path(request.path)
    if request.url is not None and request.url.startswith(OBJECT_STORES):
        require_platform_admin(caller)  # it is read with the server's credentials
        check_store(request.url)
    elif request.url is not None:
        check_address(request.url)
    with platform.db.read() as session:
        project_for(session, caller, project, Role.DEVELOPER)
    return submit_import(platform, caller, project, request)


def delete_dataset(platform: Platform, caller: Caller, project: str, name: str) -> None:
    """Delete a dataset with all versions. Runs that used it keep what they recorded of it."""
    with platform.db.write() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        row = find_dataset(session, owner.id, name)
        for version in session.scalars(
            select(DatasetVersionRow).where(DatasetVersionRow.dataset_id == row.id)
        ):
            session.delete(version)
        session.flush()
        session.delete(row)
        audit.record(platform, session, caller, "dataset.delete", f"dataset:{name}", project=project)


def delete_dataset_version(platform: Platform, caller: Caller, project: str, name: str, version: int) -> None:
    """Delete one version, and the dataset with its last one."""
    with platform.db.write() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        row = find_dataset_version(session, owner.id, name, version)
        session.delete(row)
        session.flush()
        if not session.scalar(select(func.count()).where(DatasetVersionRow.dataset_id == row.dataset_id)):
            session.delete(session.get_one(DatasetRow, row.dataset_id))
        audit.record(
            platform, session, caller, "dataset.delete_version", f"dataset:{name}@{version}", project=project
        )


def find_dataset(session: Session, project_id: int, name: str) -> DatasetRow:
    """The dataset of that name. Raises NotFound with the nearest names."""
    row = session.scalar(
        select(DatasetRow).where(DatasetRow.project_id == project_id, DatasetRow.name == name)
    )
    if row is None:
        known = session.scalars(select(DatasetRow.name).where(DatasetRow.project_id == project_id).limit(500))
        raise NotFound(
            Sentence(f"There is no dataset '{name}' in this project.", f"此项目中没有数据集“{name}”。"),
            hint=nearest(name, known),
        )
    return row


def find_dataset_version(session: Session, project_id: int, name: str, version: int) -> DatasetVersionRow:
    """The version of that number. Raises NotFound with the latest number there is."""
    dataset = find_dataset(session, project_id, name)
    row = session.scalar(
        select(DatasetVersionRow).where(
            DatasetVersionRow.dataset_id == dataset.id, DatasetVersionRow.version == version
        )
    )
    if row is None:
        latest = latest_version(session, dataset).version
        raise NotFound(
            Sentence(f"Dataset '{name}' has no version {version}.", f"数据集“{name}”没有版本 {version}。"),
            hint=Sentence(f"The latest is {latest}.", f"最新版本是 {latest}。"),
        )
    return row


def _folder(platform: Platform, caller: Caller, project: str, name: str, version: int) -> Path:
    """The folder of a version that the caller may see, ready to be opened."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        digest = find_dataset_version(session, owner.id, name, version).digest
    return platform.artifacts.materialize(digest)


def _check_server_path(path: str) -> None:
    folder = Path(path)
    if not folder.is_absolute() or not folder.exists():
        raise Invalid(
            Sentence(
                f"path: '{path}' does not exist on the server, or is not absolute.",
                f"path：“{path}”在服务器上不存在，或不是绝对路径。",
            ),
            hint=Sentence(
                "Give the absolute path of a folder or an archive on the server's machine.",
                "请填写服务器上文件夹或压缩包的绝对路径。",
            ),
        )


def latest_version(session: Session, row: DatasetRow) -> DatasetVersionRow:
    newest = select(DatasetVersionRow).where(DatasetVersionRow.dataset_id == row.id)
    return session.scalars(newest.order_by(DatasetVersionRow.version.desc()).limit(1)).one()


def _dataset_out(session: Session, row: DatasetRow) -> DatasetOut:
    count = session.scalar(select(func.count()).where(DatasetVersionRow.dataset_id == row.id))
    return DatasetOut(
        name=row.name,
        description=row.description,
        num_versions=count or 0,
        latest=version_out(latest_version(session, row), row.name),
        created_at=utc(row.created_at_s),
    )


def version_out(row: DatasetVersionRow, name: str) -> DatasetVersionOut:
    return DatasetVersionOut(
        name=name,
        version=row.version,
        kind=row.kind,
        digest=row.digest,
        num_samples=row.num_samples,
        size_bytes=row.size_bytes,
        class_names=row.class_names[:MOST_CLASSES],
        num_classes=len(row.class_names),
        splits=row.splits,
        source_task_id=row.source_task_id,
        message=row.description,
        created_at=utc(row.created_at_s),
        created_by=row.created_by,
    )


def _media_type(data: bytes) -> str:
    if data.startswith(b"\x89PNG"):
        return "image/png"
    if data.startswith(b"\xff\xd8"):
        return "image/jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return "application/octet-stream"
