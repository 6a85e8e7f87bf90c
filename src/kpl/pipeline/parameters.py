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
            what = f"The parameter '{parameter.name}' has no value."
            problems.append(Problem("", "", path, what, "Give it one."))
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
            what = f"The pipeline has no parameter '{name}'."
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
                what = f"There is no parameter '{name}'."
                yield Problem("", "", f"{inside}{name}", what, nearest(name, known))
        elif error.validator == "required" and isinstance(error.validator_value, list):
            for name in sorted({*error.validator_value} - error.instance.keys()):
                yield Problem("", "", f"{inside}{name}", f"'{name}' has no value.", "Give it one.")
        else:
            yield Problem("", "", place, *_plain_words(error))


def _plain_words(error: ValidationError) -> tuple[str, str]:
    limit: Any = error.validator_value
    shown = json.dumps(error.instance, ensure_ascii=False, default=repr)
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
    match error.validator:
        case "type":
            wanted = " or ".join(limit) if isinstance(limit, list) else limit
            return f"{shown} is not of type {wanted}.", "Numbers stand without quotes, text with them."
        case "minimum" | "exclusiveMinimum":
            least = f"{limit} or more" if error.validator == "minimum" else f"more than {limit}"
            return f"{shown} is too small.", f"Give {least}."
        case "maximum" | "exclusiveMaximum":
            most = f"{limit} or less" if error.validator == "maximum" else f"less than {limit}"
            return f"{shown} is too large.", f"Give {most}."
        case "enum":
            choices = [choice if isinstance(choice, str) else json.dumps(choice) for choice in limit]
            return f"{shown} is not a choice.", nearest(str(error.instance), choices)
        case "anyOf" | "oneOf":
            return f"{shown} is not a value that is allowed.", f"Allowed: {json.dumps(limit)}."
        case _:
            return f"{shown} is refused: {error.message}.", ""
