"""Counting failed sign-ins."""

import pytest

from kpl.server.services.attempts import SignInAttempts
from kpl.server.services.errors import TooManyAttempts


def test_an_address_that_tries_many_users_has_to_wait() -> None:
    attempts = SignInAttempts(limit=3, window_s=60)
    for number in range(30):
        attempts.check(f"user-{number}", "10.0.0.1", 0.0)
        attempts.add_failure(f"user-{number}", "10.0.0.1", 0.0)
    with pytest.raises(TooManyAttempts):
        attempts.check("somebody-else", "10.0.0.1", 1.0)
    attempts.check("somebody-else", "10.0.0.2", 1.0)
    attempts.check("somebody-else", "10.0.0.1", 61.0)


def test_failures_long_ago_do_not_count() -> None:
    attempts = SignInAttempts(limit=3, window_s=60)
    for now_s in (0.0, 50.0, 100.0, 150.0, 200.0):
        attempts.check("ann", "10.0.0.1", now_s)
        attempts.add_failure("ann", "10.0.0.1", now_s)


def test_a_sign_in_that_went_well_clears_the_count() -> None:
    attempts = SignInAttempts(limit=2, window_s=60)
    for _ in range(5):
        attempts.add_failure("ann", "10.0.0.1", 0.0)
        attempts.forget("ann", "10.0.0.1")
    attempts.check("ann", "10.0.0.1", 0.0)


def test_memory_is_bounded() -> None:
    attempts = SignInAttempts(limit=2, window_s=60)
    for number in range(12_000):
        attempts.add_failure("ann", f"10.0.{number >> 8}.{number & 255}", 0.0)
    assert len(attempts._failures) <= 10_000
