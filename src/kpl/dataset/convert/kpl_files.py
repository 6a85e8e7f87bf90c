"""The files of an original KPL dataset: `<name>.meta`, `.index`, `.data`, `.prop`, and `files/` with large contents."""

import mmap
from array import array
from collections.abc import Iterator
from pathlib import PurePosixPath

from kpl.dataset.convert.kpl_record import StoredFile
from kpl.dataset.convert.kpl_schema import RecordType, parse_meta
from kpl.dataset.convert.protobuf import BYTES, VARINT, bytes_field, fields, numbers, signed, varint
from kpl.dataset.convert.report import ProblemLog
from kpl.dataset.convert.source import SourceFolder
from kpl.dataset.errors import BadSample
from kpl.sentence import Sentence, in_chinese

_MAX_META_BYTES = 16 << 20
_MAX_INDEX_BYTES = 1 << 30
_PROPERTY_TEXT, _PROPERTY_FLAG = 2, 1


class RecordFile:
    """The records of one dataset, mapped into memory.

    Attributes:
        stem: path of its files without their suffix.
        record_type: of every record.
        usable: numbers of the records that lie inside of the file.
    """

    def __init__(
        self, source: SourceFolder, stem: PurePosixPath, record_type: RecordType, offsets: "array[int]"
    ) -> None:
        self.stem, self.record_type = stem, record_type
        self._source, self._offsets = source, offsets
        self._files = frozenset(source.files)
        self._data = _mapped(source, self.file)
        self.usable: list[int] = []

    @property
    def file(self) -> PurePosixPath:
        """The file with the records."""
        return beside(self.stem, ".data")

    def __len__(self) -> int:
        return max(0, len(self._offsets) - 1)

    def __getitem__(self, number: int) -> memoryview:
        return self._data[self._offsets[number] : self._offsets[number + 1]]

    def check(self, log: ProblemLog) -> None:
        """Find the usable records; those that the index puts outside of the file are problems, next ones as one."""
        size, wrong = len(self._data), []
        for number in range(len(self)):
            if 0 <= self._offsets[number] <= self._offsets[number + 1] <= size:
                self.usable.append(number)
            else:
                wrong.append(number)
        for first, last in _runs(wrong):
            which = f"record {first}" if first == last else f"records {first} to {last}"
            start, end = self._offsets[first], self._offsets[last + 1]
            log.problem(
                str(self.file),
                Sentence(
                    f"{which} of {len(self)}: bytes {start} to {end} by the index, but the file has {size}; left out",
                    f"记录 {first} 到 {last}（共 {len(self)} 条）：索引指向字节 {start} 到 {end}，"
                    f"但文件只有 {size} 字节，已跳过",
                ),
            )
        if len(self._offsets) and not wrong and self._offsets[-1] < size:
            log.problem(
                str(self.file),
                Sentence(
                    f"{size - self._offsets[-1]} bytes behind the last record; passed over",
                    f"最后一条记录之后还有 {size - self._offsets[-1]} 字节，已忽略",
                ),
            )

    def content(self, file: StoredFile) -> memoryview | bytes:
        """The content of a file, wherever it lies.

        Raises:
            BadSample: it is not there, or has another size.
        """
        if not file.path:
            return file.content
        path = self.stem.parent / file.path
        if path not in self._files:
            raise BadSample(f"there is no file '{file.path}' with the content")
        content = _mapped(self._source, path)
        if len(content) != file.size:
            raise BadSample(f"'{file.path}' has {len(content)} bytes, the record says {file.size}")
        return content


def _runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """First and last of each run of numbers that follow on one another."""
    start = 0
    for position in range(1, len(numbers) + 1):
        if position == len(numbers) or numbers[position] != numbers[position - 1] + 1:
            yield numbers[start], numbers[position - 1]
            start = position


def beside(stem: PurePosixPath, suffix: str) -> PurePosixPath:
    """The file of a dataset with this suffix."""
    return stem.with_name(stem.name + suffix)


def stems(source: SourceFolder) -> list[PurePosixPath]:
    """The datasets in a folder: those with a schema and an index."""
    files = set(source.files)
    named = [file.with_name(file.name[:-5]) for file in source.files if file.suffix == ".meta"]
    return [stem for stem in named if beside(stem, ".index") in files]


def open_records(source: SourceFolder, stem: PurePosixPath, log: ProblemLog) -> RecordFile | None:
    """The records of a dataset; None, and a problem, where a file of it is missing or damaged."""
    file = beside(stem, ".meta")
    try:
        record_type = parse_meta(_bounded(source, file, _MAX_META_BYTES).decode())
        file = beside(stem, ".index")
        offsets = parse_index(memoryview(_bounded(source, file, _MAX_INDEX_BYTES)))
        file = beside(stem, ".data")
        if file not in source.files:
            raise BadSample("the file is missing")
        records = RecordFile(source, stem, record_type, offsets)
    except OSError as err:
        log.problem(
            str(file),
            Sentence(
                f"cannot be read: {err.strerror}; the dataset is left out",
                f"无法读取（{err.strerror}），已跳过该数据集",
            ),
        )
        return None
    except UnicodeDecodeError:
        log.problem(
            str(file), Sentence("not in UTF-8; the dataset is left out", "不是 UTF-8 编码，已跳过该数据集")
        )
        return None
    except BadSample as err:
        log.problem(
            str(file),
            Sentence(f"{err.message}; the dataset is left out", f"{in_chinese(err.message)}，已跳过该数据集"),
        )
        return None
    records.check(log)
    return records


def _bounded(source: SourceFolder, file: PurePosixPath, limit: int) -> bytes:
    if (source.root / file).stat().st_size > limit:
        raise BadSample(f"more than {limit} bytes are too many")
    return source.read(file)


def _mapped(source: SourceFolder, file: PurePosixPath) -> memoryview:
    with (source.root / file).open("rb") as stream:
        if not stream.seek(0, 2):
            return memoryview(b"")
        return memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))


def parse_index(data: memoryview) -> "array[int]":
    """Where each record begins, and the last one ends.

    Raises:
        BadSample: it is damaged.
    """
    offsets = array("q")
    for part in fields(data):
        if part.number != 1 or part.wire_type not in (VARINT, BYTES):
            raise BadSample(f"the index has the field {part.number} of wire type {part.wire_type}")
        offsets.extend(map(signed, numbers(part)))
    return offsets


def format_index(offsets: "array[int]") -> bytes:
    """The index with these offsets."""
    return bytes_field(1, b"".join(map(varint, offsets)))


def read_properties(
    source: SourceFolder, stem: PurePosixPath, log: ProblemLog
) -> tuple[dict[str, str], dict[str, bytes]]:
    """The texts of the key-value store, and the other values as they stand there; nothing where there is none."""
    file = beside(stem, ".prop")
    texts: dict[str, str] = {}
    others: dict[str, bytes] = {}
    if file not in source.files:
        return texts, others
    try:
        for _, wire_type, entry, _ in fields(memoryview(_bounded(source, file, _MAX_INDEX_BYTES))):
            if wire_type != BYTES or isinstance(entry, int):
                raise BadSample(f"an entry is of wire type {wire_type}")
            parts = {number: value for number, _, value, _ in fields(entry)}
            key, value = (parts.get(number, memoryview(b"")) for number in (1, 2))
            if isinstance(key, int) or isinstance(value, int):
                raise BadSample("an entry has a number for its key or value")
            kinds = {number: each for number, _, each, _ in fields(value)}
            text = kinds.get(_PROPERTY_TEXT, b"")
            if set(kinds) <= {_PROPERTY_TEXT, _PROPERTY_FLAG} and not kinds.get(_PROPERTY_FLAG):
                texts[str(key, "utf-8")] = "" if isinstance(text, int) else str(text, "utf-8")
            else:
                others[str(key, "utf-8")] = bytes(value)
    except (BadSample, UnicodeDecodeError, OSError) as err:
        log.problem(
            str(file),
            Sentence(
                f"{getattr(err, 'message', 'not in UTF-8')}; the rest is passed over",
                f"{in_chinese(getattr(err, 'message', '不是 UTF-8 编码'))}，其余内容已忽略",
            ),
        )
    return texts, others


def format_properties(texts: dict[str, str], others: dict[str, bytes]) -> bytes:
    """The key-value store with these texts, and values as `read_properties` gave them."""
    values = {key: bytes_field(_PROPERTY_TEXT, text.encode()) for key, text in texts.items()} | others
    return b"".join(
        bytes_field(1, bytes_field(1, key.encode()), bytes_field(2, value)) for key, value in values.items()
    )
