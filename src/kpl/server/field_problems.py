"""What is wrong with the fields of a request, as pydantic found it, in English and Chinese."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kpl.sentence import Sentence, in_chinese

_MOST_SHOWN = 5

IN_CHINESE: Mapping[str, str] = {
    "missing": "必填",
    "extra_forbidden": "没有此字段",
    "json_invalid": "不是有效的 JSON",
    "string_type": "应为文本",
    "string_too_short": "至少 {min_length} 个字符",
    "string_too_long": "最多 {max_length} 个字符",
    "string_pattern_mismatch": "格式不符，应匹配 {pattern}",
    "too_short": "至少 {min_length} 项，现有 {actual_length} 项",
    "too_long": "最多 {max_length} 项，现有 {actual_length} 项",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "应不小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "应不大于 {le}",
    "multiple_of": "应为 {multiple_of} 的倍数",
    "finite_number": "应为有限的数",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_from_float": "应为整数",
    "int_parsing_size": "整数过大",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "literal_error": "应为 {expected} 之一",
    "enum": "应为 {expected} 之一",
    "union_tag_invalid": "种类应为 {expected_tags} 之一",
    "union_tag_not_found": "缺少种类 {discriminator}",
    "list_type": "应为列表",
    "tuple_type": "应为列表",
    "set_type": "应为列表",
    "dict_type": "应为键值对象",
    "model_type": "应为键值对象",
    "model_attributes_type": "应为键值对象",
    "mapping_type": "应为键值对象",
    "none_required": "应为空",
    "datetime_type": "应为时间",
    "datetime_parsing": "不是有效的时间：应如 2026-01-31T08:00:00Z",
    "datetime_from_date_parsing": "不是有效的时间：应如 2026-01-31T08:00:00Z",
    "timezone_aware": "时间应带时区",
}
"""By the type that pydantic gives an error; the places are filled with its context."""


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One field of a request and what is wrong with it; `path` is written as in `body.nodes[3].name`."""

    path: str
    message: str


def field_faults(errors: Iterable[Mapping[str, Any]]) -> list[FieldFault]:
    """The faults that a validation error lists. The rejected values are left out: one may be a password."""
    return [FieldFault(_path(error["loc"]), _message(error)) for error in errors]


def tell_faults(faults: Sequence[FieldFault]) -> Sentence:
    """The first faults as one sentence."""
    shown, more = faults[:_MOST_SHOWN], len(faults) > _MOST_SHOWN
    en = "; ".join(f"{fault.path}: {fault.message}" for fault in shown)
    zh = "；".join(f"{_field(fault.path)}：{in_chinese(fault.message)}" for fault in shown)
    return Sentence(en + ("; ..." if more else ""), zh + (" 等" if more else ""))


def _message(error: Mapping[str, Any]) -> str:
    said = str(error["msg"]).removeprefix("Value error, ")
    context: Mapping[str, Any] = error.get("ctx") or {}
    cause = context.get("error")
    if isinstance(cause, ValueError) and cause.args and isinstance(cause.args[0], Sentence):
        return cause.args[0]
    zh = IN_CHINESE.get(str(error["type"]))
    return said if zh is None else Sentence(said, zh.format_map({n: _listed(v) for n, v in context.items()}))


def _listed(value: object) -> object:
    """Choices come as in "'a', 'b' or 'c'"."""
    return value.replace("' or '", "'、'").replace("', '", "'、'") if isinstance(value, str) else value


def _path(location: Sequence[int | str]) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _field(path: str) -> str:
    """The field as people call it: whether it stands in the body or in the address does not matter to them."""
    part, _, field = path.partition(".")
    return field or ("请求内容" if part == "body" else part)
