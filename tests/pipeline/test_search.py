from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpl.pipeline import Catalog, Problem, make_plan, parse, validate
from kpl.sentence import chinese_of
from kpl.task import Objective, SearchedParameter, SearchSpec

RATE = {"min": 0.001, "max": 1, "log": True}


def searched(plain: dict[str, Any], search: dict[str, Any], node: str = "train") -> dict[str, Any]:
    next(each for each in plain["nodes"] if each["id"] == node)["search"] = search
    return plain


def problems(plain: dict[str, Any], catalog: Catalog) -> list[Problem]:
    return validate(parse(plain), catalog, {})


def test_a_search_is_filled_in_from_the_manifest(plain: dict[str, Any], catalog: Catalog) -> None:
    search = {"parameters": {"rate": RATE, "epochs": {"min": 2, "max": 50}}, "budget_s": 60, "parallel": 2}
    step = make_plan(parse(searched(plain, search)), catalog, {}).step("train")
    assert step is not None
    assert step.search == SearchSpec(
        parameters=(
            SearchedParameter("epochs", min=2, max=50, is_integer=True),
            SearchedParameter("rate", min=0.001, max=1.0, log=True),
        ),
        objective=Objective("accuracy", "maximize"),
        parallel=2,
        budget_s=60,
        start={"epochs": 8, "rate": 0.1},  # the node's own value, bound to the pipeline's, and the default
    )


def test_a_searched_parameter_needs_no_value_and_a_default_outside_the_range_is_not_where_it_begins(
    plain: dict[str, Any], catalog: Catalog
) -> None:
    train = next(each for each in plain["nodes"] if each["id"] == "train")
    del train["parameters"]
    del plain["parameters"]["epochs"]
    search = {"parameters": {"epochs": {"min": 2, "max": 50}, "rate": {"min": 0.2, "max": 1}}}
    step = make_plan(parse(searched(plain, search)), catalog, {}).step("train")
    assert step is not None
    assert step.search is not None
    assert step.search.start == {}
    assert "epochs" not in step.parameters


@pytest.mark.parametrize(
    ("search", "path", "what", "fix"),
    [
        ({"parameters": {}}, "parameters", "Nothing is searched.", "Name at least one"),
        (
            {"parameters": {"rat": RATE}},
            "parameters.rat",
            "There is no parameter 'rat'.",
            "Did you mean 'rate'?",
        ),
        ({"parameters": {"rate": {}}}, "parameters.rate", "It gives no range.", "Write {min:"),
        (
            {"parameters": {"rate": {"min": 1, "max": 1}}},
            "parameters.rate",
            "The range from 1 to 1 is empty.",
            "min",
        ),
        (
            {"parameters": {"rate": {"min": 0, "max": 1}}},
            "parameters.rate.min",
            "The parameter does not take 0: 0 is less than or equal to the minimum of 0.",
            "Stay within",
        ),
        (
            {"parameters": {"epochs": {"min": 1, "max": 101}}},
            "parameters.epochs.max",
            "The parameter does not take 101:",
            "Stay",
        ),
        (
            {"parameters": {"epochs": {"min": 1, "max": 9, "step": 0.5}}},
            "parameters.epochs.step",
            "0.5 is no step between whole numbers.",
            "Give a whole number.",
        ),
        (
            {"parameters": {"rate": {**RATE, "step": 0.1}}},
            "parameters.rate",
            "A logarithmic range has no steps.",
            "",
        ),
        (
            {"parameters": {"mode": {"min": 1, "max": 2}}},
            "parameters.mode",
            "Its values are not a range of",
            "choices",
        ),
        (
            {"parameters": {"mode": {"choices": ["fast", "slow"]}}},
            "parameters.mode.choices[1]",
            'The parameter does not take "slow":',
            "Stay",
        ),
        (
            {"parameters": {"mode": {"choices": ["fast", "fast"]}}},
            "parameters.mode.choices[1]",
            '"fast" stands there twice.',
            "Keep one.",
        ),
        (
            {"parameters": {"rate": {"choices": [0.1], "min": 0.1}}},
            "parameters.rate",
            "It has both choices and a range.",
            "Remove",
        ),
        (
            {"parameters": {"epochs": {"min": 20, "max": 50}}},
            "parameters.epochs",
            "The node begins with 8, which is not among the values that are searched.",
            "Widen the range",
        ),
        (
            {"parameters": {"rate": RATE}, "method": "grid"},
            "parameters.rate",
            "A grid needs to know the steps between 0.001 and 1.",
            "Give a step or choices",
        ),
        (
            {"parameters": {"rate": {"min": 0.1, "max": 90, "step": 0.0001}}, "method": "grid"},
            "parameters",
            "The grid has 899001 points.",
            "Give at most 100000",
        ),
        (
            {"parameters": {"rate": RATE}, "metric": "acuracy"},
            "metric",
            "Function 'train' reports no metric 'acuracy'.",
            "Did you mean 'accuracy'?",
        ),
    ],
)
def test_what_is_wrong_with_a_search_is_said_at_its_place(
    search: dict[str, Any], path: str, what: str, fix: str, plain: dict[str, Any], catalog: Catalog
) -> None:
    (found,) = problems(searched(plain, search), catalog)
    assert (found.node, found.path, found.severity) == ("train", f"nodes.train.search.{path}", "error")
    assert found.what.startswith(what)
    assert fix in found.fix
    assert chinese_of(found.what)


def test_what_serves_or_reports_nothing_cannot_be_searched(plain: dict[str, Any], catalog: Catalog) -> None:
    searched(plain, {"parameters": {}}, "deploy")
    searched(plain, {"parameters": {}}, "split")
    found = {each.path: each.what for each in problems(plain, catalog)}
    assert found["nodes.deploy.search"] == "A function that serves cannot be searched."
    assert found["nodes.split.search.metric"] == "Function 'process' reports no metric to compare trials by."


@given(st.floats(-1e6, 1e6), st.floats(0.001, 10), st.integers(1, 50))
def test_each_numbered_value_of_a_range_is_one_that_is_tried(low: float, step: float, count: int) -> None:
    parameter = SearchedParameter("a", min=low, max=low + step * count, step=step)
    assert parameter.num_values in (count, count + 1)  # the last step may be lost to rounding
    assert not parameter.tries(low + step * count * 1.5 + 1)
    whole = SearchedParameter("a", min=3, max=3 + 2 * count, step=2, is_integer=True)
    assert [whole.value(number) for number in range(count + 1)] == list(range(3, 4 + 2 * count, 2))
    assert all(whole.tries(whole.value(number)) for number in range(count + 1))
