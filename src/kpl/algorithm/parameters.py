"""Parameters of a function: checking their schema when it is installed, and their values before each run.

A schema is JSON Schema 2020-12 of an object. Three things are added: parameters that the schema does not name
are refused unless it allows them with `additionalProperties`, `x-search` gives a range for automatic search, and
`title` and `description` may be given by language, as in `{en: Epochs, zh: 训练轮数}`.
"""

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from kpl.errors import Invalid, nearest
from kpl.sentence import Sentence, in_chinese

_Path = tuple[str | int, ...]
_SchemaProblem = tuple[_Path, str, str]

# Keys below which stand schemas by name, schemas in a list, one schema.
_NAMED = ("properties", "patternProperties", "$defs", "dependentSchemas")
_LISTED = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE = ("items", "contains", "additionalProperties", "propertyNames", "not", "if", "then", "else")
_KEYWORDS = frozenset(
    (
        *_NAMED, *_LISTED, *_SINGLE,
        "$schema", "$id", "$ref", "$anchor", "$comment", "$dynamicRef", "$dynamicAnchor", "$vocabulary",
        "type", "enum", "const", "title", "description", "default", "examples", "deprecated", "readOnly",
        "writeOnly", "format", "multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
        "minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems", "minContains",
        "maxContains", "minProperties", "maxProperties", "required", "dependentRequired", "unevaluatedItems",
        "unevaluatedProperties", "contentEncoding", "contentMediaType", "contentSchema",
    )
)  # fmt: skip
_TEXTS = ("title", "description")
_LANGUAGES = ("en", "zh")
_SEARCH_KEYS = frozenset({"min", "max", "log", "step", "choices"})


class ParametersInvalid(Invalid):
    """Parameter values that the schema refuses; the message names the path of each."""

    code = "parameters_invalid"


def check_parameters(schema: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Check values against a schema and fill in its defaults, in nested objects too.

    Raises:
        ParametersInvalid: each wrong value with its path, as in `parameters.lr`.
    """
    filled = _fill_defaults(schema, deepcopy(dict(values)))
    validator = Draft202012Validator(_strict(schema))
    errors = sorted(
        validator.iter_errors(filled), key=lambda error: [str(part) for part in error.absolute_path]
    )
    messages = [message for error in errors for message in _messages(error)]
    if messages:
        raise ParametersInvalid(Sentence("\n".join(messages), "\n".join(message.zh for message in messages)))
    return filled


def default_parameters(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The values that a schema gives by itself."""
    return _fill_defaults(schema, {})


def _strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, **schema}


def _fill_defaults(schema: Mapping[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    for name, inner in schema.get("properties", {}).items():
        if not isinstance(inner, Mapping):
            continue
        if name not in values and "default" in inner:
            values[name] = deepcopy(inner["default"])
        if isinstance(values.get(name), dict) and "properties" in inner:
            values[name] = _fill_defaults(inner, values[name])
    return values


def _messages(error: ValidationError) -> Iterator[Sentence]:
    path = "parameters" + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {}) if isinstance(error.schema, Mapping) else {}
        for name in sorted(set(error.instance) - set(known)):
            hint = nearest(name, known)
            yield Sentence(
                f"{path}.{name}: there is no such parameter. {hint}".strip(),
                f"{path}.{name}：没有此参数。{in_chinese(hint)}",
            )
    elif error.validator == "required":
        missing = error.message.split("'")[1]
        yield Sentence(
            f"{path}.{missing}: it is missing. Give a value: it has no default.",
            f"{path}.{missing}：缺少此参数。请填写：它没有默认值。",
        )
    else:
        refusal = _refusal(error)
        yield Sentence(f"{path}: {refusal}", f"{path}：{refusal.zh}")


_REFUSALS = {
    "type": ("{value!r} is not of type {limit}.", "{value!r} 的类型不是 {limit}。"),
    "minimum": ("{value!r} is too small. The least is {limit!r}.", "{value!r} 过小，最小为 {limit!r}。"),
    "maximum": ("{value!r} is too large. The most is {limit!r}.", "{value!r} 过大，最大为 {limit!r}。"),
    "exclusiveMinimum": (
        "{value!r} is too small. It must be more than {limit!r}.",
        "{value!r} 过小，应大于 {limit!r}。",
    ),
    "exclusiveMaximum": (
        "{value!r} is too large. It must be less than {limit!r}.",
        "{value!r} 过大，应小于 {limit!r}。",
    ),
}


def _refusal(error: ValidationError) -> Sentence:
    value: Any = error.instance
    limit: Any = error.validator_value
    kind = str(error.validator)
    if kind == "enum":
        hint = nearest(str(value), map(str, limit))
        return Sentence(f"{value!r} is not a choice. {hint}", f"{value!r} 不是可选值。{in_chinese(hint)}")
    if kind in _REFUSALS:
        limit = " or ".join(limit) if isinstance(limit, list) else limit
        return Sentence(*(words.format(value=value, limit=limit) for words in _REFUSALS[kind]))
    return Sentence(f"{error.message}.", f"不符合要求：{error.message}。")


def schema_problems(schema: Mapping[str, Any]) -> Iterator[_SchemaProblem]:
    """What is wrong with the schema of a function's parameters, as (path inside the schema, what, fix)."""
    if schema.get("type", "object") != "object":
        yield (
            ("type",),
            Sentence("parameters are an object, by name", "参数应是按名称组成的对象"),
            Sentence("Remove 'type', or write type: object.", "请删除 'type'，或写 type: object。"),
        )
        return
    yield from _language_problems(schema, ())
    schema = _in_english(schema)
    checker = Draft202012Validator.FORMAT_CHECKER  # finds patterns that are no regular expressions
    meta = Draft202012Validator(Draft202012Validator.META_SCHEMA, format_checker=checker)
    broken = sorted(meta.iter_errors(dict(schema)), key=str)
    for error in broken:
        yield (
            tuple(error.absolute_path),
            Sentence(f"this is not JSON Schema: {error.message}", f"不是有效的 JSON Schema：{error.message}"),
            "",
        )
    if broken:
        return
    yield from _keyword_problems(schema, ())
    yield from _default_problems(schema, ())


def _language_problems(schema: Mapping[str, Any], path: _Path) -> Iterator[_SchemaProblem]:
    for key in _TEXTS:
        texts = schema.get(key)
        if not isinstance(texts, Mapping):
            continue
        yield from _unknown(texts, _LANGUAGES, (*path, key))
        for language in _LANGUAGES:
            if not isinstance(texts.get(language), str) or not texts[language].strip():
                what = Sentence(f"the text in '{language}' is missing", f"缺少“{language}”文本")
                yield (
                    (*path, key),
                    what,
                    Sentence(
                        "Write {en: ..., zh: ...}, or one text for both.",
                        "请写 {en: ..., zh: ...}，或两种语言共用一段文本。",
                    ),
                )
    for inner, inner_path in _schemas_below(schema, path):
        yield from _language_problems(inner, inner_path)


def _in_english(schema: Any) -> Any:
    """The schema as JSON Schema knows it, whose texts are in one language."""
    if not isinstance(schema, Mapping):
        return schema
    one = dict(schema)
    for key in _TEXTS:
        if isinstance(one.get(key), Mapping):
            one[key] = str(one[key].get("en", ""))
    for key in _SINGLE:
        if key in one:
            one[key] = _in_english(one[key])
    for key in _NAMED:
        if isinstance(one.get(key), Mapping):
            one[key] = {name: _in_english(inner) for name, inner in one[key].items()}
    for key in _LISTED:
        if isinstance(one.get(key), list):
            one[key] = [_in_english(inner) for inner in one[key]]
    return one


def _keyword_problems(schema: Mapping[str, Any], path: _Path) -> Iterator[_SchemaProblem]:
    for key in schema:
        if key not in _KEYWORDS and not key.startswith("x-"):
            yield (
                (*path, key),
                Sentence(f"'{key}' is not a keyword of JSON Schema", f"“{key}”不是 JSON Schema 的关键字"),
                nearest(key, _KEYWORDS),
            )
    yield from _search_problems(schema, path)
    for inner, inner_path in _schemas_below(schema, path):
        yield from _keyword_problems(inner, inner_path)


def _schemas_below(schema: Mapping[str, Any], path: _Path) -> Iterator[tuple[Mapping[str, Any], _Path]]:
    candidates: list[tuple[Any, _Path]] = [(schema.get(key), (*path, key)) for key in _SINGLE]
    for key in _NAMED:
        candidates += [(inner, (*path, key, name)) for name, inner in schema.get(key, {}).items()]
    for key in _LISTED:
        candidates += [(inner, (*path, key, index)) for index, inner in enumerate(schema.get(key, []))]
    return ((inner, at) for inner, at in candidates if isinstance(inner, Mapping))


def _search_problems(schema: Mapping[str, Any], path: _Path) -> Iterator[_SchemaProblem]:
    if "x-search" not in schema:
        return
    search, at = schema["x-search"], (*path, "x-search")
    if not isinstance(search, Mapping) or not ({"min", "max"} <= search.keys() or "choices" in search):
        yield (
            at,
            Sentence("it gives no range", "没有给出范围"),
            Sentence(
                "Write {min: 0.001, max: 0.1, log: true}, or {choices: [...]}.",
                "请写 {min: 0.001, max: 0.1, log: true} 或 {choices: [...]}。",
            ),
        )
        return
    yield from _unknown(search, _SEARCH_KEYS, at)


def _unknown(found: Mapping[str, Any], known: Iterable[str], path: _Path) -> Iterator[_SchemaProblem]:
    names = set(known)
    for key in found:
        if key not in names:
            yield (
                (*path, key),
                Sentence(f"'{key}' is not a key here", f"此处没有键“{key}”"),
                nearest(str(key), names),
            )


def _default_problems(schema: Mapping[str, Any], path: _Path) -> Iterator[_SchemaProblem]:
    for name, inner in schema.get("properties", {}).items():
        if not isinstance(inner, Mapping):
            continue
        at = (*path, "properties", name)
        if "default" in inner and "$ref" not in inner:
            for error in Draft202012Validator(inner).iter_errors(inner["default"]):
                refusal = _refusal(error)
                what = Sentence(
                    f"the default is refused by its own schema: {refusal.rstrip('.')}",
                    f"默认值不符合其自身的 schema：{refusal.zh.rstrip('。')}",
                )
                yield (*at, "default"), what, ""
                break
        yield from _default_problems(inner, at)
