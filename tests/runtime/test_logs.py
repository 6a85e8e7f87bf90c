from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpl.runtime.logs import ERROR_TAIL_BYTES, LINES_PER_MARK, MAX_LINE_BYTES, ErrorLine, LogLines, error_line

LINES = st.lists(st.text(alphabet="ab é\r", max_size=5), max_size=700)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs")


@settings(max_examples=40, deadline=None)
@given(lines=LINES, start=st.integers(-800, 800), limit=st.integers(0, 800))
def test_window_shows_the_lines_of_the_file(folder: Path, lines: list[str], start: int, limit: int) -> None:
    path = folder / "any.log"
    path.write_bytes("".join(line + "\n" for line in lines).encode())
    window = LogLines(path).window(start, limit, is_final=False)
    first = max(0, len(lines) + start) if start < 0 else min(start, len(lines))
    assert window.num_lines == len(lines)
    assert window.start == first
    assert window.lines == [line.removesuffix("\r") for line in lines[first : first + limit]]


@settings(max_examples=20, deadline=None)
@given(pieces=st.lists(st.binary(max_size=40), max_size=12))
def test_growing_log_reads_as_if_it_had_been_written_at_once(folder: Path, pieces: list[bytes]) -> None:
    growing = folder / "growing.log"
    growing.write_bytes(b"")
    log = LogLines(growing)
    for piece in pieces:
        with growing.open("ab") as file:
            file.write(piece)
        log.window(0, 10, is_final=False)
    assert log.window(0, 1000, is_final=True) == LogLines(growing).window(0, 1000, is_final=True)


def test_last_line_without_newline_counts_once_the_log_is_final(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("one\ntwo")
    log = LogLines(path)
    assert log.window(0, 10, is_final=False).lines == ["one"]
    assert log.window(0, 10, is_final=True).lines == ["one", "two"]


def test_log_that_was_never_written_is_empty(tmp_path: Path) -> None:
    log = LogLines(tmp_path / "nothing")
    assert log.window(0, 10, is_final=True).lines == []
    assert log.search("x", 10) == ([], 0, 0)


def test_long_line_is_cut_and_the_next_one_is_found(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * (3 * MAX_LINE_BYTES) + b"\nafter\n")
    lines = LogLines(path).window(0, 10, is_final=False).lines
    assert [len(lines[0]), lines[1]] == [MAX_LINE_BYTES, "after"]


def test_lines_far_into_the_log_are_found_by_the_marks(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("".join(f"line {number}\n" for number in range(10 * LINES_PER_MARK + 3)))
    window = LogLines(path).window(9 * LINES_PER_MARK - 1, 3, is_final=False)
    assert window.lines == [f"line {9 * LINES_PER_MARK + offset}" for offset in (-1, 0, 1)]


def test_search_finds_each_line_once_in_any_case(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("An error, error\nfine\nERROR again\nlast error")
    matches, num_matches, num_lines = LogLines(path).search("Error", 2)
    assert [(each.line, each.text) for each in matches] == [(0, "An error, error"), (2, "ERROR again")]
    assert (num_matches, num_lines) == (3, 3)


def test_error_line_of_a_traceback_is_that_of_its_exception(tmp_path: Path) -> None:
    path = tmp_path / "log"
    trace = (
        'Traceback (most recent call last):\n  File "train.py", line 3\n    fit()\n\nValueError: no samples\n'
    )
    path.write_text(f"epoch 1: 0 errors\n{trace}bye\n")
    assert error_line(path) == ErrorLine(2, "ValueError: no samples", is_error=True)


def test_error_line_is_the_first_of_several(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("begin\nERROR: disk is full\nERROR: gave up\nend")
    assert error_line(path) == ErrorLine(3, "ERROR: disk is full", is_error=True)


def test_log_without_an_error_tells_by_its_last_line(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("no errors\nThere is no folder 'x'.\n\n")
    assert error_line(tmp_path / "log") == ErrorLine(2, "There is no folder 'x'.", is_error=False)
    (tmp_path / "blank").write_text("\n\n")
    assert error_line(tmp_path / "blank") is None
    assert error_line(tmp_path / "nothing") is None


def test_error_line_is_looked_for_at_the_end_of_a_log_alone(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("ERROR: long ago\n" + "fine\n" * (ERROR_TAIL_BYTES // 5) + "ERROR: now\nend\n")
    found = error_line(path)
    assert found is not None
    assert found.text == "ERROR: now"
    assert LogLines(path).window(-found.from_end, 1, is_final=True).lines == ["ERROR: now"]


@settings(max_examples=40, deadline=None)
@given(
    lines=st.lists(st.sampled_from(["fine", "error: x", "", "é"]), min_size=1, max_size=50),
    ended=st.booleans(),
)
def test_error_line_counts_as_a_window_of_the_log_does(folder: Path, lines: list[str], ended: bool) -> None:
    path = folder / "errors.log"
    path.write_text("\n".join(lines) + ("\n" if ended or not lines[-1] else ""))
    found = error_line(path)
    told = [number for number, line in enumerate(lines) if line]
    wanted = lines.index("error: x") if "error: x" in lines else max(told, default=None)
    assert (found is None) == (wanted is None)
    if found is not None and wanted is not None:
        window = LogLines(path).window(-found.from_end, 1, is_final=True)
        assert (window.start, window.lines) == (wanted, [lines[wanted]])
