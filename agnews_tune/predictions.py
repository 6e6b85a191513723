"""Texts become predictions, and predictions become a table, JSON or CSV, a batch at a time."""

from __future__ import annotations

import csv
import heapq
import io
import json
import warnings
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from agnews_tune.errors import CorpusWarning, RecordError, RecordWarning
from agnews_tune.printable import printable
from agnews_tune.records.finding import find_models
from agnews_tune.records.reading import TrialRecord

if TYPE_CHECKING:
    from agnews_tune.classifier import Classifier

BATCH = 1000  # texts that are read and answered together
MOST_COLUMNS = 10  # of classes in the table
SHOWN = 60  # characters of a text in the table


class Prediction(NamedTuple):
    """The answer to one text.

    Attributes:
        text: as it was given.
        label: name of the most probable class.
        probabilities: of each class by its name, fractions.
    """

    text: str
    label: str
    probabilities: dict[str, float]


def load_best_model(results: str | Path) -> tuple[TrialRecord, Classifier]:
    """Load the model with the best validation accuracy under a results folder.

    Returns:
        The record of the trial that left it, and the model.

    Raises:
        RecordError: there is none that can be read.

    Warns:
        RecordWarning: for each better one that is damaged.
    """
    records = find_models(Path(results))
    from agnews_tune.classifier import Classifier

    for record in records:
        try:
            return record, Classifier.load(record.model_folder)
        except RecordError as error:
            warnings.warn(str(error), RecordWarning, stacklevel=2)
    raise RecordError(
        f"no model under {results} can be read; remove the folders of these trials and run their "
        "grid again"
    )


def describe_model(record: TrialRecord) -> str:
    """Return where a model comes from, in one line."""
    accuracy = (record.result or {})["validation_accuracy"]
    return (
        f"model: {record.folder}, trained on {record.trial['data']['name']}, "
        f"validation accuracy {accuracy:.4f}"
    )


def decode_lines(lines: Iterable[bytes]) -> Iterator[str]:
    """Yield lines as text, without their ends; bytes that are not UTF-8 become U+FFFD.

    A byte order mark before the first is no part of it.

    Warns:
        CorpusWarning: once, at the first line with such bytes.
    """
    warned = False
    for number, line in enumerate(lines, start=1):
        encoding = "utf-8-sig" if number == 1 else "utf-8"
        text = line.decode(encoding, errors="replace").rstrip("\r\n")
        if not warned and "\ufffd".encode() not in line and "\ufffd" in text:
            warned = True
            message = f"text {number} is not UTF-8: what cannot be read of it becomes '\ufffd'"
            warnings.warn(message, CorpusWarning, stacklevel=2)
        yield text


def predict(model: Classifier, texts: Iterable[str]) -> Iterator[Prediction]:
    """Yield the prediction for each text, in order; few texts are held at a time."""
    names = model.label_names_
    rest = iter(texts)
    while batch := list(islice(rest, BATCH)):
        for text, row in zip(batch, model.predict(batch).tolist(), strict=True):
            probabilities = dict(zip(names, row, strict=True))
            yield Prediction(text, max(names, key=probabilities.__getitem__), probabilities)


def as_table(predictions: Iterable[Prediction], names: tuple[str, ...]) -> Iterator[str]:
    """Yield the lines of a table: class, probability of each class, start of the text.

    Of many classes the three most probable ones stand there.
    """
    if len(names) > MOST_COLUMNS:
        yield from _as_short_table(predictions, names)
        return
    label_width = max(len("class"), *map(len, names))
    widths = [max(len(name), 6) for name in names]
    heads = "  ".join(f"{name:>{width}}" for name, width in zip(names, widths, strict=True))
    yield printable(f"{'class':<{label_width}}  {heads}  text")
    for text, label, probabilities in predictions:
        figures = "  ".join(
            f"{probabilities[name]:>{width}.4f}" for name, width in zip(names, widths, strict=True)
        )
        yield printable(f"{label:<{label_width}}  {figures}  {_start(text)}")


def _as_short_table(predictions: Iterable[Prediction], names: tuple[str, ...]) -> Iterator[str]:
    heads = ("class", "second", "third")
    width = max(len(head) for head in (*heads, *names))
    gap = " " * len("  0.0000")
    yield printable("  ".join([*(f"{head:<{width}}{gap}" for head in heads), "text"]))
    for text, _, probabilities in predictions:
        best = heapq.nlargest(len(heads), names, key=probabilities.__getitem__)
        figures = (f"{name:<{width}}  {probabilities[name]:.4f}" for name in best)
        yield printable("  ".join([*figures, _start(text)]))


def _start(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= SHOWN else f"{words[: SHOWN - 3]}..."


def as_json(predictions: Iterable[Prediction], names: tuple[str, ...]) -> Iterator[str]:
    """Yield the lines of a JSON array of objects ``{"text", "class", "probabilities"}``."""
    before = "["
    for text, label, probabilities in predictions:
        rounded = {name: round(value, 6) for name, value in probabilities.items()}
        yield before + json.dumps({"text": text, "class": label, "probabilities": rounded})
        before = ","
    yield "[]" if before == "[" else "]"


def as_csv(predictions: Iterable[Prediction], names: tuple[str, ...]) -> Iterator[str]:
    """Yield the lines of a CSV file: text, class, one column a class."""
    yield _csv_line(["text", "class", *names])
    for text, label, probabilities in predictions:
        yield _csv_line([text, label, *(f"{probabilities[name]:.6f}" for name in names)])


def _csv_line(fields: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(fields)  # of these, 3.12 quotes no others
    return line.getvalue().removesuffix("\r\n")


FORMATS: dict[str, Callable[[Iterable[Prediction], tuple[str, ...]], Iterator[str]]] = {
    "table": as_table,
    "json": as_json,
    "csv": as_csv,
}
