"""Kinds are probed and measured each by itself: one that fails does not take the others along."""

import logging
from collections.abc import Sequence
from typing import NoReturn

import pytest

from kpl.errors import Invalid
from kpl.resources import Device, Enforcement
from kpl.runtime.devices import DeviceKind, DeviceSample, GivenDevice, probe_devices, registry, sample_devices
from kpl.runtime.devices.registry import memory_held_mib, share_variables

TPU = Device("tpu", 0, vendor="acme", memory_mib=1000, sharing=Enforcement.WATCHED)


def fail(*_: object) -> NoReturn:
    raise RuntimeError("the driver is gone")


@pytest.fixture
def kinds(monkeypatch: pytest.MonkeyPatch) -> dict[str, DeviceKind]:
    """A table in which a kind `bad` fails at everything and a kind `tpu` works."""
    table = {
        "bad": DeviceKind(
            "bad", ("BAD_DEVICES",), probe=fail, sample=fail, share_variables=fail, memory_held=fail
        ),
        "tpu": DeviceKind("tpu", ("TPU_DEVICES",), probe=lambda: [TPU], sample=measure),
    }
    monkeypatch.setattr(registry, "device_kinds", lambda: table)
    registry._sample_failures.clear()
    return table


def measure(devices: Sequence[Device]) -> list[DeviceSample]:
    return [DeviceSample(device.kind, device.index, utilisation=0.5) for device in devices]


def test_probe_that_fails_is_named_and_the_others_are_offered(
    kinds: dict[str, DeviceKind], caplog: pytest.LogCaptureFixture
) -> None:
    assert [device.kind for device in probe_devices()] == ["tpu"]
    assert "kind 'bad' are not offered" in caplog.text
    assert "the driver is gone" in caplog.text


def test_probe_that_counts_wrongly_is_not_believed(
    kinds: dict[str, DeviceKind], caplog: pytest.LogCaptureFixture
) -> None:
    kinds["tpu"] = DeviceKind("tpu", (), probe=lambda: [TPU, TPU])
    assert probe_devices() == ()
    assert "not devices of this kind with an index each" in caplog.text


def test_kind_that_cannot_measure_memory_cannot_promise_to_watch(kinds: dict[str, DeviceKind]) -> None:
    assert probe_devices()[0].sharing is Enforcement.BOOKKEEPING
    kinds["tpu"] = DeviceKind("tpu", (), probe=lambda: [TPU], memory_held=lambda *_: 0)
    assert probe_devices()[0].sharing is Enforcement.WATCHED


def test_measure_that_fails_is_named_once_and_the_others_are_measured(
    kinds: dict[str, DeviceKind], caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        assert [sample.kind for sample in sample_devices([Device("bad", 0), TPU])] == ["tpu"]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_limits_that_cannot_be_set_are_not_left_out(kinds: dict[str, DeviceKind]) -> None:
    given = GivenDevice(Device("bad", 0), 500, 10, Enforcement.WATCHED)
    with pytest.raises(Invalid, match=r"kind 'bad' could not be set.*the driver is gone"):
        share_variables("bad", [given])


def test_memory_of_a_kind_that_does_not_measure_it_is_unknown(kinds: dict[str, DeviceKind]) -> None:
    assert memory_held_mib(TPU, {1}) is None
