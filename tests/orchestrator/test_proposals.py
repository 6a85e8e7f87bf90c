from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpl.orchestrator.proposals import Curve, Tried, fallen_behind, propose
from kpl.task import Objective, SearchedParameter, SearchSpec
from kpl.task.spec import SearchMethod

LOSS = Objective("loss", "minimize")
RATE = SearchedParameter("rate", min=0.0001, max=1.0, log=True)
WIDTH = SearchedParameter("width", choices=("small", ["large", 2], None, True, 1))
DEPTH = SearchedParameter("depth", min=1, max=9, step=2, is_integer=True)
DROP = SearchedParameter("drop", min=0.0, max=0.5, step=0.1)
ROUNDS = SearchedParameter("rounds", min=1, max=4, is_integer=True, log=True)


def run(search: SearchSpec, measure: Callable[[Mapping[str, Any]], float], count: int) -> list[Tried]:
    """The trials of a search one after another."""
    tried: list[Tried] = []
    for number in range(1, count + 1):
        parameters = propose(search, number, tried)
        if parameters is None:
            break
        assert propose(search, number, tried) == parameters, "equal trials lead to equal answers"
        tried.append(Tried(parameters, "done", measure(parameters)))
    return tried


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(["tpe", "random", "grid"]),
    st.lists(
        st.sampled_from([WIDTH, DEPTH, DROP, ROUNDS]), min_size=1, max_size=2, unique_by=lambda p: p.name
    ),
    st.integers(0, 2**32 - 1),
    st.lists(st.sampled_from(["open", "done", "stopped_early", "failed"]), min_size=30, max_size=30),
)
def test_proposals_lie_in_the_range_and_end_when_all_was_tried(
    method: SearchMethod, parameters: list[SearchedParameter], seed: int, states: list[Any]
) -> None:
    search = SearchSpec(tuple(parameters), LOSS, trials=30, method=method, seed=seed)
    tried: list[Tried] = []
    while (found := propose(search, len(tried) + 1, tried)) is not None:
        assert found.keys() == {each.name for each in parameters}
        assert all(each.tries(found[each.name]) for each in parameters)
        state = states[len(tried)]
        tried.append(Tried(found, state, 0.5 if state in ("done", "stopped_early") else None))
    assert len(tried) == search.num_points
    assert len({repr(sorted(each.parameters.items())) for each in tried}) == search.num_points


def test_a_search_learns_from_its_trials_and_does_better_than_chance() -> None:
    def loss(parameters: Mapping[str, Any]) -> float:
        return abs(float(parameters["rate"]) - 0.01) + (0.0 if parameters["width"] == "small" else 0.1)

    search = SearchSpec((RATE, WIDTH), LOSS, trials=40)
    learned = run(search, loss, 40)
    chance = run(replace(search, method="random"), loss, 40)

    def late(tried: list[Tried]) -> float:
        return sum(loss(each.parameters) for each in tried[20:])

    assert late(learned) < late(chance) / 2
    assert all(len(f"{each.parameters['rate']:g}") <= 11 for each in learned)


@pytest.mark.parametrize("method", ["tpe", "random", "grid"])
def test_the_first_trial_begins_with_the_values_given_as_they_were_given(method: SearchMethod) -> None:
    search = SearchSpec((DROP, DEPTH), LOSS, method=method, start={"drop": 0, "depth": 5})
    first = propose(search, 1, [])
    assert repr(first) == repr({"drop": 0, "depth": 5})
    partly = replace(search, start={"depth": 7})
    first = propose(partly, 1, [])
    assert first is not None
    assert first["depth"] == 7


def test_a_search_that_is_given_more_trials_begins_as_it_did() -> None:
    def loss(parameters: Mapping[str, Any]) -> float:
        return abs(float(parameters["rate"]) - 0.01)

    search = SearchSpec((RATE, WIDTH), LOSS, trials=8)
    assert run(replace(search, trials=80), loss, 12)[:8] == run(search, loss, 8)


def test_another_seed_gives_other_trials() -> None:
    search = SearchSpec((RATE,), LOSS)
    firsts = [propose(replace(search, seed=seed), 1, []) for seed in range(4)]
    assert len({str(first) for first in firsts}) == 4


def test_who_falls_behind_is_told_by_the_better_half_of_those_that_came_as_far() -> None:
    done = Curve([8, 7, 6, 5, 4, 3, 2, 1], is_open=False, is_done=True)
    worse, better = Curve([9, 9], is_open=True), Curve([5, 4], is_open=True)
    assert fallen_behind(LOSS, [done, worse, better]) == [1]
    assert fallen_behind(Objective("accuracy", "maximize"), [done, worse, better]) == [2]
    assert fallen_behind(LOSS, [worse, better]) == [], "nothing is known before a trial is done"
    assert fallen_behind(LOSS, [done, Curve([], is_open=True)]) == []
    late = Curve([5, 4, 4, 9, 9, 9, 9, 9], is_open=True)
    assert fallen_behind(LOSS, [done, late]) == [1], "it was ahead after two reports, but not after four"
    over = Curve([9, 9], is_open=False)
    assert fallen_behind(LOSS, [done, over]) == []
