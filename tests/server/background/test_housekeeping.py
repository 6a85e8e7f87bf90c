"""The housekeeping loop."""

import threading

import pytest

from kpl.server.background import housekeeping
from kpl.server.background.housekeeping import Housekeeping, do_chores
from kpl.server.services.platform import Platform


def test_every_chore_can_be_done_on_an_empty_platform(platform: Platform) -> None:
    for _, chore in housekeeping.CHORES:
        chore(platform)


def test_a_chore_that_fails_keeps_no_other_from_being_done(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def fail(_platform: Platform) -> None:
        raise OSError("disk full")

    chores = (("bad", fail), ("good", lambda _platform: done.append("good")))
    monkeypatch.setattr(housekeeping, "CHORES", chores)
    do_chores(platform)
    assert done == ["good"]


def test_the_loop_works_until_it_is_stopped(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    worked = threading.Event()
    monkeypatch.setattr(housekeeping, "CHORES", (("work", lambda _platform: worked.set()),))
    loop = Housekeeping(platform, interval_s=0.01)
    loop.start()
    assert worked.wait(10)
    loop.stop()
    assert not loop._thread.is_alive()


def test_a_loop_that_never_started_can_be_stopped(platform: Platform) -> None:
    Housekeeping(platform).stop()
