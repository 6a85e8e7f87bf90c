"""One sample, read field by field when asked."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kpl.dataset.reader import Dataset


class Sample(Mapping[str, Any]):
    """A row of a dataset as a mapping from field to value.

    Images and other blobs come as read-only memoryviews into the mapped file, lists as read-only arrays,
    scalars and text as Python values. Nothing is read or checked before it is asked for.

    Attributes:
        row: number of the row in the dataset, the same in every view of it.
    """

    __slots__ = ("_dataset", "_getters", "_position", "row")

    def __init__(
        self, getters: dict[str, Callable[[int], Any]], position: int, row: int, dataset: "Dataset"
    ) -> None:
        self._getters, self._position, self.row, self._dataset = getters, position, row, dataset

    def __getitem__(self, name: str) -> Any:
        return self._getters[name](self._position)

    def __iter__(self) -> Iterator[str]:
        return iter(self._dataset.fields)

    def __len__(self) -> int:
        return len(self._dataset.fields)

    def __contains__(self, name: object) -> bool:
        return name in self._dataset.snapshot.fields

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a field, or the default where there is no such field."""
        if name not in self:
            return default
        return self[name]

    @property
    def key(self) -> str:
        """Unique name of the sample."""
        return self._getters["key"](self._position)  # type: ignore[no-any-return]

    @property
    def split(self) -> str | None:
        """The first split, in the order of the dataset's, that the sample belongs to."""
        return self._dataset.split_of(self.row)

    @property
    def fields(self) -> dict[str, Any]:
        """All fields read: a plain dictionary."""
        return {name: self[name] for name in self}

    def __repr__(self) -> str:
        return f"Sample({self.key!r}, row={self.row}, split={self.split!r}, fields={list(self)})"
