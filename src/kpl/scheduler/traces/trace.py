"""Traces of any known format."""

from collections.abc import Callable

from kpl.errors import Invalid
from kpl.scheduler.simulate import Job
from kpl.scheduler.traces import openb, philly
from kpl.scheduler.traces.history import is_history, read_history

FORMATS: dict[str, Callable[[str, str], list[Job]]] = {
    "kpl": read_history,
    "openb": openb.read_pods,
    "philly": philly.read_philly,
}


def read_trace(text: str, name: str = "trace", format: str = "auto") -> list[Job]:
    """Read a trace; `auto` tells the format from its first line.

    Raises:
        Invalid: the format is unknown, or the text is not of it.
    """
    if format == "auto":
        format = _guess(text, name)
    if format not in FORMATS:
        raise Invalid(f"'{format}' is not a format of traces.", hint=f"Known are {', '.join(FORMATS)}.")
    return FORMATS[format](text, name)


def _guess(text: str, name: str) -> str:
    if is_history(text):
        return "kpl"
    first = set(text.partition("\n")[0].strip().split(","))
    for format, columns in (("openb", openb.POD_COLUMNS), ("philly", philly.COLUMNS)):
        if first >= set(columns):
            return format
    raise Invalid(
        f"{name} is of no known format: its first line is '{text.partition(chr(10))[0][:80]}'.",
        hint=f"Known are {', '.join(FORMATS)}; see docs/guides/what-if.md.",
    )
