from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpl.errors import Invalid
from kpl.pipeline import InvalidDocument, parse

HEAD = "schema: kpl.pipeline/v1\nname: p\n"
SEARCHED = HEAD + "nodes:\n  - id: a\n    type: algorithm\n    algorithm: x\n    function: y\n    search:\n"


def refused(text: str | dict[str, Any]) -> str:
    with pytest.raises(InvalidDocument) as caught:
        parse(text, source="p.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- 1", "p.yaml: document: [1] is not a mapping."),
        ("name: p", "p.yaml:1: schema: it is missing. Add it."),
        (
            "schema: kpl.pipeline/v9\nname: p",
            'p.yaml:1: schema: "kpl.pipeline/v9" is not a schema that this KPL reads.',
        ),
        (
            "schema: kpl.pipeline/v1\nname: My Pipeline",
            'p.yaml:2: name: "My Pipeline" cannot name a pipeline.',
        ),
        (HEAD + "nods: []", "p.yaml:3: nods: the key 'nods' is not known. Did you mean 'nodes'?"),
        (HEAD + "nodes: {}", "p.yaml:3: nodes: {} is not a list."),
        (HEAD + "nodes:\n  - 3", "p.yaml:4: nodes[0]: 3 is not a mapping."),
        (HEAD + "nodes:\n  - {id: a}", "p.yaml:4: nodes[0].type: 'type' is missing."),
        (
            HEAD + "nodes:\n  - {id: a, type: algoritm}",
            "p.yaml:4: nodes[0].type: type \"algoritm\" is not known. Did you mean 'algorithm'?",
        ),
        (HEAD + "nodes:\n  - {id: a.b, type: dataset, dataset: d}", '"a.b" cannot be the id of a node'),
        (HEAD + "nodes:\n  - {id: a, type: dataset}", "nodes[0].dataset: it is missing."),
        (
            HEAD
            + "nodes:\n  - id: a\n    type: algorithm\n    algorithm: x\n    function: y\n    retries: '3'",
            'p.yaml:8: nodes[0].retries: "3" is not a whole number.',
        ),
        (
            HEAD + "nodes:\n  - {id: a, type: algorithm, algorithm: x, function: y, timeout_s: -1}",
            "nodes[0].timeout_s: -1 is refused: input should be greater than 0.",
        ),
        (
            HEAD + "edges:\n  - {from: a.x, to: b}",
            "p.yaml:4: edges[0]: 'a.x' -> 'b' names a port at one end only.",
        ),
        (
            HEAD + "edges:\n  - {from: a b, to: c}",
            'p.yaml:4: edges[0].from: "a b" is neither `node` nor `node.port`.',
        ),
        (
            SEARCHED + "      trails: 3",
            "p.yaml:9: nodes[0].search.trails: the key 'trails' is not known. Did you mean 'trials'",
        ),
        (
            SEARCHED + "      trials: 1001",
            "p.yaml:9: nodes[0].search.trials: 1001 is refused: input should be less than or",
        ),
        (
            SEARCHED + "      method: gird",
            "p.yaml:9: nodes[0].search.method: \"gird\" is not a choice here. Did you mean 'grid'",
        ),
        (
            SEARCHED + "      parameters:\n        lr: {min: 0.1, maks: 1}",
            "p.yaml:10: nodes[0].search.parameters.lr.maks: the key 'maks' is not known. Did you mean 'max'",
        ),
        (
            SEARCHED + "      parameters:\n        lr: {min: '0.1'}",
            'p.yaml:10: nodes[0].search.parameters.lr.min: "0.1" is not a number.',
        ),
        (HEAD + "edges:\n  - {to: c}", "p.yaml:4: edges[0].from: it is missing."),
        (HEAD + "layout: {a: {x: left, y: 0}}", 'p.yaml:3: layout.a.x: "left" is not a number.'),
        (
            HEAD + "layout: {note/1: {x: 0, y: 0, width: 0, height: 9}}",
            "p.yaml:3: layout.note/1.width: 0 is refused: input should be greater than 0.",
        ),
        (
            HEAD + "layout: {nota/1: {x: 0, y: 0, width: 9, height: 9}}",
            'p.yaml:3: layout.nota/1: "nota/1" names neither a note nor a group.',
        ),
        (
            HEAD + "layout: {note/1: {x: 0, y: 0, width: 9, height: 9, colour: gray}}",
            """p.yaml:3: layout.note/1.colour: "gray" is no colour. Did you mean 'grey'""",
        ),
        (HEAD + "title: 5", "p.yaml:3: title: 5 is not text by language."),
        (HEAD + "title: {english: x}", "p.yaml:3: title.english: 'english' is not a language code."),
        (
            HEAD + "parameters:\n  a: {type: integer, minumum: 1}",
            "p.yaml:4: parameters.a.minumum: the keyword 'minumum' is not known. Did you mean 'minimum'",
        ),
        (HEAD + "parameters:\n  a: {type: whole}", "p.yaml:4: parameters.a.type: this is not JSON Schema:"),
        (
            HEAD + "parameters:\n  a: {type: object, properties: {b: {$ref: 'http://x'}}}",
            "the keyword '$ref' is not known",
        ),
        (HEAD + "parameters:\n  a-b: {type: string}", '"a-b" cannot name a parameter.'),
    ],
)
def test_what_has_not_the_form_is_refused_with_line_path_and_fix(text: str, message: str) -> None:
    assert message in refused(text)


def test_all_refusals_are_reported_at_once() -> None:
    with pytest.raises(InvalidDocument) as caught:
        parse(HEAD + "nods: []\nedges:\n  - {from: a}\nlayout: 3", source="p.yaml")
    assert {refusal.path for refusal in caught.value.refusals} == {"nods", "layout", "edges[0].to"}
    assert {refusal.line for refusal in caught.value.refusals} == {3, 5, 6}


def test_plain_values_are_refused_by_path_alone() -> None:
    with pytest.raises(InvalidDocument, match=r"^pipeline: edges\[0\].to: it is missing. Add it.$"):
        parse({"schema": "kpl.pipeline/v1", "name": "p", "edges": [{"from": "a"}]})


def test_a_text_without_language_is_english() -> None:
    assert parse(HEAD + "title: Digits").title == {"en": "Digits"}


def test_positions_and_times_that_are_whole_lose_their_point() -> None:
    assert parse(HEAD + "layout: {a: {x: 480.0, y: 1.5}}") == parse(HEAD + "layout: {a: {x: 480, y: 1.5}}")


@given(
    st.dictionaries(
        st.sampled_from(["schema", "name", "title", "parameters", "nodes", "edges", "layout", "task", "x"]),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.sampled_from(["kpl.pipeline/v1", "p", "dataset", "${", "a.b"]),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ["id", "type", "from", "to", "x", "y", "a", "default", "properties", "items"]
                    ),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=12,
        ),
    )
)
def test_any_values_are_read_or_refused(value: dict[str, Any]) -> None:
    with suppress(Invalid):
        parse(value)
