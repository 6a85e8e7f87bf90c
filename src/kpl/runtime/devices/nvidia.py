"""NVIDIA GPUs: through NVML where the package `nvidia-ml-py` is installed, else through the program `nvidia-smi`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from kpl.resources import Device, Enforcement
from kpl.runtime.devices import mps, nvidia_smi
from kpl.runtime.devices.kind import GivenDevice
from kpl.runtime.devices.nvml import open_nvml
from kpl.runtime.samples import DeviceSample

# What PyTorch's allocator may take on each visible device in MiB, 0 for no limit; kept by kpl.runtime.share_hook.
ALLOCATOR_LIMITS = "KPL_GPU_ALLOCATOR_MIB"
_CONTEXT_MIB = 1024  # CUDA's own part of each process: 0.5 GiB on an H100, more once large kernels are loaded


def describe_way() -> str:
    """By what GPUs are found and measured here; empty when there are none."""
    nvml = open_nvml()
    if nvml is not None:
        by_process = "" if nvml.knows_processes else "; memory is not known by process, as in a container"
        return f"NVML through nvidia-ml-py{by_process}"
    return "nvidia-smi, without health and errors" if nvidia_smi.is_there() else ""


def probe() -> Sequence[Device]:
    """The GPUs of this machine in PCI bus order; none when there is no working driver."""
    nvml = open_nvml()
    found = nvidia_smi.probe() if nvml is None else nvml.probe()
    return [replace(device, sharing=_sharing(device)) for device in found]


def sample(devices: Sequence[Device]) -> list[DeviceSample]:
    nvml = open_nvml()
    found = nvidia_smi.sample(devices) if nvml is None else nvml.sample(devices)
    by_index = {device.index: device for device in devices}
    return [replace(each, sharing=_sharing(by_index[each.index])) for each in found]


def _sharing(device: Device) -> Enforcement:
    if device.is_instance:
        return Enforcement.HARDWARE
    if mps.pipe_folder() is not None:
        return Enforcement.MPS
    nvml = open_nvml()
    is_known = nvml is not None and nvml.knows_processes
    return Enforcement.WATCHED if is_known else Enforcement.BOOKKEEPING


def memory_held(device: Device, pids: Collection[int]) -> int | None:
    """MiB of the device's memory that the processes hold; None when that is not known by process."""
    nvml = open_nvml()
    if nvml is None:
        return nvidia_smi.held_mib(device, pids)
    if not nvml.has(device):
        nvml.probe()
    return nvml.held_mib(device, pids)


def visible_name(device: Device, gpus: Sequence[Device]) -> str:
    """Its number, which every program understands; its UUID where instances have upset the counting."""
    return device.uid if device.uid and any(gpu.is_instance for gpu in gpus) else str(device.index)


def share_variables(given: Sequence[GivenDevice]) -> Mapping[str, str]:
    """Limits that programs keep by themselves: PyTorch's through `kpl.runtime.share_hook`, JAX's and TensorFlow's
    here, and the driver's where the multi-process service runs."""
    variables = {"TF_FORCE_GPU_ALLOW_GROWTH": "true"}
    fractions = [
        usable_mib(each.limit_mib) / each.device.memory_mib
        for each in given
        if each.is_shared and each.limit_mib and each.device.memory_mib
    ]
    if fractions:
        variables["XLA_PYTHON_CLIENT_MEM_FRACTION"] = f"{min(fractions):.3f}"
    usable = [usable_mib(each.limit_mib) if each.is_shared else 0 for each in given]
    if any(usable):
        variables[ALLOCATOR_LIMITS] = ",".join(map(str, usable))
    if any(each.enforcement is Enforcement.MPS for each in given):
        folder = mps.pipe_folder()
        if folder is not None:
            variables |= mps.variables(given, folder)
    return variables


def usable_mib(limit_mib: int) -> int:
    """What an allocator may take of a limit: CUDA itself needs memory in every process, and that counts as well."""
    return limit_mib - min(_CONTEXT_MIB, limit_mib // 4)
