"""The algorithm that the guide builds is built from its own code blocks, and checked."""

import re
from pathlib import Path

from kpl.algorithm.check import check_algorithm
from kpl.algorithm.manifest import FUNCTION_NAMES, parse_manifest
from kpl.algorithm.runner import Runner

_DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (_DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


def test_the_algorithm_of_the_guide_passes_the_check(tmp_path: Path, runner: Runner) -> None:
    folder = tmp_path / "brightness"
    folder.mkdir()
    (folder / "README.md").write_text("# Brightness")
    (folder / "algorithm.yaml").write_text(
        blocks("guides/write-an-algorithm.md", "yaml")[0], encoding="utf-8"
    )
    (folder / "train.py").write_text(blocks("guides/write-an-algorithm.md", "python")[0])
    report = check_algorithm(folder, runner)
    assert [str(finding) for finding in report.findings] == []
    assert report.passed == ("train",)


def test_the_manifest_of_the_reference_is_valid() -> None:
    manifest = parse_manifest(blocks("reference/algorithm.md", "yaml")[0])
    assert manifest.name == "my_classifier"


def test_the_reference_names_every_function() -> None:
    text = (_DOCS / "reference/algorithm.md").read_text(encoding="utf-8")
    assert [name for name in FUNCTION_NAMES if name not in text] == []
