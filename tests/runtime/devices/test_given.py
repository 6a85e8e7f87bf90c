"""Processes see the devices of their placement and no others."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpl.resources import Device, DeviceShare, Enforcement, Placement
from kpl.runtime.devices import device_kinds, device_variables, given_devices
from kpl.runtime.devices.nvidia import usable_mib

GPU = Device(
    "gpu", 1, vendor="nvidia", model="a100", memory_mib=40960, uid="GPU-1", sharing=Enforcement.WATCHED
)
INSTANCE = Device("gpu", 2, vendor="nvidia", memory_mib=5120, uid="MIG-2", is_instance=True)


def placed(*shares: DeviceShare) -> Placement:
    return Placement("local", 1000, 512, shares)


def test_without_devices_every_variable_is_empty() -> None:
    variables = device_variables(placed(), [GPU])
    assert {variables[name] for kind in device_kinds().values() for name in kind.visible} == {""}


def test_indexes_are_listed_by_kind() -> None:
    shares = (DeviceShare("gpu", 2), DeviceShare("npu", 0), DeviceShare("gpu", 0))
    variables = device_variables(placed(*shares), [GPU])
    assert variables["CUDA_VISIBLE_DEVICES"] == "0,2"
    assert variables["ASCEND_RT_VISIBLE_DEVICES"] == "0"
    assert variables["MLU_VISIBLE_DEVICES"] == ""
    assert "KPL_DEVICE_MEMORY_MIB" not in variables


def test_whole_device_has_no_limit() -> None:
    assert not any(
        "LIMIT" in name or "MIB" in name for name in device_variables(placed(DeviceShare("gpu", 1)), [GPU])
    )


def test_share_comes_with_its_limits() -> None:
    variables = device_variables(placed(DeviceShare("gpu", 1, share_milli=250)), [GPU])
    assert variables["KPL_DEVICE_MEMORY_MIB"] == variables["KPL_GPU_MEMORY_MIB"] == "10240"
    assert variables["KPL_DEVICE_SHARE_MILLI"] == variables["KPL_GPU_SHARE_MILLI"] == "250"
    assert variables["KPL_GPU_ALLOCATOR_MIB"] == "9216"
    assert variables["XLA_PYTHON_CLIENT_MEM_FRACTION"] == "0.225"
    assert "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT" not in variables


def test_share_in_memory_is_taken_as_it_is() -> None:
    share = DeviceShare("gpu", 1, share_milli=251, share_mib=10000)
    assert device_variables(placed(share), [GPU])["KPL_DEVICE_MEMORY_MIB"] == "10000"


def test_limits_stand_in_the_order_of_the_visible_devices() -> None:
    first = replace(GPU, index=0)
    shares = (DeviceShare("gpu", 1, share_milli=500), DeviceShare("gpu", 0))
    variables = device_variables(placed(*shares), [first, GPU])
    assert variables["CUDA_VISIBLE_DEVICES"] == "0,1"
    assert variables["KPL_GPU_MEMORY_MIB"] == "0,20480"


def test_two_shared_kinds_are_told_apart() -> None:
    npu = Device("npu", 0, memory_mib=1000)
    shares = (DeviceShare("gpu", 1, share_milli=500), DeviceShare("npu", 0, share_milli=100))
    variables = device_variables(placed(*shares), [GPU, npu])
    assert (variables["KPL_GPU_MEMORY_MIB"], variables["KPL_NPU_MEMORY_MIB"]) == ("20480", "100")
    assert "KPL_DEVICE_MEMORY_MIB" not in variables


def test_instances_go_by_their_names_and_so_do_the_others_then() -> None:
    variables = device_variables(placed(DeviceShare("gpu", 2)), [GPU, INSTANCE])
    assert variables["CUDA_VISIBLE_DEVICES"] == variables["HIP_VISIBLE_DEVICES"] == "MIG-2"
    assert device_variables(placed(DeviceShare("gpu", 1)), [GPU, INSTANCE])["CUDA_VISIBLE_DEVICES"] == "GPU-1"


def test_kind_that_is_not_in_the_table_gets_a_variable_of_its_own() -> None:
    assert device_variables(placed(DeviceShare("tpu", 4)), [])["KPL_TPU_VISIBLE_DEVICES"] == "4"


def test_enforcement_of_what_is_given_whole_needs_no_promise() -> None:
    whole = given_devices(placed(DeviceShare("gpu", 1), DeviceShare("gpu", 2)), [GPU, INSTANCE])
    assert [each.enforcement for each in whole] == [Enforcement.EXCLUSIVE, Enforcement.HARDWARE]


def test_enforcement_of_a_share_is_what_the_placement_or_else_the_machine_says() -> None:
    said = DeviceShare("gpu", 1, share_milli=500, enforcement=Enforcement.BOOKKEEPING)
    [told] = given_devices(placed(said), [GPU])
    [found] = given_devices(placed(DeviceShare("gpu", 1, share_milli=500)), [GPU])
    assert (told.enforcement, found.enforcement) == (Enforcement.BOOKKEEPING, Enforcement.WATCHED)


def test_service_of_the_driver_gets_its_limits_while_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = DeviceShare("gpu", 1, share_milli=250, enforcement=Enforcement.MPS)
    monkeypatch.setenv("CUDA_MPS_PIPE_DIRECTORY", str(tmp_path))
    assert "CUDA_MPS_PIPE_DIRECTORY" not in device_variables(placed(share), [GPU])
    (tmp_path / "control").touch()
    (tmp_path / "nvidia-cuda-mps-control.pid").write_text(f"{os.getpid()}\n")
    variables = device_variables(placed(share), [GPU])
    assert variables["CUDA_MPS_PINNED_DEVICE_MEM_LIMIT"] == "0=10240M"
    assert variables["CUDA_MPS_ACTIVE_THREAD_PERCENTAGE"] == "25"
    assert variables["CUDA_MPS_PIPE_DIRECTORY"] == str(tmp_path)


@given(st.integers(1, 1 << 20))
def test_allocator_gets_less_than_the_share_and_never_nothing(limit_mib: int) -> None:
    assert 0 < usable_mib(limit_mib) <= limit_mib
    assert limit_mib - usable_mib(limit_mib) <= 1024
