"""Amounts as people write them: `512Mi`, `2G`, `gpu:a100=4,npu=2`."""

import re

from kpl.errors import Invalid
from kpl.resources.amounts import Device, Enforcement

_UNITS_BYTES = {
    "": 1 << 20,  # a bare number counts MiB
    "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12,
    "ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30, "ti": 1 << 40,
}  # fmt: skip
_SIMULATED_MEMORY_MIB = 16384


def parse_memory_mib(text: str | int) -> int:
    """Read an amount of memory as whole MiB, rounded up; a bare number counts MiB already."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?\s*", str(text), flags=re.IGNORECASE)
    if match is None or match[2].lower() not in _UNITS_BYTES:
        raise Invalid(f"'{text}' is not an amount of memory.", hint="Write it like 512Mi, 2Gi or 2G.")
    size_bytes = float(match[1]) * _UNITS_BYTES[match[2].lower()]
    return max(1, -int(-size_bytes // (1 << 20)))


def parse_simulated_devices(text: str) -> tuple[Device, ...]:
    """Read `kind[:model[:memory]]=count[,...]`, as in `gpu:a100:80Gi=4,npu=2`, into devices numbered within their kind.

    A model with `mig-` in its name is a fixed instance, as NVIDIA's are named: `gpu:a100-mig-1g.10gb:10Gi=7`.
    """
    devices: list[Device] = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        match = re.fullmatch(r"([a-z][a-z0-9]*)(?::([\w.-]+))?(?::([\w.]+))?=(\d{1,4})", part)
        if match is None:
            raise Invalid(
                f"'{part}' names no devices.",
                hint="Write KIND[:MODEL[:MEMORY]]=COUNT, as in gpu:a100:80Gi=4.",
            )
        kind, model, count = match[1], match[2] or "", int(match[4])
        first = sum(1 for device in devices if device.kind == kind)
        memory_mib = parse_memory_mib(match[3]) if match[3] else _SIMULATED_MEMORY_MIB
        is_instance = "mig-" in model
        devices += [
            Device(
                kind=kind,
                index=index,
                vendor="simulated",
                model=model,
                memory_mib=memory_mib,
                uid=f"MIG-simulated-{index}" if is_instance else "",
                is_instance=is_instance,
                sharing=Enforcement.HARDWARE if is_instance else Enforcement.WATCHED,
            )
            for index in range(first, first + count)
        ]
    return tuple(devices)
