"""`kpl doctor`: what this installation can do, what is missing, and how to get it."""

import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import typer
from rich.text import Text

from kpl import __version__
from kpl.cli.context import context
from kpl.cli.output import Json, out, print_json
from kpl.client.connect import default_data_dir
from kpl.errors import KPLError

LEAST_FREE_BYTES = 5 << 30


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `advice` says what to do when it is not well."""

    name: str
    is_well: bool
    found: str
    advice: str = ""
    is_optional: bool = False


def doctor(json: Json = False) -> None:
    """Look at this installation and the server. Exit code 1 when something needed is missing."""
    checks = [look() for look in _LOOKS]
    if json:
        print_json([asdict(check) for check in checks])
    else:
        for check in checks:
            mark, style = (
                ("ok", "green") if check.is_well else ("--", "yellow" if check.is_optional else "red")
            )
            out.print(Text(mark, style=style) + Text(f"  {check.name:<22} {check.found}"))
            if not check.is_well and check.advice:
                out.print(f"    {'':<22} {check.advice}", style="dim")
    if any(not check.is_well and not check.is_optional for check in checks):
        raise typer.Exit(1)


def _kpl() -> Check:
    return Check("kpl", True, f"{__version__}, Python {platform.python_version()}, {sys.executable}")


def _data_folder() -> Check:
    folder = (context.data_dir or default_data_dir()).expanduser()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    return Check(
        "data folder",
        free >= LEAST_FREE_BYTES,
        f"{folder}, {free / 1e9:.0f} GB free",
        "Less than 5 GB are free: give another folder with --data-dir or KPL_DATA_DIR.",
        is_optional=True,
    )


def _server() -> Check:
    try:
        with context.client() as client:
            machines = client.machines.list()
            devices = sum(len(machine.devices) for machine in machines)
            cores = sum(machine.cpu_milli for machine in machines) / 1000
            return Check("server", True, f"{client.url}, {cores:g} cores, {devices} devices")
    except KPLError as error:
        return Check("server", False, error.message, error.hint, is_optional=True)


def _console() -> Check:
    import kpl.server

    built = Path(kpl.server.__path__[0], "static", "index.html").exists()
    return Check(
        "web console",
        built,
        "built" if built else "not built",
        "Install Node 20 or newer, or let pip fetch it, and install KPL again without KPL_WEB=skip.",
        is_optional=True,
    )


def _package(name: str, extra: str, purpose: str) -> Callable[[], Check]:
    def look() -> Check:
        try:
            return Check(name, True, f"{version(name)}, {purpose}")
        except PackageNotFoundError:
            advice = f"pip install 'kpl-platform[{extra}]'"
            return Check(name, False, f"not installed: {purpose}", advice, is_optional=True)

    return look


def _gpu() -> Check:
    from kpl.runtime.devices import nvidia

    way = nvidia.describe_way()
    return Check(
        "NVIDIA GPUs",
        way.startswith("NVML"),
        f"found through {way}" if way else "no driver: none will be used",
        "pip install 'kpl-platform[nvidia]'"
        if way
        else "On a machine with an NVIDIA GPU, install its driver.",
        is_optional=True,
    )


def _device_kinds() -> Check:
    from kpl.runtime.devices.registry import BUILT_IN, device_kinds

    added = [name for name, kind in device_kinds().items() if kind is not BUILT_IN.get(name)]
    return Check("device plug-ins", True, f"kinds {', '.join(sorted(added))}" if added else "none installed")


_LOOKS: tuple[Callable[[], Check], ...] = (
    _kpl,
    _data_folder,
    _server,
    _console,
    _package("torch", "vision", "trains the built-in algorithms"),
    _package("onnxruntime", "compile", "compiles and runs SDK packages"),
    _package("openvino", "openvino", "compiles for Intel CPUs"),
    _package("scikit-learn", "demo", "data of the demo"),
    _gpu,
    _device_kinds,
)
