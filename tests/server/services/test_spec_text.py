import json
from dataclasses import asdict

from hypothesis import given, settings
from hypothesis import strategies as st

from kpl.resources import DeviceRequest, DeviceShare, Enforcement, Placement, ResourceRequest
from kpl.server.services.records import placement_from
from kpl.server.services.spec_text import decode_spec, encode_spec
from kpl.task import (
    OPERATORS,
    ArtifactInput,
    Branch,
    Condition,
    EnvironmentSpec,
    Objective,
    OutputSpec,
    Program,
    SearchedParameter,
    SearchSpec,
    TaskOutputInput,
    TaskSpec,
)
from kpl.task.ids import Digest, TaskId

WORDS = st.text(max_size=8)
NUMBERS = st.integers(0, 2**40)
DIGESTS = st.builds(Digest, WORDS)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=5,
)
PROGRAMS = st.builds(
    Program,
    algorithm=WORDS,
    version=WORDS,
    function=WORDS,
    tree=DIGESTS,
    command=st.lists(WORDS, max_size=3).map(tuple),
    environment=st.builds(EnvironmentSpec, st.just("venv"), requirements=WORDS, lock=WORDS),
)
INPUTS = st.one_of(
    st.builds(ArtifactInput, WORDS, WORDS, WORDS, DIGESTS),
    st.builds(TaskOutputInput, WORDS, WORDS, WORDS, st.builds(TaskId, NUMBERS), WORDS),
)
DEVICES = st.builds(
    DeviceRequest, WORDS, NUMBERS, NUMBERS, st.lists(WORDS, max_size=2).map(tuple), share_mib=NUMBERS
)
DEVICE_SETS = st.lists(DEVICES, max_size=2).map(tuple)
OBJECTIVES = st.builds(Objective, WORDS, st.sampled_from(["maximize", "minimize"]))
SEARCHES = st.builds(
    SearchSpec,
    parameters=st.lists(
        st.builds(SearchedParameter, WORDS, st.lists(VALUES, max_size=2).map(tuple), NUMBERS, NUMBERS),
        max_size=2,
    ).map(tuple),
    objective=OBJECTIVES,
    budget_s=st.none() | st.floats(0, 1e9),
    start=st.dictionaries(WORDS, VALUES, max_size=2),
)
SPECS = st.builds(
    TaskSpec,
    program=PROGRAMS,
    parameters=st.dictionaries(WORDS, VALUES, max_size=3),
    inputs=st.lists(INPUTS, max_size=3).map(tuple),
    outputs=st.lists(st.builds(OutputSpec, WORDS, WORDS, WORDS, st.booleans(), WORDS), max_size=3).map(tuple),
    resources=st.builds(
        ResourceRequest, NUMBERS, NUMBERS, DEVICE_SETS, st.lists(DEVICE_SETS, max_size=2).map(tuple)
    ),
    max_attempts=NUMBERS,
    timeout_s=st.none() | st.floats(0, 1e9),
    metrics=st.lists(WORDS, max_size=3).map(tuple),
    endpoint=WORDS,
    must_run=st.booleans(),
    condition=st.none() | st.builds(Condition, WORDS, st.sampled_from(OPERATORS), st.floats(-1e9, 1e9)),
    branches=st.lists(st.builds(Branch, st.builds(TaskId, NUMBERS), WORDS), max_size=2).map(tuple),
    search=st.none() | SEARCHES,
    objective=st.none() | OBJECTIVES,
)


@settings(max_examples=60, deadline=None)
@given(SPECS)
def test_decoding_undoes_encoding(spec: TaskSpec) -> None:
    assert decode_spec(encode_spec(spec)) == spec


def test_fields_that_an_earlier_release_did_not_write_have_their_default() -> None:
    spec = TaskSpec(Program("a", "1", "train", Digest("0" * 64), ("run",)))
    text = encode_spec(spec)
    for later in (',"must_run":false', ',"alternatives":[]'):
        assert later in text
        text = text.replace(later, "")
    assert all(word not in text for word in ("search", "condition", "branches"))
    assert decode_spec(text) == spec


def test_a_placement_of_an_earlier_release_was_kept_by_count_alone() -> None:
    old = {
        "machine": "here",
        "cpu_milli": 1,
        "memory_mib": 2,
        "devices": [{"kind": "gpu", "index": 1, "share_milli": 500}],
    }
    assert placement_from(old).devices == (DeviceShare("gpu", 1, 500, enforcement=Enforcement.BOOKKEEPING),)
    new = Placement("here", 1, 2, (DeviceShare("gpu", 0, 250, 4096, "a100", Enforcement.WATCHED),))
    assert placement_from(json.loads(json.dumps(asdict(new)))) == new
