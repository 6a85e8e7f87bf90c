"""Bindings of a node's fields to parameters of the pipeline: `${parameters.epochs}`.

A text that is one binding takes the parameter's value with its type; inside a longer text the value is
written out. `$${` stands for a literal `${`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_EXPRESSION = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_PARAMETER = re.compile(r"\s*parameters\.([A-Za-z_][A-Za-z0-9_]*)\s*")


class Unbound:
    """What a field is while a parameter that it needs has no value."""


UNBOUND: Final = Unbound()


def expressions(value: Any) -> Iterator[str]:
    """Find what stands between `${` and `}` anywhere in a value; an open one comes with its `${`."""
    if isinstance(value, str):
        for match in _EXPRESSION.finditer(value):
            if match[1] is not None:
                yield match[1] if match[2] else match[0]
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from expressions(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from expressions(inner)


def parameter_of(expression: str) -> str:
    """The parameter that an expression names; empty when it is not of the form `parameters.NAME`."""
    match = _PARAMETER.fullmatch(expression)
    return match[1] if match else ""


def bind(value: Any, values: Mapping[str, Any]) -> Any:
    """Put parameter values in place of their bindings; UNBOUND when one of them has no value."""
    if any(parameter_of(expression) not in values for expression in expressions(value)):
        return UNBOUND
    return _bind(value, values)


def _bind(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        return _bind_text(value, values)
    if isinstance(value, Mapping):
        return {key: _bind(inner, values) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_bind(inner, values) for inner in value]
    return value


def _bind_text(text: str, values: Mapping[str, Any]) -> Any:
    whole = _EXPRESSION.fullmatch(text)
    if whole and whole[1] is not None:
        return values[parameter_of(whole[1])]

    def write(match: re.Match[str]) -> str:
        if match[1] is None:
            return "${"
        value = values[parameter_of(match[1])]
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    return _EXPRESSION.sub(write, text)


def bind_some(value: Any, values: Mapping[str, Any]) -> Any:
    """Put the given values in place of their bindings, and leave the others, so that the result is bound later."""
    if isinstance(value, str):
        return _bind_some_text(value, values)
    if isinstance(value, Mapping):
        return {key: bind_some(inner, values) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [bind_some(inner, values) for inner in value]
    return value


def _bind_some_text(text: str, values: Mapping[str, Any]) -> Any:
    whole = _EXPRESSION.fullmatch(text)
    if whole and parameter_of(whole[1] or "") in values:
        return escape(values[parameter_of(whole[1])])
    written = (
        ""  # plain text since the last expression that stays; escaped as one, for `$` may come before `{`
    )
    parts = []
    end = 0
    for match in _EXPRESSION.finditer(text):
        written += text[end : match.start()]
        end = match.end()
        name = parameter_of(match[1] or "")
        if name in values:
            value = values[name]
            written += value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        elif match[1] is None:
            written += "${"
        else:
            parts += [escape(written), match[0]]
            written = ""
    return "".join([*parts, escape(written + text[end:])])


def escape(value: Any) -> Any:
    """Write a value so that binding gives it back as it is."""
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, Mapping):
        return {key: escape(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [escape(inner) for inner in value]
    return value
