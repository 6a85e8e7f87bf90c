"""Amounts as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpl.errors import Invalid
from kpl.resources import Device, parse_memory_mib, parse_simulated_devices


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
    assert devices[2] == Device("npu", 0, vendor="simulated", memory_mib=16384)
    assert parse_simulated_devices("") == ()


@pytest.mark.parametrize("text", ["gpu", "gpu=", "gpu=x", "GPU=1", "gpu:=1", "gpu=99999"])
def test_what_names_no_devices_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(Invalid, match=r"names no devices.*KIND\[:MODEL\]=COUNT"):
        parse_simulated_devices(text)
