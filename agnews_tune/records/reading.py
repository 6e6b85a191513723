"""Reads what trials left on disk.

A file that is damaged, or of another trial, is ignored with a RecordWarning, as if it were gone.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from agnews_tune.errors import RecordError, RecordWarning
from agnews_tune.records.files import (
    read_arrays,
    read_description,
    read_failure,
    read_history,
    read_result,
)
from agnews_tune.records.layout import (
    FAILURE,
    HISTORY,
    MODEL,
    PREDICTIONS,
    RESULT,
    TRIAL,
    model_folder,
    trial_folders,
)
from agnews_tune.sealed import DamagedError, check_beside, read_sealed

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

T = TypeVar("T")


@dataclass(frozen=True)
class TrialRecord:
    """What is known of one trial.

    Attributes:
        folder: where it lies.
        trial: the content of ``trial.json``: ``experiment``, ``parent``, ``change``, ``published``,
            ``hyperparameters``, ``seed``, ``data``, ``position`` in the run, ``key`` and, where it
            learnt from others, ``teacher``: their experiment and seeds in words.
        history: one row an epoch, with the columns of ``history.csv``; epochs count from 1.
        result: the content of ``result.json``, or None while the trial is not finished.
        failure: why it ended without a result, in one line; None if it did not.
        predictions: the file of its test predictions, if it is there and whole.
    """

    folder: Path
    trial: dict[str, Any]
    history: list[dict[str, float]]
    result: dict[str, Any] | None
    failure: str | None = None
    predictions: Path | None = None

    @property
    def stopped_after(self) -> int | None:
        """The epoch after which a search stopped it early; None where it came to its end."""
        if self.result is None or not self.result.get("stopped_early"):
            return None
        epochs: int = self.result["epochs"]
        return epochs

    @property
    def model_folder(self) -> Path:
        """Where the model is, or would be: records are often kept without weights."""
        return model_folder(self.folder)


def read_trial(folder: Path) -> TrialRecord:
    """Read one trial, finished or not.

    Raises:
        RecordError: there is no ``trial.json``, or it is damaged.

    Warns:
        RecordWarning: for each other file that is damaged.
    """
    try:
        trial = read_description(folder / TRIAL)
    except DamagedError as error:
        raise RecordError(_ignored(folder / TRIAL, error)) from error
    key = trial["key"]
    result = _unless_damaged(folder / RESULT, lambda path: read_result(path, key))
    predictions = folder / PREDICTIONS
    whole = result and predictions.exists() and _is_intact(folder / RESULT, result, PREDICTIONS)
    epochs = result["epochs"] if result else None
    history = _unless_damaged(folder / HISTORY, lambda path: read_history(path, key, epochs))
    failure = _unless_damaged(folder / FAILURE, read_failure)
    return TrialRecord(
        folder, trial, history or [], result, failure, predictions if whole else None
    )


def read_run(run: Path) -> list[TrialRecord]:
    """Read all trials of a run, in the order of its grid.

    Warns:
        RecordWarning: for each damaged file; a trial whose ``trial.json`` is damaged is left out.
    """
    records = []
    for folder in trial_folders(run):
        try:
            records.append(read_trial(folder))
        except RecordError as error:
            warnings.warn(str(error), RecordWarning, stacklevel=2)
    return sorted(records, key=lambda record: (record.trial["position"], record.folder.name))


def read_predictions(
    record: TrialRecord,
) -> tuple[npt.NDArray[np.float16], npt.NDArray[np.int64]] | None:
    """Read the probabilities ``(rows, classes)`` and labels ``(rows,)`` of a trial's test rows.

    Returns:
        None where there are none.

    Warns:
        RecordWarning: they are not for the rows and classes of the trial's data.
    """
    if record.predictions is None:
        return None
    data = record.trial["data"]
    return _unless_damaged(
        record.predictions,
        lambda path: read_arrays(path, data["test_rows"], len(data["label_names"])),
    )


def is_finished(folder: Path, key: str) -> bool:
    """Return whether the trial with this key has left its final figures."""
    try:
        return key_in(folder / TRIAL) == key and bool(read_result(folder / RESULT, key))
    except DamagedError:
        return False


def has_whole_model(record: TrialRecord) -> bool:
    """Return whether a finished trial's model is there, all its files, and the one that it left.

    Its weights are not read; a damaged byte in them shows when they are loaded.

    Warns:
        RecordWarning: its config is damaged.
    """
    if record.result is None or not (record.folder / MODEL).exists():
        return False
    config = _read_config(record)
    return config is not None and _files_there(record, config) == [*config.get("files", {})]


def damaged_part(record: TrialRecord) -> str | None:
    """Return what a finished trial has left and is no longer whole, if anything.

    Files that are not there were taken away, and are not missed.

    Warns:
        RecordWarning: the model is damaged.
    """
    if record.result is None:
        return None
    if (record.folder / PREDICTIONS).exists() and record.predictions is None:
        return "predictions"
    if (record.folder / MODEL).exists() and not _has_intact_model(record):
        return "model"
    return None


def key_in(path: Path) -> str | None:
    """Return the key in a ``trial.json``; None where it cannot be read."""
    try:
        key: str = read_description(path)["key"]
    except DamagedError:
        return None
    return key


def _unless_damaged(path: Path, read: Callable[[Path], T]) -> T | None:
    try:
        return read(path) if path.exists() else None
    except DamagedError as error:
        warnings.warn(_ignored(path, error), RecordWarning, stacklevel=3)
        return None


def _is_intact(sealed: Path, content: Mapping[str, Any], name: str) -> bool:
    try:
        check_beside(sealed, content, name)
    except DamagedError as error:
        warnings.warn(_ignored(sealed.parent / name, error), RecordWarning, stacklevel=3)
        return False
    return True


def _has_intact_model(record: TrialRecord) -> bool:
    config = _read_config(record)
    return config is not None and all(
        _is_intact(record.folder / MODEL, config, name) for name in _files_there(record, config)
    )


def _read_config(record: TrialRecord) -> dict[str, Any] | None:
    """Return the config of a finished trial's model; None if it is not the one that it left."""
    if not _is_intact(record.folder / RESULT, record.result or {}, MODEL):
        return None
    return _unless_damaged(record.folder / MODEL, read_sealed)


def _files_there(record: TrialRecord, config: Mapping[str, Any]) -> list[str]:
    folder = model_folder(record.folder)
    return [name for name in config.get("files", {}) if (folder / name).exists()]


def _ignored(path: Path, error: DamagedError) -> str:
    return f"{path} is ignored: {error}"
