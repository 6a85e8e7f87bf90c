import numpy as np
import pytest

from kpl.dataset import Dataset, NotADataset
from kpl.dataset.verify import verify
from kpl.dataset.versions import correct, remove
from kpl.errors import Invalid


def test_a_whole_dataset_has_no_problems(detection: Dataset) -> None:
    seen: list[tuple[int, int]] = []
    report = verify(detection.path, progress=lambda done, total: seen.append((done, total)))
    assert report.is_whole
    assert report.num_rows == 12
    files = [file for file in detection.path.rglob("*") if file.is_file()]
    assert report.num_files == len(files)
    assert report.num_bytes == sum(file.stat().st_size for file in files)
    assert seen[-1][0] == seen[-1][1]


def test_a_damaged_blob_is_named_with_row_and_field(detection: Dataset) -> None:
    image = bytes(detection[7]["image"])
    for file in (detection.path / "data" / "samples").iterdir():
        content = file.read_bytes()
        if image in content:
            file.write_bytes(content.replace(image, bytes(len(image))))
            problems = verify(detection.path).problems
            assert [(p.file, p.row, p.field) for p in problems] == [
                (str(file.relative_to(detection.path)), 7, "image")
            ]
            name = file.relative_to(detection.path)
            assert str(problems[0]) == f"{name}, row 7, field 'image': the blob is damaged"


def test_a_missing_shard_is_named(detection: Dataset) -> None:
    victim = next((detection.path / "data" / "labels").iterdir())
    victim.unlink()
    [problem] = verify(detection.path).problems
    assert problem.file == str(victim.relative_to(detection.path))
    assert "missing" in problem.reason


def test_a_shard_swapped_for_another_whole_one_is_noticed(detection: Dataset) -> None:
    one, other = sorted((detection.path / "data" / "samples").iterdir())[:2]
    one.write_bytes(other.read_bytes())
    assert [p.file for p in verify(detection.path).problems] == [str(one.relative_to(detection.path))]


def test_a_damaged_manifest_is_reported(detection: Dataset) -> None:
    manifest = detection.path / "manifest" / "00000001.kpm"
    content = np.frombuffer(manifest.read_bytes(), np.uint8).copy()
    content[100] ^= 1
    manifest.write_bytes(content.tobytes())
    assert [p.file for p in verify(detection.path).problems] == ["manifest/00000001.kpm"]


def test_all_versions_are_checked_on_request(detection: Dataset) -> None:
    corrected = correct(detection.path, {"folder 1/1.png": {"labels": [0]}})
    remove(detection.path, ["folder 0/0.png"])
    report = verify(detection.path, all_versions=True)
    assert report.is_whole
    assert report.num_files == len([file for file in detection.path.rglob("*") if file.is_file()])
    [by] = [layer for layer in corrected.snapshot.manifest.layers if layer.name not in ("samples", "labels")]
    for file in ("manifest/00000001.kpm", f"data/{by.name}/{by.shards[0].id}.kpl"):
        path = detection.path / file
        whole = path.read_bytes()
        path.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
        assert file in {problem.file for problem in verify(detection.path, all_versions=True).problems}
        path.write_bytes(whole)
    with pytest.raises(Invalid, match="cannot be listed"):
        verify("http://127.0.0.1:9/set", all_versions=True)


def test_a_version_that_there_is_not_is_an_error(detection: Dataset) -> None:
    with pytest.raises(NotADataset):
        verify(detection.path, version=5)
