"""Texts and labels in three splits: read from a named source, checked, cut the same every time."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence, Set
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from agnews_tune.corpus import demo
from agnews_tune.corpus.cache import (
    CheckedCorpus,
    check_whole,
    corpus_key,
    find_corpus,
    keep_corpus,
)
from agnews_tune.corpus.checks import Classes, check_classes_occur, check_rows, find_classes
from agnews_tune.corpus.files import identify, read_path
from agnews_tune.corpus.hub import read_hub
from agnews_tune.corpus.splits import Corpus, Labels, Rows, Split
from agnews_tune.corpus.tables import Table, Tables, table_from_columns
from agnews_tune.errors import (
    CorpusError,
    CorpusWarning,
    HyperparameterError,
    did_you_mean,
    some_of,
)
from agnews_tune.hyperparameters import as_plain
from agnews_tune.rules import is_whole_number

AG_NEWS_NAME = "fancyzhx/ag_news"
AG_NEWS_REVISION = "eb185aade064a813bc0b7f42de02595523103ca4"
NOTICEABLE = 0.01  # share of validation rows; where train is cut, a few are there by chance
VALIDATION_ROWS = 5_000  # or a tenth of train, where that is less


def load_corpus(
    source: str | Path = "ag_news",
    *,
    label_names: Sequence[str] | None = None,
    default_names: Sequence[str] | None = None,
    limit_train: int | None = None,
) -> Corpus:
    """Read a corpus, check every row and cut what is missing from train.

    A source without validation rows gives 5,000 of its training rows, or a tenth where these are
    fewer than 50,000, stratified by label. One without test rows gives a tenth of its rows to test
    first, stratified too.

    What was read is kept in the cache that ``agnews_tune.cache`` describes, and takes about as much
    room there as its texts. As long as the source has the same bytes it is read from there, and the
    texts stay on disk until they are asked for. ``hub:<owner>/<name>``, which may change, and
    ``demo`` are not kept, and nothing is where the cache cannot be written: their texts are in
    memory. When it is read for the first time, Parquet is never whole in memory; other files and
    data sets of the hub are.

    Args:
        source: one of

            - ``ag_news``: the Hugging Face hub's ``fancyzhx/ag_news``, at a fixed revision;
            - ``demo``: the built-in corpus;
            - ``hub:<owner>/<name>``: another data set of the hub;
            - the path of a CSV, TSV, JSON lines (``.jsonl``, ``.json``) or Parquet file, or of a
              folder with one file ``train.*``, one file ``test.*`` and, if you like,
              ``validation.*`` (or ``valid``, ``val``, ``dev``). Columns are ``text`` and ``label``,
              or ``title``, ``description`` and ``label``; others are ignored. The classic AG News
              CSV (class 1 to 4, title, description, without a header or with ``Class
              Index,Title,Description``) is known by its first row.
        label_names: the name of each class. Labels in the data are then these names, or numbers
            from 0. By default they are what the source says, or else the names or numbers in it.
        default_names: the name of each class where the source says nothing, and its labels are
            these names, all but some misspelt ones, or the numbers of as many classes. Any other
            labels have their own names.
        limit_train: keep this many train rows, stratified, before validation is cut; all where
            there are fewer.

    Returns:
        The corpus. Its splits are the same on every machine.

    Raises:
        CorpusError: where the source cannot be read, or has rows that cannot be trained on.
        HyperparameterError: where ``limit_train`` is below 1.

    Warns:
        CorpusWarning: where test rows are also in train or validation, or one validation row in 100
            in train, with their number, and where names of labels differ in case or white space
            alone.
    """
    names = _as_names("label_names", label_names), _as_names("default_names", default_names)
    limit_train = as_plain(limit_train)
    if limit_train is not None and not is_whole_number(limit_train, 1):
        raise HyperparameterError(
            f"limit_train must be a whole number of at least 1; received {limit_train!r}"
        )
    found = _find_source(str(source))
    (train, validation, test), fingerprint, repeated = _load(found, names, limit_train)
    told = []
    if repeated.test:
        told.append(
            f"test rows that are also in train or validation: {repeated.test:,} of "
            f"{len(test.texts):,}; the test accuracy will be too high"
        )
    if repeated.validation >= NOTICEABLE * len(validation.texts):
        told.append(
            f"validation rows that are also in train: {repeated.validation:,} of "
            f"{len(validation.texts):,}; the validation accuracy will be too high, and a model "
            "that knows them by heart may look best"
        )
    if alike := _find_alike(train.labels.names):
        told.append(f"labels that differ in case or white space alone: {some_of(alike)}")
    for message in told:
        warnings.warn(f"{found.name}: {message}", CorpusWarning, stacklevel=2)
    return Corpus(found.name, train, validation, test, fingerprint)


def _as_names(argument: str, given: Sequence[str] | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    if isinstance(given, str | Set) or not isinstance(given, Iterable):
        raise CorpusError(f"{argument} must be a list of strings in order; received {given!r}")
    return tuple(map(as_plain, given))


def _find_alike(names: Sequence[str]) -> list[str]:
    """Return the names that differ from another one in case or white space alone."""
    plain = [" ".join(name.casefold().split()) for name in names]
    times = Counter(plain)
    return [name for name, own in zip(names, plain, strict=True) if times[own] > 1]


_Names = tuple[tuple[str, ...] | None, tuple[str, ...] | None]  # given, and by default


class _Source(NamedTuple):
    """Where rows come from.

    Attributes:
        name: what reports print.
        read: returns its rows.
        identify: returns what stands for every byte of the source; None where nothing does.
    """

    name: str
    read: Callable[[], Tables]
    identify: Callable[[], object]


def _find_source(source: str) -> _Source:
    if source == "demo":
        return _Source(source, _read_demo, lambda: None)
    if source == "ag_news":
        revision = (AG_NEWS_NAME, AG_NEWS_REVISION)
        return _Source(source, partial(read_hub, *revision), lambda: revision)
    if source.startswith("hub:"):
        return _Source(source, partial(read_hub, source.removeprefix("hub:")), lambda: None)
    path = Path(source)
    if not source or not os.path.exists(path):  # noqa: PTH110 - a name can be too long to ask for
        where = "" if path.is_absolute() else f" in {Path.cwd()}"
        raise CorpusError(
            "the source must be 'ag_news', 'demo', 'hub:<owner>/<name>' or the path of a file or "
            f"folder; received {source!r}, which is none of these{where}"
            f"{did_you_mean(source, ('ag_news', 'demo'))}"
        )
    name = os.fsencode(path.resolve().name).decode(errors="replace")  # records are UTF-8
    return _Source(name, partial(read_path, path), partial(identify, path))


def _load(source: _Source, names: _Names, limit_train: int | None) -> CheckedCorpus:
    """Return what is kept of an earlier call, or else read the source and keep what came of it."""
    identity = source.identify()
    key = corpus_key(identity, *names, limit_train)
    if identity is not None and (kept := find_corpus(key)):
        return kept
    parts = _check_and_cut(source, names, limit_train)
    unchanged = identity is not None and source.identify() == identity
    if unchanged and (kept := keep_corpus(key, parts)):
        return kept
    train, validation, test = (Split(list(rows.texts), rows.labels) for rows in parts)
    return check_whole((train, validation, test))


def _read_demo() -> Tables:
    return Tables(
        *(
            table_from_columns(f"demo {part}", {"text": texts, "label": labels}, demo.LABEL_NAMES)
            for part, (texts, labels) in zip(("train", "test"), demo.generate(), strict=True)
        )
    )


def _check_and_cut(
    source: _Source, names: _Names, limit_train: int | None
) -> tuple[Rows, Rows, Rows]:
    """Return the rows of train, validation and test."""
    tables = source.read()
    classes = find_classes(tables.train, *names)
    train = _check(tables.train, classes)
    check_classes_occur(tables.train.name, classes, train.labels)
    if tables.test is None:
        train, test = train.cut(len(train.labels) // 10)
    else:
        test = _check(tables.test, classes)
    if limit_train is not None and limit_train < len(train.labels):
        _, train = train.cut(limit_train)
    remedy = "Add such rows" if limit_train is None else "Raise limit_train or add such rows"
    if tables.validation is None:
        tenth = len(train.labels) // 10
        train, validation = train.cut(min(VALIDATION_ROWS, tenth))
        share = "a tenth" if tenth < VALIDATION_ROWS else f"{VALIDATION_ROWS:,} rows"
        held_out = (f"validation, {share} of train,", remedy)
    else:
        validation = _check(tables.validation, classes)
        held_out = ("validation", "Add such rows")
    _check_every_label(f"{source.name}: train", train.labels, remedy)
    _check_every_label(f"{source.name}: {held_out[0]}", validation.labels, held_out[1])
    return train, validation, test


def _check(table: Table, classes: Classes) -> Rows:
    texts, labels = check_rows(table, classes)
    return Rows(texts, np.arange(len(labels)), Labels(labels, classes.names))


def _check_every_label(part: str, labels: Labels, remedy: str) -> None:
    absent = np.setdiff1d(range(len(labels.names)), labels)
    if len(absent):
        names = [labels.names[label] for label in absent]
        raise CorpusError(
            f"{part} must hold every label; received none of {some_of(names)} "
            f"(its rows: {len(labels):,}). {remedy}"
        )
