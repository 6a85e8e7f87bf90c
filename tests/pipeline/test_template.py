from pathlib import Path

import pytest

import kpl.pipeline
from kpl.algorithm.manifest import load_manifest
from kpl.errors import Invalid
from kpl.pipeline import (
    AlgorithmVersion,
    Catalog,
    DatasetVersion,
    Document,
    InvalidPipeline,
    instantiate,
    make_plan,
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
