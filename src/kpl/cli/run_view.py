"""A run as it moves: a live table on a terminal, one line for each change elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich import box
from rich.live import Live
from rich.table import Table
from rich.text import Text

from kpl.cli.output import STATE_STYLES, duration, err, number
from kpl.schemas.run import RunDetail
from kpl.schemas.task import TaskOut


class RunView:
    """Shows each state of a run that it is given; nothing is printed twice."""

    def __init__(self, live: Live | None) -> None:
        self._live = live
        self._said: dict[int, tuple[str, str]] = {}

    def update(self, run: RunDetail) -> None:
        if self._live is not None:
            self._live.update(_table(run), refresh=True)
            return
        for task in run.tasks:
            line = (str(task.state), _activity(task))
            if self._said.get(task.id) != line and task.state != "waiting":
                self._said[task.id] = line
                err.print(Text(f"  {task.name:<12} {task.state:<10} {line[1]}"), style="")


@contextmanager
def run_view() -> Iterator[RunView]:
    """A view for as long as the block lasts."""
    if not err.is_terminal:
        yield RunView(None)
        return
    with Live(console=err, auto_refresh=False, transient=False) as live:
        yield RunView(live)


def _table(run: RunDetail) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for column in ("step", "state", "time", ""):
        table.add_column(column, no_wrap=column != "")
    for task in run.tasks:
        style = STATE_STYLES.get(str(task.state), "")
        table.add_row(
            task.name,
            Text(str(task.state), style=style),
            duration(task.duration_s),
            Text(_activity(task), style="dim"),
        )
    return table


def what_came_of_it(task: TaskOut) -> str:
    """Why a task ran, waits or ended as it did, and for a search which trial is the best."""
    if task.branch is not None:
        return task.why
    told = task.reason or task.progress_message or task.why
    search = task.search
    if search is None or search.best_value is None or task.state != "reused":
        return told  # of any other search, the sentence names it
    return f"{told}; trial {search.best_trial} is the best: {search.metric} {number(search.best_value)}"


def what_it_does(task: TaskOut, *, with_version: bool = False) -> str:
    """The function that a task runs, in a few words."""
    if task.kind == "condition":
        return "condition"
    version = f" {task.version}" if with_version else ""
    return f"{task.algorithm}{version} {task.function}"


def _activity(task: TaskOut) -> str:
    """What a task does or waits for, in a few words."""
    if task.state in ("running", "searching") and (task.progress is not None or task.progress_message):
        percent = f"{task.progress:.0%} " if task.progress is not None else ""
        return f"{percent}{task.progress_message}".strip()
    if task.state.is_final or task.state == "ready":
        return what_came_of_it(task)
    return task.reason
