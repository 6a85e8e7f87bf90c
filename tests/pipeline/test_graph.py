from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kpl.pipeline.graph import downstream, find_cycle, topological_order

NAMES = [f"n{number}" for number in range(8)]
PAIRS = st.sets(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=16)


def predecessors_of(pairs: set[tuple[str, str]]) -> dict[str, list[str]]:
    return {name: sorted(source for source, target in pairs if target == name) for name in NAMES}


@given(PAIRS, st.permutations(NAMES))
def test_without_a_cycle_every_name_stands_after_its_predecessors(
    pairs: set[tuple[str, str]], ranks: list[str]
) -> None:
    forward = {(a, b) for a, b in pairs if ranks.index(a) < ranks.index(b)}
    before = predecessors_of(forward)
    assert find_cycle(before) == ()
    order = topological_order(NAMES, before)
    assert sorted(order) == sorted(NAMES)
    assert all(order.index(a) < order.index(b) for a, b in forward)


@given(PAIRS, st.lists(st.sampled_from(NAMES), min_size=1, max_size=6, unique=True))
def test_a_cycle_is_always_found_and_runs_along_the_edges(
    pairs: set[tuple[str, str]], ring: list[str]
) -> None:
    closed = pairs | set(zip(ring, [*ring[1:], ring[0]], strict=True))
    cycle = find_cycle(predecessors_of(closed))
    assert cycle[0] == cycle[-1]
    assert set(pairwise(cycle)) <= closed


@given(PAIRS, st.sampled_from(NAMES))
def test_downstream_is_what_can_be_reached(pairs: set[tuple[str, str]], start: str) -> None:
    after = downstream(start, predecessors_of(pairs))
    assert start in after
    assert all(b in after for a, b in pairs if a in after)
    assert all(name == start or any(b == name and a in after for a, b in pairs) for name in after)


def test_names_that_could_come_next_keep_their_drawn_order() -> None:
    assert topological_order(["c", "a", "b"], {"b": ["c"]}) == ("c", "a", "b")
