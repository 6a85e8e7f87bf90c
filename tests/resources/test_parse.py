"""Amounts as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpl.errors import Invalid
from kpl.resources import (
    Device,
    DeviceRequest,
    Enforcement,
    format_amounts,
    format_devices,
    parse_amounts,
    parse_devices,
    parse_memory_mib,
    parse_simulated_devices,
)


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


def test_amounts_of_quotas_are_read_in_their_units() -> None:
    amounts = parse_amounts("cpu=8, memory=64Gi,gpu=4,gpu:a100=2.5,tasks=10,storage=100Gi,npu=0")
    assert amounts == {
        "cpu": 8000,
        "memory": 65536,
        "gpu": 4000,
        "gpu:a100": 2500,
        "tasks": 10,
        "storage": 102400,
        "npu": 0,
    }
    assert format_amounts(amounts) == "cpu=8,memory=64Gi,gpu=4,gpu:a100=2.5,npu=0,tasks=10,storage=100Gi"
    assert parse_amounts(" ") == {}


@pytest.mark.parametrize(
    ("text", "part", "fix"),
    [
        ("cpu=8,gpu", "'gpu'", "NAME=AMOUNT"),
        ("cpu=8,memory=lots", "'memory=lots'", "512Mi"),
        ("gpu=many", "'gpu=many'", "gpu=4"),
        ("gpu=-1", "'gpu=-1'", "gpu=4"),
        ("gpu=0.1234", "'gpu=0.1234'", "gpu=4"),
        ("tasks=1.5", "'tasks=1.5'", "tasks=10"),
        ("gpu=1,gpu=2", "'gpu=2'", "Remove one"),
        ("GPU=1", "'GPU=1'", "NAME=AMOUNT"),
    ],
)
def test_an_amount_that_cannot_be_read_is_named_with_a_fix(text: str, part: str, fix: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_amounts(text)
    assert part in caught.value.message
    assert fix in caught.value.hint


NAMES = st.sampled_from(["cpu", "memory", "storage", "tasks", "gpu", "npu", "gpu:a100", "gpu:V100-32G"])


@given(st.dictionaries(NAMES, st.integers(0, 10**9)))
def test_amounts_that_are_written_are_read_as_they_were(amounts: dict[str, int]) -> None:
    assert parse_amounts(format_amounts(amounts)) == amounts


def test_devices_are_counted_shared_by_part_or_by_memory_and_may_fall_back() -> None:
    assert parse_devices("gpu") == ((DeviceRequest("gpu"),),)
    assert parse_devices("gpu:a100=2,npu=1") == (
        (DeviceRequest("gpu", 2, models=("a100",)), DeviceRequest("npu")),
    )
    assert parse_devices("gpu:a100|h100=0.5 or gpu=8Gi or cpu") == (
        (DeviceRequest("gpu", share_milli=500, models=("a100", "h100")),),
        (DeviceRequest("gpu", share_mib=8192),),
        (),
    )
    assert parse_devices("cpu") == ((),)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "asks for no device"),
        ("gpu=1.5", "a share is of one device"),
        ("gpu=0", "asks for nothing"),
        ("gpu=8Qi", "not an amount of memory"),
        ("gpu,cpu", "asks for no device"),
        ("cpu or gpu", "Put 'cpu' last"),
        ("gpu or gpu=1", "twice"),
        ("gpu or", "asks for no device"),
    ],
)
def test_devices_that_make_no_sense_are_refused(text: str, why: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_devices(text)
    assert why in str(caught.value)


DEVICES = st.builds(
    DeviceRequest,
    st.sampled_from(["gpu", "npu", "fpga"]),
    st.integers(1, 64),
    models=st.lists(st.sampled_from(["a100", "h100", "910b"]), max_size=2, unique=True).map(tuple),
) | st.builds(DeviceRequest, st.just("gpu"), share_milli=st.integers(1, 1000))
CHOICE = st.lists(DEVICES, min_size=1, max_size=3).map(tuple)


@given(st.lists(CHOICE, min_size=1, max_size=3, unique=True), st.booleans())
def test_devices_that_are_written_are_read_as_they_were(
    choices: list[tuple[DeviceRequest, ...]], runs_without: bool
) -> None:
    wanted = (*choices, ()) if runs_without else tuple(choices)
    assert parse_devices(format_devices(wanted)) == wanted
