"""Reading JSON from strangers: whole files and lines, with the line of what is wrong."""

import re
from pathlib import PurePosixPath
from typing import Any

import msgspec

from kpl.dataset.convert.report import ProblemLog
from kpl.dataset.convert.source import SourceFolder
from kpl.sentence import Sentence

_MAX_BYTES = 2 << 30
_BYTE = re.compile(r"\(byte (\d+)\)")


def read_json(source: SourceFolder, file: PurePosixPath, log: ProblemLog) -> Any:
    """The value in a file; None, and a problem, where it cannot be read."""
    try:
        if (source.root / file).stat().st_size > _MAX_BYTES:
            log.problem(
                str(file),
                Sentence(
                    f"more than {_MAX_BYTES} bytes are too many; left out",
                    f"文件超过 {_MAX_BYTES} 字节，已跳过",
                ),
            )
            return None
        data = source.read(file).removeprefix(b"\xef\xbb\xbf")
    except OSError as err:
        log.problem(
            str(file),
            Sentence(f"cannot be read: {err.strerror}; left out", f"无法读取（{err.strerror}），已跳过"),
        )
        return None
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as err:
        at = _BYTE.search(str(err))
        line = data[: int(at[1])].count(b"\n") + 1 if at else 0
        log.problem(
            str(file),
            Sentence(
                f"not JSON: {_BYTE.sub('', str(err)).strip()}; left out",
                f"不是有效的 JSON（{_BYTE.sub('', str(err)).strip()}），已跳过",
            ),
            line,
        )
        return None


def has_keys(source: SourceFolder, file: PurePosixPath, *names: str) -> bool:
    """Whether a file is a JSON object with all these keys, found out without keeping its content."""
    probe = msgspec.defstruct("Probe", [(name, msgspec.Raw) for name in names])
    try:
        if (source.root / file).stat().st_size > _MAX_BYTES:
            return False
        msgspec.json.decode(source.read(file).removeprefix(b"\xef\xbb\xbf"), type=probe)
    except (OSError, msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
    return True


def json_files(source: SourceFolder) -> list[PurePosixPath]:
    """Files that are JSON by their name."""
    return [file for file in source.files if file.suffix.lower() == ".json"]
