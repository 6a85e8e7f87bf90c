"""How samples are divided into splits: by a rule that holds for samples to come, at random, in folds."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray
from xxhash import xxh3_64_intdigest

from kpl.errors import Invalid

Rows = NDArray[np.int64]


class SplitRule(msgspec.Struct, frozen=True):
    """Places each sample by a hash of its key: shares hold on average, and adding samples moves none.

    Kept in the manifest of a dataset, it also places the samples that are added later without a split.

    Attributes:
        shares: of each split, in the order in which they are laid end to end; they need not add up to 1.
        seed: another one gives another division.
    """

    shares: tuple[tuple[str, float], ...]
    seed: int = 0

    @classmethod
    def of(cls, shares: Mapping[str, float], seed: int = 0) -> "SplitRule":
        """A rule by shares, as in `{"train": 0.8, "test": 0.2}`.

        Raises:
            Invalid: a share is negative, or all are zero.
        """
        _weights(shares)
        return cls(tuple((name, float(share)) for name, share in shares.items()), seed)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.shares)

    def places(self, key_digests: Iterable[int]) -> NDArray[np.int64]:
        """The number of the split of each sample, from the xxh3-64 of its key in UTF-8."""
        seed = self.seed.to_bytes(8, "little", signed=True)
        hashes = [xxh3_64_intdigest(seed + digest.to_bytes(8, "little")) for digest in key_digests]
        ends = np.cumsum(_weights(dict(self.shares)))
        ends[-1] = 1.0  # whatever rounding made of the sum
        return np.searchsorted(ends, np.array(hashes, np.uint64) / 2.0**64, side="right").clip(
            max=len(ends) - 1
        )

    def rows(self, keys: Sequence[str], first_row: int = 0) -> dict[str, Rows]:
        """The rows of each split, where the rows of these keys begin with `first_row`."""
        return self.rows_of(map(key_digest, keys), first_row)

    def rows_of(self, key_digests: Iterable[int], first_row: int = 0) -> dict[str, Rows]:
        """The same from digests of keys."""
        places = self.places(key_digests)
        return {name: np.flatnonzero(places == number) + first_row for number, name in enumerate(self.names)}


def key_digest(key: str) -> int:
    """The xxh3-64 of a key."""
    return xxh3_64_intdigest(key.encode())


def at_random(labels: ArrayLike, shares: Mapping[str, float], seed: int = 0) -> dict[str, Rows]:
    """Divide rows at random such that each class is divided by the shares, as nearly as whole samples allow.

    Classes are laid end to end and cut as one sequence, so that classes of a few samples do not all round the same way
    and the whole keeps its shares.

    Args:
        labels: [n] class of each row; zeros where there are none.
    Raises:
        Invalid: a share is negative, or all are zero.
    """
    classes = np.asarray(labels)
    order = _shuffled_by_class(classes, seed)
    dealt = _deal(len(classes), _weights(shares))
    return {name: np.sort(order[dealt == number]) for number, name in enumerate(shares)}


def k_fold(labels: ArrayLike, num_folds: int, seed: int = 0) -> list[dict[str, Rows]]:
    """Divide rows into folds of each class alike; division i has fold i as `val` and all others as `train`.

    Args:
        labels: [n] class of each row; zeros where there are none.
    Raises:
        Invalid: fewer than two folds, or more than rows.
    """
    classes = np.asarray(labels)
    if not 2 <= num_folds <= len(classes):
        raise Invalid(
            f"{len(classes)} samples cannot be divided into {num_folds} folds.", hint="Take 2 folds or more."
        )
    fold = np.empty(len(classes), np.int64)
    fold[_shuffled_by_class(classes, seed)] = np.arange(len(classes)) % num_folds
    return [
        {"train": np.flatnonzero(fold != number), "val": np.flatnonzero(fold == number)}
        for number in range(num_folds)
    ]


def _shuffled_by_class(labels: NDArray[np.generic], seed: int) -> Rows:
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    return shuffled[np.argsort(labels[shuffled], kind="stable")]


def _weights(shares: Mapping[str, float]) -> NDArray[np.float64]:
    weights = np.asarray(list(shares.values()), np.float64)
    if not len(weights) or bool((weights < 0).any()) or not weights.sum() > 0:
        raise Invalid(
            f"The shares {dict(shares)} divide nothing.",
            hint="Give at least one split a share above 0, none below.",
        )
    shared: NDArray[np.float64] = weights / weights.sum()
    return shared


def _deal(count: int, weights: NDArray[np.float64]) -> Rows:
    """For each of `count` places the number of its split, such that any stretch of places holds about the shares."""
    owed = np.zeros(len(weights))
    dealt = np.empty(count, dtype=np.int64)
    for place in range(count):
        owed += weights
        dealt[place] = owed.argmax()
        owed[dealt[place]] -= 1
    return dealt
