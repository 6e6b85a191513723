"""Rows as a file or a data set holds them, before any check."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from agnews_tune.errors import CorpusError, did_you_mean

COLUMNS = ("text", "title", "description", "label")


class Table(NamedTuple):
    """The rows of one file or data set as they were read, before any check.

    Args:
        name: what messages call it.
        unit: what a place counts from 1: ``line`` or ``row``.
        places: the place of each row that could be read.
        texts: the text of each row; those of a Parquet file stay in it.
        labels: the label of each row: a number or a name.
        faults: what is wrong with each row that could not be read, by its place.
        label_names: the name of each class, where the source gives them.
    """

    name: str
    unit: str
    places: Sequence[int]
    texts: Iterable[object]
    labels: Iterable[object]
    faults: Mapping[int, str] = {}
    label_names: tuple[str, ...] | None = None


class Tables(NamedTuple):
    """The tables of a source; None where it has no such part."""

    train: Table
    test: Table | None = None
    validation: Table | None = None


def find_text_columns(name: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Return ``("text",)`` or ``("title", "description")``, whichever the columns hold.

    Raises:
        CorpusError: where one of these or ``label`` is missing or stands twice.
    """
    titled = "text" not in columns and ("title" in columns or "description" in columns)
    text_columns = ("title", "description") if titled else ("text",)
    wanted = [column for column in (*text_columns, "label") if columns.count(column) != 1]
    if not wanted:
        return text_columns
    received = ", ".join(
        reprlib.repr(column) + (did_you_mean(column, wanted) if column not in COLUMNS else "")
        for column in columns
    )
    raise CorpusError(
        f"{name} must have the columns 'text' and 'label', or 'title', 'description' and 'label', "
        f"once each; received {received}"
    )


def table_from_columns(
    name: str, columns: Mapping[str, Sequence[object]], label_names: tuple[str, ...] | None = None
) -> Table:
    """Return the rows of whole columns, counted from 1.

    Raises:
        CorpusError: where a column is missing.
    """
    parts = [columns[column] for column in find_text_columns(name, list(columns))]
    texts = [join_parts(row) for row in zip(*parts, strict=True)]
    places = range(1, len(texts) + 1)
    return Table(name, "row", places, texts, columns["label"], label_names=label_names)


def join_parts(parts: Sequence[object]) -> object:
    """Return the parts joined by spaces, or the first one that is no string."""
    strings = [part for part in parts if isinstance(part, str)]
    if len(strings) == len(parts):
        return " ".join(strings)
    return next(part for part in parts if not isinstance(part, str))
