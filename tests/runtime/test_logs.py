"""Logs are read by line, whatever they hold, while they grow."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpl.errors import Invalid
from kpl.runtime.logs import LINES_PER_ENTRY, LONGEST_LINE_BYTES, LogFile, LogMatch

LINES = st.lists(
    st.binary(max_size=20).map(lambda line: line.replace(b"\n", b" ").replace(b"\r", b" ")), max_size=30
)


@pytest.fixture
def log(tmp_path: Path) -> LogFile:
    return LogFile(tmp_path / "41-1.log")


def index_of(log: LogFile) -> Path:
    return log.path.with_name(log.path.name + ".idx")


def test_missing_log_reads_as_empty(log: LogFile) -> None:
    page = log.read()
    assert (page.lines, page.num_lines, page.is_complete) == ((), 0, True)


def test_pages_follow_each_other(log: LogFile) -> None:
    log.path.write_text("".join(f"line {i}\n" for i in range(1000)))
    page = log.read(300, 200)
    assert page.lines == tuple(f"line {i}" for i in range(300, 500))
    assert (page.start, page.next_line, page.num_lines, page.is_complete) == (300, 500, 1000, False)
    assert log.read(page.next_line, 500).is_complete


def test_negative_start_counts_from_the_end(log: LogFile) -> None:
    log.path.write_text("a\nb\nc")
    assert log.read(-2).lines == ("b", "c")
    assert log.read(-20).start == 0


def test_start_behind_the_end_gives_nothing(log: LogFile) -> None:
    log.path.write_text("a\nb\n")
    page = log.read(10)
    assert (page.lines, page.start, page.is_complete) == ((), 2, True)


def test_last_line_without_an_end_is_shown_but_not_followed(log: LogFile) -> None:
    log.path.write_text("a\nhal")
    assert log.read().lines == ("a", "hal")
    followed = log.follow(0)
    assert followed.lines == ("a",)
    with log.path.open("a") as file:
        file.write("f\n")
    assert log.follow(followed.next_line).lines == ("half",)


def test_bytes_that_are_no_text_are_replaced(log: LogFile) -> None:
    log.path.write_bytes(b"\xff\xfe ok\r\n\x00\n")
    assert log.read().lines == ("\ufffd\ufffd ok", "\x00")


def test_enormous_line_is_cut_with_a_mark(log: LogFile) -> None:
    log.path.write_bytes(b"x" * (LONGEST_LINE_BYTES + 5) + b"\nnext\n")
    first, second = log.read().lines
    assert first.endswith("… [5 more bytes]")
    assert len(first) < LONGEST_LINE_BYTES + 50
    assert second == "next"


def test_index_grows_with_the_log(log: LogFile) -> None:
    for part in range(5):
        with log.path.open("a") as file:
            file.writelines(f"{part}.{i}\n" for i in range(400))
        assert log.read(part * 400 + 399, 1).lines == (f"{part}.399",)
    assert index_of(log).exists()


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"KPLIDX1\n" + b"\xff" * 200])
def test_damaged_index_is_made_anew(log: LogFile, damage: bytes) -> None:
    log.path.write_text("".join(f"line {i}\n" for i in range(600)))
    log.read()
    index_of(log).write_bytes(damage)
    assert log.read(599).lines == ("line 599",)


def test_flipped_offset_in_the_index_is_noticed_or_harmless(log: LogFile) -> None:
    log.path.write_text("".join(f"line {i}\n" for i in range(2 * LINES_PER_ENTRY + 10)))
    log.read()
    content = bytearray(index_of(log).read_bytes())
    content[-8] ^= 1
    index_of(log).write_bytes(content)
    assert log.read(2 * LINES_PER_ENTRY, 1).lines == (f"line {2 * LINES_PER_ENTRY}",)


def test_log_that_was_replaced_is_read_anew(log: LogFile) -> None:
    log.path.write_text("".join(f"old {i}\n" for i in range(600)))
    log.read()
    log.path.unlink()
    log.path.write_text("".join(f"newer {i}\n" for i in range(700)))
    assert log.read(650, 1).lines == ("newer 650",)


def test_log_that_was_cut_is_read_anew(log: LogFile) -> None:
    log.path.write_text("".join(f"line {i}\n" for i in range(600)))
    log.read()
    log.path.write_text("short\n")
    assert log.read().lines == ("short",)


def test_search_finds_lines_with_their_numbers(log: LogFile) -> None:
    log.path.write_text("".join(f"step {i} loss={i}.5\n" for i in range(1000)) + "ERROR (x")
    assert log.search("error (") == [LogMatch(1000, "ERROR (x")]
    assert log.search("error", ignore_case=False) == []
    assert log.search(r"step \d+00 ", is_regex=True, max_matches=2) == [
        LogMatch(100, "step 100 loss=100.5"),
        LogMatch(200, "step 200 loss=200.5"),
    ]
    assert [match.line for match in log.search("loss=", start_line=998)] == [998, 999]


def test_search_names_a_bad_expression(log: LogFile) -> None:
    with pytest.raises(Invalid, match=r"'\('"):
        log.search("(", is_regex=True)


def test_a_million_lines_are_read_and_searched_at_once(log: LogFile) -> None:
    log.path.write_bytes(b"".join(b"2026-01-01 epoch 3 batch %d loss 0.25\n" % i for i in range(1_000_000)))
    started = time.perf_counter()
    assert log.read(999_999, 10).lines == ("2026-01-01 epoch 3 batch 999999 loss 0.25",)
    assert [match.line for match in log.search("batch 765432 ")] == [765_432]
    assert time.perf_counter() - started < 5  # under 1 s when nothing else runs


@settings(max_examples=60)
@given(parts=st.lists(LINES, max_size=6), start=st.integers(-40, 200), count=st.integers(0, 50))
def test_pages_equal_the_lines_of_the_file(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[bytes]], start: int, count: int
) -> None:
    log = LogFile(tmp_path_factory.mktemp("log") / "a.log")
    lines: list[bytes] = []
    for part in parts:
        with log.path.open("ab") as file:
            file.writelines(line + b"\n" for line in part * 20)
        lines += part * 20
        page = log.read(start, count)
        first = max(0, len(lines) + start) if start < 0 else min(start, len(lines))
        assert page.num_lines == len(lines)
        assert page.lines == tuple(line.decode(errors="replace") for line in lines[first : first + count])
        assert log.follow(first, count).lines == page.lines
