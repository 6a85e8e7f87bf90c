"""A YAML file as plain values, with the line of each of its parts."""

from dataclasses import dataclass
from typing import Any

import yaml

from kpl.sentence import Sentence

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """Values as `yaml.safe_load` gives them. `lines` counts from 1; a key's line stands for its value."""

    data: Any
    lines: dict[Path, int]
    problems: tuple[tuple[int, str, str], ...] = ()

    def line(self, path: Path) -> int:
        """The line of a part, or of the nearest part around it that is written down."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def parse_yaml(text: str) -> Document:
    """Read one YAML document; syntax errors and keys given twice are in `problems` as (line, what, fix)."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.MarkedYAMLError as err:
        line = err.problem_mark.line + 1 if err.problem_mark else 1
        what = Sentence(
            f"this is not YAML: {err.problem or err.context}",
            f"不是有效的 YAML：{err.problem or err.context}",
        )
        return Document(
            None,
            {},
            ((line, what, Sentence("Check indentation, quotes and colons.", "请检查缩进、引号和冒号。")),),
        )
    except (yaml.YAMLError, ValueError, TypeError) as err:
        # Text that YAML takes for a date or a key, but that is none; control characters.
        return Document(
            None,
            {},
            (
                (
                    1,
                    Sentence(f"this is not YAML: {err}", f"不是有效的 YAML：{err}"),
                    Sentence("Put the value in quotes.", "请给该值加引号。"),
                ),
            ),
        )
    lines: dict[Path, int] = {(): 1}
    problems: list[tuple[int, str, str]] = []
    if root is not None:
        _collect(root, (), lines, problems)
    return Document(data, lines, tuple(problems))


def _collect(
    node: yaml.Node, path: Path, lines: dict[Path, int], problems: list[tuple[int, str, str]]
) -> None:
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines[(*path, index)] = item.start_mark.line + 1
            _collect(item, (*path, index), lines, problems)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, str(key.value))
            line = key.start_mark.line + 1
            if inner in lines and key.value != "<<":
                problems.append(
                    (
                        line,
                        Sentence(f"'{spell(inner)}' is given twice", f"“{spell(inner)}”出现了两次"),
                        Sentence("Keep one of the two.", "请保留其中一个。"),
                    )
                )
            lines[inner] = line
            _collect(value, inner, lines, problems)


def spell(path: Path) -> str:
    """A path as people write it: `functions.train.inputs[0].type`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).lstrip(".")
