"""What an import did, and what it could not use and why."""

from typing import Literal, NamedTuple

from kpl.errors import Invalid
from kpl.sentence import Sentence

OnError = Literal["skip", "stop"]
_MAX_KEPT = 10_000  # of problems and ignored names; all are counted


class Problem(NamedTuple):
    """Something in the source that could not be used as it is.

    Attributes:
        file: path below the source folder.
        line: in that file, counted from 1; 0 where lines mean nothing.
        reason: what is wrong, and what became of it.
    """

    file: str
    line: int
    reason: Sentence

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}" if self.line else f"{self.file}: {self.reason}"

    @property
    def sentence(self) -> Sentence:
        """Place and reason, in Chinese too."""
        place = f"{self.file} 第 {self.line} 行" if self.line else self.file
        return Sentence(str(self), f"{place}：{self.reason.zh}")


class ImportReport(NamedTuple):
    """What an import did.

    Attributes:
        num_samples: in the dataset.
        num_problems: all of them; `problems` keeps the first ten thousand.
        ignored: files that are no data, such as a README; the first ten thousand.
        num_resumed: samples that an interrupted import of the same source had left.
        digest: of the dataset.
        version: number of the version that was made, or was there if nothing was new.
        num_added: samples that it has more than the version before.
        num_known: samples left out since the dataset has their keys.
    """

    format: str
    kind: str
    num_samples: int
    class_names: tuple[str, ...]
    splits: dict[str, int]
    num_problems: int
    problems: tuple[Problem, ...]
    num_ignored: int
    ignored: tuple[str, ...]
    num_resumed: int
    digest: str
    version: int
    num_added: int
    num_known: int = 0


class ImportStopped(Invalid):
    """The source has a problem, and the import was to stop at the first."""

    code = "import_stopped"


class ProblemLog:
    """Collects problems, or stops at the first."""

    def __init__(self, on_error: OnError) -> None:
        self._on_error = on_error
        self.problems: list[Problem] = []
        self.num_problems = 0
        self.ignored: list[str] = []
        self.num_ignored = 0

    def problem(self, file: str, reason: Sentence, line: int = 0) -> None:
        """Note that something cannot be used.

        Raises:
            ImportStopped: with `on_error="stop"`.
        """
        problem = Problem(file, line, reason)
        if self._on_error == "stop":
            raise ImportStopped(
                Sentence(f"{problem}.", f"{problem.sentence.zh}。"),
                hint=Sentence(
                    "Mend it, or import with --on-error skip to leave such things out.",
                    "请修正，或用 --on-error skip 导入以跳过这类内容。",
                ),
            )
        self.num_problems += 1
        if len(self.problems) < _MAX_KEPT:
            self.problems.append(problem)

    def not_in_split(self, file: str, name: str, line: int) -> None:
        """Note that a list of a split names an image that is not there."""
        en, zh = f"there is no image '{name}'; left out of the split", f"没有图像“{name}”，未列入划分"
        self.problem(file, Sentence(en, zh), line)

    def take_over(self, other: "ProblemLog") -> None:
        """Note the problems of another log behind those of this one.

        Raises:
            ImportStopped: with `on_error="stop"`, if there are any.
        """
        for problem in other.problems:
            self.problem(problem.file, problem.reason, problem.line)
        self.num_problems += other.num_problems - len(other.problems)

    def ignore(self, file: str) -> None:
        """Note a file that is no data."""
        self.num_ignored += 1
        if len(self.ignored) < _MAX_KEPT:
            self.ignored.append(file)


def reason_in_chinese(err: Exception) -> str:
    """Why something could not be used, in Chinese where the error knows it."""
    return next((each.zh for each in err.args if isinstance(each, Sentence)), str(err))


class PlaceLog(ProblemLog):
    """Names a place inside of the file, such as a row, in every problem, and hands them on."""

    def __init__(self, log: ProblemLog, place: Sentence) -> None:
        self._log, self._place = log, place

    def problem(self, file: str, reason: Sentence, line: int = 0) -> None:
        """Note that something cannot be used there."""
        zh = f"{self._place.zh}：{reason.zh}"
        self._log.problem(file, Sentence(f"{self._place}: {reason}", zh), line)
