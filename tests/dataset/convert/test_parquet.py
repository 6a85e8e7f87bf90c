"""Parquet as people and the Hugging Face Hub have it, and as `datasets` reads what we write; damage is named."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpl.dataset import Dataset, DatasetWriter, Field, field
from kpl.dataset.convert import ImportReport, ImportStopped, detect_format, export, pack
from kpl.dataset.fields import DTYPES
from kpl.dataset.masks import encode_class_mask, runs_segmentation
from kpl.errors import KPLError

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")

SIDE = 16
PNG = encode_class_mask(np.arange(256).reshape(16, 16))
IMAGE = pa.struct({"bytes": pa.binary(), "path": pa.string()})
few = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def _write(path: Path, columns: dict[str, Any], features: Any = None, **options: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(columns)
    if features is not None:
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, path, **options)


def _lines(report: ImportReport) -> list[str]:
    return [str(problem) for problem in report.problems]


def _plain(value: Any) -> Any:
    if isinstance(value, memoryview):
        return bytes(value)
    return repr(value.tolist()) if isinstance(value, np.ndarray) else value


def _content(dataset: Dataset) -> list[dict[str, Any]]:
    """Every field and split of every sample, by key."""
    splits = {name: set(rows.tolist()) for name, rows in dataset.split_rows().items()}
    rows = [
        {name: _plain(sample[name]) for name in sample}
        | {"splits": sorted(name for name, rows in splits.items() if sample.row in rows)}
        for sample in dataset
    ]
    return sorted(rows, key=lambda row: str(row["key"]))


def _assert_survives(before: Dataset, folder: Path) -> None:
    dataset = before
    made = []
    for turn in ("once", "twice"):
        assert export(dataset, folder / turn, format="parquet").dropped == {}
        assert detect_format(folder / turn) == "parquet"
        report = pack(folder / turn, folder / f"{turn} set")
        assert report.problems == ()
        dataset = Dataset.open(folder / f"{turn} set")
        made.append(dataset)
    assert made[0].digest == made[1].digest
    assert (made[0].kind, made[0].class_names) == (before.kind, before.class_names)
    assert made[0].fields == before.fields
    assert _content(made[0]) == _content(before)
    assert before.attributes.items() <= made[0].attributes.items()


def test_images_with_class_labels_and_splits_by_file(tmp_path: Path) -> None:
    features = {"image": {"_type": "Image"}, "kind": {"names": ["cat", "dog"], "_type": "ClassLabel"}}
    for split, labels in (("train", [1, 0, None]), ("validation", [1])):
        images = pa.array([{"bytes": PNG, "path": f"{split} {n}.png"} for n in range(len(labels))], IMAGE)
        columns = {"image": images, "kind": pa.array(labels, pa.int64()), "note": ["x"] * len(labels)}
        _write(tmp_path / f"hub/data/{split}-00000-of-00001.parquet", columns, features)
    (tmp_path / "hub/README.md").write_text("# About")
    report = pack(tmp_path / "hub", tmp_path / "set")
    assert (report.kind, report.class_names, report.problems) == ("classification", ("cat", "dog"), ())
    assert (report.splits, report.ignored) == ({"train": 3, "val": 1}, ("README.md",))
    dataset = Dataset.open(tmp_path / "set")
    assert [sample["label"] for sample in dataset] == [1, 0, -1, 1]
    assert dataset[3].key == "validation 0.png"
    assert dataset[0]["image"] == PNG
    assert dataset[0]["note"] == "x"


@pytest.mark.parametrize("is_list_of_structures", [False, True])
def test_boxes_of_the_hub(is_list_of_structures: bool, tmp_path: Path) -> None:
    boxes = [[1, 2, 3, 4], [0, 0, 16, 16], [5, 5, 0, 1], [20, 20, 2, 2]]
    objects: Any = {"bbox": boxes, "category": [1, 0, 0, 0], "area": [12, 256, 0, 4]}
    feature: Any = {
        "bbox": {"feature": {"feature": {"dtype": "int64", "_type": "Value"}, "_type": "List"}, "_type": "List"},
        "category": {"feature": {"names": ["cat", "dog"], "_type": "ClassLabel"}, "_type": "List"},
    }  # fmt: skip
    if is_list_of_structures:
        objects = [{name: each[n] for name, each in objects.items()} for n in range(4)]
        feature = {"feature": {"category": {"names": ["cat", "dog"], "_type": "ClassLabel"}}, "_type": "List"}
    columns = {"img": pa.array([{"bytes": PNG, "path": None}], IMAGE), "objects": [objects], "image_id": [7]}
    _write(tmp_path / "hub/a.parquet", columns, {"objects": feature})
    report = pack(tmp_path / "hub", tmp_path / "set")
    assert (report.kind, report.class_names) == ("detection", ("cat", "dog"))
    sample = Dataset.open(tmp_path / "set")[0]
    assert sample["boxes"].tolist() == [[1, 2, 4, 6], [0, 0, 16, 16]]
    assert sample["labels"].tolist() == [1, 0]
    assert (sample["attributes"], sample["image_id"]) == ([{"area": 12}, {"area": 256}], 7)
    assert _lines(report) == [
        "a.parquet: row 0: object 2: the box [5, 5, 0, 1] has no area; left out",
        "a.parquet: row 0: the box [20, 20, 22, 22] lies outside the image of 16 x 16; left out",
    ]


def test_texts_tables_and_anything_else(tmp_path: Path) -> None:
    _write(
        tmp_path / "texts/test.parquet", {"sentence": ["good", "bad"], "label": ["pos", ""], "n": [1, None]}
    )
    report = pack(tmp_path / "texts", tmp_path / "text set")
    assert (report.kind, report.class_names, report.splits) == ("text", ("pos",), {"test": 2})
    assert [(s["text"], s["label"], s["n"]) for s in Dataset.open(tmp_path / "text set")] == [
        ("good", 0, 1),
        ("bad", -1, None),
    ]
    _write(tmp_path / "table/x.parquet", {"Größe": [1.5], "species": ["adelie"], "ok": [True]})
    assert pack(tmp_path / "table", tmp_path / "table set", label_column="species").class_names == ("adelie",)
    assert Dataset.open(tmp_path / "table set").fields["gr_e"].dtype == "<f8"
    moment = pa.array([1_577_836_800_000_000_001], pa.timestamp("ns", "Europe/Berlin"))
    odd = {
        "moment": moment,
        "price": pa.array([1], pa.int64()).cast(pa.decimal128(21, 2)),
        "wait": pa.array([5], pa.duration("ms")),
        "vector": pa.array([[1, 2, 3]], pa.list_(pa.float32(), 3)),
        "map": pa.array([[("a", b"\xff")]], pa.map_(pa.string(), pa.binary())),
        "nothing": pa.nulls(1),
        "word": pa.array(["x"]).dictionary_encode(),
        "raw": pa.array([b"\0"]),
        "half": pa.array([np.float16(0.5)], pa.float16()),
        "deep": pa.array([[{"x": [1, None]}]]),
    }
    _write(tmp_path / "odd/x.parquet", odd)
    report = pack(tmp_path / "odd", tmp_path / "odd set")
    assert (report.kind, report.problems) == ("custom", ())
    [sample] = Dataset.open(tmp_path / "odd set")
    assert sample["moment"] == "2020-01-01 00:00:00.000000001Z"
    assert (sample["price"], sample["wait"], sample["nothing"]) == ("1.00", "5ms", None)
    assert (sample["vector"].tolist(), sample["map"]) == ([1, 2, 3], [["a", "/w=="]])
    assert (sample["word"], bytes(sample["raw"]), sample["half"]) == ("x", b"\0", 0.5)
    assert sample["deep"] == [{"x": [1, None]}]


def test_images_beside_the_table_and_other_things_that_do_not_fit(tmp_path: Path) -> None:
    images = [{"bytes": None, "path": "gone.png"}, {"bytes": b"noise", "path": "a.png"}, None]
    good = [{"bytes": PNG, "path": "b.png"}]
    features = {"image": {"_type": "Image"}, "label": {"names": ["cat"], "_type": "ClassLabel"}}
    columns = {"image": pa.array([*images, *good, *good], IMAGE), "label": [0, 0, 0, 5, 0]}
    _write(tmp_path / "hub/a.parquet", columns, features)
    _write(tmp_path / "hub/b.parquet", {"other": [1]})
    (tmp_path / "hub/c.parquet").write_bytes(b"PAR1 not really PAR1")
    report = pack(tmp_path / "hub", tmp_path / "set")
    assert report.num_samples == 1
    lines = _lines(report)
    assert lines[0] == "b.parquet: it has other columns than a.parquet; left out"
    assert lines[1].startswith("c.parquet: not a Parquet file: ")
    assert lines[2:] == [
        "a.parquet: row 0, column 'image': it has no bytes, and there is no file 'gone.png'; left out",
        "a.parquet: row 1, column 'image': not an image; left out",
        "a.parquet: row 2, column 'image': there is nothing; left out",
        "a.parquet: row 3, column 'label': there is no class 5; left out",
    ]
    with pytest.raises(ImportStopped):
        pack(tmp_path / "hub", tmp_path / "stopped", on_error="stop")


def test_damage_names_row_group_and_row(tmp_path: Path) -> None:
    path = tmp_path / "hub/a.parquet"
    columns = {"key": [str(n) for n in range(30)], "x": [bytes([n]) * 2000 for n in range(30)]}
    _write(
        path, columns, row_group_size=10, write_page_checksum=True, compression="none", use_dictionary=False
    )
    whole = path.read_bytes()
    at = whole.index(bytes([15]) * 2000)
    path.write_bytes(whole[:at] + b"\xff" + whole[at + 1 :])
    report = pack(tmp_path / "hub", tmp_path / "set")
    assert report.num_samples == 20
    assert [line.partition(": could")[0] for line in _lines(report)] == [
        f"a.parquet: row {row} (row group 1)" for row in range(10, 20)
    ]
    at = whole.index(b"\x02\0\0\x0015")
    path.write_bytes(whole[:at] + b"\x02\0\0\x0016" + whole[at + 6 :])
    report = pack(tmp_path / "hub", tmp_path / "again")
    assert report.num_samples == 20
    [line] = _lines(report)
    assert line.startswith("a.parquet: row group 1, rows 10 to 19, columns key: ")
    path.write_bytes(whole[:-100])
    with pytest.raises(KPLError, match="not a Parquet file"):
        pack(tmp_path / "hub", tmp_path / "cut")


def test_more_rows_than_a_file_can_hold_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kpl.dataset.convert.parquet_rows._HARMLESS_ROWS", 1000)
    _write(tmp_path / "hub/a.parquet", {"x": pa.nulls(1_000_000)})
    with pytest.raises(KPLError, match="says that it has 1000000 rows"):
        pack(tmp_path / "hub", tmp_path / "set")


def test_a_file_larger_than_the_memory_given_is_read_row_by_row(tmp_path: Path) -> None:
    path = tmp_path / "hub/a.parquet"
    path.parent.mkdir()
    schema = pa.schema({"key": pa.string(), "x": pa.binary()})
    noise = np.random.default_rng(0).bytes(100_000)
    with pq.ParquetWriter(path, schema, compression="none", use_dictionary=False) as writer:
        for group in range(4):
            rows = [{"key": f"{group} {n}", "x": noise} for n in range(200)]
            writer.write_table(pa.Table.from_pylist(rows, schema))
    assert path.stat().st_size > 80_000_000
    pool = pa.proxy_memory_pool(pa.default_memory_pool())
    before = pa.default_memory_pool()
    pa.set_memory_pool(pool)
    try:
        pack(tmp_path / "hub", tmp_path / "set")
    finally:
        pa.set_memory_pool(before)
    assert 1_000_000 < pool.max_memory() < 40_000_000
    assert len(Dataset.open(tmp_path / "set")) == 800


@given(data=st.data())
@settings(few, max_examples=60)
def test_no_changed_bytes_crash_or_hang(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    with DatasetWriter(folder / "set", kind="detection", class_names=["a"]) as writer:
        for number in range(3):
            writer.add(f"{number}.png", split="train", image=PNG, boxes=[[1, 2, 3, 4]], labels=[0])
    export(Dataset.open(folder / "set"), folder / "out", format="parquet")
    [path] = (folder / "out").rglob("*.parquet")
    whole = path.read_bytes()
    start = data.draw(st.one_of(st.integers(0, len(whole)), st.integers(len(whole) - 3000, len(whole))))
    new = data.draw(st.binary(max_size=8))
    path.write_bytes(whole[:start] + new + whole[start + data.draw(st.integers(0, 8)) :])
    with suppress(KPLError):
        pack(folder / "out", folder / "again", format="parquet")


def _split(number: int) -> tuple[str, ...]:
    return (("train",), ("val", "ext ra"), ())[number % 3]


@given(data=st.data(), has_plain_splits=st.booleans())
@few
def test_detections_and_instances_survive(
    data: st.DataObject, has_plain_splits: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("round")
    kind = data.draw(st.sampled_from(["detection", "instance_segmentation", "face_detection"]))
    edge = st.floats(0, 15, width=32)
    with DatasetWriter(folder / "set", kind=kind, class_names=["鸟", "b"], attributes={"a": "b"}) as writer:
        for number in range(data.draw(st.integers(1, 4))):
            count = data.draw(st.integers(0, 3))
            corners = [(data.draw(edge), data.draw(edge)) for _ in range(count)]
            boxes = np.array([[x, y, np.nextafter(x, np.float32(99)), 16.0] for x, y in corners], np.float32)
            values: dict[str, Any] = {"boxes": boxes.reshape(-1, 4), "labels": [n % 2 for n in range(count)]}
            if kind == "instance_segmentation":
                pixels = np.eye(SIDE, dtype=np.bool_)
                masks: list[Any] = [runs_segmentation(pixels), None, [[0.0, 0.5, 5.0, 0.0, 3.0, 7.25]]]
                values |= {"masks": masks[:count], "crowd": [True] * count}
            elif kind == "face_detection" and number % 2:
                values["landmarks"] = np.full((count, 5, 2), 0.1, np.float32)
            if number % 2:
                values["attributes"] = [{"score": 0.1}, None, {"a": [1]}][:count]
            split = ("train", "val")[number % 2] if has_plain_splits else _split(number)
            writer.add(f"a b/{number}.png", split=split, image=PNG, **values)
    _assert_survives(Dataset.open(folder / "set"), folder)


@pytest.mark.parametrize(
    "kind", ["classification", "face_recognition", "unlabelled", "semantic_segmentation"]
)
def test_images_survive(kind: str, tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "set", kind=kind, class_names=["x", "unused", "z"]) as writer:
        for number in range(5):
            labels: dict[str, Any] = {"label": (0, 2, -1)[number % 3]} if kind[:4] in ("clas", "face") else {}
            if kind == "semantic_segmentation" and number:
                labels = {"mask": encode_class_mask(np.eye(SIDE, dtype=np.uint8) * 2)}
            writer.add(f"{number}.png", image=PNG, split=_split(number), **labels)
    _assert_survives(Dataset.open(tmp_path / "set"), tmp_path)


def test_texts_and_tables_survive(tmp_path: Path) -> None:
    for kind in ("text", "tabular"):
        extra = [field("x", "float64", is_optional=True), field("splits", "int8"), field("objects", "json")]
        with DatasetWriter(tmp_path / kind / "set", kind=kind, class_names=["a"], fields=extra) as writer:
            for number in range(3):
                values: dict[str, Any] = {"text": "\0 鸟\n"} if kind == "text" else {}
                values |= {
                    "x": (None, 1e-300, float("inf"))[number],
                    "splits": -number,
                    "objects": {"a": None},
                }
                writer.add(f"#{number}", label=number - 1 if number < 2 else -1, **values)
        _assert_survives(Dataset.open(tmp_path / kind / "set"), tmp_path / kind)


_VALUES: dict[str, Callable[[], st.SearchStrategy[Any]]] = {
    "string": lambda: st.text(max_size=5),
    "json": lambda: st.recursive(st.integers(-9, 9) | st.text(max_size=3), st.lists, max_leaves=4),
    "bytes": lambda: st.binary(max_size=5),
    "blob": lambda: st.binary(max_size=5),
    "audio": lambda: st.binary(max_size=5),
}


@st.composite
def _field_and_values(draw: st.DrawFn, name: str) -> tuple[Field, list[Any]]:
    is_optional = draw(st.booleans())
    type_name = draw(st.sampled_from([*_VALUES, "tensor", "numbers", *DTYPES]))
    if type_name in _VALUES:
        each = field(name, type_name, is_optional=is_optional)
        values = draw(st.lists(_VALUES[type_name](), min_size=3, max_size=3))
    else:
        dtype = draw(st.sampled_from(sorted(DTYPES))) if type_name in ("tensor", "numbers") else type_name
        shape = (2, 3) if type_name == "tensor" else ()
        each = field(name, type_name, dtype=dtype, shape=shape, is_optional=is_optional)
        dice = np.random.default_rng(draw(st.integers(0, 99)))
        arrays = [
            np.frombuffer(dice.bytes(48 * 8), np.uint8).astype(dtype)[:6].reshape(shape or (6,))
            for _ in range(3)
        ]
        values = [array[0].item() if type_name in DTYPES else array for array in arrays]
    missing = draw(st.sets(st.integers(0, 2))) if is_optional else set()
    return each, [None if number in missing else value for number, value in enumerate(values)]


@given(data=st.data())
@settings(few, max_examples=20)
def test_fields_of_every_type_survive(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("round")
    made = [data.draw(_field_and_values(f"f{number}")) for number in range(4)]
    with DatasetWriter(folder / "set", kind="custom", fields=[each for each, _ in made]) as writer:
        for number in range(3):
            writer.add(str(number), **{each.name: values[number] for each, values in made})
    _assert_survives(Dataset.open(folder / "set"), folder)


_READ = """
import json, sys, datasets
found = datasets.load_dataset(sys.argv[1], cache_dir=sys.argv[2])
first = found["train"]
label = first.features["objects"]["category"].feature if "objects" in first.features else first.features["label"]
print(json.dumps({
    "splits": {name: each.num_rows for name, each in found.items()}, "classes": label.names,
    "sizes": [image.size for image in first["image"]], "keys": list(first["key"]),
    "labels": [each["category"] for each in first["objects"]] if "objects" in first.features else list(first["label"]),
    "boxes": [each["bbox"] for each in first["objects"]] if "objects" in first.features else None,
    "alone": datasets.load_dataset("parquet", data_files=sys.argv[1] + "/data/train-*.parquet",
                                   cache_dir=sys.argv[2])["train"].num_rows,
}))
"""


@pytest.mark.skipif(
    importlib.util.find_spec("datasets") is None, reason="the package datasets is not installed"
)
@pytest.mark.parametrize("kind", ["classification", "detection"])
def test_the_package_datasets_reads_images_classes_and_splits(kind: str, tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "set", kind=kind, class_names=["鸟", "b"]) as writer:
        for number in range(4):
            labels: dict[str, Any] = {"label": number % 2}
            if kind == "detection":
                labels = {"boxes": [[1, 2, 4, 8]] * number, "labels": [1] * number}
            writer.add(f"{number}.png", image=PNG, split=("train", "val")[number // 3], **labels)
    export(Dataset.open(tmp_path / "set"), tmp_path / "out", format="parquet")
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(tmp_path / "out"), str(tmp_path / "cache")],
        capture_output=True, text=True, check=False, env={"HF_HUB_OFFLINE": "1", "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["splits"], found["alone"]) == ({"train": 3, "validation": 1}, 3)
    assert (found["classes"], found["sizes"]) == (["鸟", "b"], [[16, 16]] * 3)
    assert found["keys"] == ["0.png", "1.png", "2.png"]
    if kind == "detection":
        assert (found["labels"], found["boxes"][1]) == ([[], [1], [1, 1]], [[1, 2, 3, 6]])
    else:
        assert found["labels"] == [0, 1, 0]


def test_classes_in_the_order_that_is_wanted(tmp_path: Path) -> None:
    _write(tmp_path / "hub/a.parquet", {"text": ["x", "y", "z"], "label": ["b", "a", None]})
    pack(tmp_path / "hub", tmp_path / "set", class_names=["b", "c", "a"])
    assert [sample["label"] for sample in Dataset.open(tmp_path / "set")] == [0, 2, -1]
