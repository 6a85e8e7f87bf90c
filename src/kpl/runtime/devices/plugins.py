"""Kinds of devices from installed packages: the entry points of group `kpl.devices`."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from kpl.runtime.devices.kind import DeviceKind

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

log = logging.getLogger("kpl.devices")

GROUP = "kpl.devices"


def add_plugins(kinds: Mapping[str, DeviceKind]) -> dict[str, DeviceKind]:
    """The kinds with those of all plug-ins; one that cannot be used is named in the log and left out.

    A plug-in may take the place of a built-in kind that finds no devices by itself. Of two plug-ins for one kind, the
    first by name of its package is used.
    """
    from importlib.metadata import entry_points  # slow to load, and of no use to who only describes devices

    result = dict(kinds)
    owners: dict[str, str] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: (_package(point), point.name)):
        kind = _load(point)
        if kind is None:
            continue
        if kind.name in owners:
            log.error(
                "Device plug-in %s is not used: %s gives the kind '%s' already. Remove one of the two packages.",
                _describe(point),
                owners[kind.name],
                kind.name,
            )
        elif kind.name in kinds and not _is_variables_alone(kinds[kind.name]):
            log.error(
                "Device plug-in %s is not used: the kind '%s' is built in. Give it another name.",
                _describe(point),
                kind.name,
            )
        else:
            owners[kind.name] = _describe(point)
            result[kind.name] = kind
    return result


def _load(point: "EntryPoint") -> DeviceKind | None:
    try:
        kind = point.load()
    except Exception:
        log.exception("Device plug-in %s is not used: it cannot be loaded.", _describe(point))
        return None
    if not isinstance(kind, DeviceKind):
        log.error(
            "Device plug-in %s is not used: it gives a %s. Let it name a kpl.runtime.devices.DeviceKind.",
            _describe(point),
            type(kind).__name__,
        )
        return None
    return kind


def _is_variables_alone(kind: DeviceKind) -> bool:
    return kind.probe is DeviceKind(name="", visible=()).probe


def _package(point: "EntryPoint") -> str:
    return point.dist.name if point.dist is not None else ""


def _describe(point: "EntryPoint") -> str:
    return f"'{point.name}' of package {_package(point) or 'unknown'}"
