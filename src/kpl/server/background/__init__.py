"""Loops that run beside the requests. To add one, name what makes it in `LOOPS` below."""

from collections.abc import Callable
from typing import Protocol

from kpl.server.background.counting import Counting
from kpl.server.background.housekeeping import housekeeping, patrol
from kpl.server.background.loop import Orchestration
from kpl.server.background.sampling import Sampling
from kpl.server.background.watch import Watch
from kpl.server.services.platform import Platform


class Loop(Protocol):
    """Something that runs in threads of its own."""

    def start(self) -> None:
        """Begin; returns at once."""

    def stop(self) -> None:
        """End soon; returns when it has ended. Called once, also when `start` failed half-way."""


LOOPS: tuple[Callable[[Platform], Loop], ...] = (
    housekeeping,
    patrol,
    Watch,
    Sampling,
    Counting,
    Orchestration,
)


def make_loops(platform: Platform) -> list[Loop]:
    """The loops of one server, not yet started."""
    return [make(platform) for make in LOOPS]
