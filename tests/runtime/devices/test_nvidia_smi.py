"""Answers of `nvidia-smi` are read."""

from kpl.resources import Device
from kpl.runtime.devices.nvidia_smi import parse_devices, parse_processes, parse_samples

LISTING = """\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-aa)
  MIG 3g.20gb     Device  0: (UUID: MIG-c1)
  MIG 1g.5gb+me   Device  1: (UUID: MIG-c2)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-bb)
"""


def test_devices_are_read_and_anything_else_is_not() -> None:
    text = "0, NVIDIA H200, 143771, GPU-aa\n1, NVIDIA A100-SXM4-80GB, [N/A], GPU-bb\nNo devices were found\n"
    assert parse_devices(text) == (
        Device("gpu", 0, vendor="nvidia", model="h200", memory_mib=143771, uid="GPU-aa"),
        Device("gpu", 1, vendor="nvidia", model="a100-sxm4-80gb", memory_mib=0, uid="GPU-bb"),
    )


def test_instances_stand_in_for_their_gpu() -> None:
    text = "0, NVIDIA A100-SXM4-40GB, 40960, GPU-aa\n1, NVIDIA A100-SXM4-40GB, 40960, GPU-bb\n"
    found = [(d.index, d.model, d.memory_mib, d.uid, d.is_instance) for d in parse_devices(text, LISTING)]
    assert found == [
        (0, "a100-sxm4-40gb-3g.20gb", 20480, "MIG-c1", True),
        (1, "a100-sxm4-40gb-1g.5gb+me", 5120, "MIG-c2", True),
        (2, "a100-sxm4-40gb", 40960, "GPU-bb", False),
    ]


def test_measures_that_are_no_numbers_are_not_known() -> None:
    samples = parse_samples("GPU-aa, 87, 40123, 61, 312.50\nGPU-bb, [N/A], 12, 40, [Not Supported]\nbroken\n")
    first, second = samples["GPU-aa"], samples["GPU-bb"]
    assert (first.utilisation, first.memory_used_mib, first.temperature_c, first.power_w) == (
        0.87,
        40123,
        61.0,
        312.5,
    )
    assert (second.utilisation, second.power_w) == (None, None)


def test_processes_are_read() -> None:
    text = "GPU-aa, 4242, 1024\nGPU-aa, 7, [N/A]\n"
    assert parse_processes(text) == [("GPU-aa", 4242, 1024)]
