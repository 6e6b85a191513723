"""Files and folders -> rows as they stand there, each with the line or row number it has."""

from __future__ import annotations

import csv
import json
import reprlib
from codecs import BOM_UTF8
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from agnews_tune.corpus.parquet import read_parquet
from agnews_tune.corpus.tables import Table, Tables, find_text_columns, join_parts
from agnews_tune.errors import CorpusError, did_you_mean
from agnews_tune.sealed import file_digest

AG_NEWS_LABELS = ("World", "Sports", "Business", "Sci/Tech")

# The AG News CSV as it was first published has no header and counts its classes from 1; copies of
# it have this one.
CLASSIC_COLUMNS = ("label", "title", "description")
CLASSIC_HEADER = ("Class Index", "Title", "Description")
CLASSIC_LABELS = {"1": 0, "2": 1, "3": 2, "4": 3}

VALIDATION = ("validation", "valid", "val", "dev")  # as Hugging Face's datasets has them
LARGEST_FIELD = 2**31 - 1  # characters; more does not fit the C long of every machine


def read_path(path: Path) -> Tables:
    """Read a file of training rows, or ``train.*``, ``test.*`` and ``validation.*`` of a folder.

    Raises:
        CorpusError: where a file is missing, of an unknown kind or cannot be read.
    """
    return Tables(*map(read_file, _find_files(path)))


def identify(path: Path) -> list[tuple[str, str]] | None:
    """Return what stands for every byte of the files that ``read_path`` reads.

    None where they are of an unknown kind, or no files that can be read twice.

    Raises:
        CorpusError: where a file is missing in a folder.
    """
    files = _find_files(path)
    if not all(file.is_file() and file.suffix.lower() in READERS for file in files):
        return None
    try:
        return [(file.suffix.lower(), file_digest(file)) for file in files]
    except OSError:
        return None


def read_file(path: Path) -> Table:
    """Read the rows of one file; its ending decides how.

    Raises:
        CorpusError: where the file is of an unknown kind, lacks a column or cannot be read.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise CorpusError(
            f"{path} must end in {', '.join(READERS)}; received {path.suffix!r}"
            f"{did_you_mean(path.suffix, READERS)}"
        )
    try:
        return reader(path)
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror}") from error


def _find_files(path: Path) -> list[Path]:
    """Return a file itself, or those of a folder: train, test and, if there is one, validation."""
    if not path.is_dir():
        return [path]
    return [file for part in Tables._fields for file in _files_of(path, part)]


def _files_of(folder: Path, part: str) -> list[Path]:
    optional = part == "validation"
    names = VALIDATION if optional else (part,)
    found = sorted(path for name in names for path in folder.glob(f"{name}.*") if path.is_file())
    if optional:  # what has another ending is no such part
        found = [path for path in found if path.suffix.lower() in READERS]
    if len(found) > 1 or not (found or optional):
        count = "at most one file" if optional else "one file"
        received = ", ".join(path.name for path in found) or "none"
        raise CorpusError(f"folder {folder} must hold {count} {part}.*; received {received}")
    return found


def _read_delimited(path: Path, delimiter: str) -> Table:
    lines, faults = _read_lines(path)
    # Without the first line nobody knows the columns.
    rows = {} if 1 in faults else _parse_rows(lines, delimiter, faults)
    if not rows:
        return Table(str(path), "line", [], [], [], faults)
    first = min(rows)
    if tuple(rows[first]) == CLASSIC_HEADER:
        del rows[first]
        return _classic_table(path, rows, faults)
    if len(rows[first]) == len(CLASSIC_COLUMNS) and rows[first][0] in CLASSIC_LABELS:
        return _classic_table(path, rows, faults)
    return _table_from_rows(path, rows.pop(first), rows, faults)


def _classic_table(path: Path, rows: dict[int, list[str]], faults: dict[int, str]) -> Table:
    table = _table_from_rows(path, CLASSIC_COLUMNS, rows, faults)
    for place, label in zip(table.places, table.labels, strict=True):
        if label not in CLASSIC_LABELS:
            faults[place] = f"class must be a whole number from 1 to 4; received {label!r}"
    labels = [CLASSIC_LABELS.get(str(label), label) for label in table.labels]
    return table._replace(labels=labels, label_names=AG_NEWS_LABELS)


def _table_from_rows(
    path: Path, columns: Sequence[str], rows: dict[int, list[str]], faults: dict[int, str]
) -> Table:
    text_at = [columns.index(column) for column in find_text_columns(str(path), columns)]
    label_at = columns.index("label")
    for line, fields in rows.items():
        if len(fields) != len(columns):
            faults[line] = f"must have {len(columns)} fields; received {len(fields)}"
    places = [line for line in rows if line not in faults]
    texts = [join_parts([rows[line][at] for at in text_at]) for line in places]
    labels = [rows[line][label_at] for line in places]
    return Table(str(path), "line", places, texts, labels, faults)


def _read_lines(path: Path) -> tuple[list[str], dict[int, str]]:
    """Return the lines with their ends, and a fault for each that is not UTF-8."""
    lines = path.read_bytes().removeprefix(BOM_UTF8).splitlines(keepends=True)
    faults = {
        number: f"must be UTF-8; received {fault}"
        for number, line in enumerate(lines, start=1)
        if (fault := _find_wrong_byte(line))
    }
    return [line.decode(errors="replace") for line in lines], faults


def _find_wrong_byte(line: bytes) -> str | None:
    try:
        line.decode()
    except UnicodeDecodeError as error:
        return f"0x{line[error.start]:02x} as byte {error.start + 1}"
    return None


def _parse_rows(lines: list[str], delimiter: str, faults: dict[int, str]) -> dict[int, list[str]]:
    """Return the fields of each row by its first line; what cannot be parsed joins ``faults``."""
    csv.field_size_limit(LARGEST_FIELD)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    rows: dict[int, list[str]] = {}
    while reader.line_num < len(lines):
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except csv.Error as error:
            faults.setdefault(line, f"quotes must be closed, and doubled inside quotes: {error}")
            continue
        if fields and line not in faults:
            rows[line] = fields
    return rows


def _read_json_lines(path: Path) -> Table:
    lines, faults = _read_lines(path)
    if next((line for line in lines if line.strip()), "").lstrip().startswith("["):
        raise CorpusError(
            f"{path} must hold one JSON object a line; received a JSON array; write each of its "
            "elements in a line, as pandas does with to_json(orient='records', lines=True)"
        )
    rows = _parse_objects(lines, faults)
    if not rows:
        return Table(str(path), "line", [], [], [], faults)
    found = dict.fromkeys(column for row in rows.values() for column in row)
    columns = (*find_text_columns(str(path), list(found)), "label")
    for line, row in rows.items():
        if absent := [repr(column) for column in columns if column not in row]:
            faults[line] = f"must have {' and '.join(absent)}; received {', '.join(map(repr, row))}"
    places = [line for line in rows if line not in faults]
    texts = [join_parts([rows[line][column] for column in columns[:-1]]) for line in places]
    labels = [rows[line]["label"] for line in places]
    return Table(str(path), "line", places, texts, labels, faults)


def _parse_objects(lines: list[str], faults: dict[int, str]) -> dict[int, dict[str, object]]:
    rows = {}
    for number, line in enumerate(lines, start=1):
        if number in faults or not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if isinstance(row, dict):
            rows[number] = row
        else:
            faults[number] = f"must be one JSON object; received {reprlib.repr(line.strip())}"
    return rows


READERS: dict[str, Callable[[Path], Table]] = {
    ".csv": partial(_read_delimited, delimiter=","),
    ".tsv": partial(_read_delimited, delimiter="\t"),
    ".jsonl": _read_json_lines,
    ".json": _read_json_lines,
    ".parquet": read_parquet,
}
