"""The border: text or plain values to a `Document`; each refusal has its path, line and nearest known name.

Only the form is judged here. Whether nodes, ports and parameters exist and fit, `kpl.pipeline.validate` says.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from kpl.errors import Invalid, nearest
from kpl.pipeline.document import (
    KEYWORDS,
    NAME_RULE,
    NODE_ID_PATTERN,
    NOTE_COLOURS,
    NOTE_PATTERN,
    PARAMETER_PATTERN,
    PORT_PATTERN,
    SCHEMA,
    SUBSCHEMAS,
    AlgorithmNode,
    ConditionNode,
    DatasetNode,
    Document,
    Edge,
    ModelNode,
    Node,
    Note,
    Parameter,
    Position,
    Search,
    SearchRange,
    is_name,
)
from kpl.pipeline.text import Lines, Path, check_plain, dotted, read_text
from kpl.sentence import Sentence, in_chinese
from kpl.task import OPERATORS
from kpl.task.spec import MAX_TRIALS, Direction, SearchMethod

LANGUAGE_PATTERN = r"^[a-z]{2}(-[A-Za-z]{2,4})?$"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One place that cannot be read. `line` counts from 1; 0 when the document did not come as YAML."""

    path: str
    what: str
    fix: str = ""
    line: int = 0


class InvalidDocument(Invalid):
    """A document that has not the form of a pipeline; `refusals` names every place."""

    code = "invalid_document"

    def __init__(self, refusals: Iterable[Refusal], *, source: str) -> None:
        self.refusals = tuple(refusals)
        told = [_sentence(refusal, source) for refusal in self.refusals]
        super().__init__(Sentence("\n".join(told), "\n".join(map(in_chinese, told))))


def _sentence(refusal: Refusal, source: str) -> str:
    where = f"{source}:{refusal.line}" if refusal.line else source
    return Sentence(
        f"{where}: {refusal.path}: {refusal.what} {refusal.fix}".strip(),
        f"{where}：{refusal.path}：{in_chinese(refusal.what)}{in_chinese(refusal.fix)}",
    )


def parse(document: str | Mapping[str, Any], *, source: str = "pipeline") -> Document:
    """Read a pipeline from YAML or JSON text, or from plain values as JSON has them.

    Args:
        source: what the document is called in messages, usually a file name.
    Raises:
        InvalidDocument: it has not the form of a pipeline; the message lists every place, by line for YAML.
    """
    lines: Lines = {}
    plain: Any = document
    if isinstance(document, str):
        plain, lines = read_text(document, source=source)
    elif isinstance(document, Mapping):
        plain = dict(document)
    if not isinstance(plain, dict):
        raise InvalidDocument(
            [
                Refusal(
                    "document",
                    Sentence(f"{_shown(plain)} is not a mapping.", f"{_shown(plain)} 不是键值映射。"),
                    Sentence(
                        "Begin with `schema: kpl.pipeline/v1`.", "请以 `schema: kpl.pipeline/v1` 开头。"
                    ),
                )
            ],
            source=source,
        )
    try:
        check_plain(plain)
    except Invalid as err:
        raise InvalidDocument([Refusal("document", err.message, err.hint)], source=source) from err
    return _Reader(source, lines).document(plain)


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=False)


ShapeT = TypeVar("ShapeT", bound=_Shape)
T = TypeVar("T")


class _DocumentShape(_Shape):
    schema_: Literal["kpl.pipeline/v1"] = Field(alias="schema")
    name: str
    title: Any = ""
    description: Any = ""
    task: str = ""
    parameters: dict[str, dict[str, Any]] = {}
    nodes: list[dict[str, Any]] = []
    edges: list[dict[str, Any]] = []
    layout: dict[str, dict[str, Any]] = {}


class _DatasetShape(_Shape):
    id: str
    type: Literal["dataset"]
    dataset: str
    title: Any = ""


class _ModelShape(_Shape):
    id: str
    type: Literal["model"]
    model: str
    title: Any = ""


class _AlgorithmShape(_Shape):
    id: str
    type: Literal["algorithm"]
    algorithm: str
    function: str
    title: Any = ""
    parameters: dict[str, Any] = {}
    resources: dict[str, Any] = {}
    retries: int = Field(0, ge=0, le=100)
    timeout_s: float | None = Field(None, gt=0)
    publish: dict[str, str] = {}
    endpoint: str = ""
    search: dict[str, Any] | None = None


class _SearchShape(_Shape):
    parameters: dict[str, dict[str, Any]] = {}
    trials: int = Field(10, ge=1, le=MAX_TRIALS)
    parallel: int = Field(1, ge=1, le=MAX_TRIALS)
    budget_s: float | None = Field(None, gt=0)
    method: SearchMethod = "tpe"
    pruning: bool = False
    metric: str = ""
    direction: Direction | None = None
    seed: int = Field(0, ge=0, lt=1 << 32)


class _RangeShape(_Shape):
    min: float | None = None
    max: float | None = None
    log: bool = False
    step: float | None = None
    choices: list[Any] = []


class _ConditionShape(_Shape):
    id: str
    type: Literal["condition"]
    metric: str = ""
    operator: str = ">="
    value: Any = None
    title: Any = ""


class _EdgeShape(_Shape):
    from_: str = Field(alias="from")
    to: str


class _PositionShape(_Shape):
    x: float
    y: float


class _NoteShape(_Shape):
    x: float
    y: float
    width: float = Field(gt=0, le=100_000)
    height: float = Field(gt=0, le=100_000)
    text: str = Field("", max_length=10_000)
    colour: str = "grey"


_NODE_SHAPES: Mapping[str, type[_Shape]] = {
    "dataset": _DatasetShape,
    "model": _ModelShape,
    "algorithm": _AlgorithmShape,
    "condition": _ConditionShape,
}


class _Reader:
    """Reads one document and gathers every refusal before it gives up."""

    def __init__(self, source: str, lines: Lines) -> None:
        self._source = source
        self._lines = lines
        self._refusals: list[Refusal] = []
        self._conditions: set[str] = set()

    def document(self, plain: dict[str, Any]) -> Document:
        shape = self._shape(_DocumentShape, plain, ())
        nodes: list[Node] = self._entries(plain.get("nodes"), "nodes", self._node)
        edges = self._entries(plain.get("edges"), "edges", self._edge)
        parameters = self._named(plain.get("parameters"), "parameters", self._parameter)
        layout = self._named(plain.get("layout"), "layout", self._place)
        if shape is not None:
            if not is_name(shape.name):
                self._refuse(
                    ("name",),
                    Sentence(
                        f"{_shown(shape.name)} cannot name a pipeline.",
                        f"{_shown(shape.name)} 不能作为流水线的名称。",
                    ),
                    NAME_RULE,
                )
            title = self._texts(shape.title, ("title",))
            description = self._texts(shape.description, ("description",))
        if self._refusals or shape is None:
            raise InvalidDocument(self._refusals, source=self._source)
        return Document(
            name=shape.name,
            title=title,
            description=description,
            task=shape.task,
            parameters=tuple(parameters.values()),
            nodes=tuple(nodes),
            edges=tuple(edges),
            layout={name: place for name, place in layout.items() if isinstance(place, Position)},
            notes={name: place for name, place in layout.items() if isinstance(place, Note)},
        )

    def _node(self, plain: dict[str, Any], path: Path) -> Node | None:
        kind = plain.get("type")
        shape_class = _NODE_SHAPES.get(kind) if isinstance(kind, str) else None
        if shape_class is None:
            what = (
                Sentence("'type' is missing.", "缺少“type”。")
                if kind is None
                else Sentence(f"type {_shown(kind)} is not known.", f"未知的类型 {_shown(kind)}。")
            )
            self._refuse((*path, "type"), what, nearest(str(kind or ""), _NODE_SHAPES))
            return None
        shape = self._shape(shape_class, plain, path)
        if isinstance(shape, _DatasetShape | _ModelShape | _AlgorithmShape | _ConditionShape):
            self._check_node_id(shape.id, (*path, "id"))
            title = self._texts(shape.title, (*path, "title"))
            match shape:
                case _DatasetShape():
                    return DatasetNode(shape.id, shape.dataset, title)
                case _ModelShape():
                    return ModelNode(shape.id, shape.model, title)
                case _AlgorithmShape():
                    return AlgorithmNode(
                        id=shape.id,
                        algorithm=shape.algorithm,
                        function=shape.function,
                        title=title,
                        parameters=deepcopy(shape.parameters),
                        resources=deepcopy(shape.resources),
                        retries=shape.retries,
                        timeout_s=None if shape.timeout_s is None else _whole(shape.timeout_s),
                        publish=dict(shape.publish),
                        endpoint=shape.endpoint,
                        search=self._search(shape.search, (*path, "search")),
                    )
                case _ConditionShape():
                    self._conditions.add(shape.id)
                    return self._condition(shape, title, path)
        return None

    def _condition(self, shape: _ConditionShape, title: dict[str, str], path: Path) -> ConditionNode | None:
        value = shape.value
        if isinstance(value, bool) or not isinstance(value, int | float | str | None):
            self._refuse(
                (*path, "value"),
                Sentence(f"{_shown(value)} is not a number.", f"{_shown(value)} 不是数字。"),
                Sentence("Write a number, or ${parameters.NAME}.", "请写一个数字，或 ${parameters.名称}。"),
            )
            return None
        operator = next((each for each in OPERATORS if each == shape.operator), None)
        if operator is None:
            self._refuse(
                (*path, "operator"),
                Sentence(
                    f"{_shown(shape.operator)} does not compare.",
                    f"{_shown(shape.operator)} 不是比较运算符。",
                ),
                Sentence(
                    f"Write one of {' '.join(OPERATORS)}, in quotes.",
                    f"请写 {' '.join(OPERATORS)} 之一，并加引号。",
                ),
            )
            return None
        return ConditionNode(shape.id, shape.metric, operator, value, title)

    def _search(self, plain: dict[str, Any] | None, path: Path) -> Search | None:
        shape = None if plain is None else self._shape(_SearchShape, plain, path)
        if shape is None:
            return None
        ranges = {
            name: self._range(each, (*path, "parameters", name)) for name, each in shape.parameters.items()
        }
        return Search(
            parameters=ranges,
            trials=shape.trials,
            parallel=shape.parallel,
            budget_s=None if shape.budget_s is None else _whole(shape.budget_s),
            method=shape.method,
            pruning=shape.pruning,
            metric=shape.metric,
            direction=shape.direction,
            seed=shape.seed,
        )

    def _range(self, plain: dict[str, Any], path: Path) -> SearchRange:
        shape = self._shape(_RangeShape, plain, path)
        if shape is None:
            return SearchRange()
        low, high, step = (
            None if each is None else _whole(each) for each in (shape.min, shape.max, shape.step)
        )
        return SearchRange(low, high, shape.log, step, tuple(deepcopy(shape.choices)))

    def _edge(self, plain: dict[str, Any], path: Path) -> Edge | None:
        shape = self._shape(_EdgeShape, plain, path)
        if shape is None:
            return None
        source, output = self._end(shape.from_, (*path, "from"))
        target, input_ = self._end(shape.to, (*path, "to"))
        is_branch = source in self._conditions and not input_
        if bool(output) != bool(input_) and not is_branch:
            self._refuse(
                path,
                Sentence(
                    f"'{shape.from_}' -> '{shape.to}' names a port at one end only.",
                    f"“{shape.from_}” -> “{shape.to}”只有一端写了端口。",
                ),
                Sentence(
                    "Write `node.port` at both ends to hand something over, `node` at both for order alone. "
                    "Only a branch of a condition leads from `node.port` to `node`.",
                    "要传递数据，两端都写 `node.port`；只定先后，两端都写 `node`。"
                    "只有条件的分支可以从 `node.port` 连到 `node`。",
                ),
            )
        return Edge(source, target, output, input_)

    def _end(self, text: str, path: Path) -> tuple[str, str]:
        if re.fullmatch(rf"{NODE_ID_PATTERN}(\.{PORT_PATTERN})?", text) is None:
            self._refuse(
                path,
                Sentence(
                    f"{_shown(text)} is neither `node` nor `node.port`.",
                    f"{_shown(text)} 既不是 `node`，也不是 `node.port`。",
                ),
                Sentence("Write it like `train.dataset`.", "请写成 `train.dataset` 的形式。"),
            )
        node, _, port = text.partition(".")
        return node, port

    def _place(self, name: str, plain: dict[str, Any], path: Path) -> Position | Note | None:
        if "/" in name:
            return self._note(name, plain, path)
        shape = self._shape(_PositionShape, plain, path)
        self._check_node_id(name, path)
        return None if shape is None else Position(_whole(shape.x), _whole(shape.y))

    def _note(self, name: str, plain: dict[str, Any], path: Path) -> Note | None:
        if re.fullmatch(NOTE_PATTERN, name) is None:
            self._refuse(
                path,
                Sentence(
                    f"{_shown(name)} names neither a note nor a group.",
                    f"{_shown(name)} 既不是注释，也不是分组。",
                ),
                Sentence("Write it like note/1 or group/1.", "请写成 note/1 或 group/1 的形式。"),
            )
        shape = self._shape(_NoteShape, plain, path)
        if shape is None:
            return None
        if shape.colour not in NOTE_COLOURS:
            self._refuse(
                (*path, "colour"),
                Sentence(f"{_shown(shape.colour)} is no colour.", f"{_shown(shape.colour)} 不是颜色。"),
                nearest(shape.colour, NOTE_COLOURS),
            )
        return Note(
            x=_whole(shape.x),
            y=_whole(shape.y),
            width=_whole(shape.width),
            height=_whole(shape.height),
            text=shape.text,
            colour=shape.colour,
        )

    def _parameter(self, name: str, plain: dict[str, Any], path: Path) -> Parameter | None:
        if re.fullmatch(PARAMETER_PATTERN, name) is None:
            self._refuse(
                path,
                Sentence(f"{_shown(name)} cannot name a parameter.", f"{_shown(name)} 不能作为参数名。"),
                Sentence(
                    "Use letters, digits and '_', beginning with a letter.",
                    "请使用字母、数字和“_”，以字母开头。",
                ),
            )
        num_before = len(self._refusals)
        schema = self._schema(plain, path)
        if len(self._refusals) == num_before:
            try:
                Draft202012Validator.check_schema(plain_schema(schema))
            except SchemaError as err:
                self._refuse(
                    (*path, *err.absolute_path),
                    Sentence(
                        f"this is not JSON Schema: {err.message}.", f"不是有效的 JSON Schema：{err.message}。"
                    ),
                    "",
                )
        return Parameter(name, schema)

    def _schema(self, plain: dict[str, Any], path: Path) -> dict[str, Any]:
        schema: dict[str, Any] = {}
        for key, value in plain.items():
            if key not in KEYWORDS and not key.startswith("x-"):
                self._refuse(
                    (*path, key),
                    Sentence(f"the keyword '{key}' is not known.", f"未知的关键字“{key}”。"),
                    nearest(key, KEYWORDS),
                )
            elif key in ("title", "description"):
                schema[key] = self._texts(value, (*path, key))
            elif key in SUBSCHEMAS and isinstance(value, dict):
                schema[key] = self._schema(value, (*path, key))
            elif key == "properties" and isinstance(value, dict):
                schema[key] = {
                    name: self._schema(inner, (*path, key, name)) if isinstance(inner, dict) else inner
                    for name, inner in value.items()
                }
            else:
                schema[key] = deepcopy(value)
        return schema

    def _texts(self, value: Any, path: Path) -> dict[str, str]:
        if isinstance(value, str):
            return {"en": value} if value else {}
        if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
            self._refuse(
                path,
                Sentence(
                    f"{_shown(value)} is not text by language.", f"{_shown(value)} 不是按语言给出的文本。"
                ),
                Sentence("Write it like {en: Train, zh: 训练}.", "请写成 {en: Train, zh: 训练} 的形式。"),
            )
            return {}
        for language in value:
            if re.fullmatch(LANGUAGE_PATTERN, language) is None:
                self._refuse(
                    (*path, language),
                    Sentence(f"'{language}' is not a language code.", f"“{language}”不是语言代码。"),
                    Sentence("Use codes such as en and zh.", "请使用 en、zh 等代码。"),
                )
        return {language: text for language, text in value.items() if text}

    def _shape(self, shape: type[ShapeT], plain: dict[str, Any], path: Path) -> ShapeT | None:
        try:
            return shape.model_validate(plain)
        except ValidationError as err:
            known = [info.alias or name for name, info in shape.model_fields.items()]
            for error in err.errors():
                self._refuse((*path, *error["loc"]), *_plain_words(error, known))
        return None

    def _entries(self, plain: Any, name: str, read: Callable[[dict[str, Any], Path], T | None]) -> list[T]:
        if not isinstance(plain, list):
            return []
        found = [read(entry, (name, number)) for number, entry in enumerate(plain) if isinstance(entry, dict)]
        return [entry for entry in found if entry is not None]

    def _named(
        self, plain: Any, name: str, read: Callable[[str, dict[str, Any], Path], T | None]
    ) -> dict[str, T]:
        if not isinstance(plain, dict):
            return {}
        found = {
            key: read(key, value, (name, key)) for key, value in plain.items() if isinstance(value, dict)
        }
        return {key: value for key, value in found.items() if value is not None}

    def _check_node_id(self, node_id: str, path: Path) -> None:
        if re.fullmatch(NODE_ID_PATTERN, node_id) is None:
            self._refuse(
                path,
                Sentence(
                    f"{_shown(node_id)} cannot be the id of a node.", f"{_shown(node_id)} 不能作为节点的 id。"
                ),
                Sentence(
                    "Use lower-case letters, digits, '_' and '-', beginning with a letter or digit; at most 63.",
                    "请使用小写字母、数字、“_”和“-”，以字母或数字开头，最多 63 个字符。",
                ),
            )

    def _refuse(self, path: Path, what: str, fix: str) -> None:
        line = next((self._lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self._lines), 0)
        self._refusals.append(Refusal(dotted(path) or "document", what, fix, line))


def plain_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Strip what JSON Schema does not know from a parameter's schema: titles and descriptions by language."""
    stripped = {key: value for key, value in schema.items() if key not in ("title", "description")}
    for key in SUBSCHEMAS:
        if isinstance(stripped.get(key), Mapping):
            stripped[key] = plain_schema(stripped[key])
    if isinstance(stripped.get("properties"), Mapping):
        stripped["properties"] = {
            name: plain_schema(inner) if isinstance(inner, Mapping) else inner
            for name, inner in stripped["properties"].items()
        }
    return stripped


def _plain_words(error: ErrorDetails, known: Sequence[str]) -> tuple[str, str]:
    """Say what pydantic found, and how to mend it, in the words of this schema."""
    last = error["loc"][-1] if error["loc"] else ""
    shown, message = _shown(error["input"]), error["msg"]
    if error["type"] == "extra_forbidden":
        return Sentence(f"the key '{last}' is not known.", f"未知的键“{last}”。"), nearest(str(last), known)
    if error["type"] == "literal_error" and last == "schema":
        return (
            Sentence(
                f"{shown} is not a schema that this KPL reads.", f"此版本的 KPL 不支持 schema {shown}。"
            ),
            Sentence(f"Write `schema: {SCHEMA}`.", f"请写 `schema: {SCHEMA}`。"),
        )
    if error["type"] == "literal_error":
        choices = re.findall(r"'([^']+)'", str(error.get("ctx", {}).get("expected", "")))
        what = Sentence(f"{shown} is not a choice here.", f"{shown} 不是此处的可选值。")
        return what, nearest(str(error["input"]), choices)
    words = {
        "missing": (Sentence("it is missing.", "缺少此项。"), Sentence("Add it.", "请补上。")),
        "string_type": (
            Sentence(f"{shown} is not text.", f"{shown} 不是文本。"),
            Sentence("Put it in quotes if it is meant as text.", "如果是文本，请加引号。"),
        ),
        "dict_type": (
            Sentence(f"{shown} is not a mapping.", f"{shown} 不是键值映射。"),
            Sentence("Write `key: value` pairs.", "请写成 `key: value` 的形式。"),
        ),
        "list_type": (
            Sentence(f"{shown} is not a list.", f"{shown} 不是列表。"),
            Sentence("Begin each entry with `- `.", "每项以 `- ` 开头。"),
        ),
        "int_type": (
            Sentence(f"{shown} is not a whole number.", f"{shown} 不是整数。"),
            Sentence("Write digits alone, without quotes.", "只写数字，不加引号。"),
        ),
        "float_type": (
            Sentence(f"{shown} is not a number.", f"{shown} 不是数字。"),
            Sentence("Write it without quotes.", "不要加引号。"),
        ),
    }
    refused = Sentence(
        f"{shown} is refused: {message[:1].lower()}{message[1:]}.", f"{shown} 不被接受：{message}。"
    )
    return words.get(error["type"], (refused, ""))


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _whole(number: int | float) -> int | float:
    return int(number) if number == int(number) else number
