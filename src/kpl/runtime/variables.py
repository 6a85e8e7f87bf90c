"""The environment variables of a task's process: the contract with algorithms, and nothing of the server's own."""

import contextlib
import json
import os
import py_compile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from kpl.algorithm import protocol
from kpl.resources import Device
from kpl.runtime.devices import device_variables, nvidia
from kpl.runtime.environments import Environment
from kpl.runtime.executor import Launch
from kpl.task import TaskKind

SERVICE_HOST = "127.0.0.1"

# All that a process takes over from the server. The rest may hold secrets.
_INHERITED = frozenset({
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH",
    "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
})  # fmt: skip
_SHARE_HOOK = Path(__file__).with_name("share_hook")
_LONGEST_VARIABLE_BYTES = 100_000  # Linux takes 128 KiB for one variable


def inherited_variables(server: Mapping[str, str] | None = None) -> dict[str, str]:
    """The part of the server's environment (`os.environ` unless given) that processes may see."""
    found = os.environ if server is None else server
    return {k: v for k, v in found.items() if k.upper() in _INHERITED or k.startswith("LC_")}


def preparation_variables(server: Mapping[str, str] | None = None) -> dict[str, str]:
    """Variables for building an environment: pip also needs to know its index, which may hold a password."""
    found = os.environ if server is None else server
    return inherited_variables(found) | {
        k: v for k, v in found.items() if k.startswith("PIP_") or k in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME")
    }


def task_variables(
    launch: Launch,
    environment: Environment,
    folder: Path,
    *,
    events: Path,
    checkpoints: Path,
    devices: Iterable[Device] = (),
) -> dict[str, str]:
    """Everything that the process finds in its environment, but for the ports that are chosen when it starts.

    Args:
        folder: the attempt's folder, with `parameters.json`, `inputs.json`, `inputs/`, `outputs/` and `token`.
        devices: those of the machine.
    """
    variables = inherited_variables()
    variables["PATH"] = f"{environment.python.parent}:{variables.get('PATH', os.defpath)}"
    variables |= environment.variables
    variables |= {
        "PYTHONUNBUFFERED": "1",  # a line is in the log when it is printed
        "PYTHONDONTWRITEBYTECODE": "1",  # the algorithm's folder is shared and must stay as its digest says
        "OMP_NUM_THREADS": str(max(1, launch.placement.cpu_milli // 1000)),
    }
    variables |= device_variables(launch.placement, tuple(devices))
    variables |= _single_process()
    variables |= _contract(launch, folder, events=events, checkpoints=checkpoints)
    variables |= _original_helper(launch, folder)
    variables |= dict(launch.variables)
    if nvidia.ALLOCATOR_LIMITS in variables:
        variables["PYTHONPATH"] = ":".join(filter(None, (str(_share_hook()), variables.get("PYTHONPATH"))))
    return variables


@cache
def _share_hook() -> Path:
    """The folder that goes on the path of those alone that share a GPU, with bytecode: tasks write none."""
    for source in _SHARE_HOOK.glob("*.py"):
        with contextlib.suppress(OSError):  # then it is compiled at every start, which takes a millisecond
            py_compile.compile(str(source))
    return _SHARE_HOOK


def _contract(launch: Launch, folder: Path, *, events: Path, checkpoints: Path) -> dict[str, str]:
    variables = protocol.task_variables(
        parameters=folder / "parameters.json",
        inputs_file=folder / "inputs.json",
        inputs=provided_inputs(launch),
        outputs={name: folder / "outputs" / name for name in launch.outputs},
        events=events,
        checkpoints=checkpoints,
        algorithm=launch.algorithm,
    )
    variables |= {
        protocol.RUN_ID: "" if launch.run_id is None else str(launch.run_id),
        protocol.TASK_ID: str(launch.task_id),
        protocol.ATTEMPT: str(launch.number),
        protocol.PROJECT: launch.project,
    }
    if launch.kind is TaskKind.SERVICE:
        variables |= {protocol.HOST: SERVICE_HOST, protocol.BASE_PATH: launch.base_path}
    return variables


def provided_inputs(launch: Launch) -> list[protocol.ProvidedInput]:
    return [
        protocol.ProvidedInput(given.name, given.type, given.kind, given.path, given.digest)
        for given in launch.inputs
    ]


def _single_process() -> dict[str, str]:
    """A task on one machine is the only rank of a world of one. `MASTER_PORT` is chosen when it starts."""
    return {
        "MASTER_ADDR": "127.0.0.1",
        "RANK": "0",
        "LOCAL_RANK": "0",
        "WORLD_SIZE": "1",
        "LOCAL_WORLD_SIZE": "1",
        "NODE_RANK": "0",
    }


def _original_helper(launch: Launch, folder: Path) -> dict[str, str]:
    """What the helper package of the original KPL reads, so that algorithms written for it find their world."""
    variables = {
        "KPL_INNER": "1",
        "KPL_ENV": "deploy" if launch.kind is TaskKind.SERVICE else "pipeline",
        "KPL_ENV_INPUT_ROOT_PATH": str(folder / "inputs"),
        "KPL_ENV_OUTPUT_ROOT_PATH": str(folder / "outputs"),
        "KPL_ENV_TASK_ID": str(launch.task_id),
        "KPL_TOKEN_LOCATE": str(folder / "token"),  # opened by the helper; nothing here asks for a token
    }
    parameters = json.dumps(dict(launch.parameters))
    if len(parameters) <= _LONGEST_VARIABLE_BYTES:
        variables["KPL_ENV_PARAMETER"] = parameters
    return variables
