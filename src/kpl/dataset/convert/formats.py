"""The table of formats: which kinds each can be, how it is recognised, read and written."""

from collections.abc import Callable
from typing import NamedTuple

from kpl.dataset.convert import (
    coco,
    cvat,
    labelme,
    masks,
    object_masks,
    parquet,
    tables,
    tfrecord,
    voc,
    webdataset,
    wider,
    yolo,
)
from kpl.dataset.convert.imagefolder import (
    export_imagefolder,
    export_images,
    is_imagefolder,
    plan_imagefolder,
    plan_images,
)
from kpl.dataset.convert.kpl_export import export_kpl_original
from kpl.dataset.convert.kpl_original import KINDS as KPL_ORIGINAL_KINDS
from kpl.dataset.convert.kpl_original import is_kpl_original, kpl_original_kind, plan_kpl_original
from kpl.dataset.convert.report import ProblemLog
from kpl.dataset.convert.source import Options, Plan, SourceFolder
from kpl.dataset.convert.target import TargetFolder
from kpl.dataset.kinds import Kind


class Format(NamedTuple):
    """A layout of folders.

    Attributes:
        kinds: it can become, its own one first.
        matches: whether a folder has this layout.
        plan: what to import of it.
        export: writes it.
        kind_of: the kind that a folder in this layout is for, where there are several; the first one by default.
        keeps_fields: whether an export has a place for fields that the kind does not bring.
    """

    kinds: tuple[Kind, ...]
    matches: Callable[[SourceFolder], bool]
    plan: Callable[[SourceFolder, ProblemLog, Options], Plan]
    export: Callable[[TargetFolder], None]
    kind_of: Callable[[SourceFolder], Kind] | None = None
    keeps_fields: bool = False


def _never(source: SourceFolder) -> bool:  # noqa: ARG001
    """A format that is only taken when asked for."""
    return False


# in the order in which a folder is tried: those with the surest marks first
FORMATS: dict[str, Format] = {
    "kpl_original": Format(
        KPL_ORIGINAL_KINDS,
        is_kpl_original,
        plan_kpl_original,
        export_kpl_original,
        kpl_original_kind,
        keeps_fields=True,
    ),
    "parquet": Format(
        parquet.KINDS,
        parquet.is_parquet,
        parquet.plan_parquet,
        parquet.export_parquet,
        parquet.parquet_kind,
        keeps_fields=True,
    ),
    "voc": Format(voc.KINDS, voc.is_voc, voc.plan_voc, voc.export_voc),
    "cvat": Format(cvat.KINDS, cvat.is_cvat, cvat.plan_cvat, cvat.export_cvat, cvat.cvat_kind),
    "coco": Format(coco.KINDS, coco.is_coco, coco.plan_coco, coco.export_coco, coco.coco_kind),
    "labelme": Format(
        labelme.KINDS, labelme.is_labelme, labelme.plan_labelme, labelme.export_labelme, labelme.labelme_kind
    ),
    "wider_face": Format(wider.KINDS, wider.is_wider, wider.plan_wider, wider.export_wider),
    "yolo": Format(yolo.KINDS, yolo.is_yolo, yolo.plan_yolo, yolo.export_yolo, yolo.yolo_kind),
    "object_masks": Format(
        object_masks.KINDS,
        object_masks.is_object_masks,
        object_masks.plan_object_masks,
        object_masks.export_object_masks,
    ),
    "masks": Format(masks.KINDS, masks.is_masks, masks.plan_masks, masks.export_masks),
    "tfrecord": Format(
        tfrecord.KINDS,
        tfrecord.is_tfrecord,
        tfrecord.plan_tfrecord,
        tfrecord.export_tfrecord,
        tfrecord.tfrecord_kind,
        keeps_fields=True,
    ),
    "webdataset": Format(
        webdataset.KINDS,
        webdataset.is_webdataset,
        webdataset.plan_webdataset,
        webdataset.export_webdataset,
        webdataset.webdataset_kind,
        keeps_fields=True,
    ),
    "csv": Format(
        tables.KINDS, tables.is_csv, tables.plan_csv, tables.export_csv, tables.table_kind, keeps_fields=True
    ),
    "jsonl": Format(
        tables.KINDS,
        tables.is_jsonl,
        tables.plan_jsonl,
        tables.export_jsonl,
        tables.table_kind,
        keeps_fields=True,
    ),
    "identities": Format((Kind.FACE_RECOGNITION,), _never, plan_imagefolder, export_imagefolder),
    "imagefolder": Format(
        (Kind.CLASSIFICATION, Kind.FACE_RECOGNITION), is_imagefolder, plan_imagefolder, export_imagefolder
    ),
    "images": Format((Kind.UNLABELLED,), lambda source: bool(source.images()), plan_images, export_images),
}
