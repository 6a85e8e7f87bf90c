"""Words and values as they are typed."""

import pytest

from kpl.cli.values import parse_duration_s, parse_quota
from kpl.errors import Invalid


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("30m", 1800), ("1.5h", 5400), ("2 d", 172800), ("5min", 300)],
)
def test_times_have_units_and_count_seconds_without(text: str, seconds: float) -> None:
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5", "0", "5 weeks"])
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(Invalid, match=r"is not a time.*30m"):
        parse_duration_s(text)


def test_none_is_no_amounts_and_nothing_said_is_nothing_changed() -> None:
    assert parse_quota("none") == {}
    assert parse_quota(None) is None
    assert parse_quota("gpu=2") == {"gpu": 2000}
