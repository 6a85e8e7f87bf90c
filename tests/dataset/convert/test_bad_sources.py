"""What strangers send: every wrong thing is named with its file, line and reason, and nothing is half imported."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from kpl.dataset import Dataset
from kpl.dataset.convert import FORMATS, ImportReport, ImportStopped, pack
from kpl.dataset.masks import encode_class_mask
from kpl.errors import KPLError

MakePng = Callable[..., bytes]
PNG = encode_class_mask(np.arange(256).reshape(16, 16))


def _write(root: Path, tree: dict[str, bytes | str]) -> Path:
    for name, content in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def _pack(
    tmp_path: Path, tree: dict[str, bytes | str], format_name: str = "auto", **more: Any
) -> ImportReport:
    return pack(_write(tmp_path / "source", tree), tmp_path / "set", format=format_name, **more)


def _lines(report: ImportReport) -> list[str]:
    return [str(problem) for problem in report.problems]


def test_coco_with_ids_from_0_and_wrong_references(tmp_path: Path) -> None:
    content = {
        "images": [
            {"id": 0, "file_name": "somewhere/a.png"}, {"id": 1, "file_name": "b.png"},
            {"id": 0, "file_name": "a.png"}, 7,
        ],
        "categories": [{"id": 1, "name": "dog"}, {"id": 0, "name": "cat"}, {"id": 5}, {"id": 9, "name": "cat"}],
        "annotations": [
            {"image_id": 0, "category_id": 0, "bbox": [1, 2, 3, 4]},
            {"image_id": 7, "category_id": 0, "bbox": [1, 2, 3, 4]},
            {"image_id": 0, "category_id": 8, "bbox": [1, 2, 3, 4]},
            {"image_id": 0, "category_id": 1, "bbox": [1, 2, 0, 4]},
            {"image_id": 0, "category_id": 1, "bbox": "no"},
            {"image_id": 0, "category_id": 1, "segmentation": {"size": [4, 4], "counts": [16]}},
            {"image_id": 0, "category_id": 1},
            "x",
            {"image_id": 0, "category_id": 1, "bbox": [12, 12, 20, 20]},
        ],
    }  # fmt: skip
    report = _pack(tmp_path, {"a.png": PNG, "c.png": PNG, "train.json": json.dumps(content)})
    assert report.class_names == ("cat", "dog", "cat 9")
    assert report.splits == {"train": 1}
    sample = Dataset.open(tmp_path / "set")[0]
    assert sample["boxes"].tolist() == [[1, 2, 4, 6], [12, 12, 16, 16]]
    assert sample["labels"].tolist() == [0, 1]
    assert _lines(report) == [
        "train.json: categories[2] has no id or no name; left out",
        "train.json: images[1]: there is no image 'b.png'; left out",
        "train.json: images[2]: the id 0 is taken; left out",
        "train.json: images[3] has no id or no file_name; left out",
        "train.json: annotations[1]: there is no image of the id 7; left out",
        "train.json: annotations[2]: there is no category of the id 8; left out",
        "train.json: annotations[3]: the box [1, 2, 0, 4] has no area; left out",
        "train.json: annotations[4]: bbox is no, not x, y, width, height; left out",
        "train.json: annotations[7]: not an object; left out",
        "c.png: the image has no annotation; left out",
        "train.json: a mask is for [4, 4], but the image has height 16 and width 16; left out",
        "train.json: the object has neither a box nor a mask with pixels; left out",
        "train.json: the box [12, 12, 32, 32] reaches out of the image of 16 x 16; cut",
    ]


def test_broken_json_is_named_with_its_line(tmp_path: Path) -> None:
    good = json.dumps({"images": [{"id": 1, "file_name": "a.png"}], "annotations": []})
    report = _pack(
        tmp_path,
        {"a.png": PNG, "x.json": '{"images": [],\n"annotations": [}', "y.json": good},
        kind="detection",
    )
    assert _lines(report) == ["x.json:2: not JSON: JSON is malformed: invalid character; left out"]


def test_keypoints_of_coco_are_kept(tmp_path: Path) -> None:
    annotation = {
        "image_id": 1,
        "category_id": 1,
        "bbox": [0, 0, 5, 5],
        "keypoints": [1, 2, 2, 0, 0, 0],
        "iscrowd": 1,
    }
    content = {
        "images": [{"id": 1, "file_name": "a.png"}],
        "categories": [{"id": 1, "name": "person", "keypoints": ["nose", "eye"], "skeleton": [[1, 2]]}],
        "annotations": [annotation],
    }
    report = _pack(tmp_path, {"a.png": PNG, "person_keypoints_val2017.json": json.dumps(content)})
    assert report.splits == {"val": 1}
    dataset = Dataset.open(tmp_path / "set")
    assert dataset[0]["attributes"] == [{"keypoints": [1, 2, 2, 0, 0, 0], "crowd": True}]
    assert "skeleton" in dataset.attributes["coco_categories"]


def test_yolo_lines_that_are_none(tmp_path: Path) -> None:
    lines = "0 .5 .5 .5 .5\nx 1 2 3 4\n7 .5 .5 .1 .1\n0 .5 .5\n\n1 .5 .5 0 .1\n1 .9 .9 .4 .4\n0 .1 .1 .9 .1 .9 .9\n"
    tree: dict[str, bytes | str] = {
        "images/val/a.png": PNG, "labels/val/a.txt": lines, "images/train/b.png": PNG, "data.yaml": "names: [cat, dog]",
    }  # fmt: skip
    report = _pack(tmp_path, tree, kind="detection")
    assert (report.format, report.splits) == ("yolo", {"train": 1, "val": 1})
    assert Dataset.open(tmp_path / "set")[1]["boxes"].tolist() == [
        [4, 4, 12, 12], pytest.approx([11.2, 11.2, 16, 16]), pytest.approx([1.6, 1.6, 14.4, 14.4]),
    ]  # fmt: skip
    assert _lines(report) == [
        "labels/val/a.txt:2: 'x 1 2 3 4' is not a class id and numbers; left out",
        "labels/val/a.txt:3: class 7 is not one of 0 to 1; left out",
        "labels/val/a.txt:4: 2 numbers are neither a box nor a polygon; left out",
        "labels/val/a.txt:6: the box has no area; left out",
        "labels/val/a.txt:7: the box [11.2, 11.2, 17.6, 17.6] reaches out of the image of 16 x 16; cut",
    ]


def test_labelme_shapes_that_have_no_place(tmp_path: Path) -> None:
    shapes = [
        {"label": "a", "points": [[9, 9], [2, 3]], "shape_type": "rectangle"},
        {"label": "a", "points": [[1, 1], [2, 2]], "shape_type": "circle"},
        {"label": "", "points": []},
        {"label": "a", "points": [[1], 2]},
        {"label": "a", "points": [[0, 0], [40, 40]], "shape_type": "mask", "mask": "no base64!"},
        {"label": "a", "points": [[1, 1], [5, 1], [5, 5]], "group_id": 3},
        {"label": "a", "points": [[7, 7], [9, 7], [9, 9]], "group_id": 3},
        {"label": "a", "points": [[1, 1], [5, 1]]},
    ]
    content = {"shapes": shapes, "imagePath": "C:\\Users\\me\\a.png"}
    report = _pack(
        tmp_path, {"in/a.png": PNG, "in/a.json": json.dumps(content)}, kind="instance_segmentation"
    )
    sample = Dataset.open(tmp_path / "set")[0]
    assert sample["boxes"].tolist() == [[2, 3, 9, 9], [1, 1, 9, 9]]
    assert sample["masks"] == [None, [[1, 1, 5, 1, 5, 5], [7, 7, 9, 7, 9, 9]]]
    reasons = _lines(report)
    assert len(reasons) == 5
    assert "shapes[1]: a circle has no place" in reasons[1]
    assert "a polygon has 4 numbers" in reasons[4]


def test_cvat_declaring_entities_is_refused(tmp_path: Path) -> None:
    bomb = (
        '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">]><annotations><image name="a.png"/></annotations>'
    )
    with pytest.raises(KPLError, match="declares entities"):
        _pack(tmp_path, {"a.png": PNG, "bomb.xml": bomb}, "cvat")
    assert not (tmp_path / "set").exists()
    good = (
        '<annotations><image name="a.png">\n<box label="a" xtl="1" ytl="1" xbr="1" ybr="4"/>\n'
        '<points label="a" points=""/>\n<mask label="a" rle="1,2" left="0" top="0" width="2" height="2"/>\n'
        '<polygon label="a" points="1,1;5,1;5,x"/>'
        '<mask label="b" rle="1,3" left="14" top="14" width="2" height="2" occluded="1"/></image></annotations>'
    )
    report = _pack(tmp_path, {"bomb.xml": good}, "cvat", kind="instance_segmentation")
    sample = Dataset.open(tmp_path / "set")[0]
    assert sample["boxes"].tolist() == [[14, 14, 16, 16]]
    assert sample["attributes"] == [{"occluded": True}]
    assert [problem.line for problem in report.problems] == [2, 3, 4, 5]


def test_wider_lists_with_empty_images_and_broken_lines(tmp_path: Path) -> None:
    text = "0--P/a.png\n0\n0 0 0 0 0 0 0 0 0 0\nb.png\n2\n1 1 5 5 2 0 0 1 0 0\n3 3 0 5 0 0 0 0 0 0\n"
    text += "nothing.png\n1\n1 1 2 2\nx\ny\n"
    tree: dict[str, bytes | str] = {
        "WIDER_val/images/0--P/a.png": PNG, "WIDER_val/images/b.png": PNG, "wider_face_val_bbx_gt.txt": text,
    }  # fmt: skip
    report = _pack(tmp_path, tree)
    dataset = Dataset.open(tmp_path / "set")
    assert (report.kind, report.splits) == ("face_detection", {"val": 2})
    assert [len(sample["boxes"]) for sample in dataset] == [0, 1]
    assert dataset[1]["attributes"] == [{"blur": 2, "invalid": 1}]
    assert [problem.line for problem in report.problems] == [11, 12, 7, 8]


def test_masks_that_do_not_fit_are_left_out(tmp_path: Path) -> None:
    small = encode_class_mask(np.zeros((4, 4)))
    photo = io.BytesIO()
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(photo, "JPEG")
    tree: dict[str, bytes | str] = {
        "images/a.png": PNG, "masks/a.png": small, "images/b.png": PNG, "masks/b.png": PNG[:60],
        "images/c.png": PNG, "images/d.png": PNG, "masks/d.png": encode_class_mask(np.eye(16, dtype=np.uint8)),
    }  # fmt: skip
    report = _pack(tmp_path, tree, "masks")
    assert [sample["mask"] is None for sample in Dataset.open(tmp_path / "set")] == [True, True, False]
    assert {problem.file for problem in report.problems} == {"images/c.png", "masks/a.png", "masks/b.png"}
    source = _write(
        tmp_path / "jpeg", {"images/a.png": PNG, "masks/a.jpg": photo.getvalue(), "masks/b.png": PNG}
    )
    assert "has lost its colours" in str(pack(source, tmp_path / "jpeg set", format="masks").problems)


def test_a_mask_claiming_a_giant_size_costs_no_memory(tmp_path: Path) -> None:
    giant = bytearray(PNG)
    giant[16:24] = (1 << 19).to_bytes(4, "big") * 2
    report = _pack(tmp_path, {"x/images/a.png": PNG, "x/masks/1.png": bytes(giant), "x/masks/2.png": PNG})
    assert "another size" in _lines(report)[0] or "larger than" in _lines(report)[0]


def test_csv_rows_that_do_not_fit(tmp_path: Path) -> None:
    data = b'text,label\n"good\nrow",1\nbad \xff,2\nshort\n\ngood,NA\n"open,3\n'
    report = _pack(tmp_path, {"a.csv": data, "classes.json": '["x"]'})
    assert [sample["text"] for sample in Dataset.open(tmp_path / "set")] == ["good\nrow", "good"]
    assert Dataset.open(tmp_path / "set").columns("label").tolist() == [0, -1]
    assert [(problem.file, problem.line) for problem in report.problems] == [
        ("a.csv", 4), ("a.csv", 5), ("a.csv", 8), ("classes.json", 0),
    ]  # fmt: skip


def test_a_csv_with_a_broken_first_line_is_left_out(tmp_path: Path) -> None:
    with pytest.raises(KPLError, match=r"a\.csv:1: the first line is not a list"):
        _pack(tmp_path, {"a.csv": b"text,\xfflabel\na,b\n"})


def test_jsonl_lines_that_do_not_fit(tmp_path: Path) -> None:
    report = _pack(tmp_path, {"a.jsonl": '{"text": "a", "label": true}\n[]\n{"text": 3}\n{"tex\n'})
    assert (report.num_samples, report.class_names) == (1, ("true",))
    assert [problem.line for problem in report.problems] == [2, 4, 3]


def test_a_label_column_can_be_named(tmp_path: Path) -> None:
    source = _write(tmp_path / "source", {"a.csv": "size;colour\n1;red\n2;blue\n"})
    assert pack(source, tmp_path / "set", label_column="colour").class_names == ("blue", "red")
    with pytest.raises(KPLError, match="no column 'color'"):
        pack(source, tmp_path / "other", label_column="color")


def test_stopping_at_the_first_problem_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ImportStopped, match=r"a\.csv:3: 1 cells for 2 columns"):
        _pack(tmp_path, {"a.csv": "text,label\na,1\nb\n"}, on_error="stop")
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("format_name", sorted(FORMATS))
@given(data=st.data())
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_crash_an_importer(
    format_name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = {
        "a.json": b'{"images":[{"id":1,"file_name":"a.png"}],"annotations":[{"image_id":1,"category_id":1,'
        b'"bbox":[1,1,3,3],"segmentation":[[1,1,3,1,3,3]]}],"categories":[{"id":1,"name":"x"}],'
        b'"shapes":[{"label":"a","points":[[1,2],[3,4]]}],"imagePath":"a.png"}',
        "a.xml": b'<annotations><image name="a.png"><box label="a" xtl="1" ytl="1" xbr="3" ybr="4"/>'
        b"</image></annotations>",
        "a.txt": b"0 .5 .5 .5 .5\n",
        "x_bbx_gt.txt": b"a.png\n1\n1 1 5 5 2 0 0 1 0 0\n",
        "a.csv": b"text,label\na,1\n",
        "a.jsonl": b'{"text": "a", "label": 1}\n',
        "data.yaml": b"names: [a]\n",
        "masks/a.png": PNG,
        "classes.json": b'{"classes": [{"title": "a", "color": "#000000"}]}',
    }  # fmt: skip
    folder = tmp_path_factory.mktemp("bad")
    tree: dict[str, bytes | str] = {"images/a.png": PNG, "a.png": PNG}
    for name, content in whole.items():
        broken = bytearray(content)
        for _ in range(data.draw(st.integers(0, 3))):
            broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
        tree[name] = bytes(broken[: data.draw(st.integers(0, len(broken)))])
    kind = data.draw(st.sampled_from(FORMATS[format_name].kinds))
    try:
        pack(_write(folder / "source", tree), folder / "set", format=format_name, kind=kind)
    except KPLError:
        assert not (folder / "set").exists()
