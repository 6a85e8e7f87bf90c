from collections.abc import Callable
from typing import Any

import pytest

from kpl.pipeline import Catalog, Document, Problem, check, parse, validate
from kpl.sentence import chinese_of

Change = Callable[[dict[str, Any]], object]
NEW = {"type": "algorithm", "algorithm": "classifier", "function": "test"}


def problems_after(change: Change, plain: dict[str, Any], catalog: Catalog) -> list[Problem]:
    change(plain)
    return validate(parse(plain), catalog, {})


def node(plain: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in plain["nodes"] if each["id"] == name)
    return found


def test_a_sound_pipeline_has_no_problems(document: Document, catalog: Catalog) -> None:
    assert validate(document, catalog, {}) == []
    assert validate(document, catalog, {"dataset": "letters@1", "epochs": 3}) == []


CASES: dict[str, tuple[Change, str, str, str, str]] = {
    "unknown algorithm": (
        lambda p: node(p, "train").update(algorithm="clasifier"),
        "train", "nodes.train.algorithm", "There is no algorithm 'clasifier'.", "Did you mean 'classifier'",
    ),
    "algorithm that is not for pipelines": (
        lambda p: node(p, "split").update(algorithm="importer"),
        "split", "nodes.split.algorithm", "Algorithm 'importer' is not for pipelines", "Use what it makes.",
    ),
    "unknown function": (
        lambda p: node(p, "test").update(function="tset"),
        "test", "nodes.test.function", "Algorithm 'classifier' has no function 'tset'.", "Did you mean 'test'",
    ),
    "unknown dataset": (
        lambda p: node(p, "data").update(dataset="digit"),
        "data", "nodes.data.dataset", "There is no dataset 'digit'.", "Did you mean 'digits'?",
    ),
    "unknown version": (
        lambda p: node(p, "data").update(dataset="digits@9"),
        "data", "nodes.data.dataset", "Dataset 'digits' has no version '9'.", "It has 1, 2.",
    ),
    "duplicate id": (
        lambda p: p["nodes"].append({"id": "train", **NEW}),
        "train", "nodes.train", "Two nodes have the id 'train'.", "Rename one of them.",
    ),
    "unknown node of an edge": (
        lambda p: p["edges"].append({"from": "trian", "to": "test"}),
        "trian", "edges[6]", "'trian -> test' names the unknown node 'trian'.", "Did you mean 'train'?",
    ),
    "unknown output": (
        lambda p: p["edges"].append({"from": "data.data", "to": "train.model"}),
        "data", "edges[6]", "Node 'data' has no output 'data'.", "Did you mean 'dataset'?",
    ),
    "unknown input": (
        lambda p: p["edges"].append({"from": "train.model", "to": "test.modle"}),
        "test", "edges[6]", "Node 'test' has no input 'modle'.", "Did you mean 'model'?",
    ),
    "two edges into one input": (
        lambda p: p["edges"].append({"from": "data.dataset", "to": "test.dataset"}),
        "test", "edges[6]", "Input 'dataset' of 'test' is fed by 'split.dataset -> test.dataset' already.",
        "Remove one of the two edges.",
    ),
    "type mismatch": (
        lambda p: p["edges"].append({"from": "data.dataset", "to": "train.model"}),
        "train", "edges[6]",
        "'data.dataset -> train.model' cannot be linked: the output is of type dataset, the input takes model.",
        "Link an output of type model.",
    ),
    "kind mismatch through a split": (
        lambda p: node(p, "data").update(dataset="masks"),
        "train", "edges[1]",
        "'split.dataset -> train.dataset' cannot be linked: the dataset is of kind semantic_segmentation, "
        "the input takes classification.",
        "Link a dataset of kind classification, or use an algorithm that takes semantic_segmentation.",
    ),
    "model of another task": (
        lambda p: (
            p["nodes"].append({"id": "base", "type": "model", "model": "resnet@2"}),
            p["edges"].append({"from": "base.model", "to": "train.model"}),
        ),
        "train", "edges[6]",
        "'base.model -> train.model' cannot be linked: the model is of kind detection, the input takes classification.",
        "Link a model of kind classification",
    ),
    "missing input": (
        lambda p: p["edges"].pop(3),
        "test", "nodes.test", "Input 'dataset' of 'test' is not linked.",
        "Link a dataset of kind classification to it.",
    ),
    "cycle": (
        lambda p: p["edges"].append({"from": "deploy", "to": "split"}),
        "split", "edges[6]", "The edges run in a circle: split -> train -> test -> deploy -> split.",
        "Remove one of these edges.",
    ),
    "wrong parameter": (
        lambda p: node(p, "train").update(parameters={"epochs": 0}),
        "train", "nodes.train.parameters.epochs", "0 is too small.", "Give 1 or more.",
    ),
    "parameter of a wrong type": (
        lambda p: node(p, "train").update(parameters={"epochs": "8"}),
        "train", "nodes.train.parameters.epochs", '"8" is not of type integer.', "Numbers stand without quotes",
    ),
    "nested parameter": (
        lambda p: node(p, "train")["parameters"].update(augment={"flop": True}),
        "train", "nodes.train.parameters.augment.flop", "There is no parameter 'flop'.", "Did you mean 'flip'?",
    ),
    "unknown parameter of a node": (
        lambda p: node(p, "train")["parameters"].update(epoch=3),
        "train", "nodes.train.parameters.epoch", "There is no parameter 'epoch'.", "Did you mean 'epochs'?",
    ),
    "missing parameter": (
        lambda p: node(p, "train").pop("parameters"),
        "train", "nodes.train.parameters.epochs", "'epochs' has no value.", "Give it one.",
    ),
    "not a choice": (
        lambda p: node(p, "train")["parameters"].update(mode="fats"),
        "train", "nodes.train.parameters.mode", '"fats" is not a choice.', "Did you mean 'fast'?",
    ),
    "unknown binding": (
        lambda p: node(p, "train").update(parameters={"epochs": "${parameters.epohcs}"}),
        "train", "nodes.train.parameters.epochs", "'parameters.epohcs' is not a parameter of this pipeline.",
        "Did you mean 'epochs'?",
    ),
    "foreign binding": (
        lambda p: node(p, "deploy").update(endpoint="${HOME}"),
        "deploy", "nodes.deploy.endpoint", "'HOME' is not a parameter of this pipeline.",
        "Write ${parameters.NAME}, or $${ for a plain '${'.",
    ),
    "binding of a wrong type": (
        lambda p: node(p, "data").update(dataset="${parameters.epochs}"),
        "data", "nodes.data.dataset", "8 does not name a dataset.", "Give a name as text.",
    ),
    "publish an unknown output": (
        lambda p: node(p, "train").update(publish={"modle": "x"}),
        "train", "nodes.train.publish.modle", "Function 'train' has no output 'modle'.", "Did you mean 'model'?",
    ),
    "publish files": (
        lambda p: node(p, "test").update(publish={"report": "x"}),
        "test", "nodes.test.publish.report", "Output 'report' is of type files, which cannot be published.",
        "Publish datasets and models",
    ),
    "publish under a bad name": (
        lambda p: node(p, "train").update(publish={"model": "My Model"}),
        "train", "nodes.train.publish.model", "'My Model' cannot name a model.", "Use lower-case letters",
    ),
    "no endpoint": (
        lambda p: node(p, "deploy").pop("endpoint"),
        "deploy", "nodes.deploy.endpoint", "A function that serves needs an endpoint.", "Give the name",
    ),
    "bad endpoint": (
        lambda p: node(p, "deploy").update(endpoint="a/b"),
        "deploy", "nodes.deploy.endpoint", "'a/b' cannot name an endpoint.", "Use lower-case letters",
    ),
    "endpoint that is not served": (
        lambda p: node(p, "train").update(endpoint="x"),
        "train", "nodes.train.endpoint", "Function 'train' does not serve.", "Remove the endpoint",
    ),
    "endpoint taken twice": (
        lambda p: (
            p["nodes"].append({"id": "again", **NEW, "function": "serve", "endpoint": "digits"}),
            p["edges"].append({"from": "train.model", "to": "again.model"}),
        ),
        "again", "nodes.again.endpoint", "Node 'deploy' serves under 'digits' already.", "Choose another name.",
    ),
    "link from an endpoint": (
        lambda p: (
            p["edges"].pop(2),
            p["edges"].append({"from": "deploy.endpoint", "to": "test.model"}),
            p["edges"].pop(4),
        ),
        "test", "edges[4]",
        "'deploy.endpoint -> test.model' cannot be linked: a served model leaves nothing behind",
        "Link the model itself",
    ),
    "resources in a wrong unit": (
        lambda p: node(p, "train").update(resources={"memory": "2 parsecs"}),
        "train", "nodes.train.resources.memory", "'2 parsecs' is not an amount of memory.", "Write it like 512Mi",
    ),
    "unknown resource": (
        lambda p: node(p, "train").update(resources={"cpus": 2}),
        "train", "nodes.train.resources.cpus", "'cpus' is not a resource.", "Did you mean 'cpu'?",
    ),
    "negative resource": (
        lambda p: node(p, "train").update(resources={"devices": [{"kind": "gpu", "count": -1}]}),
        "train", "nodes.train.resources.devices[0].count", "-1 does not fit:", "Write {cpu: 2",
    ),
    "share of two devices": (
        lambda p: node(p, "train").update(resources={"devices": [{"kind": "gpu", "count": 2, "share": 0.5}]}),
        "train", "nodes.train.resources.devices[0].share", "A share is of one device, not of 2.", "Write count: 1",
    ),
    "devices as a text that makes no sense": (
        lambda p: node(p, "train").update(resources={"devices": "gpu=1.5"}),
        "train", "nodes.train.resources.devices", "'gpu=1.5': a share is of one device.", "Write gpu=0.5 or gpu=2.",
    ),
    "share of two other devices": (
        lambda p: node(p, "train").update(
            resources={"alternatives": [[{"kind": "gpu", "count": 2, "memory": "8Gi"}]]}
        ),
        "train", "nodes.train.resources.alternatives[0][0].share",
        "A share is of one device, not of 2.", "Write count: 1",
    ),
    "default that its own schema refuses": (
        lambda p: p["parameters"]["epochs"].update(default=99),
        "", "parameters.epochs.default", "99 is too large.", "Give 50 or less.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_problem_names_node_place_reason_and_fix(
    name: str, plain: dict[str, Any], catalog: Catalog
) -> None:
    change, where, path, what, fix = CASES[name]
    found = problems_after(change, plain, catalog)
    matching = [each for each in found if each.path == path and each.what.startswith(what)]
    assert matching, [str(each) for each in found]
    assert matching[0].node == where
    assert matching[0].fix.startswith(fix)
    assert matching[0].severity == "error"


@pytest.mark.parametrize("name", CASES)
def test_a_problem_is_told_in_chinese_too(name: str, plain: dict[str, Any], catalog: Catalog) -> None:
    for problem in problems_after(CASES[name][0], plain, catalog):
        assert chinese_of(problem.what), problem
        assert chinese_of(problem.fix) or not problem.fix, problem


@pytest.mark.parametrize(
    ("given", "path", "what"),
    [
        ({"epohcs": 1}, "parameters.epohcs", "The pipeline has no parameter 'epohcs'."),
        ({"epochs": "many"}, "parameters.epochs", '"many" is not of type integer.'),
        ({"dataset": "digit"}, "nodes.data.dataset", "There is no dataset 'digit'."),
    ],
)
def test_values_of_pipeline_parameters_are_checked(
    given: dict[str, Any], path: str, what: str, document: Document, catalog: Catalog
) -> None:
    assert (path, what) in [(each.path, each.what) for each in validate(document, catalog, given)]


def test_a_missing_value_is_one_problem_and_its_nodes_are_spared(
    plain: dict[str, Any], catalog: Catalog
) -> None:
    def require_both(plain: dict[str, Any]) -> None:
        del plain["parameters"]["dataset"]["default"]
        del plain["parameters"]["epochs"]["default"]

    found = problems_after(require_both, plain, catalog)
    assert [each.path for each in found] == ["parameters.dataset", "parameters.epochs"]


def test_a_refused_value_that_came_by_binding_says_so(plain: dict[str, Any], catalog: Catalog) -> None:
    def raise_maximum(plain: dict[str, Any]) -> None:
        plain["parameters"]["epochs"].update(default=1000, maximum=5000)

    (problem,) = problems_after(raise_maximum, plain, catalog)
    assert problem.path == "nodes.train.parameters.epochs"
    assert problem.fix == "Give 100 or less. The value comes from the pipeline's parameter 'epochs'."


def test_what_may_not_be_meant_is_a_warning(plain: dict[str, Any], catalog: Catalog) -> None:
    def confuse(plain: dict[str, Any]) -> None:
        plain["parameters"]["unused"] = {"type": "string", "default": ""}
        plain["layout"]["gone"] = {"x": 0, "y": 0}
        plain["edges"].append({"from": "data", "to": "test"})

    found = problems_after(confuse, plain, catalog)
    assert {each.path for each in found} == {"parameters.unused", "layout.gone", "edges[6]"}
    assert {each.severity for each in found} == {"warning"}


def test_a_document_that_cannot_be_read_has_problems_too(plain: dict[str, Any], catalog: Catalog) -> None:
    plain["nods"] = []
    (problem,) = check(plain, catalog, {})
    assert (problem.path, problem.fix) == ("nods", "Did you mean 'nodes'?")
    assert check("a: [", catalog, {})[0].what.startswith("pipeline:1: this is not well-formed YAML")


def test_an_empty_pipeline_may_be_saved_but_has_nothing_to_run(catalog: Catalog) -> None:
    (problem,) = check({"schema": "kpl.pipeline/v1", "name": "empty"}, catalog, {})
    assert (problem.path, problem.severity) == ("nodes", "error")
