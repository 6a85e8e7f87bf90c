"""Kinds of devices: which a machine has, and how a process is shown exactly those of its placement."""

from kpl.runtime.devices.registry import KINDS, DeviceKind, device_variables, probe_devices

__all__ = ["KINDS", "DeviceKind", "device_variables", "probe_devices"]
