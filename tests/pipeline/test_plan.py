from dataclasses import replace
from typing import Any

import pytest

from kpl.pipeline import (
    Catalog,
    DatasetVersion,
    Document,
    InvalidPipeline,
    NodeOutput,
    Note,
    Position,
    make_plan,
    parse,
    to_task_spec,
)
from kpl.pipeline.document import AlgorithmNode
from kpl.resources import DeviceRequest, ResourceRequest
from kpl.task import ArtifactInput, OutputSpec, TaskKind, TaskOutputInput
from kpl.task.ids import Digest, TaskId


def test_steps_stand_after_all_that_they_depend_on(document: Document, catalog: Catalog) -> None:
    plan = make_plan(replace(document, nodes=document.nodes[::-1]), catalog, {})
    seen: set[str] = set()
    for step in plan.steps:
        assert set(step.depends_on) <= seen
        seen.add(step.node)
    assert seen == {"split", "train", "test", "deploy"}


def test_steps_do_not_depend_on_what_is_noted_and_where_things_stand(
    document: Document, catalog: Catalog
) -> None:
    notes = {"note/1": Note(0, 0, 240, 120, "read me"), "group/1": Note(0, 0, 600, 300, "training", "blue")}
    drawn = replace(document, layout={"train": Position(8, 16)}, notes=notes)
    assert make_plan(drawn, catalog, {}).steps == make_plan(document, catalog, {}).steps


def test_a_step_holds_all_that_decides_what_its_task_does(document: Document, catalog: Catalog) -> None:
    train = make_plan(document, catalog, {"epochs": 5}).step("train")
    assert train is not None
    assert train.kind == TaskKind.BATCH
    assert train.program.tree == "3" * 64
    assert train.program.version == "1.1.0"
    assert train.program.command == ("python", "{algorithm}/train.py")
    assert train.program.environment.lock == "lock-3"
    assert train.parameters == {
        "epochs": 5, "rate": 0.1, "mode": "fast", "augment": {"flip": False, "angle": 5},
    }  # fmt: skip
    assert train.inputs == (NodeOutput("dataset", "dataset", "classification", "split", "dataset"),)
    assert train.outputs == (OutputSpec("model", "model", "classification", publish="digits-model"),)
    assert train.resources == ResourceRequest(cpu_milli=2000, memory_mib=2048)
    assert (train.max_attempts, train.timeout_s, train.metrics) == (2, 60, ("accuracy",))
    assert train.depends_on == ("split",)


def test_devices_of_a_node_replace_those_of_the_manifest_with_what_else_would_do(
    document: Document, catalog: Catalog
) -> None:
    train = next(node for node in document.nodes if node.id == "train")
    assert isinstance(train, AlgorithmNode)
    for text, devices, alternatives in (
        ("gpu:a100=0.5 or cpu", (DeviceRequest("gpu", share_milli=500, models=("a100",)),), ((),)),
        ("npu", (DeviceRequest("npu"),), ()),
    ):
        chosen = replace(train, resources={"devices": text})
        nodes = tuple(chosen if node.id == "train" else node for node in document.nodes)
        step = make_plan(replace(document, nodes=nodes), catalog, {}).step("train")
        assert step is not None
        assert (step.resources.devices, step.resources.alternatives) == (devices, alternatives)
        assert step.resources.memory_mib == 1024


def test_a_serving_step_is_a_service_without_stored_outputs(document: Document, catalog: Catalog) -> None:
    deploy = make_plan(document, catalog, {}).step("deploy")
    assert deploy is not None
    assert (deploy.kind, deploy.endpoint, deploy.outputs) == (TaskKind.SERVICE, "digits", ())
    assert deploy.depends_on == ("train", "test")


def test_data_nodes_are_inputs_by_digest_and_no_steps(document: Document, catalog: Catalog) -> None:
    plan = make_plan(document, catalog, {})
    assert plan.step("data") is None
    split = plan.step("split")
    assert split is not None
    assert split.inputs == (ArtifactInput("dataset", "dataset", "classification", Digest("b" * 64)),)


def test_a_task_takes_its_inputs_from_tasks(document: Document, catalog: Catalog) -> None:
    plan = make_plan(document, catalog, {})
    step = plan.step("test")
    assert step is not None
    spec = to_task_spec(step, {"split": TaskId(11), "train": TaskId(12)}, must_run=True)
    assert spec.inputs == (
        TaskOutputInput("model", "model", "classification", TaskId(12), "model"),
        TaskOutputInput("dataset", "dataset", "classification", TaskId(11), "dataset"),
    )
    assert spec.must_run
    assert spec.program is step.program


def test_the_frozen_document_means_the_same_when_newer_versions_come(
    document: Document, catalog: Catalog
) -> None:
    plan = make_plan(document, catalog, {"epochs": 5})
    newer = replace(
        catalog,
        datasets={
            **catalog.datasets,
            "digits": [
                *catalog.datasets["digits"],
                DatasetVersion("digits", 3, "classification", Digest("9" * 64)),
            ],
        },
    )
    assert make_plan(plan.document, newer, plan.parameters) == plan
    assert make_plan(document, newer, {"epochs": 5}) != plan
    assert [getattr(node, "dataset", "") or getattr(node, "algorithm", "") for node in plan.document.nodes] == [
        "digits@2", "split@1.0.0", "classifier@1.1.0", "classifier@1.1.0", "classifier@1.1.0",
    ]  # fmt: skip


def test_nothing_is_published_under_an_empty_name(plain: dict[str, Any], catalog: Catalog) -> None:
    plain["nodes"][2]["publish"] = {"model": ""}
    train = make_plan(parse(plain), catalog, {}).step("train")
    assert train is not None
    assert train.outputs[0].publish == ""


def test_a_pipeline_with_errors_is_not_planned_and_all_are_named(
    plain: dict[str, Any], catalog: Catalog
) -> None:
    plain["nodes"][0]["dataset"] = "digit"
    plain["nodes"][2]["parameters"] = {"epochs": 0}
    with pytest.raises(InvalidPipeline) as caught:
        make_plan(parse(plain), catalog, {})
    assert [problem.path for problem in caught.value.problems] == [
        "nodes.data.dataset",
        "nodes.train.parameters.epochs",
    ]
    assert "nodes.train.parameters.epochs: 0 is too small. Give 1 or more." in str(caught.value)
