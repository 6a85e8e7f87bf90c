import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kpl.algorithm.manifest import Environment
from kpl.algorithm.runner import Finished
from kpl.errors import Unavailable


@dataclass
class RunningProcess:
    process: subprocess.Popen[bytes]
    log: Path

    def poll(self) -> Finished | None:
        return None if self.process.poll() is None else self.finished()

    def stop(self, grace_s: float) -> Finished:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
        return self.wait(grace_s)

    def wait(self, timeout_s: float) -> Finished:
        try:
            self.process.wait(timeout_s)
            return self.finished()
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            return Finished(None, self.finished().output)

    def finished(self) -> Finished:
        return Finished(self.process.returncode, self.log.read_text(errors="replace"))


@dataclass
class SubprocessRunner:
    """Real processes, each in a session of its own. `started` remembers their command lines."""

    started: list[list[str]] = field(default_factory=list)

    def interpreter(self, environment: Environment, algorithm: Path) -> str:
        if environment.type != "host":
            raise Unavailable(f"This runner makes no {environment.type}.", hint="Use the platform's.")
        return sys.executable

    def run(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, timeout_s: float) -> Finished:
        return self.start(argv, env, cwd).wait(timeout_s)

    def start(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path) -> RunningProcess:
        self.started.append(list(argv))
        log = cwd.parent / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                argv,
                env={"PATH": os.environ["PATH"], "HOME": str(cwd), **env},
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return RunningProcess(process, log)


@pytest.fixture
def runner() -> SubprocessRunner:
    return SubprocessRunner()
