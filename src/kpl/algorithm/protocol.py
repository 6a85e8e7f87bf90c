"""The task contract: the files and variables by which the platform and a process of any language talk.

Both sides import it: the platform writes inputs and reads events, `kpl.algorithm.author` does the opposite.
It needs the standard library alone, so that a process starts fast.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kpl.errors import Invalid
from kpl.sentence import sentence

CONTRACT_VERSION = "kpl.task/v1"

PARAMETERS = "KPL_PARAMETERS"
INPUTS = "KPL_INPUTS"
EVENTS = "KPL_EVENTS"
CHECKPOINTS = "KPL_CHECKPOINTS"
ALGORITHM = "KPL_ALGORITHM"
RUN_ID = "KPL_RUN_ID"
TASK_ID = "KPL_TASK_ID"
ATTEMPT = "KPL_ATTEMPT"
PROJECT = "KPL_PROJECT"
HOST = "KPL_HOST"
PORT = "KPL_PORT"
BASE_PATH = "KPL_BASE_PATH"
INPUT_PREFIX = "KPL_INPUT_"
OUTPUT_PREFIX = "KPL_OUTPUT_"

READY_PATH = "/v2/health/ready"

MAX_LINE_BYTES = 1 << 20
_MAX_READ_BYTES = 8 << 20


def input_variable(name: str) -> str:
    """The variable that holds the path of one input: `KPL_INPUT_TRAIN_SET` for `train_set`."""
    return INPUT_PREFIX + _spelled(name)


def output_variable(name: str) -> str:
    """The variable that holds the folder of one output."""
    return OUTPUT_PREFIX + _spelled(name)


def _spelled(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", name.upper())


@dataclass(frozen=True, slots=True)
class ProvidedInput:
    """An input as the process finds it: a folder to read from."""

    name: str
    type: str
    kind: str
    path: Path
    digest: str = ""


def write_inputs(path: Path, inputs: Iterable[ProvidedInput]) -> None:
    """Write the file behind `KPL_INPUTS`."""
    document = {
        each.name: {key: str(value) for key, value in asdict(each).items() if key != "name"}
        for each in inputs
    }
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")


def read_inputs(path: Path) -> dict[str, ProvidedInput]:
    """Read the file behind `KPL_INPUTS`."""
    return {
        name: ProvidedInput(
            name,
            fields.get("type", ""),
            fields.get("kind", ""),
            Path(fields["path"]),
            fields.get("digest", ""),
        )
        for name, fields in _read_object(path).items()
    }


def write_parameters(path: Path, values: Mapping[str, Any]) -> None:
    """Write the file behind `KPL_PARAMETERS`."""
    path.write_text(json.dumps(dict(values), indent=1, ensure_ascii=False, allow_nan=False), encoding="utf-8")


def read_parameters(path: Path) -> dict[str, Any]:
    """Read the file behind `KPL_PARAMETERS`."""
    return _read_object(path)


def _read_object(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        raise Invalid(
            f"{path} cannot be read as JSON: {err}.", hint="It is written by KPL: do not change it."
        ) from err
    if not isinstance(document, dict):
        raise Invalid(f"{path} holds no JSON object.", hint="It is written by KPL: do not change it.")
    return document


def task_variables(
    *,
    parameters: Path,
    inputs_file: Path,
    inputs: Iterable[ProvidedInput],
    outputs: Mapping[str, Path],
    events: Path,
    checkpoints: Path,
    algorithm: Path,
) -> dict[str, str]:
    """The variables that lead a process to its files. Identity, address and devices are added elsewhere."""
    return {
        PARAMETERS: str(parameters),
        INPUTS: str(inputs_file),
        EVENTS: str(events),
        CHECKPOINTS: str(checkpoints),
        ALGORITHM: str(algorithm),
        **{input_variable(each.name): str(each.path) for each in inputs},
        **{output_variable(name): str(path) for name, path in outputs.items()},
    }


def fill_command(command: Iterable[str], *, algorithm: Path, python: str) -> list[str]:
    """The argv to start: `{algorithm}` is the folder, a leading `python` the environment's interpreter."""
    words = [word.replace("{algorithm}", str(algorithm)) for word in command]
    return [python, *words[1:]] if words[0] == "python" else words


@dataclass(frozen=True, slots=True)
class Metric:
    name: str
    value: float
    step: int | None = None
    time_s: float | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the task is, from 0 to 1."""

    value: float
    message: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    text: str


@dataclass(frozen=True, slots=True)
class Figure:
    """Something to look at: the path of a file, or data for a chart."""

    name: str
    path: str = ""
    data: Any = None


Event = Metric | Progress | Note | Figure


def read_events(path: Path, offset: int = 0, *, is_final: bool = False) -> tuple[list[Event], list[str], int]:
    """Read what was appended to an events file since `offset`.

    Only whole lines are read, at most 8 MiB at a time: call again while the offset moves.

    Args:
        is_final: the process has ended, so that a last line without its end counts too.
    Returns:
        The events; one sentence for each line that is none, which never stops the rest; the offset to go on
        from.
    """
    lines, problems, end = read_lines(path, offset, is_final=is_final)
    events, not_events = parse_lines(lines, offset)
    return events, problems + not_events, end


def read_lines(path: Path, offset: int, *, is_final: bool) -> tuple[bytes, list[str], int]:
    """Like `read_events`, with the lines unread; the sentences are about lines that were dropped."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read(_MAX_READ_BYTES)
    except FileNotFoundError:
        return b"", [], offset
    whole = data if is_final and len(data) < _MAX_READ_BYTES else data[: data.rfind(b"\n") + 1]
    if not whole and len(data) == _MAX_READ_BYTES:
        dropped = f"byte {offset}: a line of more than {_MAX_READ_BYTES} bytes was dropped."
        return b"", [dropped], offset + len(data)
    return whole, [], offset + len(whole)


def parse_lines(lines: bytes, offset: int) -> tuple[list[Event], list[str]]:
    """The events in lines of an events file that begin at `offset`, and a sentence for each line that is none."""
    events: list[Event] = []
    problems: list[str] = []
    for line in lines.splitlines(keepends=True):
        _read_line(line, offset, events, problems)
        offset += len(line)
    return events, problems


def _read_line(line: bytes, offset: int, events: list[Event], problems: list[str]) -> None:
    if not line.strip():
        return
    try:
        if len(line) > MAX_LINE_BYTES:
            raise ValueError(f"the line has more than {MAX_LINE_BYTES} bytes")
        events.append(parse_event(json.loads(line)))
    except (ValueError, TypeError, RecursionError) as err:
        shown = line[:80].decode(errors="replace").strip()
        problems.append(f"byte {offset}: {shown!r} is not an event: {err}.")


def parse_event(fields: Any) -> Event:
    """An event from its JSON object.

    Raises:
        ValueError: it is none; the message says why.
    """
    if not isinstance(fields, dict):
        raise ValueError("it is not a JSON object")
    match fields.get("type"):
        case "metric":
            step = _number(fields, "step", default=None)
            time_s = _number(fields, "time", default=None)
            whole_step = None if step is None else int(step)
            return Metric(_text(fields, "name"), _required_number(fields, "value"), whole_step, time_s)
        case "progress":
            value = _required_number(fields, "value")
            return Progress(min(1.0, max(0.0, value)), _words(fields, "message", default=""))
        case "note":
            return Note(_words(fields, "text"))
        case "figure":
            if "path" not in fields and "data" not in fields:
                raise ValueError("a figure needs 'path' or 'data'")
            return Figure(_text(fields, "name"), _text(fields, "path", default=""), fields.get("data"))
        case other:
            raise ValueError(f"its type is {other!r}, not metric, progress, note or figure")


def _words(fields: dict[str, Any], key: str, *, default: str | None = None) -> str:
    """A text with its Chinese, which stands beside it as `KEY_zh`."""
    return sentence(_text(fields, key, default=default), _text(fields, f"{key}_zh", default=""))


def _text(fields: dict[str, Any], key: str, *, default: str | None = None) -> str:
    value = fields.get(key, default)
    if not isinstance(value, str) or (default is None and not value):
        raise ValueError(f"'{key}' must be text, not {value!r}")
    return value


def _number(fields: dict[str, Any], key: str, *, default: float | None) -> float | None:
    value = fields.get(key, default)
    if value is None:
        return None
    # bool is an int in Python, never a number for a reader.
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"'{key}' must be a finite number, not {value!r}")
    return float(value)


def _required_number(fields: dict[str, Any], key: str) -> float:
    value = _number(fields, key, default=None)
    if value is None:
        raise ValueError(f"'{key}' is missing")
    return value
