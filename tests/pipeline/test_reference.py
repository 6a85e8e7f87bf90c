"""The code blocks of docs/reference/pipeline.md and the sentences of docs/explanation/reuse.md hold."""

import re
from pathlib import Path

from kpl.pipeline import parse, to_yaml
from kpl.pipeline.document import KEYWORDS

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def test_the_reference_shows_a_document_in_its_stable_form() -> None:
    (text,) = blocks("reference/pipeline.md", "yaml")
    assert to_yaml(parse(text)) == text


def test_the_python_of_the_reference_runs() -> None:
    (code,) = blocks("reference/pipeline.md", "python")
    exec(compile(code, "docs/reference/pipeline.md", "exec"), {})


def test_the_reference_lists_every_keyword_of_a_parameter() -> None:
    text = (DOCS / "reference/pipeline.md").read_text(encoding="utf-8")
    listed = re.search(r"Keywords of a parameter: `([^`]+)`", text)
    assert listed is not None
    assert set(listed[1].split()) == {word for word in KEYWORDS if not word.startswith("x-")}
