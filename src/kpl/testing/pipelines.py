"""Small pipeline documents of the toy algorithm."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any


def toy_node(node: str, function: str = "process", **fields: Any) -> dict[str, Any]:
    """A node of the toy algorithm."""
    return {"id": node, "type": "algorithm", "algorithm": "toy", "function": function, **fields}


def toy_pipeline(
    *nodes: Mapping[str, Any], edges: Mapping[str, str] | None = None, **fields: Any
) -> dict[str, Any]:
    """A document of these nodes; `edges` goes from output to input, as in `{"a.files": "b.files"}`."""
    return {
        "schema": "kpl.pipeline/v1",
        "name": "toys",
        "nodes": [dict(node) for node in nodes],
        "edges": [{"from": source, "to": target} for source, target in (edges or {}).items()],
        **fields,
    }


def chain(*names: str, **parameters: Any) -> dict[str, Any]:
    """A pipeline of processes, each taking the files of the one before; the first gets the parameters."""
    nodes = [toy_node(name, parameters={"text": name}) for name in names]
    nodes[0]["parameters"] = {"text": names[0], **parameters}
    edges = {f"{a}.files": f"{b}.files" for a, b in pairwise(names)}
    return toy_pipeline(*nodes, edges=edges)
