"""What KPL promises of NVIDIA GPUs, tried on a real one: found, measured, shown, shared, and limits that hold.

    python benchmarks/scheduler/gpu_check.py [CHECK ...]

Prints one line of JSON for each check, all unless some are named, with `passed` true, false, or null where this machine
cannot try it and `why` says so; the exit code is 0 when some are true and none is false. It takes the first whole GPU,
which should be idle, and two minutes. Needs a driver and PyTorch with CUDA; nvidia-ml-py, nvidia-cuda-mps-control and
JAX are used where they are. KPL itself is taken from the folder that this file lies in, and none of its dependencies
are needed.
"""

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "src"))

from kpl.resources import Device, DeviceShare, Enforcement, Placement  # noqa: E402
from kpl.runtime.devices import mps, nvidia, nvidia_smi, sample_devices  # noqa: E402
from kpl.runtime.devices.nvml import open_nvml  # noqa: E402
from kpl.runtime.executor import AttemptReport, Launch  # noqa: E402
from kpl.runtime.executors.local import LocalExecutor  # noqa: E402
from kpl.task import AttemptState, EnvironmentSpec, Outcome, TaskKind  # noqa: E402
from kpl.task.ids import TaskId, attempt_id  # noqa: E402

PATIENCE_S = 3.0
DEADLINE_S = 60.0
TIME_S = 150.0
MIB = 1 << 20

SHOW = """
import json, os, torch
names = ("CUDA_VISIBLE_DEVICES", "KPL_GPU_MEMORY_MIB", "KPL_GPU_ALLOCATOR_MIB")
seen = torch.cuda.is_available() and torch.cuda.get_device_properties(0)
print(json.dumps({
    "count": torch.cuda.device_count(), "variables": {name: os.environ.get(name) for name in names},
    "name": seen and seen.name, "total_mib": seen and seen.total_memory >> 20, "torch": torch.__version__,
}), flush=True)
"""

BUSY = """
import time, torch
a = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)
print("busy", flush=True)
end = time.monotonic() + 8
while time.monotonic() < end:
    for _ in range(20):
        a @ a
    torch.cuda.synchronize()
"""

# Takes 256 MiB after 256 MiB until PyTorch refuses, then holds on to it until it is told to go.
FILL = """
import json, pathlib, time, torch
held, error = [], ""
try:
    while True:
        held.append(torch.empty(256 << 20, dtype=torch.uint8, device="cuda"))
except torch.OutOfMemoryError as err:
    error = type(err).__name__
free, total = torch.cuda.mem_get_info()
found = {"allocated_mib": 256 * len(held), "error": error, "device_used_mib": (total - free) >> 20}
print(json.dumps(found), flush=True)
while not pathlib.Path("go").exists():
    time.sleep(0.05)
"""

# No PyTorch, no hook: the driver alone.
RAW = """
import ctypes, sys, time
cuda = ctypes.CDLL("libcuda.so.1")
def must(code, what):
    if code:
        print(what, "failed with", code, flush=True)
        sys.exit(9)
device, context, memory = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_uint64()
must(cuda.cuInit(0), "cuInit")
must(cuda.cuDeviceGet(ctypes.byref(device), 0), "cuDeviceGet")
must(cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), device), "cuDevicePrimaryCtxRetain")
must(cuda.cuCtxSetCurrent(context), "cuCtxSetCurrent")
print("cuMemAlloc", cuda.cuMemAlloc_v2(ctypes.byref(memory), ctypes.c_size_t({mib} << 20)), flush=True)
time.sleep({seconds})
"""

JAX = """
import json, jax
device = jax.devices()[0]
print(json.dumps({"platform": device.platform, "limit_mib": (device.memory_stats() or {}).get("bytes_limit", 0) >> 20}))
"""


class Skipped(Exception):
    """This machine cannot try it."""


class Bench:
    """An executor on this machine, and tasks on its GPU."""

    def __init__(self, root: Path) -> None:
        self.executor = LocalExecutor(root, share_patience_s=PATIENCE_S)
        self._root = root
        self._num_tasks = 0

    @property
    def gpu(self) -> Device:
        found = [device for device in self.executor.machines()[0].devices if device.kind == "gpu"]
        whole = [device for device in found if not device.is_instance]
        if not whole:
            raise Skipped(f"no whole GPU was found: {found or 'none at all'}")
        return whole[0]

    def start(self, code: str, share_milli: int = 0) -> Launch:
        """Start Python code on a share of the GPU, without one for 0."""
        self._num_tasks += 1
        shares = (DeviceShare("gpu", self.gpu.index, share_milli=share_milli),) if share_milli else ()
        task = TaskId(self._num_tasks)
        launch = Launch(
            attempt_id=attempt_id(task, 1),
            task_id=task,
            number=1,
            kind=TaskKind.BATCH,
            project="default",
            run_id=None,
            command=("python", "-c", code),
            algorithm=ROOT,
            environment=EnvironmentSpec(),
            placement=Placement("local", 1000, 2048, shares),
            grace_s=5.0,
            variables={"PYTHONPATH": os.environ.get("PYTHONPATH", "")},
        )
        self.executor.start(launch)
        return launch

    def log(self, launch: Launch) -> str:
        path = self.executor.files(launch.attempt_id).log
        return path.read_text(errors="replace") if path.exists() else ""

    def work(self, launch: Launch) -> Path:
        return self._root / "attempts" / launch.attempt_id / "work"

    def line(self, launch: Launch, prefix: str) -> str:
        """The first line of the log that begins so, as soon as it is there."""
        end_s = time.monotonic() + DEADLINE_S
        while time.monotonic() < end_s:
            [report] = self.executor.observe([launch.attempt_id])
            for line in self.log(launch).splitlines():
                if line.startswith(prefix):
                    return line
            if report.state is AttemptState.ENDED:
                break
            self.executor.wait(0.1)
        raise AssertionError(f"no line '{prefix}...' in the log: {self.log(launch)[-800:]}")

    def said(self, launch: Launch) -> dict[str, Any]:
        """The JSON object in the log."""
        found: dict[str, Any] = json.loads(self.line(launch, "{"))
        return found

    def end(self, launch: Launch) -> AttemptReport:
        end_s = time.monotonic() + DEADLINE_S
        while time.monotonic() < end_s:
            [report] = self.executor.observe([launch.attempt_id])
            if report.state is AttemptState.ENDED:
                return report
            self.executor.wait(0.2)
        self.executor.stop(launch.attempt_id, grace_s=0)
        raise AssertionError(f"it did not end: {self.log(launch)[-800:]}")

    def notes(self, launch: Launch) -> list[str]:
        lines = self.executor.files(launch.attempt_id).events.read_text().splitlines()
        return [event["text"] for event in map(json.loads, lines) if event["type"] == "note"]


def main() -> int:
    chosen = [(name, check) for name, check in CHECKS if name in sys.argv[1:] or not sys.argv[1:]]
    print(json.dumps({"machine": machine()}), flush=True)
    with tempfile.TemporaryDirectory(prefix="kpl-gpu-") as folder:
        bench = Bench(Path(folder, "runtime"))
        give_up_s = time.monotonic() + TIME_S
        try:
            results = [run(name, check, bench, give_up_s) for name, check in chosen]
        finally:
            bench.executor.close()
    return 0 if True in results and False not in results else 1


def machine() -> dict[str, Any]:
    """What decides how much of it can be tried."""
    smi = subprocess.run(
        ["sh", "-c", "nvidia-smi --query-gpu=name,driver_version,mig.mode.current --format=csv,noheader"],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    namespace = Path("/proc/self/ns/pid")
    return {
        "kernel": platform.release(),
        "python": platform.python_version(),
        "nvidia_smi": smi.stdout.strip(),
        "pid_namespace": str(namespace.readlink()) if namespace.is_symlink() else "",
        "has_boot_id": Path("/proc/sys/kernel/random/boot_id").exists(),
        "has_torch": find_spec("torch") is not None,
        "has_nvidia_ml_py": find_spec("pynvml") is not None,
        "has_mps_control": shutil.which("nvidia-cuda-mps-control") is not None,
    }


def run(name: str, check: Callable[[Bench], dict[str, Any]], bench: Bench, give_up_s: float) -> bool | None:
    began_s, passed = time.monotonic(), None
    found: dict[str, Any] = {}
    try:
        if began_s > give_up_s:
            raise Skipped(f"not tried: {TIME_S:g} s are over")
        found = check(bench)
        passed = all(value for key, value in found.items() if key.startswith("ok_"))
    except Skipped as why:
        found = {"why": str(why)}
    except Exception as err:  # noqa: BLE001 - the other checks still tell something
        passed, found = (
            False,
            {"why": f"{type(err).__name__}: {err}", "where": traceback.format_exc()[-1200:]},
        )
    seconds = round(time.monotonic() - began_s, 1)
    print(json.dumps({"check": name, "passed": passed, "seconds": seconds, **found}, default=str), flush=True)
    return passed


def check_probe(bench: Bench) -> dict[str, Any]:
    """NVML and nvidia-smi find the same GPUs."""
    way = nvidia.describe_way()
    if not way:
        raise Skipped("no NVIDIA driver")
    gpu = bench.gpu
    listed = [(d.index, d.model, d.memory_mib, d.uid, d.is_instance) for d in nvidia.probe()]
    asked = [(d.index, d.model, d.memory_mib, d.uid, d.is_instance) for d in nvidia_smi.probe()]
    return {
        "ok_same_as_nvidia_smi": not asked or [each[3] for each in listed] == [each[3] for each in asked],
        "ok_described": bool(gpu.model and gpu.uid and gpu.memory_mib > 1000),
        "ok_healthy": gpu.is_healthy,
        "way": way,
        "sharing": gpu.sharing.value,
        "by_nvml": listed,
        "by_nvidia_smi": asked,
    }


def check_variables(bench: Bench) -> dict[str, Any]:
    """A task sees its GPU and its share; one without a GPU sees none."""
    whole, half, none = bench.start(SHOW, 1000), bench.start(SHOW, 500), bench.start(SHOW)
    seen, shared, nothing = bench.said(whole), bench.said(half), bench.said(none)
    for launch in (whole, half, none):
        bench.end(launch)
    return {
        "ok_whole": seen["count"] == 1 and seen["variables"]["KPL_GPU_MEMORY_MIB"] is None,
        "ok_share": shared["variables"]["KPL_GPU_MEMORY_MIB"] == str(bench.gpu.memory_mib // 2),
        "ok_none": nothing["count"] == 0 and nothing["variables"]["CUDA_VISIBLE_DEVICES"] == "",
        "seen": seen,
        "share": shared["variables"],
        "device_total_mib": bench.gpu.memory_mib,
    }


def check_samples(bench: Bench) -> dict[str, Any]:
    """A busy GPU measures as busy."""
    [idle] = sample_devices([bench.gpu])
    launch = bench.start(BUSY, 1000)
    bench.line(launch, "busy")
    seen = []
    while bench.executor.observe([launch.attempt_id])[0].state is not AttemptState.ENDED:
        seen += [each for each in bench.executor.samples()[0].devices if each.index == bench.gpu.index]
        bench.executor.wait(0.5)
    busy = max((each.utilisation or 0.0 for each in seen), default=0.0)
    used = max((each.memory_used_mib or 0 for each in seen), default=0)
    return {
        "ok_utilisation": busy > 0.5,
        "ok_memory": used > (idle.memory_used_mib or 0) + 300,
        "ok_temperature_and_power": None not in (idle.temperature_c, idle.power_w),
        "idle": idle,
        "busiest": busy,
        "most_used_mib": used,
        "most_power_w": max((each.power_w or 0.0 for each in seen), default=0.0),
        "num_samples": len(seen),
    }


def check_two_halves(bench: Bench) -> dict[str, Any]:
    """Two tasks on one GPU are each refused what is beyond their half, and both halves fit."""
    first, second = bench.start(FILL, 500), bench.start(FILL, 500)
    halves = [bench.said(first), bench.said(second)]
    [sample] = sample_devices([bench.gpu])
    for launch in (first, second):
        (bench.work(launch) / "go").touch()
    ends = [bench.end(launch) for launch in (first, second)]
    limit_mib, usable_mib = bench.gpu.memory_mib // 2, nvidia.usable_mib(bench.gpu.memory_mib // 2)
    allocated = [half["allocated_mib"] for half in halves]
    return {
        "ok_refused": all(half["error"] == "OutOfMemoryError" for half in halves),
        "ok_within_share": all(each <= usable_mib for each in allocated),
        "ok_no_less": all(each > usable_mib - 1024 for each in allocated),
        "ok_not_stopped": all(end.outcome is Outcome.EXITED and end.exit_code == 0 for end in ends),
        "share_mib": limit_mib,
        "allocator_limit_mib": usable_mib,
        "allocated_mib": allocated,
        "device_used_mib": [half["device_used_mib"] for half in halves],
        "sampled_used_mib": sample.memory_used_mib,
        "beyond_allocators_mib": None
        if sample.memory_used_mib is None
        else sample.memory_used_mib - sum(allocated),
        "notes": [*bench.notes(first), *bench.notes(second)],
        "messages": [end.message for end in ends],
    }


def check_watchdog(bench: Bench) -> dict[str, Any]:
    """A program without any hook that takes more than its share is told, then stopped."""
    limit_mib = bench.gpu.memory_mib // 10
    launch = bench.start(RAW.format(mib=limit_mib + 4096, seconds=60), 100)
    took = bench.line(launch, "cuMemAlloc")
    began_s = time.monotonic()
    report = bench.end(launch)
    return {
        "ok_took": took == "cuMemAlloc 0",
        "ok_stopped": report.outcome is Outcome.STOPPED and "more than" in report.message,
        "ok_told": bool(bench.notes(launch)),
        "seconds_to_end": round(time.monotonic() - began_s, 1),
        "patience_s": PATIENCE_S,
        "share_mib": limit_mib,
        "by_process": _knows_processes(),
        "message": report.message,
    }


def check_watchdog_among_others(bench: Bench) -> dict[str, Any]:
    """Of two tasks the one that takes too much is stopped; where that cannot be told, both are told and none is."""
    limit_mib = bench.gpu.memory_mib // 10
    quiet = bench.start(RAW.format(mib=512, seconds=PATIENCE_S + 12), 100)
    bench.line(quiet, "cuMemAlloc")
    greedy = bench.start(RAW.format(mib=2 * limit_mib + 4096, seconds=PATIENCE_S + 8), 100)
    bench.line(greedy, "cuMemAlloc")
    ends = [bench.end(quiet), bench.end(greedy)]
    told = [bench.notes(quiet), bench.notes(greedy)]
    by_process = _knows_processes() or any(note.startswith("It holds") for note in told[1])
    expected = Outcome.STOPPED if by_process else Outcome.EXITED
    return {
        "ok_quiet_goes_on": ends[0].outcome is Outcome.EXITED,
        "ok_greedy": ends[1].outcome is expected,
        "ok_told": bool(told[1]),
        "by_process": by_process,
        "outcomes": [str(end.outcome) for end in ends],
        "notes": told,
    }


def check_mps(bench: Bench) -> dict[str, Any]:
    """Where the multi-process service runs, the driver itself refuses what is beyond a share."""
    gpu = bench.gpu
    with _mps_daemon(), tempfile.TemporaryDirectory(prefix="kpl-mps-") as folder:
        shared = Bench(Path(folder, "runtime"))
        try:
            level = shared.gpu.sharing
            plain = shared.start(RAW.format(mib=256, seconds=0), 1000)
            end = shared.end(plain)
            if end.exit_code != 0:
                raise Skipped(f"a program cannot use the service here: {shared.log(plain)[-300:]}")
            quarter = gpu.memory_mib // 4
            beyond = shared.start(RAW.format(mib=quarter + 2048, seconds=0), 250)
            within = shared.start(RAW.format(mib=quarter // 2, seconds=0), 250)
            answers = [shared.line(launch, "cuMemAlloc") for launch in (beyond, within)]
            for launch in (beyond, within):
                shared.end(launch)
        finally:
            shared.executor.close()
    return {
        "ok_level": level is Enforcement.MPS,
        "ok_refused": answers[0] == "cuMemAlloc 2",  # CUDA_ERROR_OUT_OF_MEMORY
        "ok_within": answers[1] == "cuMemAlloc 0",
        "ok_gone_again": mps.pipe_folder() is None,
        "share_mib": quarter,
        "answers": answers,
    }


def check_jax(bench: Bench) -> dict[str, Any]:
    """JAX takes its share, not three quarters of the GPU."""
    if find_spec("jax") is None:
        raise Skipped("JAX is not installed")
    launch = bench.start(JAX, 250)
    found = bench.said(launch)
    bench.end(launch)
    if found["platform"] not in ("gpu", "cuda"):
        raise Skipped(f"JAX has no GPU here, but {found['platform']}")
    limit_mib = bench.gpu.memory_mib // 4
    return {"ok_limit": 0 < found["limit_mib"] <= limit_mib, "share_mib": limit_mib, **found}


def check_start(bench: Bench) -> dict[str, Any]:
    """The hook costs a process next to nothing at its start."""
    launch = bench.start("import os; print('path', os.environ['PYTHONPATH'])", 500)
    hook = bench.line(launch, "path ").split()[1].split(":")[0]
    bench.end(launch)
    times: dict[str, list[float]] = {"": [], hook: []}
    for _ in range(15):
        for path, taken in times.items():
            began_s = time.perf_counter()
            variables = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
            subprocess.run([sys.executable, "-c", "pass"], check=True, env=variables)
            taken.append((time.perf_counter() - began_s) * 1e3)
    without, with_hook = (statistics.median(taken) for taken in times.values())
    return {"without_ms": round(without, 2), "with_hook_ms": round(with_hook, 2)}


@contextmanager
def _mps_daemon() -> Iterator[None]:
    """The control daemon, unless it runs already; its folders are ours and go with it."""
    if mps.pipe_folder() is not None:
        yield
        return
    program = shutil.which("nvidia-cuda-mps-control")
    if program is None:
        raise Skipped("nvidia-cuda-mps-control is not installed")
    with tempfile.TemporaryDirectory(prefix="kpl-mps-pipes-") as folder:
        for name in ("CUDA_MPS_PIPE_DIRECTORY", "CUDA_MPS_LOG_DIRECTORY"):
            os.environ[name] = folder
        try:
            subprocess.run([program, "-d"], timeout=20, check=False, capture_output=True)
            end_s = time.monotonic() + 5
            while mps.pipe_folder() is None and time.monotonic() < end_s:
                time.sleep(0.1)
            if mps.pipe_folder() is None:
                raise Skipped(
                    f"its daemon does not start here; it left {sorted(path.name for path in Path(folder).iterdir())}"
                )
            yield
        finally:
            subprocess.run([program], input="quit\n", text=True, timeout=20, check=False, capture_output=True)
            for name in ("CUDA_MPS_PIPE_DIRECTORY", "CUDA_MPS_LOG_DIRECTORY"):
                del os.environ[name]


def _knows_processes() -> bool:
    nvml = open_nvml()
    return nvml is not None and nvml.knows_processes


CHECKS: tuple[tuple[str, Callable[[Bench], dict[str, Any]]], ...] = (
    ("probe", check_probe),
    ("variables", check_variables),
    ("samples", check_samples),
    ("two_halves", check_two_halves),
    ("watchdog", check_watchdog),
    ("watchdog_among_others", check_watchdog_among_others),
    ("mps", check_mps),
    ("jax", check_jax),
    ("start", check_start),
)

if __name__ == "__main__":
    sys.exit(main())
