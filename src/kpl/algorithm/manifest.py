"""`algorithm.yaml`: what an algorithm is, what it offers and what it needs.

The models below are the manifest. `load_manifest` reads one and, where it is wrong, names every line and its
fix.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from kpl.algorithm.parameters import schema_problems
from kpl.algorithm.yaml_document import Document, parse_yaml, spell
from kpl.algorithm.yaml_document import Path as DocumentPath
from kpl.dataset.kinds import Kind
from kpl.errors import Invalid, nearest
from kpl.resources import DeviceRequest, ResourceRequest, parse_devices, parse_memory_mib
from kpl.sentence import Sentence, chinese_of, in_chinese, sentence

MANIFEST_NAME = "algorithm.yaml"

FunctionName = Literal["train", "test", "infer", "serve", "compile", "process"]
PortType = Literal["dataset", "model", "files", "endpoint"]
FUNCTION_NAMES: tuple[str, ...] = get_args(FunctionName)
PORT_TYPES: tuple[str, ...] = get_args(PortType)

_Name = Annotated[StrictStr, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
_Text = Annotated[StrictStr, Field(min_length=1)]
_Number = Annotated[float, Strict()]


class _Part(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")


class Text(_Part):
    """A text for people, in English and Chinese."""

    en: _Text
    zh: _Text


class Environment(_Part):
    """What the algorithm's processes run in.

    Args:
        requirements: for `venv`, the requirements file in the algorithm's folder.
        image: for `container`, the image with its digest.
    """

    type: Literal["host", "venv", "container"] = "host"
    requirements: StrictStr = ""
    image: StrictStr = ""


class Port(_Part):
    """An input or output. `kinds` are the accepted kinds, empty for any."""

    name: _Name
    type: PortType
    kinds: tuple[StrictStr, ...] = ()
    is_optional: StrictBool = Field(default=False, alias="optional")

    @property
    def kind(self) -> str:
        """The kind of what an output holds: the only one declared, else empty."""
        return self.kinds[0] if len(self.kinds) == 1 else ""


class Metric(_Part):
    """A metric that the function promises to send. `direction` says which way is better."""

    name: Annotated[StrictStr, Field(pattern=r"^[\w./@ -]{1,100}$")]
    direction: Literal["max", "min"]
    is_primary: StrictBool = Field(default=False, alias="primary")


class Distributed(_Part):
    """How many workers a function can be run with at once."""

    min_workers: StrictInt = Field(default=1, ge=1)
    max_workers: StrictInt = Field(default=1, ge=1)


WRONG_AMOUNT = "wrong_amount"
"""Type of the errors about amounts that are written as text; their context has the fix."""


def _wrong_amount(err: Invalid) -> PydanticCustomError:
    return PydanticCustomError(WRONG_AMOUNT, "{problem}", {"problem": err.message, "fix": err.hint})


def _memory_of_device(amount: str | int) -> str | int:
    try:
        parse_memory_mib(amount)
    except Invalid as err:
        raise _wrong_amount(err) from err
    return amount


class Device(_Part):
    """Devices that a function asks for.

    Args:
        share: the part of one device, up to 1.
        memory: the share as memory of one device instead, as in `8Gi`.
    """

    kind: Annotated[StrictStr, Field(pattern=r"^[a-z][a-z0-9]*$")]
    count: StrictInt = Field(default=1, ge=1)
    share: _Number = Field(default=1.0, gt=0, le=1)
    models: tuple[StrictStr, ...] = ()
    memory: Annotated[StrictStr | StrictInt, AfterValidator(_memory_of_device)] | None = None

    def request(self) -> DeviceRequest:
        memory_mib = 0 if self.memory is None else parse_memory_mib(self.memory)
        return DeviceRequest(
            self.kind, self.count, max(1, round(self.share * 1000)), self.models, share_mib=memory_mib
        )


class Resources(_Part):
    """What a function asks for unless the pipeline says otherwise.

    Devices are a list, or a text as in `gpu:a100=2 or gpu=0.5 or cpu`.

    Args:
        alternatives: sets of devices that will do where `devices` are not free, the best first.
    """

    cpu: _Number = Field(default=1.0, gt=0)
    memory: StrictStr | StrictInt = "512Mi"
    devices: tuple[Device, ...] = ()
    alternatives: tuple[tuple[Device, ...], ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _spell_devices_out(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("devices"), str):
            return data
        if data.get("alternatives"):
            raise _wrong_amount(
                Invalid(
                    Sentence(
                        "A text of devices names its alternatives itself.", "文本形式的 devices 自带备选。"
                    ),
                    hint=Sentence("Remove 'alternatives'.", "请删除 'alternatives'。"),
                )
            )
        try:
            first, *others = parse_devices(data["devices"])
        except Invalid as err:
            raise _wrong_amount(err) from err
        return {
            **data,
            "devices": tuple(map(_spelled_device, first)),
            "alternatives": tuple(tuple(map(_spelled_device, other)) for other in others),
        }

    def request(self) -> ResourceRequest:
        return ResourceRequest(
            cpu_milli=max(1, round(self.cpu * 1000)),
            memory_mib=parse_memory_mib(self.memory),
            devices=tuple(device.request() for device in self.devices),
            alternatives=tuple(tuple(device.request() for device in each) for each in self.alternatives),
        )


def _spelled_device(wanted: DeviceRequest) -> dict[str, Any]:
    spelled: dict[str, Any] = {"kind": wanted.kind, "count": wanted.count, "models": wanted.models}
    if wanted.share_mib:
        return spelled | {"memory": wanted.share_mib}
    return spelled | {"share": wanted.share_milli / 1000}


class Function(_Part):
    """One thing that the algorithm can do, as a command that starts a process.

    Args:
        command: argv; `{algorithm}` stands for the algorithm's folder, a leading `python` for the
            environment's interpreter.
        parameters: a JSON Schema (2020-12) of an object.
        saves_checkpoints: it keeps what it has done in `KPL_CHECKPOINTS`, also when SIGTERM comes, and goes on from
            there when it is started again. Such tasks may be stopped and resumed for the sake of others.
    """

    command: Annotated[tuple[StrictStr, ...], Field(min_length=1)]
    description: Text | None = None
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    parameters: Mapping[str, Any] = Field(default_factory=dict)
    resources: Resources = Resources()
    distributed: Distributed | None = None
    metrics: tuple[Metric, ...] = ()
    saves_checkpoints: StrictBool = Field(default=False, alias="checkpoints")

    @property
    def primary_metric(self) -> Metric | None:
        """The metric by which runs are compared: the one marked primary, else the only one."""
        marked = [metric for metric in self.metrics if metric.is_primary] or list(self.metrics)
        return marked[0] if len(marked) == 1 else None


def _spelled_out(environment: Any) -> Any:
    return {"type": environment} if isinstance(environment, str) else environment


class AlgorithmManifest(_Part):
    """What an algorithm says about itself.

    Args:
        is_for_pipelines: whether people build pipelines from it; not so where something else of the platform starts
            it, as an import starts `dataset_import`.
    """

    name: _Name
    version: Annotated[StrictStr, Field(pattern=r"^\d+(\.\d+)*([-+.][0-9A-Za-z.-]+)?$")]
    title: Text
    description: Text
    task: _Name
    licence: _Text
    environment: Annotated[Environment, BeforeValidator(_spelled_out)] = Environment()
    is_for_pipelines: StrictBool = Field(default=True, alias="for_pipelines")
    functions: Annotated[dict[FunctionName, Function], Field(min_length=1)]

    def function(self, name: str) -> Function:
        """The function of that name.

        Raises:
            Invalid: the algorithm does not offer it.
        """
        offered: dict[str, Function] = {str(key): function for key, function in self.functions.items()}
        if name not in offered:
            raise Invalid(
                Sentence(
                    f"Algorithm '{self.name}' has no function '{name}'.",
                    f"算法“{self.name}”没有函数“{name}”。",
                ),
                hint=nearest(name, offered),
            )
        return offered[name]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a manifest. `path` is empty where the file as a whole is meant."""

    line: int
    path: str
    what: str
    fix: str

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return f"{MANIFEST_NAME}:{self.line}: {where}{self.what}. {self.fix}".strip()

    @property
    def sentence(self) -> Sentence:
        """All of it, in both languages."""
        where = f"{self.path}：" if self.path else ""
        zh = f"{MANIFEST_NAME}:{self.line}：{where}{in_chinese(self.what)}。{in_chinese(self.fix)}"
        return Sentence(str(self), zh)


class ManifestInvalid(Invalid):
    """A manifest with `problems`; the message lists all of them."""

    code = "manifest_invalid"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        said = [problem.sentence for problem in self.problems]
        super().__init__(Sentence("\n".join(said), "\n".join(each.zh for each in said)))


def load_manifest(folder: Path) -> AlgorithmManifest:
    """Read `algorithm.yaml` of an algorithm's folder.

    Raises:
        ManifestInvalid: every problem as `algorithm.yaml:LINE: what. fix`.
    """
    path = folder / MANIFEST_NAME
    if not path.is_file():
        fix = Sentence(
            "Give the folder that holds it, or write one: see docs/guides/write-an-algorithm.md.",
            "请给出包含它的文件夹，或编写一个：见 docs/guides/write-an-algorithm.md。",
        )
        raise ManifestInvalid(
            [Problem(1, "", Sentence("there is no such file in the folder", "文件夹中没有此文件"), fix)]
        )
    try:
        return parse_manifest(path.read_text(encoding="utf-8"), folder)
    except UnicodeDecodeError as err:
        raise ManifestInvalid(
            [
                Problem(
                    1,
                    "",
                    Sentence("it is not UTF-8 text", "不是 UTF-8 文本"),
                    Sentence("Save it as UTF-8.", "请存为 UTF-8。"),
                )
            ]
        ) from err


def parse_manifest(text: str, folder: Path | None = None) -> AlgorithmManifest:
    """Read the text of a manifest; with `folder`, files that it names must exist there.

    Raises:
        ManifestInvalid: every problem as `algorithm.yaml:LINE: what. fix`.
    """
    document = parse_yaml(text)
    problems = [Problem(line, "", what, fix) for line, what, fix in document.problems]
    if problems:
        raise ManifestInvalid(problems)
    if not isinstance(document.data, dict):
        raise ManifestInvalid(
            [
                Problem(
                    1,
                    "",
                    Sentence("it holds no keys", "其中没有任何键"),
                    Sentence("Begin with 'name: my_algorithm'.", "请以 'name: my_algorithm' 开头。"),
                )
            ]
        )
    data = _with_kinds(document.data)
    try:
        manifest = AlgorithmManifest.model_validate(data)
    except ValidationError as err:
        raise ManifestInvalid(_translate(document, each) for each in err.errors()) from err
    problems = [_located(document, path, what, fix) for path, what, fix in _rule_problems(manifest, folder)]
    if problems:
        raise ManifestInvalid(problems)
    return manifest


def _with_kinds(data: dict[str, Any]) -> dict[str, Any]:
    """Spell `kind: x` of each port as `kinds: [x]`, so that the rest knows one form."""
    functions = data.get("functions")
    if not isinstance(functions, dict):
        return data
    return {**data, "functions": {str(k): _function_with_kinds(v) for k, v in functions.items()}}


def _function_with_kinds(function: Any) -> Any:
    if not isinstance(function, dict):
        return function
    spelled = {
        side: [_port_with_kinds(port) for port in function[side]]
        for side in ("inputs", "outputs")
        if isinstance(function.get(side), list)
    }
    return {**function, **spelled}


def _port_with_kinds(port: Any) -> Any:
    if not isinstance(port, dict) or "kind" not in port or "kinds" in port:
        return port
    kinds = [port["kind"]] if port["kind"] else []
    return {**{key: value for key, value in port.items() if key != "kind"}, "kinds": kinds}


def _translate(document: Document, error: ErrorDetails) -> Problem:
    path = tuple(part for part in error["loc"] if part != "[key]")
    if error["type"] == WRONG_AMOUNT and path[-1] == "resources":
        path = (*path, "devices")
    what, fix = _explain(error, path)
    return _located(document, path, what, fix)


def _located(document: Document, path: DocumentPath, what: str, fix: str) -> Problem:
    if "kinds" in path and path[: path.index("kinds") + 1] not in document.lines:
        path = (*path[: path.index("kinds")], "kind")  # the form with one kind is what is written there
    return Problem(document.line(path), spell(path), what, fix)


def _without_stop(text: str) -> str:
    return sentence(text.rstrip("."), chinese_of(text).rstrip("。"))


def _explain(error: ErrorDetails, path: DocumentPath) -> tuple[str, str]:
    """What a pydantic error means for a manifest, and the fix."""
    value, context = error["input"], error.get("ctx", {})
    name = str(path[-1]) if path else ""
    example = f"'{name}: {_EXAMPLES.get(name, '...')}'"
    found: tuple[str, str]
    match error["type"]:
        case "extra_forbidden":
            found = (
                Sentence(f"'{name}' is not a key here", f"此处没有键“{name}”"),
                nearest(name, _keys_at(path[:-1])),
            )
        case "missing":
            found = Sentence("it is missing", "缺少此项"), Sentence(f"Add {example}.", f"请添加 {example}。")
        case "literal_error":
            known = re.findall(r"'([^']+)'", str(context.get("expected", "")))
            found = (
                Sentence(f"'{value}' is not one of the known values", f"“{value}”不是可选值"),
                nearest(str(value), known),
            )
        case "string_pattern_mismatch":
            fix = _PATTERN_FIXES.get(
                name, Sentence(f"It must match {context['pattern']}.", f"应匹配 {context['pattern']}。")
            )
            found = Sentence(f"'{value}' is not spelled as it must be", f"“{value}”的写法不符合要求"), fix
        case "string_type":
            found = (
                Sentence(f"{value!r} is not text", f"{value!r} 不是文本"),
                Sentence(f'Put it in quotes, as in "{value}".', f'请加引号，如 "{value}"。'),
            )
        case "tuple_type":
            found = (
                Sentence(f"{value!r} is not a list", f"{value!r} 不是列表"),
                Sentence(f"Write it as a list, as in {example}.", f"请写成列表，如 {example}。"),
            )
        case "model_type" | "dict_type" | "mapping_type":
            found = (
                Sentence(f"{value!r} is not a group of keys", f"{value!r} 不是一组键"),
                Sentence(f"Write keys below '{name}:', indented.", f"请在“{name}:”之下缩进书写各键。"),
            )
        case _ if error["type"] == WRONG_AMOUNT:
            found = _without_stop(context.get("problem", error["msg"])), context.get("fix", "")
        case "too_short" | "string_too_short":
            found = (
                Sentence("it is empty", "内容为空"),
                Sentence(f"Give at least one, as in {example}.", f"请至少给出一个，如 {example}。"),
            )
        case _:
            said = f"{error['msg'][:1].lower()}{error['msg'][1:]}"
            found = Sentence(f"{value!r} does not fit: {said}", f"{value!r} 不符合要求：{said}"), ""
    return found


_EXAMPLES = {
    "name": "my_algorithm",
    "version": '"1.0.0"',
    "title": "{en: ..., zh: ...}",
    "description": "{en: ..., zh: ...}",
    "task": "classification",
    "licence": "Apache-2.0",
    "command": "[python, '{algorithm}/train.py']",
    "functions": "{train: {command: [python, '{algorithm}/train.py']}}",
    "type": "dataset",
    "direction": "max",
}
_PATTERN_FIXES = {
    "name": Sentence(
        "Use lower-case letters, digits and '_', beginning with a letter.",
        "请使用小写字母、数字和 '_'，以字母开头。",
    ),
    "task": Sentence(
        "Use lower-case letters, digits and '_', as in classification.",
        "请使用小写字母、数字和 '_'，如 classification。",
    ),
    "version": Sentence('Write numbers with dots, as in "1.0.0".', '请写成带点的数字，如 "1.0.0"。'),
    "kind": Sentence("Use lower-case letters and digits, as in gpu.", "请使用小写字母和数字，如 gpu。"),
}


def _keys_at(path: DocumentPath) -> set[str]:
    """The keys that a manifest may have at `path`."""
    model: Any = AlgorithmManifest
    steps = [part for part in path if isinstance(part, str)]
    if not steps:
        return _keys_of(model)
    inner: dict[str, Any] = {
        "title": Text, "description": Text, "environment": Environment, "inputs": Port, "outputs": Port,
        "metrics": Metric, "resources": Resources, "devices": Device, "alternatives": Device,
        "distributed": Distributed,
    }  # fmt: skip
    return _keys_of(inner.get(steps[-1], Function))


def _keys_of(model: type[BaseModel]) -> set[str]:
    keys = {field.alias or name for name, field in model.model_fields.items()}
    return keys | {"kind"} if model is Port else keys


_Found = tuple[DocumentPath, str, str]


def _rule_problems(manifest: AlgorithmManifest, folder: Path | None) -> Iterator[_Found]:
    """What is wrong beyond the form of single values."""
    yield from _environment_problems(manifest.environment, folder)
    for name, function in manifest.functions.items():
        path: DocumentPath = ("functions", name)
        yield from _port_problems(function, path)
        yield from _command_problems(function.command, (*path, "command"), folder)
        yield from _metric_problems(function.metrics, (*path, "metrics"))
        yield from _resource_problems(function, path)
        for inner, what, fix in schema_problems(function.parameters):
            yield (*path, "parameters", *inner), what, fix


def _environment_problems(environment: Environment, folder: Path | None) -> Iterator[_Found]:
    path: DocumentPath = ("environment",)
    needed = {"venv": "requirements", "container": "image"}.get(environment.type)
    for key in ("requirements", "image"):
        if getattr(environment, key) and key != needed:
            yield (
                (*path, key),
                Sentence(
                    f"an environment of type '{environment.type}' has no '{key}'",
                    f"“{environment.type}”类运行环境没有“{key}”",
                ),
                Sentence("Remove it.", "请删除它。"),
            )
    if needed and not getattr(environment, needed):
        example = "requirements.txt" if needed == "requirements" else "registry/name@sha256:..."
        yield (
            path,
            Sentence(f"a {environment.type} needs '{needed}'", f"{environment.type} 需要“{needed}”"),
            Sentence(f"Add '{needed}: {example}'.", f"请添加 '{needed}: {example}'。"),
        )
    elif environment.type == "container" and not re.search(r"@sha256:[0-9a-f]{64}$", environment.image):
        yield (
            (*path, "image"),
            Sentence("the image has no digest, so it may change", "镜像没有摘要，内容可能改变"),
            Sentence("Write NAME@sha256:DIGEST.", "请写成 NAME@sha256:DIGEST。"),
        )
    elif environment.type == "venv" and folder and not (folder / environment.requirements).is_file():
        yield (
            (*path, "requirements"),
            Sentence(
                f"there is no file '{environment.requirements}'", f"没有文件“{environment.requirements}”"
            ),
            Sentence("Add it to the folder.", "请将其加入文件夹。"),
        )


def _port_problems(function: Function, path: DocumentPath) -> Iterator[_Found]:
    for side, ports in (("inputs", function.inputs), ("outputs", function.outputs)):
        seen: set[str] = set()
        for index, port in enumerate(ports):
            at = (*path, side, index)
            if port.name in seen:
                yield (
                    (*at, "name"),
                    Sentence(f"two {side} are called '{port.name}'", f"{side} 中有两个都叫“{port.name}”"),
                    Sentence("Rename one of them.", "请给其中一个改名。"),
                )
            seen.add(port.name)
            if port.type == "endpoint" and (side, path[-1]) != ("outputs", "serve"):
                yield (
                    (*at, "type"),
                    Sentence("only 'serve' gives an endpoint", "只有 'serve' 提供端点"),
                    nearest("", PORT_TYPES[:-1]),
                )
            unknown = [kind for kind in port.kinds if port.type == "dataset" and kind not in set(Kind)]
            for kind in unknown:
                yield (
                    (*at, "kinds"),
                    Sentence(f"'{kind}' is not a kind of dataset", f"“{kind}”不是数据集的种类"),
                    nearest(kind, list(Kind)),
                )


def _command_problems(command: tuple[str, ...], path: DocumentPath, folder: Path | None) -> Iterator[_Found]:
    for index, word in enumerate(command):
        at = (*path, index)
        for name in re.findall(r"\{(\w+)\}", word):
            if name != "algorithm" and nearest(name, ["algorithm"]).startswith("Did you mean"):
                yield (
                    at,
                    Sentence(f"nothing stands for '{{{name}}}'", f"'{{{name}}}' 没有对应的值"),
                    Sentence("Did you mean '{algorithm}'?", "是否指 '{algorithm}'？"),
                )
        inside = re.match(r"\{algorithm\}/(.+)$", word)
        if folder and inside and not (folder / inside[1]).exists():
            yield (
                at,
                Sentence(f"there is no file '{inside[1]}' in the folder", f"文件夹中没有文件“{inside[1]}”"),
                Sentence("Add it, or mend the path.", "请添加该文件，或更正路径。"),
            )
        elif (
            folder and not inside and re.fullmatch(r"[\w.-]+(/[\w.-]+)*", word) and (folder / word).is_file()
        ):
            what = Sentence(
                f"'{word}' will not be found: a process starts in an empty folder",
                f"找不到“{word}”：进程从空文件夹启动",
            )
            yield at, what, Sentence(f"Write '{{algorithm}}/{word}'.", f"请写成 '{{algorithm}}/{word}'。")


def _metric_problems(metrics: tuple[Metric, ...], path: DocumentPath) -> Iterator[_Found]:
    names = [metric.name for metric in metrics]
    for index, metric in enumerate(metrics):
        if metric.name in names[:index]:
            yield (
                (*path, index, "name"),
                Sentence(f"the metric '{metric.name}' is declared twice", f"指标“{metric.name}”声明了两次"),
                Sentence("Remove one.", "请删除其中一个。"),
            )
    primary = [index for index, metric in enumerate(metrics) if metric.is_primary]
    for index in primary[1:]:
        yield (
            (*path, index, "primary"),
            Sentence("a second metric is primary", "有第二个主指标"),
            Sentence("Mark one metric alone as primary.", "请只将一个指标标为主指标。"),
        )


def _resource_problems(function: Function, path: DocumentPath) -> Iterator[_Found]:
    try:
        function.resources.request()
    except Invalid as err:
        yield (*path, "resources", "memory"), _without_stop(err.message), err.hint
    resources = function.resources
    sets: list[tuple[DocumentPath, tuple[Device, ...]]] = [(("devices",), resources.devices)]
    sets += [(("alternatives", number), each) for number, each in enumerate(resources.alternatives)]
    for place, devices in sets:
        for index, device in enumerate(devices):
            at = (*path, "resources", *place, index)
            if device.share < 1 and device.memory is not None:
                yield (
                    (*at, "share"),
                    Sentence(
                        "a share is a part or an amount of memory, not both",
                        "份额可以是比例或显存大小，不能两者都写",
                    ),
                    Sentence("Remove one.", "请删除其中一个。"),
                )
            elif device.count > 1 and device.share < 1:
                yield (
                    (*at, "share"),
                    Sentence("a share is of one device", "份额只针对一张设备"),
                    Sentence("Write count: 1.", "请写 count: 1。"),
                )
            elif device.count > 1 and device.memory is not None:
                yield (
                    (*at, "memory"),
                    Sentence("a share is of one device", "份额只针对一张设备"),
                    Sentence("Write count: 1.", "请写 count: 1。"),
                )
    workers = function.distributed
    if workers and workers.min_workers > workers.max_workers:
        what = Sentence(
            f"min_workers {workers.min_workers} is more than max_workers {workers.max_workers}",
            f"min_workers {workers.min_workers} 大于 max_workers {workers.max_workers}",
        )
        yield (*path, "distributed"), what, Sentence("Swap or raise them.", "请交换或调高。")
