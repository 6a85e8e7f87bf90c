"""Kinds of devices: which a machine has, what they measure, and how a process is shown exactly those it was given."""

from kpl.runtime.devices.given import device_variables, given_devices
from kpl.runtime.devices.kind import DeviceKind, GivenDevice
from kpl.runtime.devices.registry import device_kinds, probe_devices, sample_devices
from kpl.runtime.samples import DeviceSample

__all__ = [
    "DeviceKind",
    "DeviceSample",
    "GivenDevice",
    "device_kinds",
    "device_variables",
    "given_devices",
    "probe_devices",
    "sample_devices",
]
