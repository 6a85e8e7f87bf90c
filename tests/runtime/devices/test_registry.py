"""Processes see the devices of their placement and no others."""

from kpl.resources import Device, DeviceShare, Placement
from kpl.runtime.devices import KINDS, device_variables
from kpl.runtime.devices.nvidia import parse_query

GPU = Device("gpu", 1, vendor="nvidia", model="a100", memory_mib=40960)


def test_without_devices_every_variable_is_empty() -> None:
    variables = device_variables(Placement("local", 1000, 512), [GPU])
    assert {variables[name] for kind in KINDS.values() for name in kind.visible} == {""}


def test_indexes_are_listed_by_kind() -> None:
    shares = (DeviceShare("gpu", 2), DeviceShare("npu", 0), DeviceShare("gpu", 0))
    variables = device_variables(Placement("local", 1000, 512, shares), [GPU])
    assert variables["CUDA_VISIBLE_DEVICES"] == "0,2"
    assert variables["ASCEND_RT_VISIBLE_DEVICES"] == "0"
    assert variables["MLU_VISIBLE_DEVICES"] == ""
    assert "KPL_DEVICE_MEMORY_MIB" not in variables


def test_share_comes_with_its_limits() -> None:
    shares = (DeviceShare("gpu", 1, share_milli=250),)
    variables = device_variables(Placement("local", 1000, 512, shares), [GPU])
    assert variables["KPL_DEVICE_MEMORY_MIB"] == "10240"
    assert variables["KPL_DEVICE_SHARE_MILLI"] == "250"
    assert variables["CUDA_MPS_PINNED_DEVICE_MEM_LIMIT"] == "0=10240M"
    assert variables["CUDA_MPS_ACTIVE_THREAD_PERCENTAGE"] == "25"


def test_kind_that_is_not_in_the_table_gets_a_variable_of_its_own() -> None:
    variables = device_variables(Placement("local", 1000, 512, (DeviceShare("tpu", 4),)), [])
    assert variables["KPL_TPU_VISIBLE_DEVICES"] == "4"


def test_answer_of_nvidia_smi_is_read() -> None:
    text = "0, NVIDIA H200, 143771\n1, NVIDIA A100-SXM4-80GB, [N/A]\nNo devices were found\n"
    assert parse_query(text) == (
        Device("gpu", 0, vendor="nvidia", model="h200", memory_mib=143771),
        Device("gpu", 1, vendor="nvidia", model="a100-sxm4-80gb", memory_mib=0),
    )
