"""What was measured of algorithms, by device."""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import update

from kpl.server.db.tables.tasks import TaskRow
from kpl.server.services import algorithms, benchmarks
from kpl.server.services.access import SERVER
from kpl.server.services.benchmarks import facts_of
from kpl.server.services.platform import Platform
from kpl.testing.published import add_test, write_dataset

P = "default"
CPU = {"device": "AMD EPYC", "device_kind": "cpu"}


def measure(
    platform: Platform, folder: Path, accuracy: float, latency_ms: float, hardware: dict[str, str]
) -> int:
    """Add a test that left this report."""
    report: dict[str, Any] = {
        "schema": "kpl.report/v1",
        "metrics": {"accuracy": accuracy, "macro_f1": 1.0},
        "cost": {"latency_p50_ms": latency_ms},
        "hardware": hardware,
    }
    (folder / "report").mkdir(parents=True)
    (folder / "report" / "report.json").write_text(json.dumps(report))
    task_id = add_test(platform, folder / "report", dataset=write_dataset(folder / "data"))
    with platform.db.write() as session:
        session.execute(update(TaskRow).where(TaskRow.id == task_id).values(function="test"))
    return task_id


def test_best_accuracy_and_latency_are_told_by_device(platform: Platform, tmp_path: Path) -> None:
    assert benchmarks.list_benchmarks(platform, SERVER, P) == []
    good = measure(platform, tmp_path / "1", 0.99, 8.0, CPU)
    fast = measure(platform, tmp_path / "2", 0.90, 2.0, CPU)
    measure(platform, tmp_path / "3", 0.95, 0.5, {"device": "H100", "device_kind": "gpu"})
    (found,) = benchmarks.list_benchmarks(platform, SERVER, P)
    gpu, cpu = found.devices
    assert (found.algorithm, gpu.device, cpu.device_kind) == ("maker", "H100", "cpu")
    assert cpu.accuracy is not None
    assert cpu.latency_ms is not None
    assert (cpu.accuracy.value, cpu.accuracy.metric, cpu.accuracy.task_id) == (0.99, "accuracy", good)
    assert (cpu.latency_ms.value, cpu.latency_ms.task_id) == (2.0, fast)


def test_compilation_tells_of_each_target_that_was_measured() -> None:
    targets = [
        {"target": "onnxruntime-int8", "accuracy_after": 0.9, "latency_p50_ms": 0.2},
        {"target": "tensorrt-fp16", "accuracy_after": None, "latency_p50_ms": None},
        "odd",
    ]
    report = {"schema": "kpl.compile-report/v1", "hardware": CPU, "targets": targets}
    facts = list(facts_of(report))
    assert [(each.target, each.accuracy, each.latency_ms) for each in facts] == [
        ("onnxruntime-int8", 0.9, 0.2),
        ("tensorrt-fp16", None, None),
        ("", None, None),
    ]


def test_report_that_names_no_hardware_or_is_none_says_nothing() -> None:
    assert list(facts_of({"schema": "kpl.report/v1", "metrics": {"accuracy": 1.0}})) == []
    assert list(facts_of({"schema": "other", "hardware": CPU})) == []
    (odd,) = facts_of({"schema": "kpl.report/v1", "hardware": CPU, "metrics": {"accuracy": "high"}})
    assert (odd.metric, odd.accuracy, odd.latency_ms) == ("", None, None)


def test_catalogue_is_narrowed_by_task_and_function(platform: Platform) -> None:
    algorithms.install_builtin(platform)

    def names(**chosen: Any) -> list[str]:
        page = algorithms.list_algorithms(platform, SERVER, P, **chosen, cursor=None, limit=50)
        return [each.name for each in page.items]

    assert names(task="classification", function="serve") == ["image_classification"]
    assert names(task="classification", function="process") == []
    assert "dataset_split" in names(function="process")
