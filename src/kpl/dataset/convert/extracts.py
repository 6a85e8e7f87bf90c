"""Reading parts of the files of a source, or, for an index in place, remembering where they are."""

import os
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from xxhash import xxh3_64_intdigest

from kpl.dataset.convert.source import Extract, SourceFolder
from kpl.dataset.convert.streams import Stream, Unpacked, open_stream
from kpl.dataset.errors import BadSample
from kpl.dataset.references import Reference
from kpl.errors import Invalid


class Extracts:
    """The extracts of a source. Those of one file after the other, in order, are read fastest.

    Args:
        dest: folder of the dataset that will refer to them; None to copy them.
    """

    def __init__(self, source: SourceFolder, dest: Path | None) -> None:
        self.source, self._dest = source, dest
        self._open: tuple[PurePosixPath, Stream] | None = None
        self._root = os.path.relpath(source.root.resolve(), dest.resolve()) if dest is not None else ""

    def read(self, extract: Extract) -> bytes:
        """The bytes themselves.

        Raises:
            OSError, BadSample: they cannot be read.
        """
        if extract.length < 0:
            return self.source.read(extract.file)
        if self._open is None or self._open[0] != extract.file:
            self.close()
            self._open = extract.file, open_stream(self.source.root / extract.file)
        stream = self._open[1]
        stream.seek(extract.position)
        data = stream.read(extract.length)
        if len(data) != extract.length:
            raise BadSample("the file became shorter while it was being read")
        return data

    def kept(self, extract: Extract, data: bytes) -> bytes | Reference:
        """What is to be stored: the bytes, or in place where they are.

        Raises:
            Invalid: in a compressed file, they have no place.
        """
        if self._dest is None:
            return data
        if self._open is not None and extract.length >= 0 and isinstance(self._open[1], Unpacked):
            raise Invalid(
                f"{self.source.root / extract.file} is compressed: its records have no place of their own.",
                hint="Decompress it, or pack it instead.",
            )
        size = (self.source.root / extract.file).stat().st_size
        path = (PurePosixPath(self._root) / extract.file).as_posix()
        return Reference(path, size, max(extract.position, 0), len(data), xxh3_64_intdigest(data))

    def close(self) -> None:
        """Let go of the open file."""
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
