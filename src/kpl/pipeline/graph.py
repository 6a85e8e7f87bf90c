"""Order on a canvas: topological order, cycles, what lies downstream. Types are not known here."""

from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from heapq import heapify, heappop, heappush

Predecessors = Mapping[str, Iterable[str]]


def find_cycle(predecessors: Predecessors) -> tuple[str, ...]:
    """Name the nodes of one cycle along its edges, the first again at the end; empty when there is none."""
    try:
        TopologicalSorter(predecessors).prepare()
    except CycleError as err:
        nodes: list[str] = err.args[1]
        return tuple(nodes)
    return ()


def topological_order(names: Sequence[str], predecessors: Predecessors) -> tuple[str, ...]:
    """Put each name after all of its predecessors.

    Of those that could come next, the earliest in `names` does. The graph must have no cycle.
    """
    position = {name: number for number, name in enumerate(names)}
    sorter = TopologicalSorter({name: predecessors.get(name, ()) for name in names})
    sorter.prepare()
    ready = [position[name] for name in sorter.get_ready()]
    heapify(ready)
    order: list[str] = []
    while ready:
        name = names[heappop(ready)]
        order.append(name)
        sorter.done(name)
        for following in sorter.get_ready():
            heappush(ready, position[following])
    return tuple(order)


def downstream(start: str, predecessors: Predecessors) -> frozenset[str]:
    """Collect `start` and every name that can only begin after it."""
    successors: dict[str, list[str]] = {}
    for name, before in predecessors.items():
        for earlier in before:
            successors.setdefault(earlier, []).append(name)
    reached = {start}
    waiting = [start]
    while waiting:
        for name in successors.get(waiting.pop(), ()):
            if name not in reached:
                reached.add(name)
                waiting.append(name)
    return frozenset(reached)
