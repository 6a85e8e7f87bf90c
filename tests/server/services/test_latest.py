"""A value that is kept for those who ask again soon."""

from kpl.server.services.latest import Latest


def test_a_value_serves_while_nothing_changed_and_no_time_passed() -> None:
    latest: Latest[int] = Latest(lifetime_s=5.0)
    numbers = iter(range(100))

    def ask(key: str, now_s: float) -> int:
        return latest.get(key, now_s, lambda: next(numbers))

    assert [ask("a", 0.0), ask("a", 4.9), ask("a", 5.0), ask("b", 5.0)] == [0, 0, 1, 2]


def test_a_costly_value_serves_for_twice_its_time_whatever_changed_unless_it_is_forgotten() -> None:
    time_s = 0.0
    latest: Latest[int] = Latest(lifetime_s=5.0, stopwatch=lambda: time_s)
    numbers = iter(range(100))

    def ask(key: str) -> int:
        def make() -> int:
            nonlocal time_s
            time_s += 1.0
            return next(numbers)

        return latest.get(key, 0.0, make)

    assert ask("a") == 0  # done at 1.0, so it serves until 3.0
    time_s = 2.9
    assert ask("b") == 0
    time_s = 3.0
    assert ask("b") == 1
    latest.forget()
    assert ask("b") == 2


def test_what_is_being_made_when_it_is_forgotten_serves_nobody_later() -> None:
    latest: Latest[str] = Latest(lifetime_s=5.0)

    def make() -> str:
        latest.forget()
        return "of the earlier state"

    assert latest.get("a", 0.0, make) == "of the earlier state"
    assert latest.get("a", 0.0, lambda: "new") == "new"
