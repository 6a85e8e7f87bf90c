"""`kpl scheduler simulate` over files."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kpl.cli.main import app
from kpl.errors import Invalid

TRACE = "submit_s,duration_s,num_gpus,vc\n0,3600,8,a\n10,60,8,b\n20,60,1,b\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "trace.csv").write_text(TRACE)
    (tmp_path / "machines.yaml").write_text("- {count: 1, devices: gpu=8}")
    (tmp_path / "fifo.yaml").write_text("discipline: fifo")
    (tmp_path / "kpl.yaml").write_text("name: ours\nqueues: [{name: b, guaranteed: {gpu: 8}}]")
    return tmp_path


def arguments(files: Path, *more: str) -> list[str]:
    return [
        "scheduler", "simulate", "--trace", str(files / "trace.csv"), "--machines", str(files / "machines.yaml"),
        "--policy", str(files / "fifo.yaml"), "--policy", str(files / "kpl.yaml"), *more,
    ]  # fmt: skip


def test_policies_are_shown_side_by_side(files: Path) -> None:
    result = CliRunner().invoke(app, arguments(files))
    assert result.exit_code == 0
    first, *rows = [line for line in result.stdout.splitlines() if not line.startswith("─")]
    assert first.split() == ["fifo", "ours"]
    told = {row[:24].strip(): row[24:].split() for row in rows}
    assert told["preemptions"] == ["0", "1"]
    assert told["unfinished"] == ["0", "0"]


def test_reports_are_printed_as_json(files: Path) -> None:
    result = CliRunner().invoke(app, arguments(files, "--json", "--days", "1"))
    fifo, ours = json.loads(result.stdout)
    assert (fifo["name"], ours["name"]) == ("fifo", "ours")
    assert ours["mean_wait_s"] < fifo["mean_wait_s"]
    assert fifo["utilisation"] == {"gpu": 1.0}


def test_a_policy_that_cannot_be_read_is_named(files: Path) -> None:
    (files / "kpl.yaml").write_text("queues: [{weight: 3}]")
    result = CliRunner().invoke(app, arguments(files))
    assert isinstance(result.exception, Invalid)
    assert "kpl" in str(result.exception)
