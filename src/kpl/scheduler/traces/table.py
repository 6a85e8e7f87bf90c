"""Tables in text, with a place for every complaint."""

import csv
from collections.abc import Iterator, Mapping, Sequence

from kpl.errors import Invalid


class Row:
    """One line of a table; its cells are read as what they should be."""

    def __init__(self, cells: Mapping[str, str | None], where: str) -> None:
        self._cells, self.where = cells, where

    def text(self, column: str) -> str:
        value = self._cells.get(column)
        if value is None:
            raise Invalid(
                f"{self.where} has no cell for '{column}'.", hint="The line is shorter than the first."
            )
        return value.strip()

    def number(self, column: str) -> float:
        text = self.text(column)
        try:
            return float(text)
        except ValueError as error:
            raise Invalid(
                f"{self.where}: '{column}' is '{text}', which is not a number.",
                hint="Correct or leave out the line.",
            ) from error

    def integer(self, column: str) -> int:
        return int(self.number(column))


def rows(text: str, name: str, columns: Sequence[str]) -> Iterator[Row]:
    """The lines of a comma-separated table with a first line that names the columns.

    Raises:
        Invalid: a column is missing.
    """
    reader = csv.DictReader(text.splitlines())
    missing = [column for column in columns if column not in (reader.fieldnames or ())]
    if missing:
        raise Invalid(
            f"{name} has no column '{missing[0]}'; its first line is '{','.join(reader.fieldnames or ())}'.",
            hint=f"Expected: {','.join(columns)}",
        )
    for number, cells in enumerate(reader, start=2):
        yield Row(cells, f"{name}, line {number}")
