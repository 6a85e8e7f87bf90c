"""What a process that failed said of the cause: the line of its log that tells of the error, or its refusal."""

from pathlib import Path

from kpl.algorithm.protocol import Note, read_events
from kpl.runtime.executor import AttemptFiles
from kpl.runtime.logs import ErrorLine, error_line

_NOTES_BYTES = 64 << 10  # at the end of the events: whoever refuses notes why and ends
_MOST_CHARACTERS = 1000


def cause_of_end(files: AttemptFiles, exit_code: int) -> str:
    """Why the process gave up, in its own words; empty where it does not say.

    A refusal that was noted in both languages is a `Sentence`. Reads the ends of the log and of the events alone,
    so that it costs the same for a process of any length.

    Args:
        exit_code: of a process that ended with another one than 0.
    """
    found = error_line(files.log)
    if found is None:
        return ""
    line = found.text.strip()
    note = next((note for note in _last_notes(files.events) if line and line in note), None)
    if note is not None and len(note) <= _MOST_CHARACTERS:
        return note
    return line if _tells_why(found, exit_code) else ""


def _tells_why(found: ErrorLine, exit_code: int) -> bool:
    """Whether the line is a reason. A last line is none as such, but Python programs that give up with words print
    them last and end with 1."""
    return found.is_error or exit_code == 1


def _last_notes(events: Path) -> list[str]:
    """The notes at the end of the events, the last one first."""
    try:
        offset = max(0, events.stat().st_size - _NOTES_BYTES)
    except FileNotFoundError:
        return []
    found, _, _ = read_events(events, offset, is_final=True)
    return [event.text for event in reversed(found) if isinstance(event, Note)]
