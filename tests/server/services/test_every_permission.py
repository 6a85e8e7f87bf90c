"""Each service function asks who may before it does anything: what it is given does not matter until then."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel

from kpl.errors import Denied, NotFound
from kpl.server import services
from kpl.server.services.access import Caller
from kpl.server.services.platform import Platform
from kpl.testing.server import add_user

ANYBODY = {
    "sessions.get_session": "tells the caller about the caller",
    "sessions.sign_out": "ends the caller's own session",
    "idempotency.begin": "its middleware has identified the caller, and the request asks for its own permission",
    "idempotency.finish": "as begin",
    "idempotency.release": "as begin",
}
"""Functions that ask for no right, and why."""


def use_cases() -> Iterator[tuple[str, Callable[..., object]]]:
    """Every function that does something for a caller, and is no part of another that does."""
    for found in pkgutil.iter_modules(services.__path__):
        module = importlib.import_module(f"{services.__name__}.{found.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            parameters = list(inspect.signature(function).parameters)
            is_public = function.__module__ == module.__name__ and not name.startswith("_")
            if is_public and parameters[:2] == ["platform", "caller"]:
                yield f"{found.name}.{name}", function


USE_CASES = dict(use_cases())
IN_PROJECTS = {
    name
    for name, function in USE_CASES.items()
    if "project" in inspect.signature(function).parameters and name not in ANYBODY
}


def anything(parameter: inspect.Parameter) -> Any:
    """Something of the parameter's type; it need not make sense."""
    kind = parameter.annotation
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind.model_construct()
    if kind is int:
        return 1
    return "default" if parameter.name == "project" else "anything"


def call(function: Callable[..., object], platform: Platform, caller: Caller) -> None:
    parameters = list(inspect.signature(function, eval_str=True).parameters.values())[2:]
    needed = [each for each in parameters if each.default is each.empty]
    by_place = [anything(each) for each in needed if each.kind is not each.KEYWORD_ONLY]
    by_name = {each.name: anything(each) for each in needed if each.kind is each.KEYWORD_ONLY}
    function(platform, caller, *by_place, **by_name)


@pytest.mark.parametrize("name", sorted(USE_CASES.keys() - ANYBODY.keys()))
def test_token_without_any_scope_is_refused_before_anything_else(platform: Platform, name: str) -> None:
    powerless = replace(add_user(platform, "root", is_admin=True), scopes=frozenset())
    with pytest.raises(Denied):
        call(USE_CASES[name], platform, powerless)


@pytest.mark.parametrize("name", sorted(IN_PROJECTS))
def test_stranger_is_refused_or_told_of_nothing(platform: Platform, name: str) -> None:
    with pytest.raises((Denied, NotFound)):
        call(USE_CASES[name], platform, add_user(platform, "stranger"))


def test_exceptions_are_real_functions() -> None:
    assert ANYBODY.keys() <= USE_CASES.keys()
