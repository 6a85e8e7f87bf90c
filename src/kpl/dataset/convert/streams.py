"""Files read forwards piece by piece, unpacked on the way where they are compressed with gzip or zlib."""

import zlib
from pathlib import Path
from typing import BinaryIO, Protocol

from kpl.dataset.errors import BadSample
from kpl.sentence import Sentence

_CHUNK_BYTES = 1 << 18
_MAX_FOLD = 250  # zlib reaches 1032 with nothing but zeros, real data hardly 50
_HARMLESS_BYTES = 64 << 20  # so much may come of a few bytes


class Stream(Protocol):
    """What files and unpacked files have in common."""

    def read(self, size: int, /) -> bytes:
        """The next bytes; fewer than asked for at the end only."""
        ...

    def seek(self, position: int, /) -> int: ...
    def tell(self) -> int: ...
    def close(self) -> None: ...


class Unpacked:
    """The content of a gzip or zlib file, in which one can also go back, at the cost of beginning anew.

    Raises, when read:
        BadSample: damaged, cut short, or expanding as only a bomb does.
    """

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("rb")
        self._begin()

    def _begin(self) -> None:
        self._file.seek(0)
        self._zlib = zlib.decompressobj(47)  # either of the two headers
        self._ready, self._at = b"", 0
        self._position = self._produced = 0

    def tell(self) -> int:
        return self._position

    def seek(self, position: int) -> int:
        if position < self._position:
            self._begin()
        while self._position < position and self.read(min(position - self._position, _CHUNK_BYTES)):
            pass
        return self._position

    def read(self, size: int) -> bytes:
        parts = []
        wanted = size
        while wanted > 0 and (self._at < len(self._ready) or self._unpack()):
            part = self._ready[self._at : self._at + wanted]
            self._at += len(part)
            parts.append(part)
            wanted -= len(part)
        self._position += size - wanted
        return b"".join(parts)

    def _unpack(self) -> bool:
        """Whether there is more; the next piece is then ready."""
        self._ready, self._at = b"", 0
        while not self._ready:
            if self._zlib.eof:  # gzip files may follow each other, and zeros the last one
                packed = (self._zlib.unused_data or self._file.read(_CHUNK_BYTES)).lstrip(b"\0")
                if not packed:
                    return False
                self._zlib = zlib.decompressobj(47)
            else:
                packed = self._zlib.unconsumed_tail or self._file.read(_CHUNK_BYTES)
                if not packed:
                    raise BadSample(Sentence("the compressed file was cut short", "压缩文件不完整"))
            try:
                self._ready = self._zlib.decompress(packed, _CHUNK_BYTES)
            except zlib.error as err:
                raise BadSample(
                    Sentence(f"the compressed data are damaged: {err}", f"压缩数据已损坏（{err}）")
                ) from err
            self._produced += len(self._ready)
            if self._produced > _HARMLESS_BYTES and self._produced > _MAX_FOLD * self._file.tell():
                raise BadSample(
                    Sentence(
                        f"it expands more than {_MAX_FOLD}-fold, as only a bomb does",
                        f"解压后超过 {_MAX_FOLD} 倍，疑似压缩炸弹",
                    )
                )
        return True

    def close(self) -> None:
        self._file.close()


def open_stream(path: Path) -> Stream:
    """A file to be read, unpacked where it begins as gzip or zlib do.

    A file of TFRecords may begin with the letters of zlib by chance; it then also begins with a length that it has.
    """
    file = path.open("rb")
    head = file.read(8)
    file.seek(0)
    is_zlib = head[:1] == b"\x78" and int.from_bytes(head[:2], "big") % 31 == 0
    if head[:2] == b"\x1f\x8b" or (is_zlib and int.from_bytes(head, "little") > path.stat().st_size):
        file.close()
        return Unpacked(path)
    return file
