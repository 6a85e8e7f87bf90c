from pathlib import Path

import pytest

from kpl.algorithm import author
from kpl.algorithm.protocol import EVENTS
from kpl.orchestrator.cause import cause_of_end
from kpl.runtime.executor import AttemptFiles
from kpl.sentence import in_chinese


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AttemptFiles:
    monkeypatch.setenv(EVENTS, str(tmp_path / "events"))
    return AttemptFiles(log=tmp_path / "log", events=tmp_path / "events", outputs={})


@pytest.mark.parametrize(
    ("log", "exit_code", "cause"),
    [
        (
            "step 1\nTraceback (most recent call last):\n  File\nValueError: no samples\n",
            3,
            "ValueError: no samples",
        ),
        ("step 1\nThere is no folder 'x'.\n", 1, "There is no folder 'x'."),
        ("step 1\nstep 2\n", 3, ""),
        ("\n", 1, ""),
        (None, 1, ""),
    ],
)
def test_cause_is_the_error_or_the_last_words(
    files: AttemptFiles, log: str | None, exit_code: int, cause: str
) -> None:
    if log is not None:
        files.log.write_text(log)
    assert cause_of_end(files, exit_code) == cause


def test_refusal_is_told_in_both_languages(files: AttemptFiles) -> None:
    author.note("Skipped one image.")
    for step in range(5000):  # far more than what is read at the end
        author.metric("loss", 0.5, step=step)
    refusal = author.refusal(
        "No split is named 'tset'.\nGive train, val or test.", text_zh="没有名为 tset 的划分。"
    )
    files.log.write_text(f"step 1\n{refusal}\n")
    cause = cause_of_end(files, 1)
    assert cause == "No split is named 'tset'.\nGive train, val or test."
    assert in_chinese(cause) == "没有名为 tset 的划分。"
