"""The large objects that the console is measured with, made through the product: nothing is written behind its back."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kpl.client import Client
from kpl.errors import KPLError
from kpl.task import TaskState

ALGORITHMS = Path(__file__).parent / "algorithms"
ROWS = 10
NODE_SPACE = (300, 190)
MAKING_S = 1800


@dataclass(frozen=True, slots=True)
class Objects:
    """Names and numbers by which the console finds them.

    Args:
        long_run: the run whose step `talk` has the long log and the long metric.
        held_runs: number of steps that are held running -> the run of 200 steps.
    """

    dataset: str
    long_run: int
    canvases: dict[int, str]
    held_runs: dict[int, int]


def make(client: Client, *, num_samples: int, num_lines: int, num_points: int) -> Objects:
    """Make them, or find those that an earlier call left in the same data folder."""
    known = {algorithm.name for algorithm in client.algorithms.list()}
    for algorithm in sorted(ALGORITHMS.iterdir()):
        if algorithm.name not in known:
            client.algorithms.install(algorithm)
    talk = _node("talk", "long_log", num_lines=num_lines, num_points=num_points)
    long_run = _run_once(client, f"log-{num_lines}-{num_points}", talk)
    dataset = f"samples-{num_samples}"
    write = _node("write", "many_samples", num_samples=num_samples) | {"publish": {"dataset": dataset}}
    _run_once(client, dataset, write)
    canvases = {}
    for num_nodes in (200, 500):
        canvases[num_nodes] = f"canvas-{num_nodes}"
        client.pipelines.save(canvases[num_nodes], grid(num_nodes))
    for run in client.runs.list():
        if not run.state.is_final:  # what a bench that was interrupted has left
            client.runs.cancel(run.id)
            client.runs.wait(run.id, timeout_s=60)
    held_runs = {}
    for held in (3, 10):
        newest = next(iter(client.runs.list(limit=1)))
        # Numbers that no run had before: nothing is reused.
        run = client.runs.create(document=grid(200, held=held, first_number=1000 * (newest.id + 1)))
        held_runs[held] = run.id
    for held, run_id in held_runs.items():
        _wait_until_held(client, run_id, held)
    return Objects(dataset, long_run, canvases, held_runs)


def release(client: Client, objects: Objects) -> None:
    """Stop the runs whose steps are held."""
    for run_id in objects.held_runs.values():
        client.runs.cancel(run_id)
    for run_id in objects.held_runs.values():
        client.runs.wait(run_id, timeout_s=60)


def grid(num_nodes: int, *, held: int = 0, first_number: int = 0) -> dict[str, Any]:
    """A pipeline of columns of ten steps, each of which takes from two of the column before."""
    nodes, edges, layout = [], [], {}
    for number in range(num_nodes):
        column, row = divmod(number, ROWS)
        values: dict[str, Any] = {"number": first_number + number}
        if column == 0 and row < held:
            values["wait_for"] = "/nobody/writes/this"
        nodes.append(_node(f"step-{number}", "grid_step", **values))
        layout[f"step-{number}"] = {"x": column * NODE_SPACE[0], "y": row * NODE_SPACE[1]}
        if column:
            before = (column - 1) * ROWS
            edges.append({"from": f"step-{before + row}.first", "to": f"step-{number}.left"})
            edges.append({"from": f"step-{before + (row + 1) % ROWS}.second", "to": f"step-{number}.right"})
    return _document(f"canvas-{num_nodes}", nodes) | {"edges": edges, "layout": layout}


def _wait_until_held(client: Client, run_id: int, held: int) -> None:
    """Wait until nothing of a run moves any more but the steps that are held."""
    moving = {TaskState.QUEUED, TaskState.STARTING}
    for run in client.runs.watch(run_id):
        states = [task.state for task in run.tasks]
        if states.count(TaskState.RUNNING) == held and not moving & set(states):
            return
    raise KPLError(f"Run {run_id} ended before {held} steps were held.")


def _run_once(client: Client, name: str, node: dict[str, Any]) -> int:
    """Run one step, unless a run of that name has succeeded before; returns the number of the run."""
    for run in client.runs.list(state="succeeded"):
        if run.name == name:
            return run.id
    done = client.runs.wait(
        client.runs.create(document=_document(name, [node]), name=name).id, timeout_s=MAKING_S
    )
    if done.state != "succeeded":
        raise KPLError(f"Run {done.id} is {done.state}. {done.reason}")
    return done.id


def _node(name: str, algorithm: str, **parameters: Any) -> dict[str, Any]:
    return {
        "id": name,
        "type": "algorithm",
        "algorithm": algorithm,
        "function": "process",
        "parameters": parameters,
    }


def _document(name: str, nodes: list[dict[str, Any]]) -> dict[str, Any]:
    return {"schema": "kpl.pipeline/v1", "name": name, "nodes": nodes}
