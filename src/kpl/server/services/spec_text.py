"""A task's frozen specification as text for the database, and back.

Written out by hand because inputs come in two shapes, told apart by the key that only one of them has. Fields
added later get a default, so that specifications of earlier releases can still be read.
"""

import json
from dataclasses import asdict
from typing import Any

from kpl.resources import DeviceRequest, ResourceRequest
from kpl.task import (
    ArtifactInput,
    Branch,
    Condition,
    EnvironmentSpec,
    Objective,
    OutputSpec,
    Program,
    SearchedParameter,
    SearchSpec,
    TaskInput,
    TaskOutputInput,
    TaskSpec,
)


def encode_spec(spec: TaskSpec) -> str:
    plain = asdict(spec) | {"parameters": dict(spec.parameters)}
    for key in ("search", "objective", "condition", "branches"):  # few tasks have one
        if not plain[key]:
            del plain[key]
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def decode_spec(text: str) -> TaskSpec:
    plain: dict[str, Any] = json.loads(text)
    return TaskSpec(
        **plain
        | {
            "program": _program(plain["program"]),
            "inputs": tuple(_input(each) for each in plain["inputs"]),
            "outputs": tuple(OutputSpec(**each) for each in plain["outputs"]),
            "resources": _resources(plain["resources"]),
            "metrics": tuple(plain["metrics"]),
            "condition": Condition(**plain["condition"]) if plain.get("condition") else None,
            "branches": tuple(Branch(**each) for each in plain.get("branches", ())),
            "search": _search(plain["search"]) if plain.get("search") else None,
            "objective": Objective(**plain["objective"]) if plain.get("objective") else None,
        }
    )


def _program(plain: dict[str, Any]) -> Program:
    return Program(
        **plain | {"command": tuple(plain["command"]), "environment": EnvironmentSpec(**plain["environment"])}
    )


def _search(plain: dict[str, Any]) -> SearchSpec:
    searched = (
        SearchedParameter(**each | {"choices": tuple(each["choices"])}) for each in plain["parameters"]
    )
    return SearchSpec(**plain | {"parameters": tuple(searched), "objective": Objective(**plain["objective"])})


def _input(plain: dict[str, Any]) -> TaskInput:
    return ArtifactInput(**plain) if "artifact" in plain else TaskOutputInput(**plain)


def _resources(plain: dict[str, Any]) -> ResourceRequest:
    alternatives = tuple(_devices(each) for each in plain.get("alternatives", ()))
    return ResourceRequest(**plain | {"devices": _devices(plain["devices"]), "alternatives": alternatives})


def _devices(plain: list[dict[str, Any]]) -> tuple[DeviceRequest, ...]:
    return tuple(DeviceRequest(**each | {"models": tuple(each["models"])}) for each in plain)
