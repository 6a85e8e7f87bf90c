"""Reuse, proven by a small executor: outputs are digests of all that went into them, as in a deterministic program."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpl.errors import NotFound
from kpl.pipeline import (
    Catalog,
    Document,
    EarlierTask,
    NodeOutput,
    Plan,
    Reusable,
    Search,
    SearchRange,
    Step,
    explain,
    first_time,
    make_plan,
    preview,
    restart_from,
    reused,
    step_digest,
    to_task_spec,
)
from kpl.pipeline import reuse as reuse_module
from kpl.pipeline.document import AlgorithmNode
from kpl.pipeline.graph import downstream
from kpl.resources import DeviceRequest, ResourceRequest
from kpl.task import (
    ArtifactInput,
    EnvironmentSpec,
    Objective,
    OutputSpec,
    Program,
    SearchedParameter,
    SearchSpec,
    TaskKind,
    TaskSpec,
)
from kpl.task.ids import Digest, TaskId

PROGRAM = Program(
    "classifier", "1.0.0", "train", Digest("1" * 64), ("python", "train.py"), EnvironmentSpec(lock="l1")
)
SPEC = TaskSpec(
    program=PROGRAM,
    parameters={"epochs": 5, "augment": {"flip": True, "angle": 5}, "optimizer": "adam"},
    outputs=(OutputSpec("model", "model", "classification", publish="digits"),),
)
INPUTS = {"dataset": Digest("a" * 64)}


def digest_of(text: str) -> Digest:
    return Digest(sha256(text.encode()).hexdigest())


# What the digest sees. ------------------------------------------------------------------------------------------


def with_program(**changes: Any) -> TaskSpec:
    return replace(SPEC, program=replace(PROGRAM, **changes))


def with_optimizer(name: str) -> TaskSpec:
    return replace(SPEC, parameters={**SPEC.parameters, "optimizer": name})


DECIDING: dict[str, tuple[TaskSpec, Mapping[str, Digest]]] = {
    "algorithm tree": (with_program(tree=Digest("2" * 64)), INPUTS),
    "function": (with_program(function="test"), INPUTS),
    "command": (with_program(command=("python", "train.py", "--fast")), INPUTS),
    "environment lock": (with_program(environment=EnvironmentSpec(lock="l2")), INPUTS),
    "parameter": (replace(SPEC, parameters={**SPEC.parameters, "epochs": 8}), INPUTS),
    "parameter's type": (replace(SPEC, parameters={**SPEC.parameters, "epochs": "5"}), INPUTS),
    "nested parameter": (replace(SPEC, parameters={**SPEC.parameters, "augment": {"flip": False, "angle": 5}}), INPUTS),
    "parameter more": (replace(SPEC, parameters={**SPEC.parameters, "seed": None}), INPUTS),
    "input": (SPEC, {"dataset": Digest("b" * 64)}),
    "input's name": (SPEC, {"data": Digest("a" * 64)}),
    "input more": (SPEC, {**INPUTS, "model": Digest("a" * 64)}),
    "output": (replace(SPEC, outputs=(OutputSpec("model", "model", "detection"),)), INPUTS),
    "endpoint": (replace(SPEC, endpoint="digits"), INPUTS),
}  # fmt: skip

INDIFFERENT: dict[str, TaskSpec] = {
    "resources": replace(SPEC, resources=ResourceRequest(9000, 9, (DeviceRequest("gpu"),))),
    "retries": replace(SPEC, max_attempts=9),
    "time limit": replace(SPEC, timeout_s=1.0, grace_s=1.0),
    "published name": replace(
        SPEC, outputs=(OutputSpec("model", "model", "classification", publish="other"),)
    ),
    "asked to run": replace(SPEC, must_run=True),
    "version's name": with_program(version="2.0.0"),
    "where the input comes from": replace(
        SPEC, inputs=(ArtifactInput("dataset", "dataset", "", INPUTS["dataset"]),)
    ),
    "requirements that lock alike": with_program(environment=EnvironmentSpec("venv", "# a note", lock="l1")),
    "order of parameters": replace(
        SPEC, parameters={name: SPEC.parameters[name] for name in sorted(SPEC.parameters)}
    ),
}


@pytest.mark.parametrize("name", DECIDING)
def test_the_digest_changes_with(name: str) -> None:
    assert step_digest(*DECIDING[name]) != step_digest(SPEC, INPUTS)


@pytest.mark.parametrize("name", INDIFFERENT)
def test_the_digest_does_not_change_with(name: str) -> None:
    assert step_digest(INDIFFERENT[name], INPUTS) == step_digest(SPEC, INPUTS)


def test_the_digest_changes_with_the_contract_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = step_digest(SPEC, INPUTS)
    monkeypatch.setattr(reuse_module, "CONTRACT_VERSION", reuse_module.CONTRACT_VERSION + 1)
    assert step_digest(SPEC, INPUTS) != before


def test_the_digest_is_the_same_in_every_release_of_this_contract() -> None:
    assert reuse_module.CONTRACT_VERSION == 1
    assert step_digest(SPEC, INPUTS) == "13a0e9757e9a41ada554bfb03a0371bf126b9aae4953a5cdb199bbaf01079675"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PARAMETERS = st.dictionaries(st.text(max_size=5), JSON, max_size=4)


@given(PARAMETERS, PARAMETERS)
def test_parameters_have_equal_digests_exactly_when_they_are_written_alike(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    def written(values: Any) -> str:
        if isinstance(values, dict):
            return "{" + ",".join(f"{key!r}:{written(values[key])}" for key in sorted(values)) + "}"
        return repr([written(each) for each in values]) if isinstance(values, list) else repr(values)

    digests = [step_digest(replace(SPEC, parameters=each), INPUTS) for each in (one, other)]
    assert (digests[0] == digests[1]) == (written(one) == written(other))


# What is said about it. -----------------------------------------------------------------------------------------

SENTENCES: list[tuple[str, TaskSpec, Mapping[str, Digest], list[str] | None]] = [
    ("ran: parameter epochs 5 -> 8", DECIDING["parameter"][0], INPUTS, None),
    ('ran: parameter epochs 5 -> "5"', DECIDING["parameter's type"][0], INPUTS, None),
    ("ran: parameter augment.flip true -> false", DECIDING["nested parameter"][0], INPUTS, None),
    ("ran: parameter seed set to null", DECIDING["parameter more"][0], INPUTS, None),
    ("ran: parameter optimizer adam -> sgd", with_optimizer("sgd"), INPUTS, None),
    ("ran: parameter augment no longer set; parameter epochs no longer set",
     replace(SPEC, parameters={"optimizer": "adam"}), INPUTS, None),
    ("ran: train.py changed", with_program(tree=Digest("2" * 64)), INPUTS, ["train.py"]),
    ("ran: a.py, b.py, c.py and 2 more changed",
     with_program(tree=Digest("2" * 64)), INPUTS, ["a.py", "b.py", "c.py", "d.py", "e.py"]),
    ("ran: algorithm classifier changed", with_program(tree=Digest("2" * 64)), INPUTS, None),
    ("ran: algorithm classifier 1.0.0 -> 1.1.0", with_program(tree=Digest("2" * 64), version="1.1.0"), INPUTS, None),
    ("ran: algorithm classifier -> forest", with_program(algorithm="forest", tree=Digest("2" * 64)), INPUTS, None),
    ("ran: function train -> test", DECIDING["function"][0], INPUTS, None),
    ("ran: environment changed", DECIDING["environment lock"][0], INPUTS, None),
    ("ran: function contract changed", DECIDING["command"][0], INPUTS, None),
    ("ran: function contract changed", DECIDING["output"][0], INPUTS, None),
    ("ran: input dataset changed", *DECIDING["input"], None),
    ("ran: input model added", *DECIDING["input more"], None),
    ("ran: input data added; input dataset removed", *DECIDING["input's name"], None),
    ("ran: endpoint none -> digits", DECIDING["endpoint"][0], INPUTS, None),
    ("ran: asked to run from here", replace(SPEC, must_run=True), INPUTS, None),
    ("ran: nothing finished to reuse", SPEC, INPUTS, None),
    ("ran: parameter epochs 5 -> 8; input dataset changed",
     DECIDING["parameter"][0], {"dataset": Digest("b" * 64)}, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("sentence", "spec", "inputs", "files"), SENTENCES, ids=[each[0] for each in SENTENCES]
)
def test_the_sentence_says(
    sentence: str, spec: TaskSpec, inputs: Mapping[str, Digest], files: list[str] | None
) -> None:
    assert explain(SPEC, INPUTS, spec, inputs, changed_files=files) == sentence


def test_long_values_are_shortened_but_never_look_alike() -> None:
    assert explain(with_optimizer("x" * 50 + "a"), INPUTS, with_optimizer("y"), INPUTS) == (
        f"ran: parameter optimizer {'x' * 37}... -> y"
    )
    assert explain(with_optimizer("x" * 500 + "a"), INPUTS, with_optimizer("x" * 500 + "b"), INPUTS) == (
        "ran: parameter optimizer changed"
    )


def test_a_new_contract_version_is_noticed_by_the_digest_of_that_time() -> None:
    then = digest_of("under an older contract")
    assert explain(SPEC, INPUTS, SPEC, INPUTS, earlier_digest=then) == "ran: function contract changed"
    same = step_digest(SPEC, INPUTS)
    assert explain(SPEC, INPUTS, SPEC, INPUTS, earlier_digest=same) == "ran: nothing finished to reuse"


def test_the_other_two_sentences() -> None:
    assert reused(TaskId(41)) == "reused from task 41"
    assert first_time() == "ran: first time"


@given(PARAMETERS, PARAMETERS)
def test_whatever_differs_there_is_one_sentence_about_it(one: dict[str, Any], other: dict[str, Any]) -> None:
    before, now = replace(SPEC, parameters=one), replace(SPEC, parameters=other)
    sentence = explain(before, INPUTS, now, INPUTS)
    assert sentence.startswith("ran: ")
    differs = step_digest(before, INPUTS) != step_digest(now, INPUTS)
    assert (sentence != "ran: nothing finished to reuse") == differs


# A small executor. ----------------------------------------------------------------------------------------------


@dataclass
class Executor:
    """Runs plans and remembers finished tasks, as a server would."""

    finished: dict[Digest, Reusable] = field(default_factory=dict)
    latest: dict[str, EarlierTask] = field(default_factory=dict)
    num_tasks: int = 0

    def run(self, plan: Plan, must_run: tuple[str, ...] = ()) -> dict[str, str]:
        """Returns what was said about each step."""
        said: dict[str, str] = {}
        outputs: dict[str, Mapping[str, Digest]] = {}
        task_ids: dict[str, TaskId] = {}
        for step in plan.steps:
            assert set(step.depends_on) <= said.keys(), "a step came before what it depends on"
            self.num_tasks += 1
            task_ids[step.node] = TaskId(self.num_tasks)
            spec = to_task_spec(step, task_ids, must_run=step.node in must_run)
            inputs = {
                each.name: each.artifact
                if isinstance(each, ArtifactInput)
                else outputs[each.node][each.output]
                for each in step.inputs
            }
            digest = step_digest(spec, inputs)
            found = None if spec.must_run else self.finished.get(digest)
            if found is not None:
                outputs[step.node], said[step.node] = found.outputs, reused(found.task_id)
                continue
            earlier = self.latest.get(step.node)
            said[step.node] = explain(earlier.spec, earlier.inputs, spec, inputs) if earlier else first_time()
            # A program whose output holds everything that went in: what may differ, does.
            outputs[step.node] = {each.name: digest_of(f"{digest} {each.name}") for each in step.outputs}
            self.finished[digest] = Reusable(task_ids[step.node], outputs[step.node])
            self.latest[step.node] = EarlierTask(spec, inputs, digest)
        return said


def ran(said: Mapping[str, str]) -> set[str]:
    return {node for node, sentence in said.items() if sentence.startswith("ran: ")}


def test_a_second_run_runs_nothing_and_says_what_it_reused(document: Document, catalog: Catalog) -> None:
    executor = Executor()
    assert set(executor.run(make_plan(document, catalog, {})).values()) == {"ran: first time"}
    assert executor.run(make_plan(document, catalog, {})) == {
        "split": "reused from task 1",
        "train": "reused from task 2",
        "test": "reused from task 3",
        "deploy": "reused from task 4",
    }


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (
            {"epochs": 9},
            {
                "train": "ran: parameter epochs 8 -> 9",
                "test": "ran: input model changed",
                "deploy": "ran: input model changed",
            },
        ),
        (
            {"dataset": "letters"},
            {
                "split": "ran: input dataset changed",
                "train": "ran: input dataset changed",
                "test": "ran: input dataset changed; input model changed",
                "deploy": "ran: input model changed",
            },
        ),
    ],
)  # fmt: skip
def test_a_change_runs_exactly_what_is_downstream_and_says_why(
    given_: dict[str, Any], expected: dict[str, str], document: Document, catalog: Catalog
) -> None:
    executor = Executor()
    executor.run(make_plan(document, catalog, {}))
    said = executor.run(make_plan(document, catalog, given_))
    assert {node: said[node] for node in ran(said)} == expected


def test_going_back_reuses_what_was_done_before(document: Document, catalog: Catalog) -> None:
    executor = Executor()
    for epochs in (8, 9):
        executor.run(make_plan(document, catalog, {"epochs": epochs}))
    assert ran(executor.run(make_plan(document, catalog, {"epochs": 8}))) == set()


def test_running_from_a_node_runs_it_and_all_after_it(document: Document, catalog: Catalog) -> None:
    executor, plan = Executor(), make_plan(document, catalog, {})
    executor.run(plan)
    assert restart_from(plan, "train") == ("train", "test", "deploy")
    said = executor.run(plan, must_run=restart_from(plan, "train"))
    assert ran(said) == {"train", "test", "deploy"}
    assert said["train"] == "ran: asked to run from here"
    assert restart_from(plan, "data") == ("split", "train", "test", "deploy")
    with pytest.raises(NotFound, match="Did you mean 'train'"):
        restart_from(plan, "trian")


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Any shape of pipeline: each step takes outputs of earlier steps, data, or both, and may wait for others."""
    num_steps = draw(st.integers(1, 7))
    steps: list[Step] = []
    for number in range(num_steps):
        sources = sorted(draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set())
        inputs: list[ArtifactInput | NodeOutput] = [
            NodeOutput(f"from_{source}", "files", "", f"n{source}", "out") for source in sources
        ]
        if draw(st.booleans()) or not sources:
            inputs.append(ArtifactInput("data", "dataset", "", digest_of(f"data {draw(st.integers(0, 1))}")))
        # Each step's program is its own, so that two steps are never the same work.
        program = replace(PROGRAM, tree=digest_of(f"tree {number}"))
        steps.append(
            Step(
                node=f"n{number}",
                kind=TaskKind.BATCH,
                program=program,
                parameters={"p": draw(st.integers(0, 2))},
                inputs=tuple(inputs),
                outputs=(OutputSpec("out", "files"),),
                depends_on=tuple(f"n{source}" for source in sources),
            )
        )
    return Plan(Document("any"), {}, tuple(steps))


def changed(step: Step, what: str) -> Step:
    program = step.program
    match what:
        case "tree":
            return replace(step, program=replace(program, tree=digest_of("another tree")))
        case "function":
            return replace(step, program=replace(program, function="another"))
        case "command":
            return replace(step, program=replace(program, command=("another",)))
        case "environment":
            return replace(step, program=replace(program, environment=EnvironmentSpec(lock="another")))
        case "parameter":
            return replace(step, parameters={"p": "another"})
        case "input":
            return replace(step, inputs=(*step.inputs, ArtifactInput("more", "files", "", digest_of("more"))))
        case "output":
            return replace(step, outputs=(*step.outputs, OutputSpec("more", "files")))
        case "endpoint":
            return replace(step, endpoint="another")
    raise AssertionError(what)


DECIDING_CHANGES = st.sampled_from(
    ["tree", "function", "command", "environment", "parameter", "input", "output", "endpoint"]
)


@given(plans(), st.data())
def test_any_one_change_runs_exactly_the_steps_downstream_of_it(plan: Plan, data: st.DataObject) -> None:
    executor = Executor()
    executor.run(plan)
    victim = data.draw(st.sampled_from(plan.steps))
    new = changed(victim, data.draw(DECIDING_CHANGES))
    after = replace(plan, steps=tuple(new if step is victim else step for step in plan.steps))
    said = executor.run(after)
    predecessors = {step.node: step.depends_on for step in plan.steps}
    assert ran(said) == downstream(victim.node, predecessors)
    assert ran(executor.run(after)) == set()


@given(plans(), st.data())
def test_a_preview_foretells_the_run(plan: Plan, data: st.DataObject) -> None:
    executor = Executor()
    executor.run(plan)
    victims = data.draw(st.sets(st.sampled_from(range(len(plan.steps))), max_size=2))
    steps = [changed(step, "parameter") if n in victims else step for n, step in enumerate(plan.steps)]
    after = replace(plan, steps=tuple(steps))
    forced = tuple(data.draw(st.sets(st.sampled_from([step.node for step in steps]), max_size=1)))
    foretold = preview(
        after, executor.finished.get, lambda step: executor.latest.get(step.node), must_run=forced
    )
    said = executor.run(after, must_run=forced)
    for each in foretold:
        if each.action == "reuse":
            assert said[each.node] == each.why
        elif each.digest is not None:
            assert said[each.node] == f"ran: {each.why}"
        else:
            assert each.why.startswith("depends on ")
    assert ran(said) <= {each.node for each in foretold if each.action == "run"}
    if not forced:
        assert ran(said) == {each.node for each in foretold if each.action == "run"}


def test_a_preview_reads_like_a_plan(document: Document, catalog: Catalog) -> None:
    executor = Executor()
    executor.run(make_plan(document, catalog, {}))
    foretold = preview(
        make_plan(document, catalog, {"epochs": 9}),
        executor.finished.get,
        lambda step: executor.latest.get(step.node),
    )
    assert {each.node: each.sentence for each in foretold} == {
        "split": "reuse from task 1",
        "train": "run: parameter epochs 8 -> 9",
        "test": "run: depends on train that runs",
        "deploy": "run: depends on train that runs",
    }


# Searches. ------------------------------------------------------------------------------------------------------

SEARCH = SearchSpec(
    (SearchedParameter("rate", min=0.1, max=0.5, step=0.1),), Objective("accuracy", "maximize")
)


def test_the_digest_of_a_search_covers_its_block_and_that_of_a_trial_is_an_ordinary_one() -> None:
    searched = replace(SPEC, search=SEARCH)
    digests = {
        step_digest(each, INPUTS)
        for each in (
            SPEC,
            searched,
            replace(SPEC, search=replace(SEARCH, trials=11)),
            replace(SPEC, search=replace(SEARCH, seed=1)),
            replace(SPEC, search=replace(SEARCH, parameters=(replace(SEARCH.parameters[0], max=0.4),))),
        )
    }
    assert len(digests) == 5
    assert step_digest(replace(SPEC, objective=SEARCH.objective), INPUTS) == step_digest(SPEC, INPUTS)


def test_what_differs_of_a_search_is_named() -> None:
    searched = replace(SPEC, search=SEARCH)
    other = replace(SPEC, search=replace(SEARCH, trials=12, objective=Objective("loss", "minimize")))
    assert explain(SPEC, INPUTS, searched, INPUTS) == "ran: parameters are searched now"
    assert explain(searched, INPUTS, SPEC, INPUTS) == "ran: parameters are no longer searched"
    assert explain(searched, INPUTS, other, INPUTS) == (
        "ran: search objective maximize accuracy -> minimize loss; search trials 10 -> 12"
    )
    wider = replace(SPEC, search=replace(SEARCH, parameters=(replace(SEARCH.parameters[0], max=0.7),)))
    assert explain(searched, INPUTS, wider, INPUTS) == "ran: search of rate changed"


def test_a_preview_says_how_many_trials_a_search_may_take(document: Document, catalog: Catalog) -> None:
    search = Search({"rate": SearchRange(0.1, 0.5, step=0.1)}, trials=12, parallel=2, method="grid")
    nodes = tuple(
        replace(node, search=search) if isinstance(node, AlgorithmNode) and node.id == "train" else node
        for node in document.nodes
    )
    plan = make_plan(replace(document, nodes=nodes), catalog, {})
    train = next(each for each in preview(plan, lambda _: None) if each.node == "train")
    assert train.why == "depends on split that runs; search of up to 5 trials, 2 at once"
