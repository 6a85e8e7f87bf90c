from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kpl.algorithm.manifest import ManifestInvalid, load_manifest, parse_manifest
from kpl.errors import Invalid
from kpl.resources import DeviceRequest, ResourceRequest
from kpl.sentence import in_chinese

GOOD = """\
name: my_classifier
version: "1.2.0"
title: {en: Classifier, zh: 分类器}
description: {en: Tells classes apart., zh: 区分类别。}
task: classification
licence: Apache-2.0
environment: host
functions:
  train:
    command: [python, "{algorithm}/train.py"]
    inputs:
      - {name: dataset, type: dataset, kind: classification}
      - name: start
        type: model
        kinds: [classification, detection]
        optional: true
    outputs: [{name: model, type: model, kind: classification}]
    parameters:
      properties:
        lr: {type: number, default: 0.1, minimum: 0, x-search: {min: 0.001, max: 1, log: true}}
    resources: {cpu: 0.5, memory: 1Gi, devices: [{kind: gpu, share: 0.25}]}
    distributed: {min_workers: 1, max_workers: 4}
    metrics: [{name: accuracy, direction: max, primary: true}, {name: loss, direction: min}]
"""


def problems_of(text: str, folder: Path | None = None) -> list[str]:
    with pytest.raises(ManifestInvalid) as caught:
        parse_manifest(text, folder)
    return [str(problem) for problem in caught.value.problems]


def test_a_manifest_is_read_whole() -> None:
    manifest = parse_manifest(GOOD)
    train = manifest.function("train")
    assert train.inputs[0].kinds == ("classification",)
    assert train.inputs[1].kinds == ("classification", "detection")
    assert train.inputs[1].is_optional
    assert train.outputs[0].kind == "classification"
    assert train.resources.request() == ResourceRequest(500, 1024, (DeviceRequest("gpu", 1, 250),))
    assert train.primary_metric == train.metrics[0]
    assert manifest.environment.type == "host"
    with pytest.raises(Invalid, match=r"no function 'trian'.*Did you mean 'train'"):
        manifest.function("trian")


def test_devices_may_be_a_text_with_what_else_would_do() -> None:
    text = GOOD.replace("[{kind: gpu, share: 0.25}]", "gpu:a100=2 or gpu=8Gi or cpu")
    request = parse_manifest(text).function("train").resources.request()
    assert request.devices == (DeviceRequest("gpu", 2, models=("a100",)),)
    assert request.alternatives == ((DeviceRequest("gpu", share_mib=8192),), ())
    spelled = "[{kind: gpu, count: 2, models: [a100]}], alternatives: [[{kind: gpu, memory: 8Gi}], []]"
    lists = GOOD.replace("[{kind: gpu, share: 0.25}]", spelled)
    assert parse_manifest(lists).function("train").resources.request() == request


def test_a_manifest_comes_back_from_its_own_json() -> None:
    manifest = parse_manifest(GOOD)
    again = type(manifest).model_validate(manifest.model_dump(mode="json", by_alias=True))
    assert again == manifest


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("licence:", "license:", ":6: license: 'license' is not a key here. Did you mean 'licence'?"),
        ('"1.2.0"', "1.2", ':2: version: 1.2 is not text. Put it in quotes, as in "1.2".'),
        ('"1.2.0"', '"one"', ":2: version: 'one' is not spelled as it must be. Write numbers with dots"),
        (
            "my_classifier",
            "My Classifier",
            ":1: name: 'My Classifier' is not spelled as it must be. Use lower",
        ),
        ("  train:", "  trian:", ":9: functions.trian: 'trian' is not one of the known values. Did you mean"),
        ("type: dataset", "type: datset", ":12: functions.train.inputs[0].type: 'datset' is not one of"),
        (
            "dataset, kind:",
            "dataset, knd:",
            ":12: functions.train.inputs[0].knd: 'knd' is not a key here. Did",
        ),
        (
            "kind: classification}\n      -",
            "kind: clasification}\n      -",
            ":12: functions.train.inputs[0].kind:",
        ),
        (
            "optional: true",
            "optional: perhaps",
            ":16: functions.train.inputs[1].optional: 'perhaps' does not",
        ),
        ("[python, ", "python train.py #", ":10: functions.train.command: 'python train.py' is not a list."),
        (
            "{algorithm}/train.py",
            "{algorihtm}/train.py",
            ":10: functions.train.command[1]: nothing stands for",
        ),
        ("memory: 1Gi", "memory: 1Go", ":21: functions.train.resources.memory: '1Go' is not an amount of"),
        ("cpu: 0.5", "cpu: 0", ":21: functions.train.resources.cpu: 0 does not fit"),
        (
            "share: 0.25",
            "share: 0.25, count: 2",
            ":21: functions.train.resources.devices[0].share: a share is of",
        ),
        (
            "[{kind: gpu, share: 0.25}]",
            "gpu=1.5 or cpu",
            ":21: functions.train.resources.devices: 'gpu=1.5': a share is of one device. Write gpu=0.5",
        ),
        (
            "[{kind: gpu, share: 0.25}]",
            "[{kind: gpu, memory: 8Qi}]",
            ":21: functions.train.resources.devices[0].memory: '8Qi' is not an amount of memory. Write it",
        ),
        (
            "devices: [{kind: gpu, share: 0.25}]",
            "alternatives: [[{kind: gpu, memory: 8Gi, count: 2}]]",
            ":21: functions.train.resources.alternatives[0][0].memory: a share is of",
        ),
        (
            "[{kind: gpu, share: 0.25}]",
            "gpu, alternatives: [[]]",
            ":21: functions.train.resources.devices: A text of devices names its alternatives itself. Remove",
        ),
        ("min_workers: 1", "min_workers: 8", ":22: functions.train.distributed: min_workers 8 is more than"),
        ("name: loss,", "name: accuracy,", ":23: functions.train.metrics[1].name: the metric 'accuracy' is"),
        (
            "direction: min",
            "direction: min, primary: true",
            ":23: functions.train.metrics[1].primary: a second",
        ),
        (
            "name: start",
            "name: dataset",
            ":13: functions.train.inputs[1].name: two inputs are called 'dataset'",
        ),
        (
            "type: model, kind",
            "type: endpoint, kind",
            ":17: functions.train.outputs[0].type: only 'serve' gives",
        ),
        ("minimum: 0", "minimum: low", "lr.minimum: this is not JSON Schema: 'low' is not of type 'number'"),
        ("minimum: 0", "minimun: 0", "lr.minimun: 'minimun' is not a keyword of JSON Schema. Did you mean"),
        (
            "default: 0.1",
            "default: -1",
            "lr.default: the default is refused by its own schema: -1 is too small",
        ),
        ("{min: 0.001, max: 1, log: true}", "{min: 0.001}", "lr.x-search: it gives no range"),
        (
            "environment: host",
            "environment: hots",
            ":7: environment.type: 'hots' is not one of the known values.",
        ),
        ("environment: host", "environment: {type: venv}", ":7: environment: a venv needs 'requirements'."),
        ("environment: host", "environment: {type: container, image: a:1}", "the image has no digest"),
        ("task: class", "name: again\ntask: class", ":5: 'name' is given twice."),
    ],
)
def test_a_problem_is_named_with_line_and_fix(old: str, new: str, problem: str) -> None:
    assert old in GOOD
    found = problems_of(GOOD.replace(old, new, 1))
    assert any(problem in each for each in found), found
    assert all(each.startswith("algorithm.yaml:") for each in found)


@pytest.mark.parametrize(
    ("old", "new", "zh"),
    [
        ("licence", "license", "algorithm.yaml:6：license：此处没有键“license”。是否指 'licence'？"),
        ("minimum: 0", "minimun: 0", "lr.minimun：“minimun”不是 JSON Schema 的关键字。是否指 'minimum'"),
        ("default: 0.1", "default: -1", "lr.default：默认值不符合其自身的 schema：-1 过小，最小为 0。"),
        (
            "environment: host",
            "environment: {type: venv}",
            ":7：environment：venv 需要“requirements”。请添加",
        ),
        ("task: class", "name: again\ntask: class", ":5：“name”出现了两次。请保留其中一个。"),
    ],
)
def test_a_problem_is_told_in_chinese_too(old: str, new: str, zh: str) -> None:
    with pytest.raises(ManifestInvalid) as caught:
        parse_manifest(GOOD.replace(old, new, 1))
    assert zh in in_chinese(caught.value.message)


@pytest.mark.parametrize(
    "text", ["", "- a", "a: [", "a: 2026-13-45", "\t", "x: !!python/object:os.system y", "a: \0"]
)
def test_what_is_no_manifest_at_all_is_refused(text: str) -> None:
    assert problems_of(text)


def test_all_problems_are_listed_by_line() -> None:
    found = problems_of(
        GOOD.replace("licence", "license").replace('"1.2.0"', "1").replace("  train:", "  tain:")
    )
    lines = [int(each.split(":")[1]) for each in found]
    assert len(found) == 4
    assert lines == sorted(lines)


def test_files_that_the_command_names_must_exist(tmp_path: Path) -> None:
    (tmp_path / "algorithm.yaml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(ManifestInvalid, match=r"there is no file 'train\.py'"):
        load_manifest(tmp_path)
    (tmp_path / "train.py").touch()
    assert load_manifest(tmp_path).name == "my_classifier"
    relative = GOOD.replace("{algorithm}/train.py", "train.py")
    assert "Write '{algorithm}/train.py'" in problems_of(relative, tmp_path)[0]


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestInvalid, match="no such file"):
        load_manifest(tmp_path)
    (tmp_path / "algorithm.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ManifestInvalid, match="not UTF-8"):
        load_manifest(tmp_path)


_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_value_anywhere_makes_the_validator_crash(data: st.DataObject) -> None:
    document = yaml.safe_load(GOOD)
    place = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            break
        place = inner
    place[key] = data.draw(_values)
    with suppress(ManifestInvalid):
        parse_manifest(yaml.safe_dump(document))
