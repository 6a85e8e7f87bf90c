"""Values of parameters against their schemas: what is missing, unknown or wrong, and the defaults."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry

from kpl.algorithm.parameters import ParametersInvalid, check_parameters, default_parameters
from kpl.errors import nearest
from kpl.pipeline.document import Document
from kpl.pipeline.parsing import plain_schema
from kpl.pipeline.problem import Problem
from kpl.pipeline.text import dotted
from kpl.sentence import Sentence

_NO_REFERENCES: Registry[Any] = Registry()  # a `$ref` to an address is never fetched


def parameter_values(document: Document, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Fill in the defaults of a pipeline's parameters.

    Returns:
        the values that are known and allowed, and what is missing, unknown or not allowed.
    """
    problems = list(given_problems(document, given))
    refused = {re.split(r"[.\[]", problem.path)[1] for problem in problems}
    values = {name: value for name, value in given.items() if name not in refused}
    for parameter in document.parameters:
        if parameter.name in given:
            continue
        path = f"parameters.{parameter.name}"
        if parameter.is_required:
            what = Sentence(
                f"The parameter '{parameter.name}' has no value.", f"参数“{parameter.name}”没有值。"
            )
            problems.append(Problem("", "", path, what, _GIVE_ONE))
            continue
        default = parameter.schema["default"]
        wrong = list(_value_problems(plain_schema(parameter.schema), default, f"{path}.default"))
        problems += wrong
        if not wrong:
            values[parameter.name] = default
    return values, problems


def given_problems(document: Document, given: Mapping[str, Any]) -> Iterator[Problem]:
    """Find given values that the pipeline's parameters refuse, and values for parameters that it has not."""
    schemas = {parameter.name: parameter.schema for parameter in document.parameters}
    for name, value in given.items():
        if name in schemas:
            yield from _value_problems(plain_schema(schemas[name]), value, f"parameters.{name}")
        else:
            what = Sentence(f"The pipeline has no parameter '{name}'.", f"流水线没有参数“{name}”。")
            yield Problem("", "", f"parameters.{name}", what, nearest(name, schemas))


def fill_in(
    schema: Mapping[str, Any], given: Mapping[str, Any], unbound: Collection[str]
) -> tuple[dict[str, Any], list[Problem]]:
    """Check a function's parameters and fill in their defaults.

    Args:
        schema: JSON Schema of an object.
        unbound: parameters whose value is not known yet; they are not missed.
    Returns:
        the values, and problems whose paths begin with the parameter's name.
    """
    required = [name for name in schema.get("required", ()) if name not in unbound]
    relaxed = {"type": "object", "additionalProperties": False, **schema, "required": required}
    try:
        return check_parameters(relaxed, given), []
    except ParametersInvalid as err:
        values = {**default_parameters(schema), **given}
        problems = list(_value_problems(relaxed, values, ""))
        return values, problems or [Problem("", "", "", err.message, err.hint)]


def _value_problems(schema: Mapping[str, Any], value: Any, path: str) -> Iterator[Problem]:
    for error in Draft202012Validator(schema, registry=_NO_REFERENCES).iter_errors(value):
        place = dotted((*([path] if path else []), *error.absolute_path))
        inside = f"{place}." if place else ""
        if error.validator == "additionalProperties" and isinstance(error.instance, dict):
            known = error.schema.get("properties", {}) if isinstance(error.schema, Mapping) else {}
            for name in sorted(error.instance.keys() - known.keys()):
                what = Sentence(f"There is no parameter '{name}'.", f"没有参数“{name}”。")
                yield Problem("", "", f"{inside}{name}", what, nearest(name, known))
        elif error.validator == "required" and isinstance(error.validator_value, list):
            for name in sorted({*error.validator_value} - error.instance.keys()):
                what = Sentence(f"'{name}' has no value.", f"“{name}”没有值。")
                yield Problem("", "", f"{inside}{name}", what, _GIVE_ONE)
        else:
            yield Problem("", "", place, *_plain_words(error))


def _plain_words(error: ValidationError) -> tuple[str, str]:
    limit: Any = error.validator_value
    shown = json.dumps(error.instance, ensure_ascii=False, default=repr)
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
    match error.validator:
        case "type":
            names = limit if isinstance(limit, list) else [limit]
            what = Sentence(
                f"{shown} is not of type {' or '.join(names)}.", f"{shown} 的类型不是 {' 或 '.join(names)}。"
            )
            return what, Sentence(
                "Numbers stand without quotes, text with them.", "数字不加引号，文本加引号。"
            )
        case "minimum" | "exclusiveMinimum":
            is_open = error.validator != "minimum"
            en, zh = (
                (f"more than {limit}", f"大于 {limit}")
                if is_open
                else (f"{limit} or more", f"不小于 {limit}")
            )
            return Sentence(f"{shown} is too small.", f"{shown} 过小。"), _give(en, zh)
        case "maximum" | "exclusiveMaximum":
            is_open = error.validator != "maximum"
            en, zh = (
                (f"less than {limit}", f"小于 {limit}")
                if is_open
                else (f"{limit} or less", f"不大于 {limit}")
            )
            return Sentence(f"{shown} is too large.", f"{shown} 过大。"), _give(en, zh)
        case "enum":
            choices = [choice if isinstance(choice, str) else json.dumps(choice) for choice in limit]
            what = Sentence(f"{shown} is not a choice.", f"{shown} 不是可选值。")
            return what, nearest(str(error.instance), choices)
        case "anyOf" | "oneOf":
            what = Sentence(f"{shown} is not a value that is allowed.", f"不允许的值 {shown}。")
            return what, Sentence(f"Allowed: {json.dumps(limit)}.", f"允许：{json.dumps(limit)}。")
        case _:
            return Sentence(
                f"{shown} is refused: {error.message}.", f"{shown} 不被接受：{error.message}。"
            ), ""


_GIVE_ONE = Sentence("Give it one.", "请填写。")


def _give(en: str, zh: str) -> Sentence:
    return Sentence(f"Give {en}.", f"请填写{zh}的值。")
