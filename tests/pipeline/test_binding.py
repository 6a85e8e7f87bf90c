from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpl.pipeline.binding import UNBOUND, bind, bind_some, expressions, parameter_of

VALUES = {"epochs": 8, "name": "digits", "sizes": [1, 2], "flip": True}


@pytest.mark.parametrize(
    ("value", "bound"),
    [
        ("${parameters.epochs}", 8),
        ("${ parameters.epochs }", 8),
        ("${parameters.sizes}", [1, 2]),
        ("${parameters.name}-v${parameters.epochs}", "digits-v8"),
        ("flip=${parameters.flip} ${parameters.sizes}", "flip=true [1, 2]"),
        ({"a": ["${parameters.name}", 3]}, {"a": ["digits", 3]}),
        ("$${parameters.name}", "${parameters.name}"),
        ("cost $5 {x}", "cost $5 {x}"),
        ("${parameters.unknown}", UNBOUND),
        ({"a": ["${parameters.name}", "${parameters.unknown}"]}, UNBOUND),
        ("${HOME}", UNBOUND),
        ("${parameters.name", UNBOUND),
    ],
)
def test_bindings_take_values_with_their_type_and_texts_in_writing(value: Any, bound: Any) -> None:
    assert bind(value, VALUES) == bound


def test_expressions_are_found_wherever_they_stand() -> None:
    found = list(expressions({"a": ["${parameters.x} ${HOME}"], "b": "$${no} ${open", "c": 1}))
    assert found == ["parameters.x", "HOME", "${open"]
    assert [parameter_of(each) for each in found] == ["x", "", ""]


PIECES = st.lists(
    st.sampled_from(["${parameters.a}", "${parameters.b}", "$${", "text", "{", "}", " "]), max_size=6
)
LEAVES = st.text("ab${}", max_size=4) | st.integers(0, 9) | st.booleans()


@given(PIECES, st.dictionaries(st.just("a"), LEAVES | st.lists(LEAVES, max_size=2)), LEAVES)
def test_binding_some_now_and_the_rest_later_is_binding_all_at_once(
    pieces: list[str], now: dict[str, Any], later: Any
) -> None:
    text = "".join(pieces)
    if str(now.get("a", "")).endswith("$") and "a}${parameters.b" in text:
        return  # `$` before a binding cannot be written: `$${` stands for a literal `${`
    some = bind_some({"x": [text]}, now)
    assert bind(some, {"b": later}) == bind({"x": [text]}, {**now, "b": later})
