from datetime import UTC, datetime, timedelta

import pytest

from kpl.cli.output import (
    ago,
    counted,
    duration,
    nothing,
    print_fields,
    print_table,
    report_error,
    say,
    size,
)
from kpl.errors import Invalid


def test_what_people_named_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    name = "[bold]data[/bold] :smile: [kpl]"
    print_table(("name",), [(name,)], empty="")
    print_fields([("name", name)])
    assert capsys.readouterr().out.count(name) == 2
    say(f"{name} is gone.", style="dim")
    report_error(Invalid(f"'{name}' is wrong.", hint=f"Take another name than {name}."))
    assert capsys.readouterr().err.count(name) == 3


def test_a_table_in_a_pipe_folds_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    reason = "the process ended with exit code 1; " * 4
    print_table(("task", "reason", "address"), [(7, reason, "http://127.0.0.1/serve/a/b")], empty="")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[2].split()[0] == "7"


def test_an_empty_table_says_what_to_do_and_leaves_stdout_alone(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("run",), [], empty="No runs yet.")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "No runs yet.\n")


def test_an_empty_list_that_was_narrowed_says_by_what() -> None:
    assert nothing("No runs yet.", search=None, state=None) == "No runs yet."
    said = nothing("No runs yet.", search="digits", state="failed")
    assert said == "Nothing matches --search digits and --state failed. Without, all are listed."


def test_sizes_in_a_table_end_at_one_place(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("size", "of"), [("1.5 KB", "a"), ("-", "b"), ("12.0 MB", "c")], empty="")
    assert [
        line.index(end) for line, end in zip(capsys.readouterr().out.splitlines()[2:], "abc", strict=True)
    ] == [10] * 3


@pytest.mark.parametrize(("number", "text"), [(0, "0 classes"), (1, "1 class"), (1797, "1,797 classes")])
def test_one_is_not_told_as_many(number: int, text: str) -> None:
    assert counted(number, "class") == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "-"), (0.04, "0.0 s"), (59.9, "59.9 s"), (61, "1 min 1 s"), (7260, "2 h 1 min")],
)
def test_durations_are_read_at_a_glance(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("size_bytes", "text"), [(0, "0 B"), (999, "999 B"), (1536, "1.5 KB"), (3 << 40, "3.0 TB")]
)
def test_sizes_take_the_largest_unit_that_fits(size_bytes: int, text: str) -> None:
    assert size(size_bytes) == text


@pytest.mark.parametrize(
    ("minutes", "text"), [(0, "0 s ago"), (5, "5 min ago"), (150, "2 h ago"), (3000, "2 d ago")]
)
def test_moments_are_told_by_their_distance(minutes: float, text: str) -> None:
    assert ago(datetime.now(UTC) - timedelta(minutes=minutes)) == text
