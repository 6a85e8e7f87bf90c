"""The code blocks of docs/guides/reading-datasets.md run."""

import re
from pathlib import Path

from kpl.dataset import Dataset

_GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "reading-datasets.md"


def test_the_code_of_the_guide_runs(classification: Dataset) -> None:
    blocks = re.findall(r"```python\n(.*?)```", _GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 4
    names: dict[str, object] = {"folder": str(classification.path)}
    for block in blocks:
        exec(compile(block, str(_GUIDE), "exec"), names)
