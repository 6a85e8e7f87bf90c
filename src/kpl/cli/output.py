"""What the command line prints: results on stdout, everything else on stderr; `--json` for machines."""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kpl.errors import KPLError
from kpl.resources import format_amounts

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Limit = Annotated[int, typer.Option(min=1, help="Most rows.")]
Search = Annotated[str | None, typer.Option(help="Only those with these words in what they are called.")]

# Into a file or a pipe a table takes the width it needs.
_PIPE_WIDTH = None if sys.stdout.isatty() else 400

# What is printed holds names, paths and reasons that people and programs chose: none of it is markup.
out = Console(highlight=False, soft_wrap=True, markup=False, emoji=False, width=_PIPE_WIDTH)
err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)

STATE_STYLES = {
    "succeeded": "green", "ready": "green", "reused": "magenta", "running": "cyan", "starting": "cyan",
    "collecting": "cyan", "resolving": "cyan", "searching": "cyan", "failed": "red", "cancelled": "yellow",
    "skipped": "yellow", "stopping": "yellow", "restarting": "yellow", "open": "green", "cordoned": "yellow",
    "draining": "yellow", "not answering": "red",
}  # fmt: skip


def print_json(value: object) -> None:
    """Print a value, a model or a list of models as JSON, indented on a terminal."""
    indent = 2 if sys.stdout.isatty() else None
    typer.echo(json.dumps(_plain(value), ensure_ascii=False, indent=indent))


def _plain(value: object) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


# A number, a size, or none of either.
_AMOUNT = re.compile(r"[\d.,]+( [KMGT]?B)?|-")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Print rows under headings; `empty` says what to do when there are none."""
    cells = [[_cell(value) for value in row] for row in rows]
    if not cells:
        err.print(empty, style="dim")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for column, values in zip(columns, zip(*cells, strict=True), strict=True):
        is_number = all(_AMOUNT.fullmatch(value.plain) for value in values)
        table.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for row in cells:
        table.add_row(*row)
    out.print(table, soft_wrap=False)


def nothing(otherwise: str, **filters: object) -> str:
    """What an empty list says: that nothing matches where it was narrowed by options, else `otherwise`."""
    given = [f"--{name} {value}" for name, value in filters.items() if value is not None]
    return f"Nothing matches {' and '.join(given)}. Without, all are listed." if given else otherwise


def print_fields(fields: Iterable[tuple[str, object]]) -> None:
    """Print names and values, one pair a line, values aligned."""
    pairs = [(name, _cell(value)) for name, value in fields]
    width = max((len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        out.print(Text(f"{name:<{width}}  ", style="dim") + value)


def _cell(value: object) -> Text:
    if value is None or value == "":
        return Text("-", style="dim")
    if isinstance(value, datetime):
        return Text(when(value))
    if isinstance(value, float):
        return Text(number(value))
    if isinstance(value, list | tuple):
        return Text(", ".join(map(str, value)) or "-")
    text = str(value)
    return Text(text, style=STATE_STYLES.get(text, ""))


def when(moment: datetime) -> str:
    """A time as people read it: local, to the second."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def ago(moment: datetime) -> str:
    """How long ago it was, in the largest unit that fits."""
    seconds = max(0, int((datetime.now(UTC) - moment).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def number(value: float) -> str:
    """A number with as many digits as say something."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def counted(number: int, noun: str) -> str:
    """So many of something: `1 sample`, `1,797 samples`, `10 classes`."""
    end = "" if number == 1 else "es" if noun.endswith("s") else "s"
    return f"{number:,} {noun}{end}"


def duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def until(moment: datetime | None) -> str:
    """How long it is until then, in the largest unit that says something; `now` for the past."""
    if moment is None:
        return "-"
    seconds = (moment - datetime.now(UTC)).total_seconds()
    if seconds <= 0:
        return "now"
    minutes = max(1, round(seconds / 60))
    if minutes < 120:
        return f"{minutes} min"
    return f"{round(minutes / 60)} h" if minutes < 48 * 60 else f"{round(minutes / 1440)} d"


def amounts(of: Mapping[str, int]) -> str:
    """Amounts of resources as they are typed, with room to read them: `cpu=8, gpu=2`."""
    return format_amounts(of).replace(",", ", ")


def size(size_bytes: int) -> str:
    """Bytes in powers of 1024, as the console tells them."""
    amount = float(size_bytes)
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if amount < 1000 or unit == "TB":
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def say(message: str, *, style: str = "") -> None:
    """Tell the person, not the program that reads stdout."""
    err.print(message, style=style)


def report_error(error: KPLError) -> None:
    """Two lines: what went wrong, what to do next."""
    err.print(Text("Error: ", style="bold red") + Text(error.message))
    if error.hint:
        err.print(Text("       ") + Text(error.hint))


def confirm(question: str, *, is_confirmed: bool) -> None:
    """Ask before something is destroyed. Where nobody can answer, `--yes` is needed."""
    if is_confirmed:
        return
    if not sys.stdin.isatty():
        raise typer.BadParameter("nobody is there to confirm; add --yes", param_hint="--yes")
    typer.confirm(question, abort=True, err=True)
