import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kpl.pipeline import (
    AlgorithmNode,
    ConditionNode,
    DatasetNode,
    Document,
    Edge,
    ModelNode,
    Note,
    Parameter,
    Position,
    Search,
    SearchRange,
    parse,
    to_json,
    to_plain,
    to_yaml,
)
from kpl.pipeline.document import NOTE_COLOURS, NOTE_PATTERN
from kpl.task import OPERATORS

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
SOME_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
NAMES = st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,12}", fullmatch=True)
IDS = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,12}", fullmatch=True)
PORTS = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
TEXTS = st.dictionaries(st.sampled_from(["en", "zh", "de"]), SOME_TEXT, max_size=3)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False).filter(
    lambda number: not number.is_integer()
)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXT
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def schemas(draw: st.DrawFn) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": draw(st.sampled_from(["string", "integer", "number", "boolean"]))}
    if draw(st.booleans()):
        schema["default"] = draw(VALUES)
    if draw(st.booleans()):
        schema["minimum"] = draw(NUMBERS)
    if title := draw(TEXTS):
        schema["title"] = title
    if draw(st.booleans()):
        schema["x-kpl"] = draw(TEXT)
    if draw(st.booleans()):
        schema["properties"] = {draw(PORTS): {"type": "string", "description": draw(TEXTS)}}
    return schema


RANGES = st.builds(SearchRange, NUMBERS, NUMBERS, st.booleans(), st.none() | NUMBERS) | st.builds(
    SearchRange, choices=st.lists(VALUES, max_size=3).map(tuple)
)
SEARCHES = st.builds(
    Search,
    parameters=st.dictionaries(PORTS, RANGES, max_size=3),
    trials=st.integers(1, 1000),
    parallel=st.integers(1, 20),
    budget_s=st.none() | st.integers(1, 10**6) | st.just(0.5),
    method=st.sampled_from(["tpe", "random", "grid"]),
    pruning=st.booleans(),
    metric=TEXT,
    direction=st.sampled_from([None, "maximize", "minimize"]),
    seed=st.integers(0, 2**32 - 1),
)
ALGORITHM_NODES = st.builds(
    AlgorithmNode,
    id=IDS,
    algorithm=NAMES,
    function=PORTS,
    title=TEXTS,
    parameters=st.dictionaries(TEXT, VALUES, max_size=4),
    resources=st.dictionaries(st.sampled_from(["cpu", "memory", "devices"]), VALUES, max_size=3),
    retries=st.integers(0, 100),
    timeout_s=st.none() | st.integers(1, 10**6) | st.just(0.5),
    publish=st.dictionaries(PORTS, TEXT, max_size=2),
    endpoint=TEXT,
    search=st.none() | SEARCHES,
)
CONDITION_NODES = st.builds(
    ConditionNode, IDS, TEXT, st.sampled_from(OPERATORS), st.none() | NUMBERS | TEXT, title=TEXTS
)
NODES = st.one_of(
    st.builds(DatasetNode, IDS, TEXT, TEXTS),
    st.builds(ModelNode, IDS, TEXT, TEXTS),
    ALGORITHM_NODES,
    CONDITION_NODES,
)
EDGES = st.builds(Edge, IDS, IDS, PORTS, PORTS) | st.builds(Edge, IDS, IDS)
NOTES = st.dictionaries(
    st.from_regex(NOTE_PATTERN, fullmatch=True),
    st.builds(
        Note,
        NUMBERS,
        NUMBERS,
        st.integers(1, 9999),
        st.integers(1, 9999),
        TEXT,
        st.sampled_from(NOTE_COLOURS),
    ),
    max_size=3,
)
DOCUMENTS = st.builds(
    Document,
    name=NAMES,
    title=TEXTS,
    description=TEXTS,
    task=TEXT,
    parameters=st.lists(
        st.builds(Parameter, PORTS, schemas()), max_size=3, unique_by=lambda parameter: parameter.name
    ).map(tuple),
    nodes=st.lists(NODES, max_size=4).map(tuple),
    edges=st.lists(EDGES, max_size=4).map(tuple),
    layout=st.dictionaries(IDS, st.builds(Position, NUMBERS, NUMBERS), max_size=3),
    notes=NOTES,
)


@settings(deadline=None)
@given(DOCUMENTS)
def test_a_document_survives_its_text_and_its_text_is_byte_stable(document: Document) -> None:
    text = to_yaml(document)
    assert parse(text) == document
    assert to_yaml(parse(text)).encode() == text.encode()


@settings(deadline=None)
@given(DOCUMENTS)
def test_yaml_json_and_plain_values_are_the_same_document(document: Document) -> None:
    assert parse(to_json(document)) == parse(to_plain(document)) == parse(to_yaml(document)) == document
    assert to_json(parse(to_yaml(document))) == to_json(document)


@given(DOCUMENTS, st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(document: Document, shuffler: Any) -> None:
    def shuffled(value: Any, depth: int = 0) -> Any:
        if isinstance(value, dict):
            keys = list(value)
            if depth != 1 or "type" in value:  # parameters keep the order of the form
                shuffler.shuffle(keys)
            return {key: shuffled(value[key], depth + (key == "parameters" and depth == 0)) for key in keys}
        return [shuffled(inner, 2) for inner in value] if isinstance(value, list) else value

    mixed = shuffled(json.loads(to_json(document)))
    assert to_yaml(parse(mixed)) == to_yaml(document)


def test_the_text_reads_well(document: Document) -> None:
    assert to_yaml(document).splitlines()[:14] == [
        "schema: kpl.pipeline/v1",
        "name: digits",
        "parameters:",
        "  dataset:",
        "    type: string",
        "    x-kpl: dataset",
        "    default: digits",
        "  epochs:",
        "    type: integer",
        "    default: 8",
        "    minimum: 1",
        "    maximum: 50",
        "nodes:",
        "  - id: data",
    ]
    assert "  - {from: data.dataset, to: split.dataset}" in to_yaml(document)


def test_moving_a_node_changes_one_line(document: Document) -> None:
    moved = replace(document, layout={"train": Position(500, 120)})
    before, after = to_yaml(document).splitlines(), to_yaml(moved).splitlines()
    assert [line for line in after if line not in before] == ["  train: {x: 500, y: 120}"]


def test_two_documents_from_the_same_values_share_nothing(plain: dict[str, Any]) -> None:
    first, second = parse(plain), parse(plain)
    plain["nodes"][2]["parameters"]["epochs"] = 99
    first_train, second_train = first.node("train"), second.node("train")
    assert isinstance(first_train, AlgorithmNode)
    assert isinstance(second_train, AlgorithmNode)
    assert first_train.parameters == {"epochs": "${parameters.epochs}"}
    assert first_train.parameters is not second_train.parameters
