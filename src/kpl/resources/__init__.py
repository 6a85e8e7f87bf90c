"""Amounts of CPU, memory, devices and shares of one device: what machines have and what tasks ask for."""

from kpl.resources.amounts import Device, DeviceRequest, DeviceShare, Machine, Placement, ResourceRequest
from kpl.resources.parse import parse_memory_mib, parse_simulated_devices

__all__ = [
    "Device",
    "DeviceRequest",
    "DeviceShare",
    "Machine",
    "Placement",
    "ResourceRequest",
    "parse_memory_mib",
    "parse_simulated_devices",
]
