import re
from typing import Any

import pytest

from kpl.algorithm.parameters import ParametersInvalid, check_parameters, default_parameters, schema_problems
from kpl.sentence import chinese_of

_SCHEMA: dict[str, Any] = {
    "properties": {
        "lr": {"type": "number", "default": 0.1, "minimum": 0, "exclusiveMaximum": 1},
        "epochs": {"type": "integer", "minimum": 1, "maximum": 100},
        "optimizer": {"enum": ["adam", "sgd"], "default": "adam"},
        "augment": {
            "type": "object",
            "default": {},
            "additionalProperties": False,
            "properties": {"flip": {"type": "boolean", "default": True}, "crop": {"type": "number"}},
        },
        "sizes": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["epochs"],
}


def test_defaults_are_filled_in_also_inside() -> None:
    assert check_parameters(_SCHEMA, {"epochs": 5, "augment": {"crop": 0.5}}) == {
        "epochs": 5,
        "lr": 0.1,
        "optimizer": "adam",
        "augment": {"crop": 0.5, "flip": True},
    }
    assert default_parameters(_SCHEMA)["augment"] == {"flip": True}


def test_the_values_handed_in_and_the_schema_stay_as_they_are() -> None:
    values: dict[str, Any] = {"epochs": 5, "augment": {}}
    check_parameters(_SCHEMA, values)["augment"]["flip"] = False
    assert values == {"epochs": 5, "augment": {}}
    assert default_parameters(_SCHEMA)["augment"] == {"flip": True}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "parameters.epochs: it is missing. Give a value"),
        ({"epochs": 0}, "parameters.epochs: 0 is too small. The least is 1."),
        ({"epochs": 101}, "parameters.epochs: 101 is too large. The most is 100."),
        ({"epochs": "5"}, "parameters.epochs: '5' is not of type integer."),
        ({"epochs": True}, "parameters.epochs: True is not of type integer."),
        ({"epochs": 1, "lr": 1}, "parameters.lr: 1 is too large. It must be less than 1."),
        (
            {"epochs": 1, "optimizer": "adm"},
            "parameters.optimizer: 'adm' is not a choice. Did you mean 'adam'?",
        ),
        ({"epochs": 1, "epoch": 2}, "parameters.epoch: there is no such parameter. Did you mean 'epochs'?"),
        (
            {"epochs": 1, "augment": {"flop": 1}},
            "parameters.augment.flop: there is no such parameter. Did you",
        ),
        ({"epochs": 1, "sizes": [1, "x"]}, "parameters.sizes[1]: 'x' is not of type integer."),
    ],
)
def test_a_wrong_value_is_named_with_its_path(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ParametersInvalid) as caught:
        check_parameters(_SCHEMA, values)
    assert message in str(caught.value)
    assert re.search("[\u4e00-\u9fff]", chinese_of(caught.value.message))


def test_all_wrong_values_are_named() -> None:
    with pytest.raises(ParametersInvalid) as caught:
        check_parameters(_SCHEMA, {"epochs": 0, "lr": -1, "typo": 1})
    assert len(str(caught.value).splitlines()) == 3


def test_a_schema_may_allow_more_parameters() -> None:
    assert check_parameters({"additionalProperties": True}, {"free": 1}) == {"free": 1}
    assert check_parameters({}, {}) == {}


@pytest.mark.parametrize(
    ("schema", "what"),
    [
        ({"type": "array"}, "an object, by name"),
        ({"properties": {"a": {"type": "int"}}}, "not JSON Schema"),
        ({"propertis": {}}, "'propertis' is not a keyword"),
        ({"properties": {"a": {"items": {"minimun": 1}}}}, "'minimun' is not a keyword"),
        ({"properties": {"a": {"anyOf": [{"typ": "number"}]}}}, "'typ' is not a keyword"),
        ({"properties": {"a": {"default": "x", "type": "number"}}}, "refused by its own schema"),
        ({"properties": {"a": {"x-search": {"choices": [1], "lag": True}}}}, "'lag' is not a key"),
        ({"properties": {"a": {"pattern": "("}}}, "not JSON Schema"),
    ],
)
def test_a_wrong_schema_is_found(schema: dict[str, Any], what: str) -> None:
    assert any(what in each[1] for each in schema_problems(schema))


def test_a_right_schema_has_no_problems() -> None:
    assert list(schema_problems(_SCHEMA)) == []


def test_title_and_description_may_be_given_by_language() -> None:
    texts = {"en": "Epochs", "zh": "训练轮数"}
    epochs = {"type": "integer", "default": 3, "title": texts, "description": "How often."}
    schema = {"properties": {"epochs": epochs, "title": {"type": "object", "properties": {"en": epochs}}}}
    assert list(schema_problems(schema)) == []
    assert check_parameters(schema, {}) == {"epochs": 3}
    with pytest.raises(ParametersInvalid, match="not of type integer"):
        check_parameters(schema, {"epochs": "three"})


@pytest.mark.parametrize(
    ("texts", "what"),
    [({"en": "Epochs"}, "in 'zh' is missing"), ({"en": "a", "zh": "b", "fr": "c"}, "'fr' is not a key here")],
)
def test_texts_by_language_are_in_both_of_them(texts: dict[str, str], what: str) -> None:
    found = list(schema_problems({"properties": {"n": {"items": {"title": texts}}}}))
    assert [what in each[1] for each in found] == [True]
    assert found[0][0][:4] == ("properties", "n", "items", "title")
