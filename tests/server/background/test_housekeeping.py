"""Loops of chores."""

import threading

from kpl.server.background import make_loops
from kpl.server.background.housekeeping import CHORES, PATROL, Rounds, do_chores
from kpl.server.services.platform import Platform


def test_every_chore_can_be_done_on_an_empty_platform(platform: Platform) -> None:
    for _, chore in (*CHORES, *PATROL):
        chore(platform)


def test_a_chore_that_fails_keeps_no_other_from_being_done(platform: Platform) -> None:
    done: list[str] = []

    def fail(_platform: Platform) -> None:
        raise OSError("disk full")

    do_chores(platform, (("bad", fail), ("good", lambda _platform: done.append("good"))))
    assert done == ["good"]


def test_the_loop_works_until_it_is_stopped(platform: Platform) -> None:
    worked = threading.Event()
    loop = Rounds(platform, (("work", lambda _platform: worked.set()),), interval_s=0.01, name="work")
    loop.start()
    assert worked.wait(10)
    loop.stop()
    assert not loop._thread.is_alive()


def test_loops_that_never_started_can_be_stopped(platform: Platform) -> None:
    for loop in make_loops(platform):
        loop.stop()
