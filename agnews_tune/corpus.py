"""Texts and labels in three splits: read from a named source, checked, cut the same every time."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from agnews_tune import demo
from agnews_tune.corpus_checks import (
    Classes,
    Table,
    check_classes_occur,
    check_rows,
    count_repeated,
    find_classes,
)
from agnews_tune.corpus_files import AG_NEWS_LABELS, read_path, table_from_columns
from agnews_tune.errors import CorpusError, CorpusWarning, HyperparameterError, did_you_mean
from agnews_tune.hub import read_hub
from agnews_tune.splits import Corpus, Labels, Rows, Split, fingerprint

__all__ = ["AG_NEWS_LABELS", "Corpus", "Labels", "Split", "load_corpus"]

AG_NEWS_NAME = "fancyzhx/ag_news"
AG_NEWS_REVISION = "eb185aade064a813bc0b7f42de02595523103ca4"
VALIDATION_ROWS = 5_000  # or a tenth of train, where that is less


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
    train, validation, test = (
        Split(list(rows.texts), rows.labels)
        for rows in _check_and_cut(name, train_table, test_table, label_names, limit_train)
    )
    if repeated := count_repeated(test.texts, chain(train.texts, validation.texts)):
        warnings.warn(
            f"{name}: test rows that are also in train: {repeated:,} of {len(test.texts):,}; "
            "the test accuracy will flatter",
            CorpusWarning,
            stacklevel=2,
        )
    return Corpus(name, train, validation, test, fingerprint(train, validation, test))


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


def _check_and_cut(
    name: str,
    train_table: Table,
    test_table: Table | None,
    label_names: Sequence[str] | None,
    limit_train: int | None,
) -> tuple[Rows, Rows, Rows]:
    """Return the rows of train, validation and test."""
    classes = find_classes(train_table, label_names)
    train = _check(train_table, classes)
    check_classes_occur(train_table.name, classes, train.labels)
    if test_table is None:
        train, test = train.cut(len(train.labels) // 10)
    else:
        test = _check(test_table, classes)
    return *_cut_validation(name, train, limit_train), test


def _check(table: Table, classes: Classes) -> Rows:
    texts, labels = check_rows(table, classes)
    return Rows(texts, np.arange(len(labels)), Labels(labels, classes.names))


def _cut_validation(name: str, train: Rows, limit_train: int | None) -> tuple[Rows, Rows]:
    rows = len(train.labels)
    if limit_train is not None and limit_train < rows:
        _, train = train.cut(limit_train)
        rows = limit_train
    train, validation = train.cut(min(VALIDATION_ROWS, rows // 10))
    remedy = "Add such rows" if limit_train is None else "Raise limit_train or add such rows"
    for part, labels in (("train", train.labels), ("validation", validation.labels)):
        absent = np.setdiff1d(range(len(labels.names)), labels)
        if len(absent):
            names = ", ".join(repr(labels.names[label]) for label in absent)
            raise CorpusError(
                f"{name}: {part} must hold every label; "
                f"received none of {names} (rows in all: {len(labels):,}). {remedy}"
            )
    return train, validation
