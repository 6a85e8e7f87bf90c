from typing import Any

import pytest

from kpl.errors import Invalid
from kpl.pipeline import (
    Catalog,
    ConditionNode,
    Document,
    Edge,
    InvalidDocument,
    Plan,
    Reusable,
    check,
    make_plan,
    make_template,
    parse,
    preview,
    to_plain,
    to_task_spec,
    to_yaml,
)
from kpl.sentence import Sentence, in_chinese
from kpl.task import MEASURED, NO_PROGRAM, Branch, Condition, OutputSpec, TaskKind, TaskOutputInput
from kpl.task.ids import Digest, TaskId

NODE = {"id": "good_enough", "type": "condition", "metric": "accuracy", "operator": ">=", "value": 0.9}


@pytest.fixture
def plain(plain: dict[str, Any]) -> dict[str, Any]:
    """train -> good_enough -> deploy, otherwise split again for somebody to look at."""
    again = {"id": "again", "type": "algorithm", "algorithm": "split", "function": "process"}
    plain["nodes"] += [dict(NODE), again]
    plain["edges"] += [
        {"from": "train.model", "to": "good_enough.measured"},
        {"from": "good_enough.then", "to": "deploy"},
        {"from": "good_enough.otherwise", "to": "again"},
        {"from": "data.dataset", "to": "again.dataset"},
    ]
    return plain


@pytest.fixture
def plan(plain: dict[str, Any], catalog: Catalog) -> Plan:
    return make_plan(parse(plain), catalog, {})


def told(plain: dict[str, Any], catalog: Catalog, **parameters: Any) -> list[str]:
    problems = check(plain, catalog, parameters)
    assert all(in_chinese(each.what) != each.what for each in problems)
    return [str(each) for each in problems]


def test_a_condition_is_read_and_written_in_one_form(plain: dict[str, Any]) -> None:
    document = parse(plain)
    assert document.node("good_enough") == ConditionNode("good_enough", "accuracy", ">=", 0.9)
    assert Edge("good_enough", "deploy", "then") in document.edges
    text = to_yaml(document)
    written = [
        "- id: good_enough",
        "  type: condition",
        "  metric: accuracy",
        "  operator: '>='",
        "  value: 0.9",
    ]
    assert "\n".join(f"  {line}" for line in written) in text
    assert "{from: good_enough.then, to: deploy}" in text
    assert parse(text) == document


@pytest.mark.parametrize(
    "node", [{"metric": ""}, {"value": None}, {"value": 1}, {"value": "${parameters.epochs}"}]
)
def test_a_condition_may_be_half_drawn(plain: dict[str, Any], node: dict[str, Any]) -> None:
    plain["nodes"][-2] |= node
    document = parse(plain)
    assert parse(to_yaml(document)) == document == parse(to_plain(document))


def test_what_is_no_condition_is_refused_by_line(plain: dict[str, Any]) -> None:
    text = to_yaml(parse(plain)).replace("operator: '>='", "operator: =>").replace("value: 0.9", "value: [1]")
    line = 1 + text.splitlines().index("    value: [1]")
    with pytest.raises(InvalidDocument) as caught:
        parse(text, source="a.yaml")
    assert str(caught.value).splitlines() == [
        f"a.yaml:{line}: nodes[5].value: [1] is not a number. Write a number, or ${{parameters.NAME}}."
    ]
    with pytest.raises(
        Invalid, match=r'nodes\[5\].operator: "=>" does not compare. Write one of >= > <= <, in quotes'
    ):
        parse(text.replace("value: [1]", "value: 1"))


def test_only_a_condition_has_branches(plain: dict[str, Any]) -> None:
    plain["edges"].append({"from": "train.model", "to": "again"})
    with pytest.raises(InvalidDocument, match="names a port at one end only"):
        parse(plain)


def test_a_condition_becomes_a_step_that_runs_nothing(plan: Plan) -> None:
    step = plan.step("good_enough")
    assert step is not None
    assert (step.kind, step.program, step.depends_on) == (TaskKind.CONDITION, NO_PROGRAM, ("train",))
    spec = to_task_spec(step, {"train": TaskId(7)})
    assert spec.condition == Condition("accuracy", ">=", 0.9)
    assert spec.inputs == (TaskOutputInput(MEASURED, "model", "classification", TaskId(7), "model"),)
    assert spec.outputs == tuple(
        OutputSpec(name, "branch", is_optional=True) for name in ("then", "otherwise")
    )
    assert (spec.resources.cpu_milli, spec.resources.memory_mib) == (0, 0)
    assert plan.document.node("good_enough") == ConditionNode("good_enough", "accuracy", ">=", 0.9)


def test_what_stands_behind_a_branch_depends_on_the_condition(plan: Plan) -> None:
    tasks = {name: TaskId(number) for number, name in enumerate(("split", "train", "test", "good_enough"))}
    for name, output in (("deploy", "then"), ("again", "otherwise")):
        step = plan.step(name)
        assert step is not None
        assert "good_enough" in step.depends_on
        assert to_task_spec(step, tasks).branches == (Branch(TaskId(3), output),)


def test_the_limit_may_be_a_parameter(plain: dict[str, Any], catalog: Catalog) -> None:
    plain["nodes"][-2]["value"] = "${parameters.limit}"
    plain["parameters"]["limit"] = {"type": "number", "default": 0.8}
    step = make_plan(parse(plain), catalog, {"limit": 1}).step("good_enough")
    assert step is not None
    assert step.condition == Condition("accuracy", ">=", 1)
    closed = make_template(parse(plain), title={}, description={}, open_parameters=["dataset", "epochs"])
    assert closed.node("good_enough") == ConditionNode("good_enough", "accuracy", ">=", 0.8)
    plain["parameters"]["limit"] = {"type": "string", "default": "high"}
    (problem,) = told(plain, catalog)
    assert problem.startswith("nodes.good_enough.value: 'high' is not a number. Give a number")


@pytest.mark.parametrize(
    ("node", "edges", "problem"),
    [
        ({"value": None}, [], "nodes.good_enough.value: The condition has no value to compare with."),
        ({"metric": ""}, [], "nodes.good_enough.metric: No metric is chosen. Choose one: accuracy."),
        (
            {"metric": "acuracy"},
            [],
            "nodes.good_enough.metric: 'train' does not declare that it reports 'acuracy'. Did you mean 'accuracy'?",
        ),
        (
            {},
            [("good_enough.then", "deploy.model")],
            "edges[10]: Input 'model' of 'deploy' is fed by 'train.model -> deploy.model' already.",
        ),
        (
            {},
            [("good_enough.yes", "test")],
            "edges[10]: Node 'good_enough' has no output 'yes'. Known: 'otherwise', 'then'.",
        ),
        ({}, [("good_enough.then", "data")], "edges[10]: 'good_enough.then -> data' decides nothing"),
        (
            {},
            [("deploy", "again")],
            "nodes.again: 'again' stands behind both branches of 'good_enough', so it would never run.",
        ),
    ],
)
def test_what_a_condition_cannot_be_is_said(
    plain: dict[str, Any], catalog: Catalog, node: dict[str, Any], edges: list[tuple[str, str]], problem: str
) -> None:
    plain["nodes"][-2] |= node
    plain["edges"] += [{"from": source, "to": target} for source, target in edges]
    assert any(each.startswith(problem) for each in told(plain, catalog)), told(plain, catalog)


def test_a_branch_is_no_input_and_data_has_no_metric(plain: dict[str, Any], catalog: Catalog) -> None:
    plain["edges"][-4] = {"from": "data.dataset", "to": "good_enough.measured"}
    plain["edges"][-1] = {"from": "good_enough.then", "to": "again.dataset"}
    problems = told(plain, catalog)
    assert any("measures nothing: 'data' runs nothing, so it reports no metric" in each for each in problems)
    assert any("a branch decides what runs, and hands nothing over" in each for each in problems)


def test_a_condition_needs_something_to_measure_and_something_to_decide(
    plain: dict[str, Any], catalog: Catalog
) -> None:
    plain["edges"] = [edge for edge in plain["edges"] if "good_enough" not in str(edge)]
    assert told(plain, catalog) == [
        "nodes.good_enough: Input 'measured' of 'good_enough' is not linked. "
        "Link an output of the step whose metric decides.",
        "nodes.good_enough: Nothing depends on what 'good_enough' decides. "
        "Draw an edge from 'then' or 'otherwise' to a step.",
    ]


def previews(plan: Plan, *, done: tuple[str, ...] = (), branch: str = "") -> dict[str, tuple[str, str]]:
    """What would happen to each step; those named in `done` have a finished task."""
    outputs = {"split": "dataset", "train": "model"}
    wanted = iter(done)

    def lookup(_: Digest) -> Reusable | None:
        name = next(wanted, None)
        return None if name is None else Reusable(TaskId(41), {outputs[name]: Digest(name[0] * 64)})

    why = Sentence("accuracy 0.87 < 0.9", "accuracy 0.87 < 0.9")
    found = preview(plan, lookup, decide=lambda _, __: (branch, why))
    return {each.node: (each.action, each.why) for each in found}


def test_the_plan_tells_what_hangs_on_a_condition_that_is_open(plan: Plan) -> None:
    told = previews(plan)
    assert told["good_enough"] == ("decide", "decided when train is done")
    assert told["deploy"] == ("run", "only if 'good_enough' holds; depends on train that runs")
    assert told["again"] == ("run", "only if 'good_enough' does not hold; first time")


def test_the_plan_decides_what_is_known_already(plan: Plan) -> None:
    told = previews(plan, done=("split", "train"), branch="otherwise")
    assert told["train"][0] == "reuse"
    assert told["good_enough"] == ("decide", "accuracy 0.87 < 0.9")
    assert told["deploy"] == ("skip", "accuracy 0.87 < 0.9")
    assert told["again"] == ("run", "first time")
    told = previews(plan, done=("split", "train"))
    assert told["deploy"] == ("run", "only if 'good_enough' holds; first time")


def test_what_depends_on_a_step_that_is_skipped_is_skipped(plain: dict[str, Any], catalog: Catalog) -> None:
    later = {"id": "later", "type": "algorithm", "algorithm": "split", "function": "process"}
    plain["nodes"].append(later)
    plain["edges"] += [{"from": "again.dataset", "to": "later.dataset"}]
    plan = make_plan(parse(plain), catalog, {})
    told = previews(plan, done=("split", "train"), branch="then")
    assert (told["deploy"][0], told["again"][0]) == ("run", "skip")
    assert told["later"] == ("skip", "depends on again that is skipped")


def test_the_same_document_comes_from_text_and_from_plain_values(plain: dict[str, Any]) -> None:
    document: Document = parse(plain)
    assert parse(to_plain(document)) == document
