"""Telling the platform how it goes: metrics, progress, notes, figures. Nothing is written elsewhere."""

import json
import os
import time
from pathlib import Path
from typing import Any, SupportsFloat

from kpl.algorithm import protocol
from kpl.sentence import chinese_of


def metric(name: str, value: SupportsFloat, step: int | None = None) -> None:
    """Send a number, such as a loss. Tensors and arrays with one element do too."""
    fields = {"type": "metric", "name": name, "value": float(value), "time": round(time.time(), 3)}
    _append(fields if step is None else {**fields, "step": int(step)})


def progress(value: SupportsFloat, message: str = "", *, message_zh: str = "") -> None:
    """Say how far the task is, from 0 to 1, and what it is doing; `message_zh` is read on Chinese pages."""
    chinese = _chinese("message_zh", message, message_zh)
    _append({"type": "progress", "value": float(value), "message": message, **chinese})


def note(text: str, *, text_zh: str = "") -> None:
    """Leave a sentence on the task's page; `text_zh` is read on Chinese pages."""
    _append({"type": "note", "text": text, **_chinese("text_zh", text, text_zh)})


def refusal(text: str, *, text_zh: str = "") -> SystemExit:
    """What ends the process with a reason, as in `raise author.refusal(...)`: in its log, and on the task's page."""
    note(text, text_zh=text_zh)
    return SystemExit(text)


def figure(name: str, data: Any = None, *, path: Path | None = None) -> None:
    """Show data for a chart (JSON), or a picture or page that lies in one of the output folders."""
    _append({"type": "figure", "name": name, **({"path": str(path)} if path else {"data": data})})


def _chinese(key: str, text: str, zh: str) -> dict[str, str]:
    """The Chinese of a text, given or known by it; nothing where there is none."""
    known = zh or chinese_of(text)
    return {key: known} if known else {}


def _append(fields: dict[str, Any]) -> None:
    path = os.environ.get(protocol.EVENTS)
    if not path:
        return
    line = json.dumps(fields, ensure_ascii=False) + "\n"
    # One write in append mode: lines of several workers do not mix.
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)
