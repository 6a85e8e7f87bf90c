"""The search of a node against its function: what is tried, what is compared, and what is wrong with it.

Choosing the values of a trial is left to `kpl.orchestrator.proposals`.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator

from kpl.errors import nearest
from kpl.pipeline.catalog import Function
from kpl.pipeline.document import Search, SearchRange
from kpl.pipeline.problem import Problem
from kpl.sentence import Sentence
from kpl.task import Objective, SearchedParameter, SearchSpec

MAX_GRID = 100_000
"""Points that a grid may have: more would never be tried, for a search has 1,000 trials at most."""


def resolve_search(
    search: Search, function: Function, given: Mapping[str, Any], filled: Mapping[str, Any]
) -> tuple[SearchSpec | None, list[Problem]]:
    """What a node's search tries and compares.

    Args:
        given: values that the node gives itself; those of searched parameters are where the search begins.
        filled: the same with the defaults of the manifest, which are tried first where they lie in the range.
    Returns:
        None when it cannot be searched, and the problems, whose paths begin below the node's `search`.
    """
    if function.name == "serve":
        what = Sentence("A function that serves cannot be searched.", "提供在线服务的功能不能自动调参。")
        fix = Sentence("Search the function that trains.", "请对用于训练的功能自动调参。")
        return None, [_problem("", what, fix)]
    objective, problems = _objective(search, function)
    if not search.parameters:
        what = Sentence("Nothing is searched.", "没有需要自动调参的参数。")
        fix = Sentence("Name at least one parameter and its range.", "请至少写一个参数及其范围。")
        problems.append(_problem("parameters", what, fix))
    schemas: Mapping[str, Any] = function.parameters.get("properties", {})
    searched: list[SearchedParameter] = []
    for name in sorted(search.parameters):
        found, wrong = _searched(name, search.parameters[name], schemas, is_grid=search.method == "grid")
        problems += wrong
        if found is not None:
            searched.append(found)
    problems += _start_problems(searched, given)
    if problems or objective is None:
        return None, problems
    spec = SearchSpec(
        parameters=tuple(searched),
        objective=objective,
        trials=search.trials,
        parallel=search.parallel,
        budget_s=search.budget_s,
        method=search.method,
        pruning=search.pruning,
        seed=search.seed,
        start={each.name: filled[each.name] for each in searched if _may_start(each, filled)},
    )
    if search.method == "grid" and (size := spec.num_points or 0) > MAX_GRID:
        return None, [_too_large(size)]
    return spec, []


def _too_large(size: int) -> Problem:
    what = Sentence(f"The grid has {size} points.", f"网格共有 {size} 个点。")
    fix = Sentence(
        f"Give at most {MAX_GRID}, or use method random or tpe.",
        f"请不超过 {MAX_GRID} 个，或改用 random、tpe 方法。",
    )
    return _problem("parameters", what, fix)


def _objective(search: Search, function: Function) -> tuple[Objective | None, list[Problem]]:
    if not function.metrics:
        what = Sentence(
            f"Function '{function.name}' reports no metric to compare trials by.",
            f"功能“{function.name}”不上报任何指标，无法比较各次试验。",
        )
        return None, [_problem("metric", what, "")]
    name = search.metric or function.primary_metric
    if not name:
        what = Sentence("It is not said which metric counts.", "没有说明以哪个指标为准。")
        return None, [_problem("metric", what, nearest("", function.metrics))]
    if name not in function.objectives:
        what = Sentence(
            f"Function '{function.name}' reports no metric '{name}'.",
            f"功能“{function.name}”不上报指标“{name}”。",
        )
        return None, [_problem("metric", what, nearest(name, function.metrics))]
    declared = function.objectives[name]
    return Objective(name, search.direction or declared.direction), []


def _searched(
    name: str, values: SearchRange, schemas: Mapping[str, Any], *, is_grid: bool
) -> tuple[SearchedParameter | None, list[Problem]]:
    path = f"parameters.{name}"
    if name not in schemas:
        what = Sentence(f"There is no parameter '{name}'.", f"没有参数“{name}”。")
        return None, [_problem(path, what, nearest(name, schemas))]
    schema = schemas[name] if isinstance(schemas[name], Mapping) else {}
    if values.choices:
        problems = list(_choice_problems(path, values, schema))
        return (None, problems) if problems else (SearchedParameter(name, choices=values.choices), [])
    is_integer = _types(schema) == {"integer"}
    problems = list(_range_problems(path, values, schema, is_integer=is_integer))
    if not problems and is_grid and not is_integer and values.step is None:
        what = Sentence(
            f"A grid needs to know the steps between {values.min} and {values.max}.",
            f"网格搜索需要知道 {values.min} 到 {values.max} 之间的步长。",
        )
        fix = Sentence(
            "Give a step or choices, or use method random or tpe.",
            "请填写 step 或 choices，或改用 random、tpe 方法。",
        )
        problems.append(_problem(path, what, fix))
    if problems or values.min is None or values.max is None:
        return None, problems
    number = int if is_integer else float
    step = None if values.step is None else number(values.step)
    return SearchedParameter(
        name,
        min=number(values.min),
        max=number(values.max),
        log=values.log,
        step=step,
        is_integer=is_integer,
    ), []


def _choice_problems(path: str, values: SearchRange, schema: Mapping[str, Any]) -> Iterator[Problem]:
    if values.min is not None or values.max is not None or values.step is not None or values.log:
        what = Sentence("It has both choices and a range.", "同时写了 choices 和范围。")
        yield _problem(path, what, Sentence("Remove one of them.", "请删除其中之一。"))
    for number, choice in enumerate(values.choices):
        at = f"{path}.choices[{number}]"
        yield from _refused(at, choice, schema)
        if _is_one_of(choice, values.choices[:number]):
            what = Sentence(f"{_shown(choice)} stands there twice.", f"{_shown(choice)} 出现了两次。")
            yield _problem(at, what, Sentence("Keep one.", "请保留一个。"))


def _range_problems(
    path: str, values: SearchRange, schema: Mapping[str, Any], *, is_integer: bool
) -> Iterator[Problem]:
    low, high, step = values.min, values.max, values.step
    is_number = bool(_types(schema) & {"integer", "number"}) and "enum" not in schema
    if not is_number:
        what = Sentence("Its values are not a range of numbers.", "它的取值不是数字范围。")
        yield _problem(path, what, Sentence("Write {choices: [...]}.", "请写 {choices: [...]}。"))
        return
    if low is None or high is None:
        what = Sentence("It gives no range.", "没有给出范围。")
        fix = Sentence(
            "Write {min: 0.001, max: 0.1, log: true}, or {choices: [...]}.",
            "请写 {min: 0.001, max: 0.1, log: true} 或 {choices: [...]}。",
        )
        yield _problem(path, what, fix)
        return
    if low >= high:
        what = Sentence(f"The range from {low} to {high} is empty.", f"范围 {low} 到 {high} 是空的。")
        yield _problem(path, what, Sentence("Let min be less than max.", "min 应小于 max。"))
        return
    for key, end in (("min", low), ("max", high)):
        yield from _refused(f"{path}.{key}", end, schema)
    if is_integer and step is not None and step != int(step):
        what = Sentence(f"{step} is no step between whole numbers.", f"{step} 不是整数之间的步长。")
        yield _problem(f"{path}.step", what, Sentence("Give a whole number.", "请填写整数。"))
    elif step is not None and not 0 < step <= high - low:
        what = Sentence(
            f"{step} is no step between {low} and {high}.", f"{step} 不是 {low} 到 {high} 之间的步长。"
        )
        fix = Sentence(f"Give more than 0 and at most {high - low}.", f"请大于 0 且不超过 {high - low}。")
        yield _problem(f"{path}.step", what, fix)
    elif step is not None:
        yield from _refused(f"{path}.step", low + step, schema)
    if values.log and step is not None:
        what = Sentence("A logarithmic range has no steps.", "对数范围没有步长。")
        yield _problem(path, what, Sentence("Remove log or step.", "请删除 log 或 step。"))
    if values.log and low <= 0:
        what = Sentence(f"A logarithmic range cannot begin at {low}.", f"对数范围不能从 {low} 开始。")
        yield _problem(f"{path}.min", what, Sentence("Give more than 0.", "请填写大于 0 的数。"))


def _start_problems(searched: Collection[SearchedParameter], given: Mapping[str, Any]) -> Iterator[Problem]:
    for each in searched:
        if each.name in given and not each.tries(given[each.name]):
            value = _shown(given[each.name])
            what = Sentence(
                f"The node begins with {value}, which is not among the values that are searched.",
                f"节点以 {value} 开始，但它不在调参的取值范围之内。",
            )
            fix = Sentence(
                f"Widen the range, or remove '{each.name}' from the node's parameters.",
                f"请放宽范围，或从节点参数中删除“{each.name}”。",
            )
            yield _problem(f"parameters.{each.name}", what, fix)


def _refused(path: str, value: Any, schema: Mapping[str, Any]) -> Iterator[Problem]:
    for error in Draft202012Validator(schema).iter_errors(value):
        what = Sentence(
            f"The parameter does not take {_shown(value)}: {error.message}.",
            f"参数不接受 {_shown(value)}：{error.message}。",
        )
        fix = Sentence("Stay within what the algorithm declares.", "请保持在算法声明的范围内。")
        yield _problem(path, what, fix)
        return


def _may_start(searched: SearchedParameter, filled: Mapping[str, Any]) -> bool:
    return searched.name in filled and searched.tries(filled[searched.name])


def _types(schema: Mapping[str, Any]) -> set[str]:
    """The types that a schema allows, but for null."""
    named = schema.get("type", ())
    return {named} if isinstance(named, str) else set(named) - {"null"}


def _is_one_of(value: Any, values: Collection[Any]) -> bool:
    """Whether a value is there; 1 and true are two, and so are 1 and 1.0."""
    return _shown(value) in map(_shown, values)


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=repr)


def _problem(path: str, what: str, fix: str) -> Problem:
    return Problem("", "", f"search.{path}" if path else "search", what, fix)
