"""The seam between checking an algorithm and starting its processes, which is for those above to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kpl.algorithm.manifest import Environment


@dataclass(frozen=True, slots=True)
class Finished:
    """How a process ended.

    Args:
        exit_code: None when it had to be killed because its time was up.
        output: the end of what it wrote, both streams together.
    """

    exit_code: int | None
    output: str


class Service(Protocol):
    """A process that does not end by itself."""

    def poll(self) -> Finished | None:
        """How it ended, None while it runs."""

    def stop(self, grace_s: float) -> Finished:
        """SIGTERM, then SIGKILL after `grace_s`: `exit_code` is None when that was needed."""


class Runner(Protocol):
    """Starts processes on this machine, in the foreground of the caller.

    `env` holds the variables of the task contract; a runner adds what every process has (`PATH`, `HOME`...).
    """

    def interpreter(self, environment: Environment, algorithm: Path) -> str:
        """Make the environment ready and give the path of its Python.

        Raises:
            Unavailable: it cannot be had here.
        """

    def run(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, timeout_s: float) -> Finished:
        """Run a process to its end, or kill its whole tree after `timeout_s`.

        Raises:
            OSError: it cannot be started, as when there is no such program.
        """

    def start(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path) -> Service:
        """Start a service.

        Raises:
            OSError: it cannot be started.
        """
