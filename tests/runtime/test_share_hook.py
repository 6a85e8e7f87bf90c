"""PyTorch is kept within a share of a GPU by a hook on the path of the task's process."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import kpl.runtime
from kpl.resources import Device, DeviceShare, Placement
from kpl.runtime.environments import Environment
from kpl.runtime.variables import task_variables
from kpl.testing.executor_suite import make_launch

HOOK = Path(kpl.runtime.__path__[0]) / "share_hook"
GPU = Device("gpu", 0, vendor="nvidia", memory_mib=16000)

# As much of PyTorch as the hook touches: one GPU of 16,000 MiB, and CUDA that starts when it is used.
FAKE_TORCH = """
import sys
from types import SimpleNamespace

class cuda:
    queued = []
    fractions = {}
    _lazy_call = staticmethod(queued.append)
    device_count = staticmethod(lambda: 1)
    get_device_properties = staticmethod(lambda device: SimpleNamespace(total_memory=16000 << 20))

    @staticmethod
    def set_per_process_memory_fraction(fraction, device):
        cuda.fractions[device] = fraction

    @staticmethod
    def start():
        for call in cuda.queued:
            call()
"""


def run_python(
    code: str, *path: Path, limits: str = "8000", flags: tuple[str, ...] = ()
) -> "subprocess.CompletedProcess[str]":
    variables = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": ":".join(map(str, (HOOK, *path))),
        "KPL_GPU_ALLOCATOR_MIB": limits,
    }
    command = [sys.executable, *flags, "-c", code]
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def torch(tmp_path: Path) -> Path:
    """A folder with a package `torch` that notes what is asked of it."""
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text(FAKE_TORCH)
    return tmp_path


def test_limit_is_set_when_cuda_starts_and_not_before(torch: Path) -> None:
    code = "import torch; print(torch.cuda.fractions); torch.cuda.start(); print(torch.cuda.fractions)"
    done = run_python(code, torch)
    assert (done.stdout, done.stderr) == ("{}\n{0: 0.5}\n", "")


def test_limit_is_set_for_each_visible_device_that_has_one(torch: Path) -> None:
    code = (
        "import torch; torch.cuda.device_count = lambda: 2; torch.cuda.start(); print(torch.cuda.fractions)"
    )
    assert run_python(code, torch, limits="0,4000,16000").stdout == "{1: 0.25}\n"


def test_limit_is_set_although_somebody_only_asked_for_torch_before(torch: Path) -> None:
    ask = "from importlib.util import find_spec; find_spec('torch'); find_spec('torch')"
    code = f"{ask}; import torch; print(len(torch.cuda.queued))"
    assert run_python(code, torch).stdout == "1\n"


def test_torch_looks_as_it_does_without_the_hook(torch: Path) -> None:
    code = "import torch; print(type(torch.__loader__).__name__, list(vars(torch.__loader__)))"
    assert run_python(code, torch).stdout == "SourceFileLoader ['name', 'path']\n"


def test_processes_that_a_process_starts_are_limited_too(torch: Path) -> None:
    code = (
        "import subprocess, sys; subprocess.run([sys.executable, '-c', "
        "'import torch; torch.cuda.start(); print(torch.cuda.fractions)'])"
    )
    assert run_python(code, torch).stdout == "{0: 0.5}\n"


@pytest.mark.parametrize(
    "broken", ["cuda = None", "class cuda: _lazy_call = staticmethod(lambda call: call())"]
)
def test_torch_that_is_unlike_the_one_we_know_goes_on_unlimited_and_says_so(torch: Path, broken: str) -> None:
    (torch / "torch" / "__init__.py").write_text(broken)
    done = run_python("import torch; print('goes on')", torch)
    assert (done.returncode, done.stdout) == (0, "goes on\n")
    assert "[kpl] The limit of the shared GPU was not set in PyTorch" in done.stderr


def test_process_without_torch_is_left_alone(tmp_path: Path) -> None:
    code = "import importlib.util, json; print(importlib.util.find_spec('torch')); import torch"
    done = run_python(
        code, flags=("-S",)
    )  # -S: without the packages that are installed here, and without hooks
    assert done.stdout == "None\n"
    code = f"import sys; sys.path = [p for p in sys.path if 'site-packages' not in p]; {code}"
    done = run_python(code)
    assert done.stdout == "None\n"
    assert done.stderr.splitlines()[-1] == "ModuleNotFoundError: No module named 'torch'"


def test_customisation_of_the_user_still_runs(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.path.append('/theirs'); mark = 5")
    done = run_python(
        "import sys, sitecustomize; print(sitecustomize.mark, sys.path[-1], sys.path[1])", tmp_path
    )
    assert (done.stdout, done.stderr) == (f"5 /theirs {HOOK}\n", "")


def test_customisation_that_fails_does_so_as_without_us(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import no_such_module")
    done = run_python("print('goes on')", tmp_path)
    assert done.stdout == "goes on\n"
    assert "no_such_module" in done.stderr


def test_real_torch_queues_the_limit() -> None:
    if find_spec("torch") is None:
        pytest.skip("needs torch (extra `vision`)")
    done = run_python(
        "import torch; print(torch.cuda._queued_calls[-1][0].__module__, torch.ones(2).sum().item())"
    )
    assert (done.stdout, done.returncode) == ("kpl_share_hook 2.0\n", 0)


def test_hook_is_on_the_path_of_those_alone_that_share_a_gpu() -> None:
    environment = Environment(python=Path("/env/bin/python"), variables={"PYTHONPATH": "/theirs"})

    def path_of(*shares: DeviceShare) -> str:
        launch = make_launch(1, "true", placement=Placement("local", 1000, 512, shares))
        folder = Path("/attempts/1-1")
        variables = task_variables(
            launch, environment, folder, events=folder, checkpoints=folder, devices=[GPU, Device("npu", 0)]
        )
        return variables["PYTHONPATH"]

    assert path_of() == path_of(DeviceShare("gpu", 0)) == path_of(DeviceShare("npu", 0, 500)) == "/theirs"
    assert path_of(DeviceShare("gpu", 0, share_milli=500)) == f"{HOOK}:/theirs"
