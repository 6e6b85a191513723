"""Rows as they were read -> texts and class numbers, or one error that lists the faulty rows."""

from __future__ import annotations

import re
import reprlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt

from agnews_tune.corpus.tables import Table
from agnews_tune.errors import CorpusError, did_you_mean, some_of

FAULTS_SHOWN = 5
STRAYS = 0.1  # of the rows, which have other labels than the names that are meant

_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
_ASCII_REST = bytes(code for code in range(128) if not chr(code).isalnum())
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class Classes(NamedTuple):
    """The names of the classes, and the class number that each way to write a label means."""

    names: tuple[str, ...]
    numbers: Mapping[str, int]


def find_classes(
    train: Table,
    label_names: Sequence[str] | None = None,
    default_names: Sequence[str] | None = None,
) -> Classes:
    """Return the classes that the caller names or, failing that, the source or its labels.

    Args:
        train: the training rows.
        label_names: the name of each class. A label may then be written as name or number.
        default_names: as for ``load_corpus``.

    Raises:
        CorpusError: where the names are not different strings, or numbers leave a gap.
    """
    _check_names("label_names", label_names)
    _check_names("default_names", default_names)
    names = tuple(label_names or train.label_names or ())
    if names:
        counted, named = _numbered(map(str, range(len(names)))), _numbered(names)
        # A source that names its classes numbers its labels, whatever the names look like.
        return Classes(names, named | counted if label_names is None else counted | named)
    written = Counter(filter(None, map(_written, train.labels)))
    numbers = {label: int(label) for label in written if _NUMBER.fullmatch(label)}
    if sum(written[label] for label in numbers) >= written.total() / 2:
        _check_gaps(train, numbers)
        names = tuple(map(str, range(len(numbers))))
        fit = default_names and len(names) == len(default_names)
    else:
        names = tuple(sorted(written.keys() - numbers.keys()))
        fit = default_names and _are_meant(default_names, written)
    return find_classes(train, default_names) if fit else Classes(names, _numbered(names))


def check_rows(table: Table, classes: Classes) -> tuple[Iterable[str], npt.NDArray[np.int64]]:
    """Return the texts and the class numbers of a table.

    Raises:
        CorpusError: where there are no rows, or with the first five faulty rows.
    """
    first: dict[int, str] = {}
    count = len(table.faults)
    numbers = array("q")
    for place, text, label in zip(table.places, table.texts, table.labels, strict=True):
        found = [*_text_faults(text)]
        if not found and _written(label) in classes.numbers:
            numbers.append(classes.numbers[str(label)])
        elif place not in table.faults:
            count += 1
            if len(first) < FAULTS_SHOWN:
                first[place] = "; ".join([*found, *_label_faults(label, classes)])
    if count:
        raise CorpusError(_list_faults(table, {**table.faults, **first}, count))
    if not table.places:
        raise CorpusError(f"{table.name} has no rows; expected rows of at least two labels")
    return cast(Iterable[str], table.texts), np.frombuffer(numbers, np.int64)


def check_classes_occur(name: str, classes: Classes, labels: npt.NDArray[np.int64]) -> None:
    """Raise CorpusError where the training rows are of one class alone, or lack a class."""
    present = set(np.unique(labels).tolist())
    if len(present) == 1:
        raise CorpusError(
            f"{name}: every row has label {classes.names[min(present)]!r}; "
            "expected rows of at least two labels"
        )
    absent = [label for number, label in enumerate(classes.names) if number not in present]
    if absent:
        raise CorpusError(
            f"{name}: no row has label {some_of(absent)}; expected rows of every label. "
            "Add such rows, or leave the label out of the label names"
        )


class Repeated(NamedTuple):
    """How many rows have the text of another one, whatever its case and punctuation.

    Attributes:
        validation: validation rows that are also in train.
        test: test rows that are also in train or validation.
    """

    validation: int
    test: int


def find_repeated(train: Iterable[str], validation: Sequence[str], test: Iterable[str]) -> Repeated:
    """Count held-out texts that a network has learned from, or was chosen by."""
    validation_times = Counter(map(_letters_and_digits, validation))
    test_times = Counter(map(_letters_and_digits, test))
    del validation_times[b""], test_times[b""]
    in_validation = in_test = 0
    for key in map(_letters_and_digits, train):
        in_validation += validation_times.pop(key, 0)
        in_test += test_times.pop(key, 0)
    in_test += sum(test_times.pop(key, 0) for key in map(_letters_and_digits, validation))
    return Repeated(in_validation, in_test)


def _check_names(argument: str, names: Sequence[object] | None) -> None:
    strings = {name for name in names or () if isinstance(name, str)}
    if names is not None and len(strings) < max(2, len(names)):
        raise CorpusError(
            f"{argument} must be two or more different strings; received {list(names)!r}"
        )


def _are_meant(names: Sequence[str], written: Counter[str]) -> bool:
    """Return whether labels are these names, but for a few that must be misspelt."""
    strays = written.total() - sum(written[name] for name in names)
    return all(name in written for name in names) and strays < STRAYS * written.total()


def _numbered(names: Iterable[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(names)}


def _written(label: object) -> str | None:
    """Return a label as a text file holds it, or None for what cannot be one."""
    if isinstance(label, str):
        return label if label.strip() and label.isprintable() else None
    return str(label) if isinstance(label, int) and not isinstance(label, bool) else None


def _check_gaps(table: Table, numbers: Mapping[str, int]) -> None:
    gap = next(number for number in range(len(numbers) + 1) if str(number) not in numbers)
    if gap == len(numbers):
        return
    largest = max(numbers.values())
    rows = zip(table.places, table.labels, strict=True)
    place = next(place for place, label in rows if _written(label) == str(largest))
    raise CorpusError(
        f"{table.name}: labels must be numbered from 0 without a gap; no row has label {gap}, "
        f"and {table.unit} {place} has label {largest}. Correct the numbers or write names"
    )


def _text_faults(text: object) -> Iterator[str]:
    if not isinstance(text, str):
        yield f"text must be a string; received {reprlib.repr(text)}"
    elif not text.strip():
        yield f"text must not be empty; received {reprlib.repr(text)}"
    elif not text.isascii() and (surrogate := _SURROGATE.search(text)):
        yield f"text must be valid Unicode; received the lone surrogate {surrogate[0]!r}"


def _label_faults(label: object, classes: Classes) -> Iterator[str]:
    if _written(label) not in classes.numbers:
        names = [name for name in classes.names if not _NUMBER.fullmatch(name)]
        hint = did_you_mean(label, names)
        yield f"label must be {_expected(classes)}; received {reprlib.repr(label)}{hint}"


def _expected(classes: Classes) -> str:
    number = f"a whole number from 0 to {len(classes.names) - 1}"
    name = f"one of {some_of(classes.names)}"
    with_numbers = [label for label in classes.numbers if _NUMBER.fullmatch(label)]
    if len(with_numbers) == len(classes.numbers):
        return number if classes.names else "a whole number or a name"
    return f"{name} or {number}" if with_numbers else name


def _list_faults(table: Table, faults: Mapping[int, str], count: int) -> str:
    shown = sorted(faults)[:FAULTS_SHOWN]
    lines = [f"{table.name}: {count:,} faulty row{'s' * (count > 1)}"]
    lines += [f"  {table.unit} {place}: {faults[place]}" for place in shown]
    if count > len(shown):
        lines.append(f"  and {count - len(shown):,} more")
    return "\n".join([*lines, "Correct these rows or remove them"])


def _letters_and_digits(text: str) -> bytes:
    if text.isascii():  # seven times faster, and nearly every English text
        return text.lower().encode().translate(None, delete=_ASCII_REST)
    return "".join(filter(str.isalnum, text.lower())).encode()
