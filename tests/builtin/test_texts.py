from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import kpl.builtin

FOLDER = Path(next(iter(kpl.builtin.__path__)))
FILES = sorted([*FOLDER.glob("algorithms/*/algorithm.yaml"), *FOLDER.glob("templates/*.yaml")])


def texts(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Everything that forms and lists show."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("title", "description"):
                yield f"{path}.{key}", inner
            else:
                yield from texts(inner, f"{path}.{key}")


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_forms_show_is_there_in_english_and_chinese(path: Path) -> None:
    found = list(texts(yaml.safe_load(path.read_text(encoding="utf-8")), path.stem))
    assert found
    for at, text in found:
        assert isinstance(text, dict), at
        assert set(text) == {"en", "zh"}, at
        assert not any("\u3400" <= letter <= "\u9fff" for letter in text["en"]), at
        assert any("\u3400" <= letter <= "\u9fff" for letter in text["zh"]) or text["zh"] == text["en"], at


@pytest.mark.parametrize("folder", sorted(FOLDER.glob("algorithms/*/")), ids=lambda path: path.name)
def test_every_readme_is_there_in_chinese_with_the_same_parts(folder: Path) -> None:
    en, zh = ((folder / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md"))
    assert any("\u3400" <= letter <= "\u9fff" for letter in zh)
    for mark in ("#", "|", "- "):
        assert [line.startswith(mark) for line in en.splitlines()].count(True) == [
            line.startswith(mark) for line in zh.splitlines()
        ].count(True), mark
