"""What every type of environment tells the executor."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Preparation:
    """Something that attempts share and the first of them makes.

    Args:
        title: what is being made, as the log shows it.
        lock: file that is locked meanwhile, so that it is made once.
        folder: what is made; cleared first if an earlier try was cut short.
        marker: file that tells that `folder` is complete.
        commands: run one after the other; their output goes to the attempt's log.
    """

    title: str
    lock: Path
    folder: Path
    marker: Path
    commands: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a process finds its programs.

    Args:
        python: the interpreter that a leading `python` in a command stands for.
        variables: added to those of the task.
    """

    python: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    preparations: tuple[Preparation, ...] = ()
