"""Amounts as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpl.errors import Invalid
from kpl.resources import Device, Enforcement, parse_memory_mib, parse_simulated_devices


@pytest.mark.parametrize(
    ("text", "mib"),
    [
        ("512Mi", 512),
        ("2Gi", 2048),
        ("1.5Gi", 1536),
        ("2G", 1908),
        ("1", 1),
        (64, 64),
        ("1k", 1),
        ("8 GiB", 8192),
    ],
)
def test_memory_is_read_as_whole_mebibytes_rounded_up(text: str | int, mib: int) -> None:
    assert parse_memory_mib(text) == mib


@pytest.mark.parametrize("text", ["", "much", "-1Gi", "1 Xi", "1e9999Gi", "Gi"])
def test_what_is_no_amount_of_memory_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Invalid, match=r"is not an amount of memory.*512Mi"):
        parse_memory_mib(text)


@given(st.integers(1, 1 << 30))
def test_a_number_with_and_without_its_unit_is_the_same(mib: int) -> None:
    assert parse_memory_mib(mib) == parse_memory_mib(f"{mib}Mi") == mib


def test_simulated_devices_are_numbered_within_their_kind() -> None:
    devices = parse_simulated_devices("gpu:a100=2, npu=1,gpu:t4=1")
    assert [(device.kind, device.model, device.index) for device in devices] == [
        ("gpu", "a100", 0),
        ("gpu", "a100", 1),
        ("npu", "", 0),
        ("gpu", "t4", 2),
    ]
    watched = Enforcement.WATCHED
    assert devices[2] == Device("npu", 0, vendor="simulated", memory_mib=16384, sharing=watched)
    assert parse_simulated_devices("") == ()


def test_simulated_devices_have_the_memory_that_is_written_with_them() -> None:
    [gpu, npu] = parse_simulated_devices("gpu:a100:80Gi=1,npu:910b:512=1")
    assert (gpu.memory_mib, npu.memory_mib) == (81920, 512)


def test_simulated_instances_are_given_whole_under_a_name_of_their_own() -> None:
    devices = parse_simulated_devices("gpu:a100:40Gi=1,gpu:a100-mig-1g.5gb:5Gi=2")
    assert [device.is_instance for device in devices] == [False, True, True]
    assert [device.uid for device in devices] == ["", "MIG-simulated-1", "MIG-simulated-2"]
    assert devices[1].sharing is Enforcement.HARDWARE


@pytest.mark.parametrize("text", ["gpu", "gpu=", "gpu=x", "GPU=1", "gpu:=1", "gpu=99999"])
def test_what_names_no_devices_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(Invalid, match=r"names no devices.*KIND\[:MODEL\[:MEMORY\]\]=COUNT"):
        parse_simulated_devices(text)
