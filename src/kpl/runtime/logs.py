"""Reads logs by line number, however long they are, while they grow.

Lines are counted from 0. Beside each log lies an index with the byte offset of every 256th line (`<name>.log.idx`),
grown as far as the log has whole lines whenever somebody reads. The index is a cache: missing, damaged or left over
from another file, it is made anew. Logs are bytes from programs of all kinds: what is not UTF-8 is shown with
replacement characters, and the start of an enormous line stands for the whole.
"""

import mmap
import os
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kpl.errors import Invalid

LINES_PER_ENTRY = 256
LONGEST_LINE_BYTES = 65536

_MAGIC = b"KPLIDX1\n"
_HEADER = struct.Struct("<8sQQQ")  # magic, inode of the log, bytes and lines counted so far
_CHUNK_BYTES = 8 << 20
_NEWLINE = ord("\n")

_Data = mmap.mmap | bytes
_Find = Callable[
    [_Data, int], int
]  # where the next match at or behind an offset starts; -1 when there is none


@dataclass(frozen=True, slots=True)
class LogPage:
    """Some lines of a log.

    Args:
        lines: without their ends.
        start: number of the first of them.
        num_lines: how many lines the log has by now; a last line without its end counts.
        is_complete: whether nothing lies behind the last of `lines` at this moment.
    """

    lines: tuple[str, ...]
    start: int
    num_lines: int
    is_complete: bool

    @property
    def next_line(self) -> int:
        """Where to read on."""
        return self.start + len(self.lines)


@dataclass(frozen=True, slots=True)
class LogMatch:
    line: int
    text: str


class LogFile:
    """A log that may still grow. A file that is not there yet reads as empty."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._index_path = path.with_name(path.name + ".idx")

    def read(self, start_line: int = 0, max_lines: int = 1000) -> LogPage:
        """Read up to `max_lines` lines; a negative `start_line` counts from the end."""
        with _mapped(self.path) as data:
            index = self._index(data)
            num_lines = index.num_lines + (index.size_bytes < len(data))
            start = max(0, num_lines + start_line) if start_line < 0 else min(start_line, num_lines)
            lines = tuple(_lines(data, index.offset_before(data, start), max(0, max_lines)))
            return LogPage(lines, start, num_lines, start + len(lines) >= num_lines)

    def follow(self, start_line: int, max_lines: int = 1000) -> LogPage:
        """Read what came after `start_line`, whole lines only: go on from `next_line` and none is seen twice."""
        with _mapped(self.path) as data:
            index = self._index(data)
            start = min(max(0, start_line), index.num_lines)
            count = min(max(0, max_lines), index.num_lines - start)
            lines = tuple(_lines(data, index.offset_before(data, start), count))
            return LogPage(lines, start, index.num_lines, start + len(lines) >= index.num_lines)

    def search(
        self,
        pattern: str,
        *,
        start_line: int = 0,
        max_matches: int = 100,
        ignore_case: bool = True,
        is_regex: bool = False,
    ) -> list[LogMatch]:
        """Find lines that hold `pattern`, from `start_line` on.

        Raises:
            Invalid: the pattern is not a regular expression.
        """
        find = _finder(pattern, ignore_case=ignore_case, is_regex=is_regex)
        with _mapped(self.path) as data:
            index = self._index(data)
            found = _matching_lines(data, find, index.offset_before(data, start_line), max_matches)
            return [LogMatch(index.line_at(data, offset), _text(data, offset, end)) for offset, end in found]

    def _index(self, data: _Data) -> "_Index":
        """The index, grown to the end of the log; kept on disk if it can be."""
        inode = self.path.stat().st_ino if len(data) else 0
        index = _Index.load(self._index_path, inode, data) or _Index.empty()
        if index.grow(data):
            with suppress(OSError):  # a read-only folder: slower, not wrong
                index.save(self._index_path, inode)
        return index


@dataclass(slots=True)
class _Index:
    """Where every 256th line starts.

    Args:
        offsets: [num_lines // 256 + 1] uint64 byte offsets of the lines 0, 256, 512...
        size_bytes: end of the last whole line.
        num_lines: whole lines.
    """

    offsets: NDArray[np.uint64]
    size_bytes: int
    num_lines: int

    @classmethod
    def empty(cls) -> "_Index":
        return cls(np.zeros(1, np.uint64), 0, 0)

    @classmethod
    def load(cls, path: Path, inode: int, data: _Data) -> "_Index | None":
        try:
            content = path.read_bytes()
        except OSError:
            return None
        if len(content) < _HEADER.size:
            return None
        magic, of_inode, size_bytes, num_lines = _HEADER.unpack_from(content)
        num_offsets = num_lines // LINES_PER_ENTRY + 1
        fits = len(content) == _HEADER.size + 8 * num_offsets and size_bytes <= len(data)
        if magic != _MAGIC or of_inode != inode or not fits:
            return None
        offsets = np.frombuffer(content, np.uint64, offset=_HEADER.size)
        starts = [size_bytes, *(int(offsets[i]) for i in (0, num_offsets // 2, num_offsets - 1))]
        if any(start > len(data) or (start and data[start - 1] != _NEWLINE) for start in starts):
            return None  # written for another text
        return cls(offsets, size_bytes, num_lines)

    def save(self, path: Path, inode: int) -> None:
        temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
        header = _HEADER.pack(_MAGIC, inode, self.size_bytes, self.num_lines)
        temporary.write_bytes(header + self.offsets.tobytes())
        temporary.replace(path)

    def grow(self, data: _Data) -> bool:
        """Count the lines that were added; True when that passed an entry, so that saving is worth while."""
        num_before, new = len(self.offsets), []
        for chunk_start in range(self.size_bytes, len(data), _CHUNK_BYTES):
            chunk = np.frombuffer(data[chunk_start : chunk_start + _CHUNK_BYTES], np.uint8)
            ends = np.flatnonzero(chunk == _NEWLINE).astype(np.uint64) + np.uint64(chunk_start + 1)
            if ends.size:
                first = LINES_PER_ENTRY - 1 - self.num_lines % LINES_PER_ENTRY
                new.append(ends[first::LINES_PER_ENTRY])
                self.num_lines += ends.size
                self.size_bytes = int(ends[-1])
        self.offsets = np.concatenate([self.offsets, *new])
        return len(self.offsets) > num_before

    def offset_before(self, data: _Data, line: int) -> int:
        """The byte at which `line` starts; the end of the log for lines behind it."""
        if line > self.num_lines:
            return len(data)
        offset = int(self.offsets[line // LINES_PER_ENTRY])
        for _ in range(line % LINES_PER_ENTRY):
            offset = data.find(b"\n", offset) + 1
        return offset

    def line_at(self, data: _Data, offset: int) -> int:
        """The number of the line that starts at `offset`."""
        entry = int(np.searchsorted(self.offsets, np.uint64(offset), side="right")) - 1
        return entry * LINES_PER_ENTRY + data[int(self.offsets[entry]) : offset].count(b"\n")


@contextmanager
def _mapped(path: Path) -> Iterator[_Data]:
    """The bytes of the file as they are now."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        yield b""
        return
    with file:
        if os.fstat(file.fileno()).st_size == 0:
            yield b""
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data


def _lines(data: _Data, offset: int, count: int) -> Iterator[str]:
    while count > 0 and offset < len(data):
        end = data.find(b"\n", offset)
        end = len(data) if end < 0 else end
        yield _text(data, offset, end)
        offset, count = end + 1, count - 1


def _text(data: _Data, start: int, end: int) -> str:
    """The line in `data[start:end]` as it is shown."""
    shown = data[start : min(end, start + LONGEST_LINE_BYTES)].decode("utf-8", "replace")
    if end - start > LONGEST_LINE_BYTES:
        return f"{shown} … [{end - start - LONGEST_LINE_BYTES} more bytes]"
    return shown.removesuffix("\r")


def _finder(pattern: str, *, ignore_case: bool, is_regex: bool) -> _Find:
    needle = pattern.encode()
    if not is_regex and not ignore_case:
        return lambda data, offset: data.find(needle, offset)
    if not is_regex:
        return lambda data, offset: _find_ignoring_case(data, needle.lower(), offset)
    try:
        expression = re.compile(needle, re.IGNORECASE if ignore_case else 0)
    except re.error as err:
        raise Invalid(
            f"'{pattern}' is not a regular expression: {err}.", hint="Search for plain text instead."
        ) from err

    def find(data: _Data, offset: int) -> int:
        match = expression.search(data, offset)
        return -1 if match is None else match.start()

    return find


def _find_ignoring_case(data: _Data, needle: bytes, offset: int) -> int:
    """As `find`; lowering parts that double in length is ten times faster than a regular expression."""
    size_bytes = 1 << 14
    while offset < len(data):
        found = data[offset : offset + size_bytes + len(needle)].lower().find(needle)
        if found >= 0:
            return offset + found
        offset += size_bytes
        size_bytes = min(2 * size_bytes, _CHUNK_BYTES)
    return -1


def _matching_lines(data: _Data, find: _Find, offset: int, max_matches: int) -> list[tuple[int, int]]:
    """Start and end of lines with a match. A match over a line's end counts for the line it starts in."""
    found: list[tuple[int, int]] = []
    while len(found) < max_matches and offset < len(data):
        position = find(data, offset)
        if position < 0:
            break
        start = data.rfind(b"\n", offset, position) + 1 or offset
        end = data.find(b"\n", position)
        end = len(data) if end < 0 else end
        found.append((start, end))
        offset = end + 1
    return found
