"""Amounts of CPU, memory, devices and shares of one device: what machines have and what tasks ask for."""

from kpl.resources.amounts import (
    Amounts,
    Device,
    DeviceRequest,
    DeviceShare,
    Enforcement,
    Machine,
    Placement,
    ResourceRequest,
    amounts_of,
)
from kpl.resources.parse import (
    format_amount,
    format_amounts,
    format_devices,
    format_memory,
    parse_amounts,
    parse_devices,
    parse_memory_mib,
    parse_simulated_devices,
)

__all__ = [
    "Amounts",
    "Device",
    "DeviceRequest",
    "DeviceShare",
    "Enforcement",
    "Machine",
    "Placement",
    "ResourceRequest",
    "amounts_of",
    "format_amount",
    "format_amounts",
    "format_devices",
    "format_memory",
    "parse_amounts",
    "parse_devices",
    "parse_memory_mib",
    "parse_simulated_devices",
]
