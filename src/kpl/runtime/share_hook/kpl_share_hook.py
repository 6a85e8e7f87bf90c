"""Keeps PyTorch's allocator within a process's share of a GPU, from when CUDA is first used.

Loaded by `sitecustomize` in the task's own interpreter, any Python 3 with any PyTorch, so it needs no package. A
program that undoes the limit is left to the watchdog.
"""

import os
import sys
from collections.abc import Callable
from typing import Any

LIMITS = "KPL_GPU_ALLOCATOR_MIB"  # MiB on each visible device; 0 for no limit


def find_torch(ourselves: Any, path: Any, target: Any) -> Any:
    """The spec of `torch` that the other finders give, to be limited once it is executed.

    Asked also by those who only want to know whether there is a torch, so it may be asked again.
    """
    for finder in sys.meta_path:
        find = None if finder is ourselves else getattr(finder, "find_spec", None)
        spec = None if find is None else find("torch", path, target)
        if spec is not None:
            _call_after(spec.loader, limit)
            return spec
    return None


def _call_after(loader: Any, callback: Callable[[Any], None]) -> None:
    """Have the loader call back with the module that it has executed."""

    def exec_module(module: Any) -> None:
        del loader.exec_module  # back to the method of its class
        loader.exec_module(module)
        callback(module)

    try:
        loader.exec_module = exec_module
    except AttributeError as err:  # a loader that takes no attributes, or none at all
        _complain(err)


def limit(torch: Any) -> None:
    """Set the limits once CUDA is used: to start it here would cost a second, and break programs that fork."""
    try:
        torch.cuda._lazy_call(lambda: _set_fractions(torch.cuda))
    except Exception as err:  # noqa: BLE001 - whatever it is, the program goes on
        _complain(err)


def _set_fractions(cuda: Any) -> None:
    try:
        for device, mib in enumerate(_limits()[: cuda.device_count()]):
            if mib:
                total = cuda.get_device_properties(device).total_memory
                cuda.set_per_process_memory_fraction(min(1.0, mib * 2.0**20 / total), device)
    except Exception as err:  # noqa: BLE001 - whatever it is, the program goes on
        _complain(err)


def _limits() -> list[int]:
    return [int(text) for text in os.environ.get(LIMITS, "").split(",") if text]


def _complain(err: Exception) -> None:
    text = f"[kpl] The limit of the shared GPU was not set in PyTorch: {type(err).__name__}: {err}"
    print(text, file=sys.stderr)  # noqa: T201 - the attempt's log
