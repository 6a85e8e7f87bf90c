"""Numbers about work, endpoints and machines, for Prometheus; looked up whenever somebody asks."""

from collections.abc import Callable

from sqlalchemy import false, func, select

from kpl.runtime.samples import DeviceSample, MachineSample
from kpl.server.db.tables.tasks import TaskRow
from kpl.server.services.access import SERVER
from kpl.server.services.machines import list_machines
from kpl.server.services.platform import Platform

Values = list[tuple[dict[str, str], float]]


def add_gauges(platform: Platform) -> None:
    """Show open tasks by state, and the traffic of each endpoint."""

    def tasks() -> Values:
        with platform.db.read() as session:
            counted = select(TaskRow.state, func.count()).where(TaskRow.is_final == false())
            return [({"state": s}, number) for s, number in session.execute(counted.group_by(TaskRow.state))]

    def requests() -> Values:
        return [(labels, number) for labels, number, _ in platform.traffic.samples()]

    def errors() -> Values:
        return [(labels, number) for labels, _, number in platform.traffic.samples()]

    def latencies() -> Values:
        found: Values = []
        for labels, _, _ in platform.traffic.samples():
            summary = platform.traffic.summary(labels["project"], labels["endpoint"], platform.now_s())
            for quantile, value in (("0.5", summary.p50_s), ("0.99", summary.p99_s)):
                if value is not None:
                    found.append(({**labels, "quantile": quantile}, value))
        return found

    add = platform.telemetry.add_gauge
    names = ["project", "endpoint"]
    add("kpl_tasks", "Tasks that are not over.", ["state"], tasks)
    add("kpl_endpoint_requests", "Requests passed on since the start.", names, requests)
    add("kpl_endpoint_errors", "Of these, answered with 500 and above.", names, errors)
    add("kpl_endpoint_latency_seconds", "Of the last 1,024 requests.", [*names, "quantile"], latencies)


def add_machine_gauges(platform: Platform) -> None:
    """Show what each machine and device measured last, as its page does, and how much of each device is held."""

    def of_machines(measure: Callable[[MachineSample], float | None]) -> Callable[[], Values]:
        def read() -> Values:
            newest = platform.samples.newest(now_s=platform.now_s())
            found = [({"machine": sample.machine}, measure(sample)) for sample in newest]
            return [(labels, value) for labels, value in found if value is not None]

        return read

    def of_devices(measure: Callable[[DeviceSample], float | None]) -> Callable[[], Values]:
        def read() -> Values:
            found = [
                (
                    {"machine": sample.machine, "kind": device.kind, "index": str(device.index)},
                    measure(device),
                )
                for sample in platform.samples.newest(now_s=platform.now_s())
                for device in sample.devices
            ]
            return [(labels, value) for labels, value in found if value is not None]

        return read

    def held() -> Values:
        return [
            (
                {"machine": machine.name, "kind": device.kind, "index": str(device.index)},
                device.held_milli / 1000,
            )
            for machine in list_machines(platform, SERVER).machines
            for device in machine.devices
        ]

    add = platform.telemetry.add_gauge
    names = ["machine"]
    add("kpl_machine_cpu_ratio", "Busy part of the cores.", names, of_machines(lambda each: each.cpu))
    add(
        "kpl_machine_memory_used_bytes",
        "Memory in use.",
        names,
        of_machines(lambda each: each.memory_used_mib << 20),
    )
    add("kpl_machine_memory_bytes", "Memory.", names, of_machines(lambda each: each.memory_mib << 20))
    add(
        "kpl_machine_disk_used_bytes",
        "Disk in use.",
        names,
        of_machines(lambda each: each.disk_used_mib << 20),
    )
    add("kpl_machine_disk_bytes", "Disk.", names, of_machines(lambda each: each.disk_mib << 20))
    names = ["machine", "kind", "index"]
    add("kpl_device_held_ratio", "Part of the device that tasks hold.", names, held)
    add(
        "kpl_device_utilisation_ratio",
        "Busy part of the time.",
        names,
        of_devices(lambda each: each.utilisation),
    )
    add("kpl_device_memory_used_bytes", "Memory in use.", names, of_devices(_memory_bytes))
    add("kpl_device_temperature_celsius", "Temperature.", names, of_devices(lambda each: each.temperature_c))
    add("kpl_device_power_watts", "Power.", names, of_devices(lambda each: each.power_w))
    add("kpl_device_healthy", "1 for a device that is well.", names, of_devices(lambda each: each.is_healthy))


def _memory_bytes(device: DeviceSample) -> int | None:
    return None if device.memory_used_mib is None else device.memory_used_mib << 20
