"""The files of one record, each read and checked; what is not as it was written is a DamagedError.

trial.json, result.json and failure.json carry a checksum of their own, result.json also those of
the predictions and the model beside it, and each line of history.csv its own. Lines and results
are bound to the key of their trial, so that a file of another trial is never taken for its own.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agnews_tune.hyperparameters import LATER
from agnews_tune.sealed import DamagedError, read_sealed

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

FORMAT = 1
_NPY_HEADER = 1024  # bytes that an array's description may take before its values
TRIAL_TYPES = {
    "experiment": str,
    "parent": str | None,
    "change": str,
    "published": dict,
    "hyperparameters": dict,
    "seed": int,
    "data": dict,
    "position": int,
    "key": str,
}
DATA_TYPES = {
    "name": str,
    "fingerprint": str,
    "label_names": list,
    "train_rows": int,
    "validation_rows": int,
    "test_rows": int,
}
RESULT_NAMES = (
    "validation_accuracy",
    "validation_loss",
    "test_accuracy",
    "test_loss",
    "test_accuracy_last",
    "test_loss_last",
    "best_epoch",
    "epochs",
    "parameters",
    "seconds",
)
HISTORY_COLUMNS = (
    "epoch",
    "loss",
    "accuracy",
    "val_loss",
    "val_accuracy",
    "learning_rate",
    "seconds",
)
_HEADER = ",".join((*HISTORY_COLUMNS, "checksum"))


def read_description(path: Path) -> dict[str, Any]:
    """Read a ``trial.json``; it must lie in the folder of the trial that it describes."""
    trial = read_sealed(path)
    if trial.get("format") != FORMAT:
        raise DamagedError(f"record format must be {FORMAT}; received {trial.get('format')!r}")
    _check_types(trial, TRIAL_TYPES)
    _check_types(trial["data"], DATA_TYPES)
    _check_values(trial)
    name = f"{trial['experiment']}-seed{trial['seed']}"
    if path.parent.name != name:
        raise DamagedError(f"it belongs in a folder named {name}")
    return trial | {"hyperparameters": LATER | trial["hyperparameters"]}


def read_result(path: Path, key: str) -> dict[str, Any]:
    """Read the ``result.json`` of the trial with this key."""
    result = read_sealed(path)
    if result.get("key") != key:
        raise DamagedError("it is of another trial")
    if unfit := [name for name in RESULT_NAMES if not _is_finite(result.get(name))]:
        raise DamagedError(f"{', '.join(unfit)} missing or not a number")
    if result["epochs"] < 1:
        raise DamagedError("epochs must be at least 1")
    return result


def read_failure(path: Path) -> str:
    """Read the cause in a ``failure.json``."""
    return str(read_sealed(path).get("cause"))


def format_history(key: str, rows: Iterable[Mapping[str, float]]) -> str:
    """Return the text of a ``history.csv`` of the trial with this key."""
    lines = [_HEADER]
    for row in rows:
        values = ",".join(str(row[name]) if name in row else "" for name in HISTORY_COLUMNS)
        lines.append(f"{values},{_line_checksum(key, values)}")
    return "".join(f"{line}\n" for line in lines)


def read_history(path: Path, key: str, epochs: int | None) -> list[dict[str, float]]:
    """Read the ``history.csv`` of the trial with this key.

    Args:
        path: of the file.
        key: of the trial.
        epochs: how many there have to be; None while the trial is not finished.
    """
    try:
        header, *lines = path.read_bytes().decode().split("\n")[:-1] or [""]
    except OSError as error:
        raise DamagedError(error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise DamagedError(f"byte {error.start} is not UTF-8") from error
    if header != _HEADER:
        raise DamagedError("its header is not the expected one")
    rows = [_read_line(line, number, key) for number, line in enumerate(lines, start=1)]
    if epochs not in {None, len(rows)}:
        raise DamagedError(f"it has {len(rows)} of {epochs} epochs")
    return rows


def read_arrays(
    path: Path, rows: int, classes: int
) -> tuple[npt.NDArray[np.float16], npt.NDArray[np.int64]]:
    """Read the probabilities ``(rows, classes)`` and labels ``(rows,)`` of the test rows."""
    import numpy as np

    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {member.filename: member.file_size for member in archive.infolist()}
        expected = {"probabilities.npy": rows * classes * 2, "labels.npy": rows * 8}
        if any(sizes.get(name, 0) > size + _NPY_HEADER for name, size in expected.items()):
            raise ValueError(f"too large for {rows:,} rows of {classes} classes")
        with np.load(path, allow_pickle=False) as arrays:
            probabilities = arrays["probabilities"].astype(np.float16, copy=False)
            labels = arrays["labels"].astype(np.int64, copy=False)
    except (
        *(OSError, ValueError, LookupError, EOFError, MemoryError),
        *(NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error),
    ) as error:
        raise DamagedError(f"no predictions: {error}") from error
    if probabilities.shape != (rows, classes) or labels.shape != (rows,):
        raise DamagedError(f"it is not for {rows:,} rows of {classes} classes")
    if not (np.isfinite(probabilities).all() and np.isin(labels, range(classes)).all()):
        raise DamagedError("its probabilities or labels are out of range")
    return probabilities, labels


def _read_line(line: str, epoch: int, key: str) -> dict[str, float]:
    values, _, checksum = line.rpartition(",")
    cells = dict(zip(HISTORY_COLUMNS, values.split(","), strict=False))
    if checksum != _line_checksum(key, values) or cells["epoch"] != str(epoch):
        raise DamagedError(f"line {epoch + 1} is not the one that was written")
    return {name: float(value) for name, value in cells.items() if value}


def _line_checksum(key: str, values: str) -> str:
    return hashlib.sha256(f"{key},{values}".encode()).hexdigest()[:12]


def _check_types(content: Mapping[str, Any], types: Mapping[str, Any]) -> None:
    if unfit := [name for name, kind in types.items() if not isinstance(content.get(name), kind)]:
        raise DamagedError(f"{', '.join(unfit)} missing or of another type")


def _check_values(trial: Mapping[str, Any]) -> None:
    data = trial["data"]
    if not re.fullmatch("[0-9A-Za-z]{1,64}", data["fingerprint"]):
        raise DamagedError("the fingerprint of its data must be 1 to 64 letters and digits")
    if empty := [name for name in DATA_TYPES if name.endswith("_rows") and data[name] < 1]:
        raise DamagedError(f"{', '.join(empty)} must be at least 1")
    if not all(map(_is_finite, trial["published"].values())):
        raise DamagedError("published holds what is no number")
    try:
        json.dumps(trial, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise DamagedError(f"it holds what is no text: {error.reason}") from error


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
