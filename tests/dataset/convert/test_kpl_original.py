"""The original `kpl-dataset` 0.0.9 itself writes what we read and reads what we write; damage is named."""

import base64
import json
import shutil
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpl.dataset import Dataset, DatasetWriter, field
from kpl.dataset.convert import ImportReport, ImportStopped, detect_format, export, pack
from kpl.dataset.convert.kpl_files import format_index, parse_index
from kpl.dataset.convert.kpl_record import StoredFile, decode_record, encode_record
from kpl.dataset.convert.kpl_schema import RecordType, format_meta, parse_meta
from kpl.dataset.convert.protobuf import bytes_field, fields, read_varint, signed, varint
from kpl.dataset.errors import BadSample
from kpl.dataset.masks import encode_class_mask
from kpl.errors import KPLError

PNG = encode_class_mask(np.arange(256).reshape(16, 16))
SCRIPT = Path(__file__).with_name("original_kpl.py")
_SETTINGS = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
Original = Callable[..., Any]


@pytest.fixture(scope="session")
def original(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Original:
    """Runs `original_kpl.py` in an environment with the original package, made once and kept in pytest's cache."""
    has_cache = pytestconfig.pluginmanager.hasplugin("cacheprovider")
    folder = (
        pytestconfig.cache.mkdir("kpl-dataset-0.0.9") if has_cache else tmp_path_factory.mktemp("original")
    )
    python = folder / "environment" / "bin" / "python"
    probe = [str(python), "-c", "import kpl_dataset"]
    if not python.exists() or subprocess.run(probe, capture_output=True, check=False).returncode:
        shutil.rmtree(folder / "environment", ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder / "environment")], check=True)
        install = [str(python), "-m", "pip", "install", "-q", "--retries", "1", "--timeout", "10"]
        try:
            done = subprocess.run(
                [*install, "kpl-dataset==0.0.9", "protobuf<3.21"],
                capture_output=True, text=True, check=False, timeout=120,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            pytest.skip("pip did not get kpl-dataset 0.0.9 in 120 s")
        if done.returncode:
            pytest.skip(f"pip cannot get kpl-dataset 0.0.9: {done.stderr.strip().splitlines()[-1:]}")

    def run(what: str, root: Path, name: str = "root", spec: Any = None) -> Any:
        root.mkdir(exist_ok=True)
        done = subprocess.run(
            [str(python), str(SCRIPT), what, str(root), name],
            input=json.dumps(spec), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if what == "read" else None

    return run


def _bytes(data: bytes) -> dict[str, str]:
    return {"bytes": base64.b64encode(data).decode()}


def _file(data: bytes) -> dict[str, str]:
    return {"file": base64.b64encode(data).decode()}


def _plain(sample: Any) -> dict[str, Any]:
    return {
        name: bytes(value)
        if isinstance(value, memoryview)
        else value.tolist()
        if isinstance(value, np.ndarray)
        else value
        for name, value in sample.fields.items()
    }


def _lines(report: ImportReport) -> list[str]:
    return [str(problem) for problem in report.problems]


DEEP = {
    "type": {
        "s": "String", "b": "ByteArray", "n": "Int", "f": "Float", "ints": ["Int"], "floats": ["Float"],
        "texts": ["String"], "m": {"a": "Int", "b": {"c": "String"}}, "nested": [["Int"]],
        "obj": [{"name": "String", "x": "Int", "deep": {"y": ["Float"], "raw": "ByteArray"}}],
        "file": "File", "files": ["File"], "Ein \"Name\"\n中": "Int",
    },
    "threshold": 2000,
    "properties": {"licence": "CC0", "ключ": "值"},
    "records": [
        {
            "s": "a/鸟.jpg", "b": _bytes(b"\0\xff"), "n": -5, "f": 0.1, "ints": [1, -2, 2**62], "floats": [1.5, -0.0],
            "texts": ["x", "", "鸟"], "m": {"a": -1, "b": {"c": "z"}}, "nested": [[1, 2], [], [-3]],
            "obj": [{"name": "cat", "x": 3, "deep": {"y": [1.0, 1e300], "raw": _bytes(b"\xfe")}}, {"name": "dog"}],
            "file": _file(bytes(3000)), "files": [_file(b"small"), _file(b"\1" * 2001)], "Ein \"Name\"\n中": 7,
        },
        {"s": "", "b": _bytes(b""), "n": 0, "ints": [], "obj": [], "file": _file(b"")},
        {"f": -(2.0**1000), "n": -(2**63)},
        {},
    ],
}  # fmt: skip


def _without_sizes(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_sizes(each) for key, each in value.items() if key != "size"}
    return [_without_sizes(each) for each in value] if isinstance(value, list) else value


def test_what_the_original_wrote_is_read(original: Original, tmp_path: Path) -> None:
    original("write", tmp_path / "old", spec=DEEP)
    assert len(list((tmp_path / "old" / "files").iterdir())) == 2
    assert detect_format(tmp_path / "old") == "kpl_original"
    report = pack(tmp_path / "old", tmp_path / "set")
    assert (report.kind, report.num_samples, report.problems) == ("custom", 4, ())
    dataset = Dataset.open(tmp_path / "set")
    assert dataset.attributes["licence"] == "CC0"
    assert dataset.attributes["ключ"] == "值"
    first, second, third, fourth = map(_plain, dataset)
    assert first["key"] == "root#0"
    assert (first["s"], first["b"], first["n"], first["f"]) == ("a/鸟.jpg", b"\0\xff", -5, 0.1)
    assert (first["ints"], first["floats"], first["texts"]) == ([1, -2, 2**62], [1.5, -0.0], ["x", "", "鸟"])
    assert (first["m"], first["nested"]) == ({"a": -1, "b": {"c": "z"}}, [[1, 2], [], [-3]])
    raw = base64.b64encode(b"\xfe").decode()
    assert first["obj"] == [
        {"name": "cat", "x": 3, "deep": {"y": [1.0, 1e300], "raw": raw}},
        {"name": "dog"},
    ]
    assert first["file"] == bytes(3000)
    assert first["files"] == [base64.b64encode(each).decode() for each in (b"small", b"\1" * 2001)]
    assert first["ein_name"] == 7
    assert (second["s"], second["n"], second["ints"], second["f"], second["file"]) == ("", 0, [], None, b"")
    assert (third["n"], third["f"], third["s"]) == (-(2**63), -(2.0**1000), None)
    assert {value for name, value in fourth.items() if name != "key"} == {None}


def test_what_is_written_reads_the_same_in_the_original(original: Original, tmp_path: Path) -> None:
    original("write", tmp_path / "old", spec=DEEP)
    pack(tmp_path / "old", tmp_path / "set")
    report = export(Dataset.open(tmp_path / "set"), tmp_path / "out", format="kpl_original")
    assert report.dropped == {}
    before, after = (original("read", tmp_path / name) for name in ("old", "out"))
    assert after["records"] == before["records"]
    assert before["properties"].items() <= after["properties"].items()
    assert (tmp_path / "out" / "root.meta").read_text() == (tmp_path / "old" / "root.meta").read_text()
    again = pack(tmp_path / "out", tmp_path / "set again")
    assert again.digest == Dataset.open(tmp_path / "set").digest


def test_texts_in_gbk_and_in_neither_encoding(original: Original, tmp_path: Path) -> None:
    raw = {"0": ("s", base64.b64encode("中文".encode("gbk")).decode()), "1": ("s", "//7/")}
    spec = {"type": {"s": "String"}, "records": [{"s": "x"}, {"s": "y"}, {"s": "中文"}], "raw": raw}
    original("write", tmp_path / "old", spec=spec)
    report = pack(tmp_path / "old", tmp_path / "set")
    assert [sample["s"] for sample in Dataset.open(tmp_path / "set")] == ["中文", "中文"]
    assert _lines(report) == [
        "root.data: record 1: 's': the text is neither UTF-8 nor GBK: b'\\xff\\xfe\\xff'; left out"
    ]


def test_a_file_of_more_than_50_mb_stands_beside_the_records(original: Original, tmp_path: Path) -> None:
    size = (50 << 20) + 1
    with DatasetWriter(tmp_path / "set", kind="custom", fields=[field("clip", "video")]) as writer:
        writer.add("a", clip=np.arange(size // 4 + 1, dtype=np.uint32).tobytes()[:size])
        writer.add("b", clip=b"short")
    export(Dataset.open(tmp_path / "set"), tmp_path / "out", format="kpl_original")
    assert [path.stat().st_size for path in (tmp_path / "out" / "files").iterdir()] == [size]
    assert (tmp_path / "out" / "root.data").stat().st_size < 1000
    long, short = original("read", tmp_path / "out")["records"]
    assert (long["clip"]["size"], short["clip"]) == (size, _file(b"short") | {"size": 5})
    original("write", tmp_path / "old", spec={
        "type": {"path": "String", "clip": "File"},
        "records": [{"path": "a", "clip": {"file": long["clip"]["file"]}}, {"path": "b", "clip": _file(b"short")}],
    })  # fmt: skip
    assert len(list((tmp_path / "old" / "files").iterdir())) == 1  # by its own threshold
    for number, source in enumerate(("out", "old")):
        assert pack(tmp_path / source, tmp_path / f"set {number}").problems == ()
        for one, other in zip(
            Dataset.open(tmp_path / f"set {number}"), Dataset.open(tmp_path / "set"), strict=True
        ):
            assert (one.key, one["clip"]) == (other.key, other["clip"])


CLASSIFICATION = {
    "path": "String", "content": "ByteArray", "contentType": "String", "class_name": "String", "class_id": "Int",
}  # fmt: skip
OBJECT = {
    "name": "String", "xmin": "Float", "xmax": "Float", "ymin": "Float", "ymax": "Float", "difficult": "Int",
    "score": "Float",
}  # fmt: skip
DETECTION = {"path": "String", "content": "ByteArray", "contentType": "String", "object": [OBJECT]}


def test_classification_both_ways(original: Original, tmp_path: Path) -> None:
    records = [
        {"path": f"{n}.png", "content": _bytes(PNG), "contentType": "image/png", "class_name": name, "class_id": number}
        for n, (name, number) in enumerate([("鸟", 7), ("cat", 3), ("鸟", 7), ("dog", 20)])
    ]  # fmt: skip
    spec = {"type": CLASSIFICATION, "records": [*records, {"path": "none.png", "content": _bytes(PNG)}]}
    original("write", tmp_path / "old", name="train", spec=spec)
    report = pack(tmp_path / "old", tmp_path / "set")
    assert (report.kind, report.class_names, report.problems) == ("classification", ("cat", "鸟", "dog"), ())
    assert report.splits == {"train": 5}
    dataset = Dataset.open(tmp_path / "set")
    assert [sample["label"] for sample in dataset] == [1, 0, 1, 2, -1]
    assert dataset[0].key == "0.png"
    assert [sample["contenttype"] for sample in dataset] == ["image/png"] * 4 + [None]
    export(dataset, tmp_path / "out", format="kpl_original")
    before, after = (original("read", tmp_path / name, name="train") for name in ("old", "out"))
    assert after["records"] == before["records"]


def test_detection_both_ways(original: Original, tmp_path: Path) -> None:
    objects = [
        {"name": "cat", "xmin": 1.5, "xmax": 4.25, "ymin": 2.0, "ymax": 8.0, "difficult": 1, "score": 0.3},
        {"name": "鸟", "xmin": 0.0, "xmax": 16.0, "ymin": 0.0, "ymax": 16.0, "difficult": 0, "score": 0.0},
        {"name": "cat", "xmin": 0.0, "xmax": 16.0, "ymin": 0.0, "ymax": 1.0, "difficult": 2, "score": 1.0},
    ]
    records = [
        {"path": f"{n}.png", "content": _bytes(PNG), "contentType": "image/png", "object": objects[:n]}
        for n in range(4)
    ]
    original("write", tmp_path / "old", spec={"type": DETECTION, "records": records})
    report = pack(tmp_path / "old", tmp_path / "set")
    assert (report.kind, report.class_names, report.problems) == ("detection", ("cat", "鸟"), ())
    last = _plain(Dataset.open(tmp_path / "set")[3])
    assert last["boxes"] == [[1.5, 2, 4.25, 8], [0, 0, 16, 16], [0, 0, 16, 1]]
    assert (last["labels"], last["difficult"]) == ([0, 1, 0], [True, False, False])
    assert last["attributes"] == [{"score": 0.3}, {"score": 0.0}, {"score": 1.0, "difficult": 2}]
    export(Dataset.open(tmp_path / "set"), tmp_path / "out", format="kpl_original")
    before, after = (original("read", tmp_path / name) for name in ("old", "out"))
    assert after["records"] == before["records"]


def test_our_own_datasets_have_the_schemas_of_the_original(original: Original, tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "set", kind="detection", class_names=["unused", "cat"]) as writer:
        writer.add("a/1.png", split="val", image=PNG, boxes=[[1, 2, 3.5, 4]], labels=[1], truncated=[True],
                   attributes=[{"score": 0.5, "colour": "red"}])  # fmt: skip
    export(Dataset.open(tmp_path / "set"), tmp_path / "out", format="kpl_original")
    [record] = original("read", tmp_path / "out")["records"]
    assert (record["path"], record["content"]) == ("a/1.png", _bytes(PNG))
    [found] = record["object"]
    expected = {"name": "cat", "xmin": 1, "ymin": 2, "xmax": 3.5, "ymax": 4, "difficult": 0, "score": 0.5}
    assert expected.items() <= found.items()
    assert pack(tmp_path / "out", tmp_path / "again").class_names == ("unused", "cat")
    assert Dataset.open(tmp_path / "again").digest == Dataset.open(tmp_path / "set").digest


def test_records_of_images_that_are_none_are_kept_as_they_are(tmp_path: Path) -> None:
    record_type = RecordType("map", (("content", RecordType("bytes")), ("class_id", RecordType("int64"))))
    _write(tmp_path / "old", record_type, [{"content": b"noise", "class_id": 4}])
    assert pack(tmp_path / "old", tmp_path / "set").kind == "custom"
    with pytest.raises(KPLError):
        pack(tmp_path / "old", tmp_path / "no", kind="detection")
    with pytest.raises(KPLError, match="record 0: not an image"):
        pack(tmp_path / "old", tmp_path / "no", kind="classification")


def _write(root: Path, record_type: RecordType, records: list[dict[str, Any]]) -> Path:
    """A dataset in the original's files, without the original."""
    root.mkdir(exist_ok=True)
    encoded = [encode_record(record, record_type) for record in records]
    offsets = np.cumsum([0, *map(len, encoded)]).tolist()
    (root / "root.data").write_bytes(b"".join(encoded))
    (root / "root.index").write_bytes(format_index(offsets))
    (root / "root.meta").write_text(format_meta("root", record_type))
    return root


NUMBERS = RecordType("map", (("n", RecordType("int64")), ("f", RecordType("file"))))


def test_damage_is_named_with_file_and_record(tmp_path: Path) -> None:
    file = StoredFile(b"12", "files/gone", 9)
    root = _write(tmp_path / "old", NUMBERS, [{"n": 1}, {"n": 2, "f": file}, {"n": 3}, {"n": 4}, {"n": 5}])
    data = (root / "root.data").read_bytes()
    offsets = parse_index(memoryview((root / "root.index").read_bytes()))
    broken = data[: offsets[2] + 7] + b"\x28\xff\xff" + data[offsets[2] + 10 : offsets[4] - 1]
    (root / "root.data").write_bytes(broken)
    report = pack(root, tmp_path / "set")
    assert report.num_samples == 1
    assert (
        _lines(report)
        == [
            f"root.data: records 3 to 4 of 5: bytes {offsets[3]} to {offsets[5]} by the index, but the file has "
            f"{len(broken)}; left out",
            "root.data: record 2: field 5 takes 65 bytes, but 0 are left; left out",
            "root.data: record 1: there is no file 'files/gone' with the content; left out",
        ]
        or report.num_problems == 3
    )
    with pytest.raises(ImportStopped, match="records 3 to 4"):
        pack(root, tmp_path / "stopped", on_error="stop")
    assert not (tmp_path / "stopped").exists() or not list((tmp_path / "stopped").glob("manifest/*"))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("root.data", None, "root.data: the file is missing; the dataset is left out"),
        ("root.index", b"\x0a\x05\x00\x80", "root.index: field 1 takes 5 bytes, but 2 are left"),
        ("root.index", b"\x0a\x02\x00\x80", "root.index: a number does not end, from byte 1 on"),
        ("root.meta", b"record_type {", "root.meta: it is cut short; the dataset is left out"),
        ("root.meta", b"\xff", "root.meta: not in UTF-8; the dataset is left out"),
        ("root.meta", b"record_type { basicType: map properties { key: 'a' value { basicType: x } } }",
         "root.meta: the type 'x' is unknown; the dataset is left out"),
        ("root.meta", b"record_type {" + b"item {" * 10_000, "nested more than 50 deep"),
    ],
)  # fmt: skip
def test_damaged_files_beside_the_records(
    name: str, content: bytes | None, reason: str, tmp_path: Path
) -> None:
    root = _write(tmp_path / "old", NUMBERS, [{"n": 1}])
    if content is None:
        (root / name).unlink()
    else:
        (root / name).write_bytes(content)
    with pytest.raises(KPLError, match="nothing could be imported") as caught:
        pack(root, tmp_path / "set", format="kpl_original")
    assert reason in str(caught.value)


def test_an_index_of_single_numbers_is_one_too() -> None:
    assert list(parse_index(memoryview(b"\x08\x00\x08\x05\x0a\x02\x07\x09"))) == [0, 5, 7, 9]


@given(st.integers(-(2**63), 2**63 - 1))
def test_numbers_survive(value: int) -> None:
    data = varint(value)
    assert (signed(read_varint(memoryview(data), 0)[0]), len(data)) == (
        value,
        read_varint(memoryview(data), 0)[1],
    )


_LEAVES = ["string", "bytes", "float64", "int64", "file"]


@st.composite
def _typed(draw: st.DrawFn, depth: int = 3) -> tuple[RecordType, Any]:
    """A type and a value of it."""
    basic = draw(st.sampled_from(_LEAVES + (["list", "map"] if depth else [])))
    if basic == "list":
        item, first = draw(_typed(depth - 1))
        return RecordType("list", item=item), draw(st.lists(st.just(first), max_size=3))
    if basic == "map":
        pairs = draw(st.dictionaries(st.text(max_size=4), _typed(depth - 1), min_size=1, max_size=3))
        values = {key: value for key, (_, value) in pairs.items() if draw(st.booleans())}
        return RecordType("map", tuple((key, each) for key, (each, _) in pairs.items())), values
    values = {
        "string": st.text(max_size=9),
        "bytes": st.binary(max_size=9),
        "float64": st.floats(allow_nan=False),
        "int64": st.integers(-(2**63), 2**63 - 1),
        "file": st.binary(max_size=9).map(lambda data: StoredFile(data, "", len(data))),
    }
    return RecordType(basic), draw(values[basic])


@st.composite
def _records(draw: st.DrawFn) -> tuple[RecordType, list[dict[str, Any]]]:
    pairs = draw(st.dictionaries(st.text(max_size=4), _typed(), min_size=1, max_size=4))
    values = {key: value for key, (_, value) in pairs.items()}
    chosen = st.sets(st.sampled_from(sorted(values)))
    records = [
        {key: values[key] for key in values if key in keys}
        for keys in draw(st.lists(chosen, min_size=1, max_size=4))
    ]
    return RecordType("map", tuple((key, each) for key, (each, _) in pairs.items())), records


@_SETTINGS
@given(_records())
def test_any_record_and_schema_survives(case: tuple[RecordType, list[dict[str, Any]]]) -> None:
    record_type, records = case
    assert parse_meta(format_meta('any "name"\n', record_type)) == record_type
    for record in records:
        assert decode_record(memoryview(encode_record(record, record_type)), record_type) == record


@settings(_SETTINGS, max_examples=25)
@given(case=_records())
def test_any_dataset_survives_import_export_and_import(
    case: tuple[RecordType, list[dict[str, Any]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("round")
    root = _write(folder / "old", *case)
    first = pack(root, folder / "set", kind="custom")
    assert first.problems == ()
    report = export(Dataset.open(folder / "set"), folder / "out", format="kpl_original")
    assert report.dropped == {}
    for suffix in ("data", "index", "meta"):
        assert (folder / "out" / f"root.{suffix}").read_bytes() == (root / f"root.{suffix}").read_bytes()
    assert pack(folder / "out", folder / "again", kind="custom").digest == first.digest


def _all_types() -> RecordType:
    leaves = tuple((basic, RecordType(basic)) for basic in _LEAVES)
    inner = RecordType("map", leaves)
    return RecordType("map", (*leaves, ("l", RecordType("list", item=inner)), ("m", inner)))


@settings(_SETTINGS, max_examples=300)
@given(data=st.binary(max_size=60), start=st.integers(0, 200), is_replaced=st.booleans())
def test_no_bytes_crash_the_decoder_or_fill_the_memory(data: bytes, start: int, is_replaced: bool) -> None:
    leaf = {"string": "x", "bytes": b"y", "float64": 1.5, "int64": -1, "file": StoredFile(b"z", "", 1)}
    whole = encode_record({**leaf, "l": [leaf, leaf], "m": leaf}, _all_types())
    changed = whole[:start] + data + whole[start + (len(data) if is_replaced else 0) :]
    tracemalloc.start()
    try:
        for each in (data, changed):
            with suppress(BadSample):
                assert isinstance(decode_record(memoryview(each), _all_types()), dict)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


@settings(_SETTINGS, max_examples=30)
@given(data=st.binary(max_size=60))
def test_no_bytes_crash_the_readers_of_the_other_files(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    for name in ("root.index", "root.meta", "root.prop"):
        root = _write(folder / name, NUMBERS, [{"n": 1}])
        (root / name).write_bytes(data)
        with suppress(KPLError) if name != "root.prop" else nullcontext():
            assert pack(root, folder / f"{name} set", format="kpl_original").num_samples <= 1


def test_a_record_of_very_many_values_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kpl.dataset.convert.kpl_record._MAX_VALUES", 1000)
    record_type = RecordType("map", (("l", RecordType("list", item=RecordType("int64"))),))
    many = bytes_field(7, b"\x0a\x00" * 1000)
    record = bytes_field(1, bytes_field(1, b"l"), bytes_field(2, many))
    with pytest.raises(BadSample, match="more than 1000 values"):
        decode_record(memoryview(record), record_type)


def test_what_a_record_cannot_hold_is_counted(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "set", kind="custom", fields=[field("n", "uint64")]) as writer:
        writer.add("a", n=2**64 - 1)
        writer.add("b", n=5)
    report = export(Dataset.open(tmp_path / "set"), tmp_path / "out", format="kpl_original")
    assert list(report.dropped.values()) == [1]
    assert list(fields(memoryview((tmp_path / "out" / "root.data").read_bytes())))


def test_classes_in_the_order_that_is_wanted(tmp_path: Path) -> None:
    corners = {"xmin": 1.0, "ymin": 1.0, "xmax": 5.0, "ymax": 5.0}
    item = RecordType(
        "map", (("name", RecordType("string")), *((each, RecordType("float64")) for each in corners))
    )
    keys = (("content", RecordType("bytes")), ("object", RecordType("list", item=item)))
    objects = [{"name": name, **corners} for name in ("b", "a", "b")]
    root = _write(tmp_path / "old", RecordType("map", keys), [{"content": PNG, "object": objects}])
    pack(root, tmp_path / "set", class_names=["b", "a"])
    assert Dataset.open(tmp_path / "set")[0]["labels"].tolist() == [0, 1, 0]
