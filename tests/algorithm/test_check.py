import json
from pathlib import Path

import pytest

from kpl.algorithm.check import CheckReport, check_algorithm, check_manifest
from kpl.algorithm.runner import Runner
from kpl.algorithm.toy import TOY_KINDS, make_toy_dataset
from kpl.dataset import Dataset

_MANIFEST = """\
name: sample
version: "1.0.0"
title: {en: a, zh: a}
description: {en: a, zh: a}
task: processing
licence: MIT
environment: %s
functions:
  %s:
    command: [%s]
    inputs: [%s]
    outputs: [%s]
    metrics: [{name: score, direction: max}]
    parameters: {properties: {rate: {type: number, default: 1, x-check: 0.25}}}
"""
_GOOD = """\
echo '{"type": "metric", "name": "score", "value": 1}' >> "$KPL_EVENTS"
echo '{"type": "progress", "value": 1}' >> "$KPL_EVENTS"
grep -o '"rate": .*' "$KPL_PARAMETERS" > "$KPL_OUTPUT_OUT/rate" # rate
"""


def make_algorithm(
    tmp_path: Path,
    script: str,
    *,
    function: str = "process",
    command: str = "sh, '{algorithm}/run.sh'",
    inputs: str = "",
    outputs: str = "{name: out, type: files}",
    environment: str = "host",
) -> Path:
    folder = tmp_path / "sample"
    folder.mkdir()
    (folder / "README.md").write_text("# Sample")
    (folder / "run.sh").write_text(script)
    manifest = _MANIFEST % (environment, function, command, inputs, outputs)
    (folder / "algorithm.yaml").write_text(manifest)
    return folder


def findings_of(report: CheckReport) -> list[str]:
    return [str(finding) for finding in report.findings]


def test_a_good_algorithm_passes_without_a_word(tmp_path: Path, runner: Runner) -> None:
    report = check_algorithm(make_algorithm(tmp_path, _GOOD), runner)
    assert findings_of(report) == []
    assert report.is_valid
    assert report.passed == ("process",)


@pytest.mark.parametrize(
    ("script", "finding"),
    [
        (
            _GOOD.replace("$KPL_OUTPUT_OUT/rate", "rate"),
            "error: process: It left the output 'out' empty. Write into",
        ),
        (_GOOD.replace("score", "other"), "error: process: It promises the metric 'score' but sent none."),
        (_GOOD.replace('"value": 1}', "}"), "error: process: In its events: byte 0:"),
        (_GOOD + "echo oh no >&2; exit 3", "error: process: It exited with 3. The end of its output:\noh no"),
        (_GOOD + "kill -9 $$", "error: process: It exited with -9, without a word."),
        (
            _GOOD.partition("grep")[0] + 'cp "$KPL_PARAMETERS" "$KPL_OUTPUT_OUT"',
            "warning: process: No file mentions the parameter 'rate'.",
        ),
        (
            _GOOD.replace('"progress", "value": 1', '"note", "text": "a"'),
            "note: process: It sends no progress",
        ),
        (
            _GOOD + 'echo x > "$KPL_ALGORITHM/new"',
            "error: process: It changed 'new' in the algorithm's own folder.",
        ),
    ],
)
def test_a_fault_at_run_time_is_found(tmp_path: Path, runner: Runner, script: str, finding: str) -> None:
    report = check_algorithm(make_algorithm(tmp_path, script), runner)
    assert any(each.startswith(finding) for each in findings_of(report)), findings_of(report)
    assert report.is_valid == (not finding.startswith("error"))


def test_a_function_that_does_not_end_is_killed(tmp_path: Path, runner: Runner) -> None:
    report = check_algorithm(make_algorithm(tmp_path, _GOOD + "sleep 60"), runner, timeout_s=0.5)
    assert "It took more than 0.5 s" in findings_of(report)[0]


def test_a_command_that_does_not_exist_is_reported(tmp_path: Path, runner: Runner) -> None:
    report = check_algorithm(make_algorithm(tmp_path, _GOOD, command="no-such-program"), runner)
    assert "It cannot be started" in findings_of(report)[0]


def test_a_file_that_would_not_be_installed_is_missed_now(tmp_path: Path, runner: Runner) -> None:
    folder = make_algorithm(tmp_path, _GOOD + '. "$KPL_ALGORITHM/.venv/helper"')
    (folder / ".venv").mkdir()
    (folder / ".venv/helper").touch()
    assert not check_algorithm(folder, runner).is_valid


def test_a_model_that_cannot_be_loaded_is_refused(tmp_path: Path, runner: Runner) -> None:
    folder = make_algorithm(tmp_path, _GOOD, function="train", outputs="{name: out, type: model}")
    assert "Its output 'out' is no model" in findings_of(check_algorithm(folder, runner))[0]


def test_an_output_of_another_kind_is_refused(tmp_path: Path, runner: Runner) -> None:
    script = _GOOD + 'cp -r "$KPL_INPUT_IN"/. "$KPL_OUTPUT_OUT"; rm "$KPL_OUTPUT_OUT/rate"'
    folder = make_algorithm(
        tmp_path, script,
        inputs="{name: in, type: dataset, kind: detection}",
        outputs="{name: out, type: dataset, kind: classification}",
    )  # fmt: skip
    found = findings_of(check_algorithm(folder, runner))
    assert any("has the kind 'detection', not classification" in each for each in found)


def test_a_function_is_run_for_each_kind_that_it_accepts(tmp_path: Path, runner: Runner) -> None:
    script = _GOOD + f'cat "$KPL_INPUTS" >> "{tmp_path}/seen"; echo >> "{tmp_path}/seen"'
    folder = make_algorithm(
        tmp_path, script, inputs="{name: in, type: dataset, kinds: [detection, unlabelled]}"
    )
    assert check_algorithm(folder, runner).is_valid
    seen = (tmp_path / "seen").read_text()
    assert seen.index('"kind": "detection"') < seen.index('"kind": "unlabelled"')


def test_a_function_without_a_toy_is_not_run_and_not_blamed(tmp_path: Path, runner: Runner) -> None:
    folder = make_algorithm(
        tmp_path, _GOOD, function="test", inputs="{name: model, type: model, kind: matting}"
    )
    report = check_algorithm(folder, runner)
    assert findings_of(report) == [
        "note: test: It was not run: there is no toy for its input 'model' (model of matting)."
    ]
    assert report.is_valid
    assert report.passed == ()


def test_an_environment_that_cannot_be_made_here_is_a_note(tmp_path: Path, runner: Runner) -> None:
    image = "{type: container, image: 'a@sha256:" + "0" * 64 + "'}"
    report = check_algorithm(make_algorithm(tmp_path, _GOOD, environment=image), runner)
    assert findings_of(report)[0].startswith("note: No function was run: This runner makes no container.")
    assert report.is_valid


def test_a_service_that_ends_or_never_gets_ready_is_reported(tmp_path: Path, runner: Runner) -> None:
    serving = {"function": "serve", "outputs": "{name: out, type: endpoint}"}
    (tmp_path / "a").mkdir()
    ending = make_algorithm(tmp_path / "a", "echo bye; exit 0 # rate", **serving)
    found = findings_of(check_algorithm(ending, runner))
    assert "It ended with 0 before it was ready. Its output:\nbye" in found[0]
    (tmp_path / "b").mkdir()
    silent = make_algorithm(tmp_path / "b", "exec sleep 60 # rate", **serving)
    found = findings_of(check_algorithm(silent, runner, timeout_s=0.3))
    assert "/v2/health/ready did not answer with 200" in found[0]


def test_the_folder_is_looked_at_without_running_anything(tmp_path: Path) -> None:
    folder = make_algorithm(tmp_path, _GOOD, command="'{algorithm}/run.sh'")
    (folder / "README.md").unlink()
    (folder / "broken.py").write_text("x = (\n")
    folder = folder.rename(tmp_path / "other")
    found = findings_of(check_manifest(folder))
    assert any(each.startswith("warning: The folder is 'other', the algorithm 'sample'.") for each in found)
    assert any("There is no README.md" in each for each in found)
    assert any("broken.py:1: this is not Python" in each for each in found)
    assert any("error: process: 'run.sh' is not executable. Run `chmod +x run.sh`" in each for each in found)
    assert not check_manifest(folder).is_valid


def test_problems_of_the_manifest_come_with_their_lines(tmp_path: Path, runner: Runner) -> None:
    folder = make_algorithm(tmp_path, _GOOD)
    manifest = folder / "algorithm.yaml"
    manifest.write_text(manifest.read_text().replace("licence", "license"))
    found = findings_of(check_algorithm(folder, runner))
    assert "error: algorithm.yaml:6: license: 'license' is not a key here. Did you mean 'licence'?" in found


@pytest.mark.parametrize("kind", TOY_KINDS)
def test_toy_datasets_open(tmp_path: Path, kind: str) -> None:
    dataset = Dataset.open(make_toy_dataset(tmp_path / "toy", kind))
    assert dataset.kind == kind
    assert dict(dataset.splits) == {"train": 16, "val": 8, "test": 8}


def test_toy_values_for_a_check_stand_in_the_schema(tmp_path: Path, runner: Runner) -> None:
    script = _GOOD + f'cp "$KPL_PARAMETERS" "{tmp_path}/seen"'
    check_algorithm(make_algorithm(tmp_path, script), runner)
    assert json.loads((tmp_path / "seen").read_text()) == {"rate": 0.25}
