"""NVIDIA's multi-process service: whether its control daemon runs on this machine, and its limits."""

import os
from collections.abc import Sequence
from pathlib import Path

from kpl.runtime.devices.kind import GivenDevice

_DEFAULT_PIPES = "/tmp/nvidia-mps"  # noqa: S108 - where the daemon puts them unless told otherwise


def pipe_folder() -> Path | None:
    """The folder in which programs find the control daemon; None when none runs."""
    folder = Path(os.environ.get("CUDA_MPS_PIPE_DIRECTORY") or _DEFAULT_PIPES)
    try:
        pid = int((folder / "nvidia-cuda-mps-control.pid").read_text(encoding="ascii").strip())
        os.kill(pid, 0)
    except (OSError, ValueError, OverflowError) as err:
        # The daemon of another user is there too, but serves that user alone.
        return folder if isinstance(err, PermissionError) and os.access(folder / "control", os.W_OK) else None
    return folder if (folder / "control").exists() else None


def variables(given: Sequence[GivenDevice], folder: Path) -> dict[str, str]:
    """Limits of memory and of cores that the service keeps; it counts devices as the process sees them."""
    limits = [f"{i}={each.limit_mib}M" for i, each in enumerate(given) if each.is_shared and each.limit_mib]
    shares = [each.share_milli for each in given if each.is_shared]
    found = {
        "CUDA_MPS_PIPE_DIRECTORY": str(folder),
        "CUDA_MPS_ACTIVE_THREAD_PERCENTAGE": str(max(1, min(shares) // 10)),
    }
    if limits:
        found["CUDA_MPS_PINNED_DEVICE_MEM_LIMIT"] = ",".join(limits)
    return found
