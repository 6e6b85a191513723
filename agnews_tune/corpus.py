"""Texts and labels in three splits: read from a named source, checked, cut the same every time."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agnews_tune import demo
from agnews_tune.corpus_checks import Classes, Table, check_classes_occur, check_rows, find_classes
from agnews_tune.corpus_files import AG_NEWS_LABELS, read_path, table_from_columns
from agnews_tune.errors import CorpusError, CorpusWarning, HyperparameterError, did_you_mean
from agnews_tune.hub import read_hub

__all__ = ["AG_NEWS_LABELS", "Corpus", "Labels", "Split", "load_corpus", "stratified_split"]

AG_NEWS_NAME = "fancyzhx/ag_news"
AG_NEWS_REVISION = "eb185aade064a813bc0b7f42de02595523103ca4"
SPLIT_SEED = 1
VALIDATION_ROWS = 5_000  # or a tenth of train, where that is less

_ASCII_REST = bytes(code for code in range(128) if not chr(code).isalnum())

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
        labels = np.asarray(values, dtype=np.int64).view(cls)
        labels.names = tuple(names)
        return labels

    def __array_finalize__(self, source: object) -> None:
        self.names = getattr(source, "names", ())

    def __reduce__(self) -> tuple[type[Labels], tuple[npt.NDArray[np.int64], tuple[str, ...]]]:
        return Labels, (self.view(np.ndarray), self.names)  # a plain array travels without a copy


class Split(NamedTuple):
    """One part of a corpus; unpacks into ``fit(texts, labels)``."""

    texts: list[str]
    labels: Labels


@dataclass(frozen=True, eq=False)
class Corpus:
    """Texts and labels in three splits.

    Args:
        name: what reports print, such as ``ag_news`` or a file's name.
        train: rows to fit on.
        validation: rows cut from train, to select models on.
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


def load_corpus(
    source: str | Path = "ag_news",
    *,
    label_names: Sequence[str] | None = None,
    limit_train: int | None = None,
) -> Corpus:
    """Read a corpus, check every row and cut the validation rows from train.

    Validation is 5,000 rows, or a tenth where train is smaller than 50,000, stratified by label.
    A source without test rows gives a tenth of its rows to test first, stratified too.

    Args:
        source: one of

            - ``ag_news``: the Hugging Face hub's ``fancyzhx/ag_news``, at a fixed revision;
            - ``demo``: the built-in corpus;
            - ``hub:<owner>/<name>``: another data set of the hub;
            - the path of a CSV, TSV, JSON lines (``.jsonl``, ``.json``) or Parquet file, or of a
              folder with one file ``train.*`` and one file ``test.*``. Columns are ``text`` and
              ``label``, or ``title``, ``description`` and ``label``; others are ignored. The
              classic AG News CSV (class 1 to 4, title, description, no header) is known by its
              first row.
        label_names: the name of each class. Labels in the data are then these names, or numbers
            from 0. By default they are what the source says, or else the names or numbers in it.
        limit_train: keep this many train rows, stratified, before validation is cut; all where
            there are fewer.

    Returns:
        The corpus. Its splits are the same on every machine.

    Raises:
        CorpusError: where the source cannot be read, or has rows that cannot be trained on.
        HyperparameterError: where ``limit_train`` is below 1.

    Warns:
        CorpusWarning: where test rows are also in train, with their number.
    """
    if limit_train is not None and not (isinstance(limit_train, int) and limit_train >= 1):
        raise HyperparameterError(
            f"limit_train must be a whole number of at least 1; received {limit_train!r}"
        )
    name, train_table, test_table = _read(str(source))
    classes = find_classes(train_table, label_names)
    train = _check(train_table, classes)
    check_classes_occur(train_table.name, classes, train.labels.tolist())
    if test_table is None:
        train, test = _cut(train, len(train.texts) // 10)
    else:
        test = _check(test_table, classes)
    train, validation = _cut_validation(name, train, limit_train)
    if repeated := _count_repeated(test.texts, train.texts + validation.texts):
        warnings.warn(
            f"{name}: test rows that are also in train: {repeated:,} of {len(test.texts):,}; "
            "the test accuracy will flatter",
            CorpusWarning,
            stacklevel=2,
        )
    return Corpus(name, train, validation, test, _fingerprint(train, validation, test))


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


def _read(source: str) -> tuple[str, Table, Table | None]:
    if source == "demo":
        return source, *_read_demo()
    if source == "ag_news":
        return source, *read_hub(AG_NEWS_NAME, AG_NEWS_REVISION)
    if source.startswith("hub:"):
        return source, *read_hub(source.removeprefix("hub:"))
    path = Path(source)
    if not path.exists():
        raise CorpusError(
            "the source must be 'ag_news', 'demo', 'hub:<owner>/<name>' or the path of a file or "
            f"folder; received {source!r}, which is none of these"
            f"{did_you_mean(source, ('ag_news', 'demo'))}"
        )
    return path.resolve().name, *read_path(path)


def _read_demo() -> tuple[Table, Table]:
    train, test = (
        table_from_columns(f"demo {part}", {"text": texts, "label": labels}, demo.LABEL_NAMES)
        for part, (texts, labels) in zip(("train", "test"), demo.generate(), strict=True)
    )
    return train, test


def _check(table: Table, classes: Classes) -> Split:
    texts, labels = check_rows(table, classes)
    return Split(texts, Labels(labels, classes.names))


def _cut_validation(name: str, train: Split, limit_train: int | None) -> tuple[Split, Split]:
    rows = len(train.texts)
    if limit_train is not None and limit_train < rows:
        _, train = _cut(train, limit_train)
        rows = limit_train
    train, validation = _cut(train, min(VALIDATION_ROWS, rows // 10))
    remedy = "Add such rows" if limit_train is None else "Raise limit_train or add such rows"
    for part, split in (("train", train), ("validation", validation)):
        absent = set(range(len(split.labels.names))) - set(split.labels.tolist())
        if absent:
            labels = ", ".join(repr(split.labels.names[label]) for label in sorted(absent))
            raise CorpusError(
                f"{name}: {part} must hold every label; "
                f"received none of {labels} (rows in all: {len(split.texts):,}). {remedy}"
            )
    return train, validation


def _cut(split: Split, size: int) -> tuple[Split, Split]:
    """Return the rows that stay and the rows that are cut."""
    names = split.labels.names
    kept, held_out = (
        Split([split.texts[row] for row in rows], Labels(split.labels[rows], names))
        for rows in stratified_split(split.labels, size)
    )
    return kept, held_out


def _count_repeated(test_texts: list[str], train_texts: list[str]) -> int:
    known = set(map(_letters_and_digits, train_texts)) - {b""}
    return sum(_letters_and_digits(text) in known for text in test_texts)


def _letters_and_digits(text: str) -> bytes:
    if text.isascii():  # seven times faster, and nearly every English text
        return text.lower().encode().translate(None, delete=_ASCII_REST)
    return "".join(filter(str.isalnum, text.lower())).encode()


def _fingerprint(*splits: Split) -> str:
    digest = hashlib.sha256()
    for texts, labels in splits:
        encoded = [text.encode() for text in texts]
        lengths = np.array([len(text) for text in encoded], dtype="<i8")
        digest.update(json.dumps([len(texts), labels.names]).encode())
        for part in (lengths.tobytes(), b"".join(encoded), labels.astype("<i8").tobytes()):
            digest.update(part)
    return digest.hexdigest()[:16]
