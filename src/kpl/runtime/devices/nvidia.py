"""NVIDIA GPUs, found through `nvidia-smi`, which comes with every driver."""

import shutil
import subprocess
from collections.abc import Mapping

from kpl.resources import Device


def probe() -> tuple[Device, ...]:
    """The GPUs of this machine in PCI bus order; none when there is no working driver."""
    nvidia_smi = shutil.which("nvidia-smi")
    if nvidia_smi is None:
        return ()
    query = [nvidia_smi, "--query-gpu=index,name,memory.total", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    return parse_query(answer.stdout)


def parse_query(text: str) -> tuple[Device, ...]:
    """Read lines such as `0, NVIDIA A100-SXM4-80GB, 81920`; memory that is not a number counts as unknown."""
    devices = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        fields = [field.strip() for field in line.split(",")]
        if len(fields) == 3 and fields[0].isdigit():
            memory_mib = int(fields[2]) if fields[2].isdigit() else 0
            model = fields[1].removeprefix("NVIDIA ").replace(" ", "-").lower()
            devices.append(
                Device(kind="gpu", index=int(fields[0]), vendor="nvidia", model=model, memory_mib=memory_mib)
            )
    return tuple(devices)


def share_variables(share_milli: int, memory_mib: int) -> Mapping[str, str]:
    """Limits that CUDA keeps where the multi-process service runs: the part of the cores, and of the memory."""
    variables = {"CUDA_MPS_ACTIVE_THREAD_PERCENTAGE": str(max(1, share_milli // 10))}
    if memory_mib:
        variables["CUDA_MPS_PINNED_DEVICE_MEM_LIMIT"] = f"0={memory_mib}M"
    return variables
