"""Lines of a growing log file, found by number without reading what lies before them.

The offset of every 256th line is kept: a log of a million lines costs 31 KiB. A look
reads on from where the last look ended.
"""

import re
import threading
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

LINES_PER_MARK = 256
MAX_LINE_BYTES = 16 << 10
_BLOCK_BYTES = 1 << 20
_NEWLINE = 10
_LONGEST_BYTES = 8 << 20  # a longer line is searched in pieces
ERROR_TAIL_BYTES = 256 << 10
_MAX_ERROR_CHARACTERS = 400

# As `levelOf` of the console's log view does, which colours the same lines.
_ERROR = re.compile(
    r"(^|[^\w.])(error|fatal|critical|traceback|exception|panic|segmentation fault|killed)\b"
    r"|^[\w.]*(Error|Exception)\b",
    re.IGNORECASE,
)
_NO_ERROR = re.compile(r"\b(0|no) errors?\b", re.IGNORECASE)
_TRACEBACK = "Traceback (most recent call last)"


@dataclass(frozen=True, slots=True)
class Window:
    """Some lines of a log. `num_lines` and `size_bytes` are those of the whole log at that moment."""

    start: int
    lines: list[str]
    num_lines: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Match:
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class ErrorLine:
    """A line that tells of an error, or the last one where none does. `from_end` is 1 for the last line of the log."""

    from_end: int
    text: str
    is_error: bool


def error_line(path: Path) -> ErrorLine | None:
    """Find the first line that tells of an error in the last 256 KiB of a log that is complete.

    Of a traceback that is the line of the exception; where no line tells of one, it is the last line, since
    programs that give up say why at the end. The line is counted from the end, so that what lies before
    those 256 KiB is never read.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            offset = file.seek(max(0, size - ERROR_TAIL_BYTES))
            block = file.read(ERROR_TAIL_BYTES)
    except FileNotFoundError:
        return None
    lines = block.removesuffix(b"\n").split(b"\n")
    shown = [_shown(line)[:_MAX_ERROR_CHARACTERS] for line in (lines[1:] if offset else lines)]
    found = next((number for number, line in enumerate(shown) if _tells_of_error(line)), None)
    is_error = found is not None
    if found is None:
        found = next((n for n in reversed(range(len(shown))) if shown[n].strip()), None)
    if found is None:
        return None
    if _TRACEBACK in shown[found]:
        is_raised = (n for n in range(found + 1, len(shown)) if shown[n] and not shown[n][0].isspace())
        found = next(is_raised, found)
    return ErrorLine(len(shown) - found, shown[found], is_error)


def _tells_of_error(line: str) -> bool:
    return _ERROR.search(line) is not None and _NO_ERROR.search(line) is None


@lru_cache(maxsize=256)
def log_lines(path: Path) -> "LogLines":
    """The lines of the log at `path`; the index is shared by all who look at the same log."""
    return LogLines(path)


class LogLines:
    """The lines of one log file, which may not exist yet. Lines are counted from 0.

    Threads: any.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._forget()

    def window(self, start: int, limit: int, *, is_final: bool) -> Window:
        """Read up to `limit` lines from line `start`; a negative `start` counts from the end.

        Args:
            is_final: nothing will be added, so that a last line without newline is a line too.
        """
        with self._lock:
            self._read_on()
            num_lines = self._num_lines + (1 if is_final and self._line_start < self._size_bytes else 0)
            size_bytes = self._size_bytes
            first = max(0, num_lines + start) if start < 0 else min(start, num_lines)
            last = min(num_lines, first + limit)
            offset = self._marks[first // LINES_PER_MARK] if first < num_lines else size_bytes
        lines = self._lines_from(offset, first % LINES_PER_MARK, last - first, size_bytes)
        return Window(start=first, lines=lines, num_lines=num_lines, size_bytes=size_bytes)

    def search(self, text: str, limit: int) -> tuple[list[Match], int, int]:
        """Find the lines that hold `text`, upper and lower case of ASCII letters being the same.

        Returns:
            the first `limit` of them, how many there are, and the number of lines looked at.
        """
        needle = text.encode().lower()
        matches: list[Match] = []
        num_matches = first = 0
        for block in self._blocks():
            lowered = block.lower()
            at, line, counted = lowered.find(needle), first, 0
            while at >= 0:
                line += lowered.count(b"\n", counted, at)
                counted = at
                end = lowered.find(b"\n", at)
                end = len(block) if end < 0 else end
                num_matches += 1
                if len(matches) < limit:
                    begin = lowered.rfind(b"\n", 0, at) + 1
                    matches.append(Match(line, _shown(block[begin:end])))
                at = lowered.find(needle, end)
            first += block.count(b"\n")
        return matches, num_matches, first

    def _forget(self) -> None:
        self._marks = array("Q", [0])
        self._num_lines = 0
        self._line_start = 0
        self._size_bytes = 0

    def _read_on(self) -> None:
        """Index what was added since the last look."""
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return
        with file:
            if file.seek(0, 2) < self._size_bytes:
                self._forget()
            file.seek(self._size_bytes)
            while block := file.read(_BLOCK_BYTES):
                self._index(block)

    def _index(self, block: bytes) -> None:
        import numpy as np  # only where it is used: an idle server does without

        starts = np.flatnonzero(np.frombuffer(block, np.uint8) == _NEWLINE) + (self._size_bytes + 1)
        if len(starts):
            first_marked = LINES_PER_MARK - 1 - self._num_lines % LINES_PER_MARK
            self._marks.extend(starts[first_marked::LINES_PER_MARK].tolist())
            self._num_lines += len(starts)
            self._line_start = int(starts[-1])
        self._size_bytes += len(block)

    def _lines_from(self, offset: int, num_skipped: int, limit: int, end: int) -> list[str]:
        if limit <= 0:
            return []
        lines: list[str] = []
        with self._path.open("rb") as file:
            file.seek(offset)
            while offset < end and len(lines) < limit:
                # A line may be longer than memory; what is cut off is read past, not kept.
                line = file.readline(min(MAX_LINE_BYTES, end - offset))
                offset += len(line)
                while not line.endswith(b"\n") and offset < end:
                    rest = file.readline(min(_BLOCK_BYTES, end - offset))
                    offset += len(rest)
                    if rest.endswith(b"\n"):
                        break
                if num_skipped:
                    num_skipped -= 1
                else:
                    lines.append(_shown(line.removesuffix(b"\n")))
        return lines

    def _blocks(self) -> Iterator[bytes]:
        """Blocks of whole lines; the last one may lack its newline."""
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return
        with file:
            rest = b""
            while block := file.read(_BLOCK_BYTES):
                cut = block.rfind(b"\n") + 1
                if cut == 0 and len(rest) < _LONGEST_BYTES:
                    rest += block
                    continue
                cut = cut or len(block)
                yield rest + block[:cut]
                rest = block[cut:]
            if rest:
                yield rest


def _shown(line: bytes) -> str:
    return line[:MAX_LINE_BYTES].removesuffix(b"\r").decode(errors="replace")
