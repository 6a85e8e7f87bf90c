from pathlib import Path

import pytest

import kpl.pipeline
from kpl.algorithm.manifest import load_manifest
from kpl.errors import Invalid
from kpl.pipeline import (
    AlgorithmNode,
    AlgorithmVersion,
    Catalog,
    DatasetVersion,
    Document,
    InvalidPipeline,
    instantiate,
    make_plan,
    make_template,
    parse,
    to_yaml,
    validate,
)
from kpl.task import TaskKind
from kpl.task.ids import Digest

BUILTIN = Path(kpl.pipeline.__file__).parents[1] / "builtin"
TEMPLATES = sorted((BUILTIN / "templates").glob("*.yaml"))


@pytest.fixture(scope="module")
def builtin_catalog() -> Catalog:
    folders = sorted(path.parent for path in BUILTIN.glob("algorithms/*/algorithm.yaml"))
    return Catalog(
        algorithms={
            folder.name: [AlgorithmVersion(load_manifest(folder), Digest("1" * 64))] for folder in folders
        },
        datasets={"digits": [DatasetVersion("digits", 1, "classification", Digest("a" * 64))]},
    )


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_built_in_template_is_sound_stable_and_explained(path: Path, builtin_catalog: Catalog) -> None:
    text = path.read_text(encoding="utf-8")
    template = parse(text, source=path.name)
    assert to_yaml(template) == text
    assert validate(template, builtin_catalog, {"dataset": "digits"}) == []
    assert {node.id for node in template.nodes} == set(template.layout)
    for texts in [
        template.title,
        template.description,
        *(node.title for node in template.nodes),
        *(parameter.schema[key] for parameter in template.parameters for key in ("title", "description")),
    ]:
        assert {"en", "zh"} <= texts.keys()


def test_image_classification_goes_from_data_to_a_served_model(builtin_catalog: Catalog) -> None:
    template = parse((BUILTIN / "templates" / "image_classification.yaml").read_text(encoding="utf-8"))
    plan = make_plan(
        template, builtin_catalog, {"dataset": "digits", "epochs": 3, "model": "m", "endpoint": "e"}
    )
    assert [step.node for step in plan.steps] == ["split", "train", "test", "infer", "compile", "deploy"]
    steps = {step.node: step for step in plan.steps}
    assert steps["train"].parameters["epochs"] == 3
    assert steps["train"].outputs[0].publish == "m"
    assert (steps["deploy"].kind, steps["deploy"].endpoint) == (TaskKind.SERVICE, "e")
    assert set(steps["deploy"].depends_on) == {"train", "test", "compile"}


def test_a_copy_keeps_its_parameters_exposed_with_new_defaults(document: Document) -> None:
    copy = instantiate(document, "letters", {"dataset": "letters"})
    assert copy.name == "letters"
    assert {parameter.name: parameter.schema["default"] for parameter in copy.parameters} == {
        "dataset": "letters",
        "epochs": 8,
    }
    assert copy.nodes == document.nodes
    assert document.parameters[0].schema["default"] == "digits"


def test_a_copy_is_refused_under_a_bad_name_or_with_bad_values(document: Document) -> None:
    with pytest.raises(Invalid, match="'My Copy' cannot name a pipeline"):
        instantiate(document, "My Copy", {})
    with pytest.raises(InvalidPipeline, match=r"parameters.epochs: 0 is too small"):
        instantiate(document, "copy", {"epochs": 0})
    with pytest.raises(InvalidPipeline, match="Did you mean 'epochs'"):
        instantiate(document, "copy", {"epoch": 1})


def test_a_parameter_without_default_may_stay_open(builtin_catalog: Catalog) -> None:
    template = parse((BUILTIN / "templates" / "image_classification.yaml").read_text(encoding="utf-8"))
    copy = instantiate(template, "copy", {})
    assert [problem.path for problem in validate(copy, builtin_catalog, {})] == ["parameters.dataset"]


def opened() -> Document:
    return parse(
        {
            "schema": "kpl.pipeline/v1",
            "name": "mine",
            "title": {"en": "Mine"},
            "parameters": {
                "dataset": {"type": "string", "x-kpl": "dataset"},
                "epochs": {"type": "integer", "default": 3},
                "name": {"type": "string", "default": "m"},
            },
            "nodes": [
                {"id": "data", "type": "dataset", "dataset": "${parameters.dataset}"},
                {
                    "id": "train",
                    "type": "algorithm",
                    "algorithm": "toy",
                    "function": "train",
                    "parameters": {"epochs": "${parameters.epochs}"},
                    "publish": {"model": "${parameters.name}-${parameters.epochs}"},
                },
            ],
        }
    )


def test_parameter_that_is_closed_leaves_its_default_where_it_was_bound() -> None:
    template = make_template(
        opened(), title={}, description={"zh": "说明"}, open_parameters=["dataset", "name"]
    )
    assert [parameter.name for parameter in template.parameters] == ["dataset", "name"]
    train = template.node("train")
    assert isinstance(train, AlgorithmNode)
    assert (train.parameters, train.publish) == ({"epochs": 3}, {"model": "${parameters.name}-3"})
    assert (template.title, template.description) == ({"en": "Mine"}, {"zh": "说明"})


def test_all_parameters_stay_open_when_none_is_named() -> None:
    assert make_template(opened(), title={}, description={}) == opened()


def test_parameter_that_must_be_given_cannot_be_closed() -> None:
    with pytest.raises(Invalid, match="'dataset' has no default"):
        make_template(opened(), title={}, description={}, open_parameters=["epochs"])


def test_unknown_parameter_cannot_stay_open() -> None:
    with pytest.raises(Invalid, match="no parameter 'epoch'") as refused:
        make_template(opened(), title={}, description={}, open_parameters=["epoch"])
    assert "epochs" in refused.value.hint
