"""TFRecord and WebDataset: what KPL writes comes back, what others write is understood, bad input is named."""

import contextlib
import gzip
import io
import json
import pickle
import struct
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpl.dataset import Dataset, DatasetDamaged, DatasetWriter, Kind, field
from kpl.dataset.convert import ImportStopped, detect_format, export, pack
from kpl.dataset.convert.tfexample import decode_example, encode_example, frame
from kpl.dataset.errors import BadSample
from kpl.dataset.kinds import TEMPLATES
from kpl.dataset.masks import encode_class_mask, runs_segmentation
from kpl.errors import Invalid, KPLError

pytest.importorskip("google_crc32c", reason="TFRecord needs google-crc32c")

FORMATS = ("tfrecord", "webdataset")
SIDE = 16
NAMES = ("cat", "<dog> & \"' {x}", "鸟")
few = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
texts = st.text(st.characters(codec="utf-8"), max_size=12)
doubles = st.floats(allow_nan=False)
BAD_NAME = "\udcff.png"
KEYS = ("a/b.png", "../x", "/abs", "no dot", "鸟 ü.jpg", "a.b.c", "__meta__", "a/b_.png", "\n", "a/.h")


def _image(seed: int) -> bytes:
    return encode_class_mask(np.random.default_rng(seed).integers(0, 256, (SIDE, SIDE)))


def _labels(draw: st.DrawFn, kind: Kind) -> dict[str, Any]:
    """Label fields of a sample."""
    names = {each.name for each in TEMPLATES[kind].labels}
    if "label" in names:
        return {"label": draw(st.integers(-1, 2))}
    if "mask" in names:
        pixels = np.array([0, 1, 2, 255], np.uint8)[
            np.random.default_rng(draw(st.integers(0, 9))).integers(0, 4, (SIDE, SIDE))
        ]
        return {"mask": draw(st.sampled_from([None, encode_class_mask(pixels)]))}
    if "boxes" not in names:
        return {}
    count = draw(st.integers(0, 3))
    corner = st.floats(0, SIDE - 1, width=32)
    boxes = [[x, y, x + 0.7, y + 1 / 3] for x, y in (draw(st.tuples(corner, corner)) for _ in range(count))]
    values: dict[str, Any] = {"boxes": boxes, "labels": [draw(st.integers(0, 2)) for _ in boxes]}
    values["attributes"] = draw(st.sampled_from([None, [{"ü": [1, None]}] * count])) if count else None
    if "masks" in names:
        values["masks"] = [
            draw(st.sampled_from([None, [[0.5, 0, 5, 0, 5, 5]], runs_segmentation(np.eye(SIDE, dtype=bool))]))
            for _ in boxes
        ]
        values["crowd"] = [draw(st.booleans()) for _ in boxes]
    else:
        values["difficult"] = [draw(st.booleans()) for _ in boxes]
    if "landmarks" in names and count:
        values["landmarks"] = np.array(
            [[[1, np.nan], [2.1, 3], [0, 0], [5, 5], [np.nan, 1]]] * count, np.float32
        )
    return values


FIELDS = (
    field("small", "int8"), field("big", "uint64"), field("x32", "float32", is_optional=True),
    field("x64", "float64", is_optional=True), field("flag", "bool"), field("text_2", "string", is_optional=True),
    field("tree", "json", is_optional=True), field("raw", "bytes"), field("sound", "audio", is_optional=True),
    field("vector", "embedding", shape=(3,)), field("half", "tensor", dtype="float16", shape=(1, 2)),
    field("many", "numbers", is_optional=True), field("longs", "numbers", dtype="int64"),
)  # fmt: skip


@st.composite
def _further(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "small": draw(st.integers(-128, 127)),
        "big": draw(st.integers(0, 2**64 - 1)),
        "x32": draw(st.none() | st.floats(width=32, allow_nan=False)),
        "x64": draw(st.none() | doubles),
        "flag": draw(st.booleans()),
        "text_2": draw(st.none() | texts),
        "tree": draw(st.none() | st.dictionaries(texts, st.lists(st.integers(-5, 5)))) or None,
        "raw": draw(st.binary(max_size=9)),
        "sound": draw(st.none() | st.binary(min_size=1, max_size=40)),
        "vector": np.array(draw(st.tuples(*[st.floats(width=32, allow_nan=False)] * 3)), np.float32),
        "half": np.array([draw(st.tuples(*[st.floats(width=16, allow_nan=False)] * 2))], np.float16),
        "many": draw(st.none() | st.lists(doubles, max_size=3)),
        "longs": draw(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=3)),
    }


@st.composite
def _samples(draw: st.DrawFn) -> tuple[Kind, list[tuple[str, tuple[str, ...], dict[str, Any]]]]:
    kind = draw(st.sampled_from(list(Kind)))
    samples = []
    for number, key in enumerate(draw(st.permutations(KEYS))[: draw(st.integers(1, 4))]):
        values = {**_labels(draw, kind), **draw(_further())}
        if any(each.name == "image" for each in TEMPLATES[kind].samples):
            values["image"] = _image(number)
        if kind == Kind.TEXT:
            values["text"] = draw(texts)
        splits = draw(st.sampled_from([(), ("train",), ("val", "extra ü"), ("some",)]))
        samples.append((key, splits, values))
    return kind, samples


def _plain(value: Any) -> Any:
    if isinstance(value, memoryview):
        return bytes(value)
    return repr(value.tolist()) if isinstance(value, np.ndarray) else value


def _content(dataset: Dataset) -> list[dict[str, Any]]:
    splits = {
        key: sorted(n for n, rows in dataset.split_rows().items() if row in rows)
        for row, key in enumerate(dataset.columns("key"))
    }
    rows = [
        {**{name: _plain(sample[name]) for name in sample}, "splits": splits[sample.key]}
        for sample in dataset
    ]
    return sorted(rows, key=lambda row: str(row["key"]))


@pytest.mark.parametrize("format_name", FORMATS)
@given(given_samples=_samples())
@settings(few, max_examples=30)
def test_datasets_of_every_kind_survive(
    format_name: str, given_samples: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    kind, samples = given_samples
    folder = tmp_path_factory.mktemp("round")
    with DatasetWriter(
        folder / "set", kind=kind, class_names=NAMES, fields=FIELDS, attributes={"licence": "CC0"}
    ) as writer:
        for key, splits, values in samples:
            writer.add(key, split=splits, **values)
    before = Dataset.open(folder / "set")
    assert export(before, folder / "once", format=format_name).dropped == {}
    assert detect_format(folder / "once") == format_name
    assert pack(folder / "once", folder / "once set").problems == ()
    once = Dataset.open(folder / "once set")
    export(once, folder / "twice", format=format_name)
    assert pack(folder / "twice", folder / "twice set", in_place=True).problems == ()
    twice = Dataset.open(folder / "twice set")
    assert (once.kind, once.class_names) == (kind, NAMES)
    assert _content(before) == _content(once) == _content(twice)
    assert once.splits == twice.splits == before.splits
    assert once.attributes["licence"] == "CC0"


@pytest.mark.parametrize("format_name", FORMATS)
def test_other_layers_are_named_as_dropped(format_name: str, tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "set", kind="text", class_names=NAMES) as writer:
        writer.add("a", text="x", label=0)
    dataset = Dataset.open(tmp_path / "set").derive(tmp_path / "more", layers={"scores": {"x": np.ones(1)}})
    report = export(dataset, tmp_path / "out", format=format_name)
    assert report.dropped == {"layers beside samples and labels": 1}


@pytest.mark.parametrize("format_name", FORMATS)
def test_classes_get_the_wanted_order(format_name: str, tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "set", kind="classification", class_names=NAMES) as writer:
        for number in range(4):
            writer.add(f"{number}.png", image=_image(number), label=number - 1)
    export(Dataset.open(tmp_path / "set"), tmp_path / "out", format=format_name)
    pack(tmp_path / "out", tmp_path / "again", class_names=NAMES[::-1])
    assert Dataset.open(tmp_path / "again").columns("label").tolist() == [-1, 2, 1, 0]


# records of other tools

EXAMPLE: dict[str, Any] = {
    "image/encoded": [_image(0)],
    "image/class/label": np.array([7]),
    "image/class/text": ["鸟".encode()],
    "image/height": np.array([SIDE]),
    "source": [b"web"],
    "score": np.array([0.1], np.float32),
    "words": [b"a", b"\xff"],
    "ids": np.array([1, -(2**63), 3]),
    "thumbnail": [_image(1)],
    "empty": [],
}


def _tfrecords(*examples: dict[str, Any]) -> bytes:
    return b"".join(frame(encode_example(each)) for each in examples)


def _write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def _tar(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@pytest.mark.parametrize("squeeze", [bytes, gzip.compress, zlib.compress])
def test_classified_tfrecords_keep_every_feature(tmp_path: Path, squeeze: Callable[[bytes], bytes]) -> None:
    second = {"image/encoded": [_image(2)], "image/class/label": np.array([3]), "ids": np.array([5])}
    files = {"flowers-train.tfrecord-00000-of-00002": squeeze(_tfrecords(EXAMPLE)),
             "flowers-validation.tfrecord-00001-of-00002": squeeze(_tfrecords(second))}  # fmt: skip
    report = pack(_write(tmp_path / "in", files), tmp_path / "set")
    assert (report.format, report.kind, report.problems) == ("tfrecord", "classification", ())
    assert (report.class_names, report.splits) == (("3", "鸟"), {"train": 1, "val": 1})
    first, other = Dataset.open(tmp_path / "set")
    assert (first["label"], other["label"]) == (1, 0)
    assert bytes(first["image"]) == _image(0)
    assert (first["source"], first["score"], other["source"]) == ("web", np.float32(0.1), None)
    assert (first["ids"].tolist(), other["ids"].tolist()) == ([1, -(2**63), 3], [5])
    assert (first["words"], bytes(first["thumbnail"])) == (["a", "/w=="], _image(1))
    custom = pack(tmp_path / "in", tmp_path / "custom", kind="custom")
    assert custom.problems == ()
    sample = Dataset.open(tmp_path / "custom")[0]
    assert bytes(sample["image_encoded"]) == _image(0)
    assert sample["image_class_text"] == "鸟"


def test_detection_tfrecords_of_the_object_detection_api(tmp_path: Path) -> None:
    example: dict[str, Any] = {
        "image/encoded": [_image(0)],
        "image/source_id": [b"7"],
        "image/object/bbox/xmin": np.array([0.25, 0.5], np.float32),
        "image/object/bbox/ymin": np.array([0.0, 0.5], np.float32),
        "image/object/bbox/xmax": np.array([0.5, 1.0], np.float32),
        "image/object/bbox/ymax": np.array([0.125, 2.0], np.float32),
        "image/object/class/label": np.array([2, 1]),
        "image/object/is_crowd": np.array([0, 1]),
    }
    empty: dict[str, Any] = {"image/encoded": [_image(1)]} | {
        name: np.empty(0, np.float32) for name in example if "bbox" in name
    }
    labels = b"item {\n id: 1\n name: \"cat\"\n}\nitem { name: 'it\\'s }' id: 2 }"
    source = _write(
        tmp_path / "in", {"val/a.record.tfrecord": _tfrecords(example, empty), "map.pbtxt": labels}
    )
    report = pack(source, tmp_path / "set")
    assert (report.kind, report.class_names, report.splits) == ("detection", ("cat", "it's }"), {"val": 2})
    assert [(p.line, "cut" in p.reason) for p in report.problems] == [(1, True)]
    sample, other = Dataset.open(tmp_path / "set")
    assert sample["boxes"].tolist() == [[4, 0, 8, 2], [8, 8, 16, 16]]
    assert (sample["labels"].tolist(), sample["attributes"]) == ([1, 0], [None, {"crowd": True}])
    assert (sample.key, len(other["boxes"])) == ("7", 0)


@pytest.mark.parametrize("squeeze", [bytes, gzip.compress])
def test_webdatasets_of_other_tools(tmp_path: Path, squeeze: Callable[[bytes], bytes]) -> None:
    suffix = ".tar.gz" if squeeze is gzip.compress else ".tar"
    one = _tar(("d/0.png", _image(0)), ("d/0.cls", b"4\n"), ("d/0.seg.png", _image(9)), ("d/1.png", _image(1)),
               ("d/1.cls", "鸟".encode()), ("d/1.txt", b"two"), ("__index__", b"x"))  # fmt: skip
    source = _write(tmp_path / "in", {f"train-000{suffix}": squeeze(one)})
    report = pack(source, tmp_path / "set")
    assert (report.kind, report.class_names, report.splits) == ("classification", ("4", "鸟"), {"train": 2})
    first, second = Dataset.open(tmp_path / "set")
    assert (first.key, first["txt"], second["txt"], second["label"]) == ("d/0", None, "two", 1)
    assert bytes(first["seg_png"]) == _image(9)
    boxes = json.dumps({"annotations": [{"bbox": [1, 2, 3, 4], "category": "cat", "id": 9}]}).encode()
    two = _tar(
        ("a.png", _image(0)),
        ("a.json", boxes),
        ("b.png", _image(1)),
        ("b.json", b'{"boxes": [[0, 0, 2, 2]], "labels": [5]}'),
    )
    report = pack(_write(tmp_path / "two", {f"x{suffix}": squeeze(two)}), tmp_path / "two set")
    sample = Dataset.open(tmp_path / "two set")[0]
    assert (report.kind, report.class_names) == ("detection", ("5", "cat"))
    assert (sample["boxes"].tolist(), sample["attributes"]) == ([[1, 2, 4, 6]], [{"id": 9}])
    three = _tar(("a.wav", b"\xff\x00"), ("a.json", b"[1]"), ("b.wav", b"\xfe"), ("b.json", b"3"))
    report = pack(_write(tmp_path / "three", {f"x{suffix}": squeeze(three)}), tmp_path / "three set")
    assert report.kind == "custom"
    assert [(bytes(s["wav"]), s["json"]) for s in Dataset.open(tmp_path / "three set")] == [
        (b"\xff\x00", [1]),
        (b"\xfe", 3),
    ]


def test_equal_names_in_two_shards_are_two_samples(tmp_path: Path) -> None:
    source = _write(
        tmp_path / "in", {"0.tar": _tar(("a.png", _image(0))), "1.tar": _tar(("a.png", _image(1)))}
    )
    pack(source, tmp_path / "set")
    assert Dataset.open(tmp_path / "set").columns("key").tolist() == ["0.tar/a", "1.tar/a"]


# what strangers send


def _lines(source: Path, dest: Path, **options: Any) -> list[str]:
    return [str(problem) for problem in pack(source, dest, **options).problems]


def test_damaged_records_are_named(tmp_path: Path) -> None:
    records = [frame(encode_example({"n": np.array([i]), "b": [bytes(20)]})) for i in range(4)]
    flipped = bytearray(records[1])
    flipped[30] ^= 1
    no_example = frame(b"\xff\xff")
    bad_length = bytes([records[3][0] ^ 1]) + records[3][1:]
    data = b"".join([records[0], flipped, no_example, records[2]])
    source = _write(
        tmp_path / "in",
        {"a.tfrecord": data + bad_length, "b.tfrecord": data[:-5], "c.tfrecord": data + b"xyz"},
    )
    lines = _lines(source, tmp_path / "set")
    for name, last in (
        ("a", "5: the length is damaged (crc32c)"),
        ("b", "4: the file was cut short here"),
        ("c", "5: the file was cut short here"),
    ):
        found = [line for line in lines if line.startswith(name)]
        assert len(found) == 3
        assert "tfrecord:2: the record is damaged (crc32c); left out" in found[0]
        assert "tfrecord:3: not a tf.train.Example" in found[1]
        assert last in found[2]
    assert Dataset.open(tmp_path / "set").columns("n").tolist() == [0, 2, 0, 0, 2]
    with pytest.raises(ImportStopped, match=r"a.tfrecord:2: the record is damaged"):
        pack(source, tmp_path / "other", on_error="stop")
    assert not (tmp_path / "other").exists()


def test_tars_with_members_that_lead_away_are_named(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, kind in (("../up.png", tarfile.REGTYPE), ("/root.png", tarfile.REGTYPE), ("l.png", tarfile.SYMTYPE),
                           ("h.png", tarfile.LNKTYPE), ("p.png", tarfile.FIFOTYPE), ("good.png", tarfile.REGTYPE),
                           ("bad.png", tarfile.REGTYPE), ("none.txt", tarfile.REGTYPE),
                           (BAD_NAME, tarfile.REGTYPE)):  # fmt: skip
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            data = {"bad.png": _image(0)[:40], "none.txt": b"text"}.get(name, _image(0))
            info.size = len(data) if kind == tarfile.REGTYPE else 0
            tar.addfile(info, io.BytesIO(data))
    source = _write(
        tmp_path / "in",
        {
            "w.tar": _tar(("w.png", _image(0)))[:1024],
            "x.tar": buffer.getvalue(),
            "y.tar": _tar(("y.png", _image(0)))[:600],
            "z.tar": b"no tar" * 200,
        },
    )
    lines = _lines(source, tmp_path / "set", kind="unlabelled", format="webdataset")
    assert "x.tar: '../up.png' leads out of the folder; left out" in lines
    assert "x.tar: '/root.png' leads out of the folder; left out" in lines
    assert "x.tar: 'l.png' is a link; left out" in lines
    assert "x.tar: 'h.png' is a link; left out" in lines
    assert "x.tar: 'p.png' is not a regular file; left out" in lines
    assert "x.tar: '\\udcff.png' is not called so in UTF-8; left out" in lines
    assert any(line.startswith("x.tar:2: the PNG is cut short") for line in lines)
    assert any(line.startswith("x.tar:3:") and "'none' has no image; left out" in line for line in lines)
    assert "w.tar: not a whole tar file: it was cut short between two files; the rest is left out" in lines
    assert "y.tar: not a whole tar file: 'y.png' was cut short; the rest is left out" in lines
    assert any(line.startswith("z.tar: not a whole tar file") for line in lines)
    with pytest.raises(ImportStopped, match=r"w\.tar: not a whole tar file"):
        pack(source, tmp_path / "other", kind="unlabelled", format="webdataset", on_error="stop")
    assert not (tmp_path / "other").exists()


def test_bombs_and_giant_headers_cost_no_memory(tmp_path: Path) -> None:
    bomb = tmp_path / "in" / "bomb.tar.gz"
    bomb.parent.mkdir()
    giant = tarfile.TarInfo("a.png")
    giant.size = 300 << 20
    with gzip.open(bomb, "wb") as file:
        file.write(giant.tobuf())
        for _ in range(300):
            file.write(bytes(1 << 20))
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 4 << 30
    _write(tmp_path / "in", {"pax.tar": header.tobuf() + bytes(4096), "ok.tar": _tar(("b.png", _image(0)))})
    lines = _lines(tmp_path / "in", tmp_path / "set")
    assert any("bomb.tar.gz: not a whole tar file: it expands more than 250-fold" in line for line in lines)
    assert any("pax.tar: not a whole tar file: a header of 4294967" in line for line in lines)
    assert len(lines) == 2


def test_texts_in_mixed_encodings_and_broken_json_are_named(tmp_path: Path) -> None:
    tar = _tar(("a.png", _image(0)), ("a.txt", "ü".encode("latin-1")), ("b.png", _image(1)), ("b.json", b"{"),
               ("c.png", _image(2)), ("c.txt", "ü".encode()), ("d.png", _image(0)), ("d.png", _image(0)))  # fmt: skip
    lines = _lines(_write(tmp_path / "in", {"x.tar": tar}), tmp_path / "set")
    assert lines[0] == "x.tar:1: its 'txt' is not in UTF-8; left out"
    assert lines[1].startswith("x.tar:2: its 'json' is not JSON")
    assert lines[2] == "x.tar:4: it has two files 'png'; left out"
    assert [sample["txt"] for sample in Dataset.open(tmp_path / "set")] == ["ü"]


def test_boxes_that_are_none_are_named(tmp_path: Path) -> None:
    jsons = (b'{"boxes": [[1, 2]], "labels": [0]}', b'{"boxes": [[1, 2, 3, 4]], "labels": []}',
             b'{"boxes": [], "labels": []}',
             b'{"annotations": [{"bbox": [1, 1, 2, 2], "category_id": [1]}]}', b"{}")  # fmt: skip
    members = [
        (f"{i}.{suffix}", data)
        for i, each in enumerate(jsons)
        for suffix, data in (("png", _image(i)), ("json", each))
    ]
    lines = _lines(_write(tmp_path / "in", {"x.tar": _tar(*members)}), tmp_path / "set")
    assert [line.rpartition(";")[0] for line in lines] == [
        "x.tar:1: the box [1, 2] is not four numbers",
        "x.tar:2: its 'json' has boxes without as many labels",
        "x.tar:4: the class '[1]' is neither a number nor a name",
        "x.tar:5: it has no 'json' with boxes",
    ]
    assert [sample.key for sample in Dataset.open(tmp_path / "set")] == ["2"]


def test_a_schema_that_does_not_fit_is_named(tmp_path: Path) -> None:
    fields = b'[{"name": "n", "type": "int8", "layout": "fixed", "dtype": "|i1"}]'
    schema = b'{"kind": "custom", "class_names": [], "fields": ' + fields + b"}"
    jsons = (b'{"key": "a", "fields": {"n": 1}}', b'{"key": "b", "fields": {"n": "x"}}', b'{"key": "c"}', b'{"key": 5}',
             b'{"key": "e", "splits": 5}', b'{"key": "f", "fields": {"n": [1, 2]}}')  # fmt: skip
    tar = _tar(*((f"{number}.json", each) for number, each in enumerate(jsons)))
    source = _write(tmp_path / "in", {"x.tar": tar, "kpl.json": schema})
    lines = _lines(source, tmp_path / "set")
    assert len(lines) == 5
    assert all(line.startswith("x.tar:") for line in lines)
    records = ({"key": [b"a"], "n": np.array([1])}, {"key": [b"b"], "n": [b"x"]}, {"n": np.array([1])},
               {"key": [b"d"], "n": np.array([1, 2])},
               {"key": [b"e"], "n": np.array([1]), "splits": [b"\xff"]})  # fmt: skip
    other = _write(tmp_path / "other", {"x.tfrecord": _tfrecords(*records), "kpl.json": schema})
    assert len(_lines(other, tmp_path / "other set")) == 4
    for root in ("set", "other set"):
        assert Dataset.open(tmp_path / root).columns("key").tolist() == ["a"]
    _write(source, {"kpl.json": b'{"kind": "nothing"}'})
    with pytest.raises(Invalid, match=r"kpl\.json: not a description of records"):
        pack(source, tmp_path / "third")


@pytest.mark.parametrize("format_name", FORMATS)
@given(data=st.data())
@settings(few, max_examples=25)
def test_no_bytes_crash_an_importer_of_records(
    format_name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("bad")
    whole = (
        _tfrecords(EXAMPLE, EXAMPLE)
        if format_name == "tfrecord"
        else _tar(("a.png", _image(0)), ("a.json", b'{"label": 1}'))
    )
    squeezed = [whole, gzip.compress(whole), zlib.compress(whole)]
    broken = bytearray(data.draw(st.sampled_from(squeezed)))
    for _ in range(data.draw(st.integers(0, 3))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    name = "a.tfrecord" if format_name == "tfrecord" else "a.tar"
    source = _write(folder / "in", {name: bytes(broken[: data.draw(st.integers(0, len(broken)))])})
    try:
        pack(
            source,
            folder / "set",
            format=format_name,
            kind=data.draw(st.sampled_from([None, "custom", "detection"])),
        )
    except KPLError:
        assert not (folder / "set").exists()


@given(
    st.dictionaries(
        texts, st.lists(st.binary(max_size=9)) | st.lists(st.integers(-(2**63), 2**63 - 1)), max_size=4
    )
)
@settings(deadline=None)
def test_examples_survive(features: dict[str, Any]) -> None:
    given_features = {
        n: np.array(v, np.int64) if v and isinstance(v[0], int) else v for n, v in features.items()
    }
    found = decode_example(encode_example(given_features))
    plain = {
        n: v.tolist() if isinstance(v, np.ndarray) else [bytes(each.data) for each in v or ()]
        for n, v in found.items()
    }
    assert plain == features


@given(st.binary(max_size=60))
@settings(deadline=None, max_examples=300)
def test_no_bytes_crash_the_decoder(data: bytes) -> None:
    with contextlib.suppress(BadSample):
        decode_example(data)


def test_numbers_may_be_packed_or_not(tmp_path: Path) -> None:
    unpacked = b"\x08\x05\x08\x96\x01"  # value: 5, value: 150
    feature = b"\x1a" + bytes([len(unpacked)]) + unpacked
    floats = b"\x0d" + struct.pack("<f", 0.5)
    other = b"\x12" + bytes([len(floats)]) + floats
    entries = b"".join(
        b"\x0a" + bytes([len(e)]) + e
        for e in (
            b"\x0a\x01n\x12" + bytes([len(feature)]) + feature,
            b"\x0a\x01x\x12" + bytes([len(other)]) + other,
        )
    )
    found = decode_example(b"\x0a" + bytes([len(entries)]) + entries)
    assert [each.tolist() for each in found.values() if isinstance(each, np.ndarray)] == [[5, 150], [0.5]]


# in place


def test_an_index_in_place_copies_no_image(tmp_path: Path) -> None:
    images = [np.random.default_rng(i).bytes(0) + _image(i) for i in range(6)]
    folders = {f"photos/{'ab'[i % 2]}/{i}.png": image for i, image in enumerate(images)}
    _write(tmp_path, folders)
    _write(tmp_path / "tars", {"x.tar": _tar(*((f"{i}.png", image) for i, image in enumerate(images)))})
    _write(
        tmp_path / "records", {"x.tfrecord": _tfrecords(*({"image/encoded": [image]} for image in images))}
    )
    for source, kind in (("photos", "classification"), ("tars", "unlabelled"), ("records", "unlabelled")):
        report = pack(tmp_path / source, tmp_path / f"{source}.kpl", in_place=True)
        assert (report.kind, report.problems) == (kind, ())
        dataset = Dataset.open(tmp_path / f"{source}.kpl")
        assert sorted(bytes(sample["image"]) for sample in dataset) == sorted(images)
        assert dataset.columns("width").tolist() == [SIDE] * 6
        assert not any(
            _image(0) in file.read_bytes() for file in dataset.path.rglob("*.kpl") if file.is_file()
        )
        assert len(pickle.dumps(dataset)) < 300
    file = tmp_path / "records" / "x.tfrecord"
    content = bytearray(file.read_bytes())
    content[content.index(images[2]) + 50] ^= 1
    file.write_bytes(content)
    dataset = Dataset.open(tmp_path / "records.kpl")
    assert bytes(dataset[1]["image"]) == images[1]
    with pytest.raises(DatasetDamaged, match=r"row 2 .*x\.tfrecord, whose bytes .* have changed"):
        dataset[2]["image"]


def test_compressed_files_cannot_be_indexed_in_place(tmp_path: Path) -> None:
    source = _write(tmp_path / "in", {"x.tar.gz": gzip.compress(_tar(("a.png", _image(0))))})
    with pytest.raises(Invalid, match=r"x\.tar\.gz is compressed"):
        pack(source, tmp_path / "set", in_place=True)
    assert not (tmp_path / "set").exists()


# the other tools themselves


def test_tensorflow_reads_what_is_exported_and_the_other_way_round(tmp_path: Path) -> None:
    tf = pytest.importorskip("tensorflow", reason="needs tensorflow")
    with DatasetWriter(tmp_path / "set", kind="detection", class_names=NAMES) as writer:
        writer.add("ü.png", image=_image(0), boxes=[[4, 0, 8, 2]], labels=[2], split="train")
        writer.add("b.png", image=_image(1), split="train")
    export(Dataset.open(tmp_path / "set"), tmp_path / "out", format="tfrecord")
    files = [str(path) for path in (tmp_path / "out").glob("*.tfrecord")]
    described = {
        "image/encoded": tf.io.FixedLenFeature([], tf.string),
        "image/width": tf.io.FixedLenFeature([], tf.int64),
        "image/object/bbox/xmax": tf.io.VarLenFeature(tf.float32),
        "image/object/class/text": tf.io.VarLenFeature(tf.string),
    }
    read = [tf.io.parse_single_example(each, described) for each in tf.data.TFRecordDataset(files)]
    assert [each["image/encoded"].numpy() for each in read] == [_image(0), _image(1)]
    assert read[0]["image/object/bbox/xmax"].values.numpy().tolist() == [0.5]
    assert read[0]["image/object/class/text"].values.numpy().tolist() == ["鸟".encode()]
    for compression in ("", "GZIP", "ZLIB"):
        folder = tmp_path / f"tf {compression}"
        folder.mkdir()
        with tf.io.TFRecordWriter(str(folder / "t-00000-of-00001.tfrecord"), compression or None) as file:
            for number in range(3):
                feature = {
                    "image/encoded": tf.train.Feature(bytes_list=tf.train.BytesList(value=[_image(number)])),
                    "n": tf.train.Feature(int64_list=tf.train.Int64List(value=[number, -number])),
                    "x": tf.train.Feature(float_list=tf.train.FloatList(value=[number / 3])),
                }
                file.write(tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString())
        assert pack(folder, tmp_path / f"set {compression}").problems == ()
        dataset = Dataset.open(tmp_path / f"set {compression}")
        assert [bytes(sample["image"]) for sample in dataset] == [_image(number) for number in range(3)]
        assert [sample["n"].tolist() for sample in dataset] == [[0, 0], [1, -1], [2, -2]]
        assert dataset.columns("x").tolist() == [0, np.float32(1 / 3), np.float32(2 / 3)]


@pytest.mark.filterwarnings("ignore")  # of the package itself
def test_webdataset_reads_what_is_exported_and_the_other_way_round(tmp_path: Path) -> None:
    wds = pytest.importorskip("webdataset", reason="needs webdataset")
    with DatasetWriter(tmp_path / "set", kind="classification", class_names=NAMES) as writer:
        for number in range(4):
            writer.add(f"some folder/ü {number}.png", image=_image(number), label=number % 3)
    export(Dataset.open(tmp_path / "set"), tmp_path / "out", format="webdataset")
    read = list(
        wds.WebDataset(str(tmp_path / "out" / "data-000000.tar"), shardshuffle=False, empty_check=False)
    )
    assert [each["__key__"] for each in read] == [f"some folder/ü {number}" for number in range(4)]
    assert [each["png"] for each in read] == [_image(number) for number in range(4)]
    assert [int(each["cls"]) for each in read] == [0, 1, 2, 0]
    assert json.loads(read[1]["json"])["fields"]["label"] == 1
    (tmp_path / "wds").mkdir()
    with wds.TarWriter(str(tmp_path / "wds" / "train-0.tar")) as sink:
        for number in range(4):
            sink.write(
                {"__key__": f"s{number}", "png": _image(number), "cls": number % 2, "json": {"n": number}}
            )
    report = pack(tmp_path / "wds", tmp_path / "again")
    assert (report.kind, report.class_names, report.splits) == ("classification", ("0", "1"), {"train": 4})
    assert [sample["json"] for sample in Dataset.open(tmp_path / "again")] == [
        {"n": number} for number in range(4)
    ]
