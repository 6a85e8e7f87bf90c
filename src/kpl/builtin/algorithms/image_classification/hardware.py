"""What this machine can do, and how it is named in reports."""

import platform
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from os import sched_getaffinity
from pathlib import Path
from typing import Any

import torch


def choose_device() -> torch.device:
    """The first accelerator that the task was given, else the CPU, with one thread until more prove faster."""
    torch.set_num_threads(1)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def choose_threads(action: Callable[[], object]) -> int:
    """Time an action with one thread and with one for each core; leave the better number set and return it.

    More threads have to prove clearly faster: a small network spends its time on their meeting, and when other
    processes want the same cores later on, two threads were seen to take five times as long as one.
    """
    seconds = {}
    for threads in dict.fromkeys((1, len(sched_getaffinity(0)))):
        torch.set_num_threads(threads)
        action()
        started_s = time.perf_counter()
        action()
        action()
        seconds[threads] = time.perf_counter() - started_s
    most = max(seconds)
    best = most if seconds[most] < 0.7 * seconds[1] else 1
    torch.set_num_threads(best)
    return best


def has_fast_bf16(device: torch.device) -> bool:
    """Whether bf16 is computed by the hardware itself; elsewhere it is slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.cpu.get_capabilities()
    # With AVX512-BF16 alone (AMD Zen 4, two threads) an epoch of the medium network took 0.7 of float32's time.
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))


def autocast(device: torch.device, precision: str) -> AbstractContextManager[Any]:
    """Mixed precision as asked for: `fp32`, `bf16`, or `auto` for bf16 where the hardware has it."""
    if precision == "bf16" or (precision == "auto" and has_fast_bf16(device)):
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


def describe(device: torch.device) -> dict[str, Any]:
    """The hardware and versions behind a measurement."""
    return {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else _processor_name(),
        "device_kind": "gpu" if device.type == "cuda" else "cpu",
        "cores": len(sched_getaffinity(0)),
        "threads": torch.get_num_threads(),
        "torch": str(torch.__version__),
        "python": platform.python_version(),
    }


def _processor_name() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
