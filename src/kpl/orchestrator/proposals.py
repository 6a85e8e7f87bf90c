"""Which values a search tries next, and which trials others are ahead of: asked of Optuna.

Nothing of Optuna is kept: a study in memory is built anew of the trials there are, so that equal trials lead to equal
answers, after a restart too. Only this file imports it, and only when a search is under way, for it is slow to load.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from kpl.task import Objective, SearchedParameter, SearchSpec

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

_MOST_ASKED = 20
"""How often the sampler is asked again when what it proposes was tried before."""

_LEFT_TO_CHANCE = 5
"""Trials that `tpe` wants to have seen before it learns from them. Not a share of all, so that a search which is given
more trials begins as it did and reuses what it tried."""

_HALVE_FROM = 8
"""Trials are compared from an eighth of the way on: earlier values say little of what becomes of a trial."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A trial as the sampler sees it; `value` is the best that it reported."""

    parameters: Mapping[str, Any]
    state: Literal["open", "done", "stopped_early", "failed"]
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """The best values that a trial had reached with its first report, with its second and so on."""

    values: Sequence[float]
    is_open: bool
    is_done: bool = False


def propose(search: SearchSpec, number: int, tried: Sequence[Tried]) -> dict[str, Any] | None:
    """Choose the values of the trial with this number; None when there is nothing that was not tried.

    Args:
        tried: the trials before, by number.
    """
    known = {_key(search, each.parameters) for each in tried}
    if search.num_points is not None and len(known) >= search.num_points:
        return None
    start = search.start if number == 1 else {}
    if search.method == "grid":
        points = _grid(search, start)
        return next(point for point in points if _key(search, point) not in known) | dict(start)
    for attempt in range(_MOST_ASKED):
        seed = _random(search, f"{number}/{attempt}").getrandbits(32)
        found = _ask(search, tried, start, seed)
        if _key(search, found) not in known:
            return found
    return _untried(search, number, known) or found


def fallen_behind(objective: Objective, curves: Sequence[Curve]) -> list[int]:
    """The open trials that are not in the better half of those that came as far (successive halving).

    They are compared after 1/8, 1/4 and 1/2 of the reports of the longest trial that is done; before one is, nobody
    falls behind.

    Returns:
        places in `curves`.
    """
    longest = max((len(curve.values) for curve in curves if curve.is_done), default=0)
    first = max(1, longest // _HALVE_FROM)
    rungs = [first << power for power in range(longest.bit_length()) if first << power < longest]
    if not rungs or not any(curve.is_open and len(curve.values) >= rungs[0] for curve in curves):
        return []
    optuna = _optuna()
    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=first, reduction_factor=2)
    study = _study(optuna, objective, optuna.samplers.RandomSampler(), pruner)
    behind = []
    # Those that are over come first, so that each that goes on is compared with all of them.
    for place in sorted(range(len(curves)), key=lambda place: curves[place].is_open):
        trial = study.ask()
        is_behind = False
        for rung in rungs:
            if rung <= len(curves[place].values):
                trial.report(curves[place].values[rung - 1], rung)
                is_behind = trial.should_prune() or is_behind
        if is_behind and curves[place].is_open:
            behind.append(place)
    return behind


def _optuna() -> ModuleType:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _study(optuna: ModuleType, objective: Objective, sampler: "BaseSampler", pruner: Any = None) -> "Study":
    study: Study = optuna.create_study(direction=objective.direction, sampler=sampler, pruner=pruner)
    return study


def _ask(search: SearchSpec, tried: Sequence[Tried], start: Mapping[str, Any], seed: int) -> dict[str, Any]:
    optuna = _optuna()
    space = {each.name: _distribution(optuna, each) for each in search.parameters}
    study = _study(optuna, search.objective, _sampler(optuna, search, seed))
    for each in tried:
        study.add_trial(_trial(optuna, search, each, space))
    if start:
        given = {
            each.name: _coded(each, start[each.name]) for each in search.parameters if each.name in start
        }
        study.enqueue_trial(given)
    params = study.ask(space).params
    return {each.name: _value(each, params[each.name]) for each in search.parameters} | dict(start)


def _sampler(optuna: ModuleType, search: SearchSpec, seed: int) -> "BaseSampler":
    sampler: BaseSampler
    if search.method == "random":
        sampler = optuna.samplers.RandomSampler(seed=seed)
    else:
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=_LEFT_TO_CHANCE)
    return sampler


def _distribution(optuna: ModuleType, each: SearchedParameter) -> "BaseDistribution":
    found: BaseDistribution
    if each.choices:  # by place: Optuna takes simple values alone
        return optuna.distributions.CategoricalDistribution(range(len(each.choices)))  # type: ignore[no-any-return]
    if each.step is not None and each.num_values is not None:  # by place, too: steps of 0.1 do not add up
        return optuna.distributions.IntDistribution(0, each.num_values - 1)  # type: ignore[no-any-return]
    if each.is_integer:
        found = optuna.distributions.IntDistribution(each.min, each.max, log=each.log)
    else:
        found = optuna.distributions.FloatDistribution(each.min, each.max, log=each.log)
    return found


def _trial(
    optuna: ModuleType, search: SearchSpec, tried: Tried, space: Mapping[str, "BaseDistribution"]
) -> "FrozenTrial":
    states = optuna.trial.TrialState
    state, value, reached = states.FAIL, None, {}
    if tried.state == "open":
        state = states.RUNNING
    elif tried.state == "done" and tried.value is not None:
        state, value = states.COMPLETE, tried.value
    elif tried.state == "stopped_early" and tried.value is not None:
        state, reached = states.PRUNED, {1: tried.value}
    trial: FrozenTrial = optuna.trial.create_trial(
        state=state,
        value=value,
        intermediate_values=reached,
        params={each.name: _coded(each, tried.parameters[each.name]) for each in search.parameters},
        distributions=dict(space),
    )
    return trial


def _coded(each: SearchedParameter, value: Any) -> Any:
    """A value as its distribution has it."""
    if each.choices:
        return next(place for place, choice in enumerate(each.choices) if _text(choice) == _text(value))
    if each.step is not None:
        return round((value - each.min) / each.step)
    return int(value) if each.is_integer else float(value)


def _value(each: SearchedParameter, coded: Any) -> Any:
    """The value that a distribution's answer stands for; six digits of it, which people can read and repeat."""
    if each.choices or each.step is not None:
        return each.value(coded)
    return int(coded) if each.is_integer else min(each.max, max(each.min, float(f"{coded:.6g}")))


def _grid(search: SearchSpec, start: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The points of a grid that have the values of `start`, mixed.

    In an order by value the trials of a search that ends early would all lie in one corner.
    """
    assert search.num_points is not None, "a grid without end is refused with the pipeline"
    order = list(range(search.num_points))
    _random(search, "grid").shuffle(order)
    wanted = {each.name: _coded(each, start[each.name]) for each in search.parameters if each.name in start}
    for number in order:
        point = _point(search, number)
        coded = {each.name: _coded(each, point[each.name]) for each in search.parameters}
        if wanted.items() <= coded.items():
            yield point


def _point(search: SearchSpec, number: int) -> dict[str, Any]:
    """The point of a grid with this number, from 0."""
    point = {}
    for each in search.parameters:
        number, place = divmod(number, each.num_values or 1)
        point[each.name] = each.value(place)
    return point


def _untried(search: SearchSpec, number: int, known: set[str]) -> dict[str, Any] | None:
    """Any point that was not tried, where few are left for a sampler to hit on one; None where there is no end."""
    if search.num_points is None:
        return None
    # Of so many points drawn at random one is new, for there are more than were tried.
    size = search.num_points
    drawn = _random(search, f"{number}").sample(range(size), min(size, len(known) + 1))
    return next(point for each in drawn if _key(search, point := _point(search, each)) not in known)


def _random(search: SearchSpec, purpose: str) -> Random:
    """A generator that gives the same numbers for the same search and purpose."""
    return Random(f"{search.seed}/{purpose}")  # noqa: S311 - nothing secret


def _key(search: SearchSpec, parameters: Mapping[str, Any]) -> str:
    """Equal for equal values of what is searched."""
    return _text([_coded(each, parameters[each.name]) for each in search.parameters])


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
