"""YAML text to plain values with line numbers, and back to text that is the same for equal values.

The reader takes the JSON-like core of YAML 1.2: `no`, `on` and `1:30` are text, `1e-3` is a number. Tags,
anchors, aliases, several documents and repeated keys are refused, so nothing can be hidden or blown up in a
pipeline. What the values mean is left to `kpl.pipeline.document`.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any, NoReturn

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from kpl.errors import Invalid
from kpl.sentence import Sentence, in_chinese

MAX_CHARACTERS = 4 << 20
MAX_DEPTH = 48
LINE_WIDTH = 110
_MAX_INTEGER = 2**63

Path = tuple[str | int, ...]
Lines = Mapping[Path, int]

_INTEGER = re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z", re.ASCII)
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: Mapping[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


def dotted(path: Path) -> str:
    """Write a path as people read it: `nodes[3].parameters.lr`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read_text(text: str, *, source: str) -> tuple[Any, Lines]:
    """Read YAML or JSON.

    Args:
        source: what the text is called in messages, usually a file name.
    Returns:
        the value, and the line (from 1) of each path in it; JSON comes without lines.
    Raises:
        Invalid: the text is not well formed; the message names the line.
    """
    if len(text) > MAX_CHARACTERS:
        raise Invalid(
            Sentence(
                f"{source}: {len(text)} characters are more than the {MAX_CHARACTERS} that a pipeline may have.",
                f"{source}：{len(text)} 个字符，超过流水线上限 {MAX_CHARACTERS}。",
            )
        )
    if text.lstrip().startswith("{"):
        try:
            value = json.loads(text, object_pairs_hook=_refuse_repeated_keys)
        except (json.JSONDecodeError, RecursionError):
            pass  # `{` also begins YAML in flow style; the reader below finds the better words
        except _RepeatedKeyError as err:
            raise Invalid(
                Sentence(
                    f"{source}: the key '{err}' stands twice in one object.",
                    f"{source}：同一对象中键“{err}”出现两次。",
                ),
                hint=Sentence("Keep one.", "请保留一个。"),
            ) from err
        else:
            return value, {}
    return _YamlReader(text, source).read()


class _RepeatedKeyError(ValueError):
    pass


def _refuse_repeated_keys(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in pairs:
        if key in values:
            raise _RepeatedKeyError(key)
        values[key] = value
    return values


class _YamlReader:
    """Builds values from YAML events: PyYAML's constructor forgets lines and keeps the last of two keys."""

    def __init__(self, text: str, source: str) -> None:
        self._source = source
        self._events: Iterator[Event] = yaml.parse(text, Loader=yaml.SafeLoader)
        self._lines: dict[Path, int] = {}

    def read(self) -> tuple[Any, Lines]:
        try:
            self._expect(StreamStartEvent)
            if isinstance(next(self._events), StreamEndEvent):
                raise Invalid(
                    Sentence(f"{self._source}: the text is empty.", f"{self._source}：文本为空。"),
                    hint=Sentence(
                        "Begin with `schema: kpl.pipeline/v1`.", "请以 `schema: kpl.pipeline/v1` 开头。"
                    ),
                )
            value = self._value(next(self._events), ())
            next(self._events)  # the end of the document
            following = next(self._events)
        except yaml.MarkedYAMLError as err:
            mark = err.problem_mark or err.context_mark
            where = f"{self._source}:{mark.line + 1}" if mark else self._source
            raise Invalid(
                Sentence(
                    f"{where}: this is not well-formed YAML: {err.problem or err.context}.",
                    f"{where}：不是有效的 YAML：{err.problem or err.context}。",
                )
            ) from err
        except yaml.YAMLError as err:
            reason = " ".join(str(err).split())
            raise Invalid(
                Sentence(
                    f"{self._source}: this is not well-formed YAML: {reason}.",
                    f"{self._source}：不是有效的 YAML：{reason}。",
                )
            ) from err
        if isinstance(following, DocumentStartEvent):
            self._refuse(
                following,
                Sentence("a second document begins here", "此处开始了第二个文档"),
                Sentence("Keep one pipeline in a file.", "一个文件只放一个流水线。"),
            )
        return value, self._lines

    def _expect(self, kind: type[Event]) -> None:
        event = next(self._events)
        assert isinstance(event, kind), f"a YAML stream began with {event}"

    def _value(self, event: Event, path: Path) -> Any:
        self._lines[path] = _line(event)
        if len(path) > MAX_DEPTH:
            self._refuse(
                event,
                Sentence(f"values are nested more than {MAX_DEPTH} deep", f"值的嵌套超过 {MAX_DEPTH} 层"),
                Sentence("Flatten them.", "请减少嵌套。"),
            )
        if isinstance(event, AliasEvent):
            self._refuse(
                event,
                Sentence(f"the alias '*{event.anchor}' is not allowed", f"不允许别名 '*{event.anchor}'"),
                Sentence("Write the value out.", "请直接写出该值。"),
            )
        assert isinstance(event, ScalarEvent | MappingStartEvent | SequenceStartEvent), f"unexpected {event}"
        if event.anchor is not None:
            self._refuse(
                event,
                Sentence(f"the anchor '&{event.anchor}' is not allowed", f"不允许锚点 '&{event.anchor}'"),
                Sentence("Write the value out where it is used.", "请在使用处直接写出该值。"),
            )
        if event.tag not in (None, "!"):
            self._refuse(
                event,
                Sentence(f"the tag '{event.tag}' is not allowed", f"不允许标签 '{event.tag}'"),
                Sentence("Remove it; types follow from the values.", "请删除它；类型由值决定。"),
            )
        if isinstance(event, MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(path)
        return self._scalar(event)

    def _mapping(self, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            key = self._scalar(event) if isinstance(event, ScalarEvent) else None
            if not isinstance(key, str):
                shown = event.value if isinstance(event, ScalarEvent) else "this"
                self._refuse(
                    event,
                    Sentence(f"the key '{shown}' is not text", f"键“{shown}”不是文本"),
                    Sentence("Put it in quotes.", "请加引号。"),
                )
            if key in values:
                self._refuse(
                    event,
                    Sentence(
                        f"the key '{key}' stands twice under '{dotted(path) or 'the document'}'",
                        f"“{dotted(path) or '文档'}”之下键“{key}”出现两次",
                    ),
                    Sentence("Keep one.", "请保留一个。"),
                )
            line = _line(event)
            values[key] = self._value(next(self._events), (*path, key))
            self._lines[*path, key] = line
        return values

    def _sequence(self, path: Path) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            values.append(self._value(event, (*path, len(values))))
        return values

    def _scalar(self, event: ScalarEvent) -> str | int | float | bool | None:
        text: str = event.value
        if not event.implicit[0]:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.match(text):
            return self._integer(event, text)
        if _FLOAT.match(text):
            number = float(text)
            if not isfinite(number):
                self._refuse(
                    event,
                    Sentence(f"the number {text} is too large", f"数字 {text} 过大"),
                    Sentence(
                        "Write a number below 1e308, or put text in quotes.",
                        "请写小于 1e308 的数，文本请加引号。",
                    ),
                )
            return number
        if _NOT_FINITE.fullmatch(text):
            self._refuse(
                event,
                Sentence(f"{text} is not a number that JSON knows", f"{text} 不是 JSON 支持的数字"),
                Sentence("Write a finite number, or put text in quotes.", "请写有限的数，文本请加引号。"),
            )
        return text

    def _integer(self, event: ScalarEvent, text: str) -> int:
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        number = int(text, base) if len(text) < 30 else _MAX_INTEGER
        if abs(number) >= _MAX_INTEGER:
            self._refuse(
                event,
                Sentence(f"the number {text[:40]} is too large", f"数字 {text[:40]} 过大"),
                Sentence("Numbers have 64 bits; put text in quotes.", "数字为 64 位；文本请加引号。"),
            )
        return number

    def _refuse(self, event: Event, what: str, fix: str) -> NoReturn:
        raise Invalid(
            Sentence(
                f"{self._source}:{_line(event)}: {what}.",
                f"{self._source}:{_line(event)}：{in_chinese(what)}。",
            ),
            hint=fix,
        )


def _line(event: Event) -> int:
    assert event.start_mark is not None, "events of a text have marks"
    return event.start_mark.line + 1


def check_plain(value: Any, path: Path = ()) -> None:
    """Refuse what JSON cannot hold: NaN, integers beyond 64 bits, other types, half characters, depth."""
    if len(path) > MAX_DEPTH:
        raise Invalid(
            Sentence(
                f"{dotted(path[:3])}: values are nested more than {MAX_DEPTH} deep.",
                f"{dotted(path[:3])}：值的嵌套超过 {MAX_DEPTH} 层。",
            ),
            hint=Sentence("Flatten them.", "请减少嵌套。"),
        )
    match value:
        case None | bool():
            return
        case str():
            _check_characters(value, path)
        case int():
            if abs(value) >= _MAX_INTEGER:
                raise Invalid(
                    Sentence(f"{dotted(path)}: the number is too large.", f"{dotted(path)}：数字过大。"),
                    hint=Sentence("Numbers have 64 bits.", "数字为 64 位。"),
                )
        case float():
            if not isfinite(value):
                raise Invalid(
                    Sentence(
                        f"{dotted(path)}: {value} is not a number that JSON knows.",
                        f"{dotted(path)}：{value} 不是 JSON 支持的数字。",
                    ),
                    hint=Sentence("Write a finite one.", "请写有限的数。"),
                )
        case dict():
            _check_keys(value, path)
            for key, inner in value.items():
                check_plain(inner, (*path, key))
        case list():
            for number, inner in enumerate(value):
                check_plain(inner, (*path, number))
        case _:
            raise Invalid(
                Sentence(
                    f"{dotted(path)}: a {type(value).__name__} has no place in a pipeline.",
                    f"{dotted(path)}：流水线中不能有 {type(value).__name__}。",
                ),
                hint=Sentence(
                    "Use text, numbers, true, false, null, lists and objects.",
                    "请使用文本、数字、true、false、null、列表和对象。",
                ),
            )


def _check_keys(values: Mapping[Any, Any], path: Path) -> None:
    for key in values:
        if not isinstance(key, str):
            raise Invalid(
                Sentence(
                    f"{dotted(path)}: the key {key!r} is not text.", f"{dotted(path)}：键 {key!r} 不是文本。"
                ),
                hint=Sentence("Keys are text.", "键应为文本。"),
            )
        _check_characters(key, path)


def _check_characters(text: str, path: Path) -> None:
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise Invalid(
            Sentence(
                f"{dotted(path)}: the text holds half a character (a lone surrogate).",
                f"{dotted(path)}：文本含半个字符（孤立代理项）。",
            ),
            hint=Sentence("Type it anew.", "请重新输入。"),
        )


class Inline(dict[str, Any]):
    """A mapping that is written on one line, as in `{x: 480, y: 120}`."""


def write_yaml(value: Mapping[str, Any]) -> str:
    """Write plain values as YAML; keys keep their order, text that some YAML could misread is quoted."""
    return yaml.dump(
        value, Dumper=_Writer, allow_unicode=True, sort_keys=False, default_flow_style=False, width=LINE_WIDTH
    )


class _Writer(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature is PyYAML's
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)

    def write_text(self, data: str) -> yaml.ScalarNode:
        style = "|" if "\n" in data else None
        if not data.replace("\n", "").isprintable():
            style = '"'  # PyYAML would fold the rarer line breaks (U+0085, U+2028) into spaces
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)

    def write_inline(self, data: Inline) -> yaml.MappingNode:
        return self.represent_mapping("tag:yaml.org,2002:map", data.items(), flow_style=True)


_Writer.add_representer(str, _Writer.write_text)
_Writer.add_representer(Inline, _Writer.write_inline)
# PyYAML follows YAML 1.1; these are the numbers of 1.2 that it would write as bare text.
_Writer.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+.0123456789"))
_Writer.add_implicit_resolver("tag:yaml.org,2002:int", _INTEGER, list("-+0123456789"))
