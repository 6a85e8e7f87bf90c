from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kpl.errors import Invalid
from kpl.pipeline.text import MAX_DEPTH, check_plain, dotted, read_text, write_yaml

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=150)
    | st.sampled_from(
        ["no", "on", "1:30", "1e3", "0o17", "0x1f", "1_000", "2024-01-01", "~", "<<", "=", ".5", "08"]
    )
)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


def read(text: str) -> Any:
    return read_text(text, source="p.yaml")[0]


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_what_is_written_is_read_back_with_the_same_types(value: dict[str, Any]) -> None:
    text = write_yaml(value)
    assert repr(read(text)) == repr(value)
    assert write_yaml(read(text)) == text


@given(st.text(max_size=100) | st.text("{}[]:,-&*!|>'\"#%@`\n\t ab1.~?", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(Invalid):
        check_plain(read(text))


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), SCALARS, max_size=5))
def test_readers_of_yaml_1_1_see_the_same_text_as_text(value: dict[str, Any]) -> None:
    texts = {key: inner for key, inner in value.items() if isinstance(inner, str)}
    assert yaml.safe_load(write_yaml(texts)) == texts


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: no", "no"), ("a: on", "on"), ("a: 1:30", "1:30"), ("a: 2024-01-01", "2024-01-01"),
        ("a: 1e-3", 0.001), ("a: .5", 0.5), ("a: 0x1f", 31), ("a: 0o17", 15), ("a: 017", 17), ("a: 1_000", "1_000"),
        ("a: true", True), ("a: True", True), ("a: null", None), ("a: ~", None), ("a:", None), ("a: '1'", "1"),
        ('{"a": 1.0}', 1.0), ("{a: 1}", 1),
    ],
)  # fmt: skip
def test_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    found = read(text)["a"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "p.yaml: the text is empty"),
        ("a: 1\na: 2", "p.yaml:2: the key 'a' stands twice"),
        ('{"a": 1, "a": 2}', "the key 'a' stands twice"),
        ("a: &x 1\nb: *x", "p.yaml:1: the anchor '&x' is not allowed"),
        ("b: *x", "p.yaml:1: the alias '*x' is not allowed"),
        ("a: !!python/object:os.system x", "p.yaml:1: the tag"),
        ("a: !x 1", "the tag '!x' is not allowed"),
        ("a: 1\n---\nb: 2", "p.yaml:2: a second document begins here"),
        ("a: 1\n b: 2", "p.yaml:2: this is not well-formed YAML"),
        ("a: [1, 2", "this is not well-formed YAML"),
        ("1: a", "p.yaml:1: the key '1' is not text"),
        ("? [a]\n: b", "p.yaml:1: the key 'this' is not text"),
        ("a: .inf", ".inf is not a number that JSON knows"),
        ("a: 1e999", "the number 1e999 is too large"),
        (f"a: {2**63}", "is too large"),
        ("a: " + "[" * 100, f"nested more than {MAX_DEPTH} deep"),
        ("a: \x00", "this is not well-formed YAML"),
        ("a: " + "x" * (5 << 20), "characters are more than"),
    ],
)
def test_what_may_hide_or_blow_up_is_refused(text: str, message: str) -> None:
    with pytest.raises(Invalid) as caught:
        read(text)
    assert message in str(caught.value)


def test_every_part_knows_its_line() -> None:
    _, lines = read_text("a: 1\nb:\n  - x\n  - c: 2\n    d:\n      e: 3\n", source="p")
    assert lines[("a",)] == 1
    assert lines[("b", 1, "c")] == 4
    assert lines[("b", 1, "d", "e")] == 6


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": float("nan")}, "a: nan is not a number"),
        ({"a": [1, {"b": 2**63}]}, "a[1].b: the number is too large"),
        ({"a": {1: 2}}, "a: the key 1 is not text"),
        ({"a": b"x"}, "a: a bytes has no place"),
        ({"a": "\ud83d"}, "a: the text holds half a character"),
    ],
)
def test_values_that_json_cannot_hold_are_refused(value: dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_plain(value)
    assert message in str(caught.value)


def test_values_nested_without_end_are_refused() -> None:
    value: dict[str, Any] = {}
    value["a"] = value
    with pytest.raises(Invalid, match="nested more than"):
        check_plain(value)


def test_paths_read_like_code() -> None:
    assert dotted(("nodes", 3, "parameters", "lr")) == "nodes[3].parameters.lr"
    assert dotted(()) == ""
