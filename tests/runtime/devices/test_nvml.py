"""GPUs through NVIDIA's library; a stand-in has the GPUs."""

import os

import pytest

from kpl.resources import Device
from kpl.runtime.devices.nvml import Nvml
from kpl.testing import fake_nvml
from kpl.testing.fake_nvml import FakeGpu, FakeNvml

A100, H200 = "NVIDIA A100-SXM4-40GB", "NVIDIA H200"


def open_library(*gpus: FakeGpu) -> tuple[FakeNvml, Nvml, tuple[Device, ...]]:
    library = FakeNvml(list(gpus))
    nvml = Nvml(library)
    return library, nvml, nvml.probe()


def test_stand_in_has_the_names_of_the_real_library() -> None:
    pynvml = pytest.importorskip("pynvml", reason="needs nvidia-ml-py (extra `nvidia`)")
    for name, value in fake_nvml.names().items():
        real = getattr(pynvml, name)
        assert callable(real) if callable(value) else real == value, name


def test_gpus_are_found_with_model_memory_and_uuid() -> None:
    _, _, devices = open_library(FakeGpu(A100, memory_mib=40960), FakeGpu(H200, memory_mib=143771))
    assert [(d.index, d.model, d.memory_mib, d.uid, d.vendor) for d in devices] == [
        (0, "a100-sxm4-40gb", 40960, "GPU-0", "nvidia"),
        (1, "h200", 143771, "GPU-1", "nvidia"),
    ]
    assert all(device.is_healthy and not device.is_instance for device in devices)


def test_instances_stand_in_for_their_gpu() -> None:
    parts = [FakeGpu(f"{A100} MIG 1g.5gb", memory_mib=4864) for _ in range(2)]
    _, nvml, devices = open_library(FakeGpu(A100, instances=parts, temperature_c=61), FakeGpu(H200))
    assert [(d.index, d.uid, d.is_instance, d.memory_mib) for d in devices] == [
        (0, "MIG-0-0", True, 4864),
        (1, "MIG-0-1", True, 4864),
        (2, "GPU-1", False, 16384),
    ]
    assert devices[0].model == "a100-sxm4-40gb-mig-1g.5gb"
    [sample, _, _] = nvml.sample(devices)
    assert (sample.utilisation, sample.temperature_c, sample.memory_used_mib) == (None, 61, 0)


def test_measures_are_in_their_units() -> None:
    gpu = FakeGpu(H200, utilisation=0.87, temperature_c=66, power_w=612.5, processes={1: 1024, 2: 512})
    _, nvml, devices = open_library(gpu)
    [sample] = nvml.sample(devices)
    assert (sample.utilisation, sample.memory_used_mib, sample.temperature_c, sample.power_w) == (
        0.87,
        1536,
        66,
        612.5,
    )


def test_gpu_that_does_not_answer_keeps_its_number_and_is_not_well() -> None:
    _, nvml, devices = open_library(FakeGpu(A100, error=15), FakeGpu(H200))
    assert [(device.index, device.is_healthy) for device in devices] == [(0, False), (1, True)]
    assert [sample.index for sample in nvml.sample(devices)] == [1]


def test_gpu_that_is_lost_later_is_not_well_from_then_on() -> None:
    gpu = FakeGpu(A100)
    _, nvml, devices = open_library(gpu)
    assert nvml.sample(devices)[0].is_healthy
    gpu.error = FakeNvml.NVML_ERROR_GPU_IS_LOST
    assert not nvml.sample(devices)[0].is_healthy
    gpu.error = 0
    assert not nvml.sample(devices)[0].is_healthy


def test_gpu_without_spare_memory_rows_is_not_well() -> None:
    _, _, [device] = open_library(FakeGpu(A100, is_out_of_rows=True))
    assert not device.is_healthy


def test_errors_of_the_gpu_count_and_those_of_programs_do_not() -> None:
    first, second = FakeGpu(A100), FakeGpu(A100)
    library, nvml, devices = open_library(first, second)
    library.xids += [(first, 13), (first, 31), (second, 79)]
    assert [sample.is_healthy for sample in nvml.sample(devices)] == [True, False]


def test_memory_is_told_by_process() -> None:
    me = os.getpid()
    _, nvml, [device] = open_library(FakeGpu(A100, processes={me: 100, 1: 900}, mps_processes={me + 1: 50}))
    assert nvml.held_mib(device, {me}) == 100
    assert nvml.held_mib(device, {me, me + 1}) == 150
    assert nvml.knows_processes


def test_processes_of_another_namespace_are_not_taken_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kpl.runtime.devices.nvml._pid_namespace", lambda: "pid:[4026532201]")
    _, nvml, [device] = open_library(FakeGpu(A100, processes={7: 900}))
    assert nvml.held_mib(device, {os.getpid()}) is None
    assert not nvml.knows_processes
    assert nvml.held_mib(device, {7}) == 900  # so they are ours after all
    assert nvml.held_mib(device, {os.getpid()}) == 0
