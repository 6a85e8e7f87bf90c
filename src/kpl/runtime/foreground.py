"""Runs programs while the caller waits, as `kpl algorithm check` does: no supervisor, nothing outlives the caller."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from kpl.algorithm.manifest import Environment as ManifestEnvironment
from kpl.algorithm.runner import Finished
from kpl.errors import Invalid, Unavailable
from kpl.runtime import supervisor
from kpl.runtime.environments import open_environment
from kpl.runtime.variables import inherited_variables, preparation_variables
from kpl.task import EnvironmentSpec

_TAIL_BYTES = 65536
_BUILD_TIMEOUT_S = 3600.0


class ForegroundRunner:
    """A `kpl.algorithm.runner.Runner` on this machine.

    Args:
        environments: where built environments are kept; in the user's cache folder unless given.
    """

    def __init__(self, environments: Path | None = None) -> None:
        self._environments = environments

    def interpreter(self, environment: ManifestEnvironment, algorithm: Path) -> str:
        text = (algorithm / environment.requirements).read_text() if environment.requirements else ""
        spec = EnvironmentSpec(type=environment.type, requirements=text, image=environment.image or "")
        folder = self._environments or _cache_folder() / "environments"
        try:
            found = open_environment(spec, folder)
        except Invalid as err:
            raise Unavailable(err.message, hint=err.hint) from err
        for preparation in found.preparations:
            if not preparation.marker.exists():
                supervisor.remove_tree(str(preparation.folder))
                for command in preparation.commands:
                    self._build(command, folder)
                supervisor.write_json(str(preparation.marker), {"made_at_s": time.time()})
        return str(found.python)

    def _build(self, command: Sequence[str], folder: Path) -> None:
        ended = self.run(command, preparation_variables(), folder, _BUILD_TIMEOUT_S)
        if ended.exit_code != 0:
            raise Unavailable(
                f"The environment could not be built: '{' '.join(command)}' failed.\n{ended.output}",
                hint="Correct the requirements, or the index that pip uses.",
            )

    def run(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, timeout_s: float) -> Finished:
        """Run a program to its end; its whole tree is killed when `timeout_s` is over."""
        with ForegroundProcess(argv, env, cwd) as process:
            return process.wait(timeout_s)

    def start(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path) -> "ForegroundProcess":
        """Start a service; leaving its `with` block ends it."""
        return ForegroundProcess(argv, env, cwd)


class ForegroundProcess:
    """A process with its tree and the end of its output.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path) -> None:
        self._mark = uuid.uuid4().hex  # tells its tree from other processes
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `_finish`
        self._finished: Finished | None = None
        variables = (
            {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"} | inherited_variables() | dict(env)
        )
        variables["PATH"] = f"{Path(sys.executable).parent}:{variables.get('PATH', os.defpath)}"
        variables[supervisor.MARKER] = self._mark
        try:
            self._process = subprocess.Popen(
                list(argv),
                env=variables,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except BaseException:
            self._output.close()
            raise

    def __enter__(self) -> "ForegroundProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Kill what is left of the tree."""
        if self._finished is None:
            self._finish(None)

    def poll(self) -> Finished | None:
        """How it ended, None while it runs."""
        if self._finished is None and self._process.poll() is not None:
            return self._finish(self._process.returncode)
        return self._finished

    def wait(self, timeout_s: float) -> Finished:
        """Wait for its end; a time-out kills the tree and leaves `exit_code` None."""
        if self._finished is not None:
            return self._finished
        try:
            return self._finish(self._process.wait(timeout_s))
        except subprocess.TimeoutExpired:
            return self._finish(None)

    def _finish(self, code: int | None) -> Finished:
        self._kill()
        self._finished = Finished(code, self._tail())
        self._output.close()
        return self._finished

    def stop(self, grace_s: float) -> Finished:
        """SIGTERM to the tree, then SIGKILL after `grace_s`: `exit_code` is None when that was needed."""
        for process in self._tree():
            supervisor.send_signal(process, signal.SIGTERM)
        return self.wait(grace_s)

    def _tree(self) -> list[dict[str, int]]:
        processes = supervisor.list_processes()
        roots = {self._process.pid} if self._process.returncode is None else set()
        pids = supervisor.descendants(processes, roots) | supervisor.marked(processes, self._mark)
        return [{"pid": p.pid, "start": p.start} for p in processes if p.pid in pids and p.state != "Z"]

    def _kill(self) -> None:
        give_up_at = time.monotonic() + 10.0
        while (tree := self._tree()) and time.monotonic() < give_up_at:
            for process in tree:
                supervisor.send_signal(process, signal.SIGKILL)
            time.sleep(0.01)
        self._process.wait()

    def _tail(self) -> str:
        size_bytes = os.fstat(self._output.fileno()).st_size
        data = os.pread(self._output.fileno(), _TAIL_BYTES, max(0, size_bytes - _TAIL_BYTES))
        return data.decode("utf-8", "replace")


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kpl"
