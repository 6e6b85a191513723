"""Texts and labels in three splits, and how rows are divided among them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agnews_tune.errors import HyperparameterError

SPLIT_SEED = 1

RowNumbers = npt.NDArray[np.int64]


class Labels(np.ndarray[Any, np.dtype[np.int64]]):
    """Class numbers that remember their names: int64, shape (rows,).

    Args:
        values: class numbers, 0 to ``len(names) - 1``.
        names: the name of each class.
    """

    names: tuple[str, ...]

    def __new__(cls, values: npt.ArrayLike, names: Sequence[str]) -> Labels:
        """View ``values`` as int64 class numbers with ``names``."""
        labels = np.ascontiguousarray(values, dtype=np.int64).view(cls)
        labels.names = tuple(names)
        return labels

    def __array_finalize__(self, source: object) -> None:
        self.names = getattr(source, "names", ())

    def __array_wrap__(
        self, array: npt.NDArray[Any], context: Any = None, return_scalar: bool = False
    ) -> Any:
        """Return what is calculated of labels as plain numbers: it may be no class."""
        return np.asarray(array)[()]

    def __reduce__(self) -> tuple[type[Labels], tuple[npt.NDArray[np.int64], tuple[str, ...]]]:
        return Labels, (self.view(np.ndarray), self.names)  # a plain array travels without a copy


class Split(NamedTuple):
    """One part of a corpus; unpacks into ``fit(texts, labels)``."""

    texts: Sequence[str]
    labels: Labels

    def __repr__(self) -> str:
        """Say how many texts there are, not all that they say."""
        return f"Split({len(self.texts):,} texts)"


@dataclass(frozen=True, eq=False)
class Corpus:
    """Texts and labels in three splits.

    Args:
        name: what reports print, such as ``ag_news`` or a file's name.
        train: rows to fit on.
        validation: rows to select models on, cut from train where the source has none.
        test: rows for the final figures alone.
        fingerprint: hash of the texts, labels, label names and split, as 16 hex digits.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    fingerprint: str

    @property
    def label_names(self) -> tuple[str, ...]:
        """The name of each class, by its number."""
        return self.train.labels.names


class Rows(NamedTuple):
    """Some rows of a checked table, whose texts stay where they are until they are asked for.

    Args:
        table: the texts of all rows of the table, read anew by each iteration.
        numbers: which rows, int64 (rows,), ascending.
        labels: of these rows.
    """

    table: Iterable[str]
    numbers: RowNumbers
    labels: Labels

    @property
    def texts(self) -> Iterator[str]:
        """The texts of these rows, one after the other."""
        chosen = np.zeros(self.numbers.max(initial=-1) + 1, np.uint8)
        chosen[self.numbers] = True
        return compress(self.table, chosen.tobytes())

    def cut(self, size: int) -> tuple[Rows, Rows]:
        """Return the rows that stay and the rows that are cut, stratified by label."""
        kept, held_out = (
            Rows(self.table, self.numbers[rows], Labels(self.labels[rows], self.labels.names))
            for rows in stratified_split(self.labels, size)
        )
        return kept, held_out


def stratified_split(
    labels: npt.NDArray[np.int64], size: int, seed: int = SPLIT_SEED
) -> tuple[RowNumbers, RowNumbers]:
    """Divide rows in two, each class in the same proportion, the same on every machine.

    Args:
        labels: class numbers, shape (rows,).
        size: rows to hold out. Each class gives its share, rounded by largest remainder.
        seed: decides which rows of a class are held out.

    Returns:
        The numbers of the kept rows and of the held-out rows, int64, ascending.

    Raises:
        HyperparameterError: where ``size`` is not in 0 to rows.
    """
    if not 0 <= size <= len(labels):
        raise HyperparameterError(
            f"size must be a whole number from 0 to the {len(labels)} rows; received {size!r}"
        )
    shares = _largest_remainder(np.bincount(labels), size)
    random = np.random.RandomState(seed)  # unlike default_rng, the same stream in every NumPy
    held_out = np.zeros(len(labels), dtype=bool)
    for label, share in enumerate(shares):
        rows = np.flatnonzero(labels == label)
        held_out[random.permutation(rows)[:share]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def _largest_remainder(counts: npt.NDArray[np.int64], size: int) -> npt.NDArray[np.int64]:
    shares, remainders = np.divmod(counts * size, max(counts.sum(), 1))
    missing = size - shares.sum()
    shares[np.argsort(-remainders, kind="stable")[:missing]] += 1
    return shares


def fingerprint(*splits: Split) -> str:
    """Return the hash of texts, labels, label names and split, as 16 hex digits."""
    digest = hashlib.sha256()
    for texts, labels in splits:
        lengths = np.fromiter((len(text.encode()) for text in texts), "<i8", len(texts))
        digest.update(json.dumps([len(texts), labels.names]).encode())
        digest.update(lengths.tobytes())
        for text in texts:
            digest.update(text.encode())
        digest.update(labels.astype("<i8").tobytes())
    return digest.hexdigest()[:16]
