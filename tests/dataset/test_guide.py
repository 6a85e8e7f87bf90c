"""The examples of the guide run as they stand."""

import re
from pathlib import Path

import pytest

from kpl.dataset.convert import FORMATS

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "datasets.md"


def test_the_examples_of_the_guide_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.S)
    assert blocks
    for block in blocks:
        exec(compile(block, str(GUIDE), "exec"), {})


def test_the_guide_names_every_format() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    assert [name for name in FORMATS if f"`{name}`" not in text] == []
