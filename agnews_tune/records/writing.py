"""Writes a trial's record, file by file, and takes away what no longer holds."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agnews_tune.files import explaining, replacing, write_text
from agnews_tune.records.files import FORMAT, format_history
from agnews_tune.records.layout import (
    FAILURE,
    HISTORY,
    MODEL,
    PREDICTIONS,
    RESULT,
    TRIAL,
    backup_path,
    grid_path,
    model_folder,
    replaced_folder,
    tensorboard_folder,
)
from agnews_tune.records.reading import key_in
from agnews_tune.sealed import write_sealed

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def write_grid(run: Path, text: str) -> None:
    """Write the resolved grid of a run."""
    write_text(grid_path(run), text)


def write_trial(folder: Path, trial: Mapping[str, Any]) -> None:
    """Write what a trial is, and clear away the record of another trial of the same name."""
    path = folder / TRIAL
    if path.exists() and key_in(path) != trial["key"]:
        clear(folder)
    write_sealed(path, {"format": FORMAT, **trial})


def write_history(folder: Path, key: str, rows: Iterable[Mapping[str, float]]) -> None:
    """Write the epochs so far of the trial with this key; what was not measured stays empty."""
    write_text(folder / HISTORY, format_history(key, rows))


def write_predictions(
    folder: Path, probabilities: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]
) -> None:
    """Write the predictions for the test rows, in their order.

    Args:
        folder: of the trial's record.
        probabilities: ``(rows, classes)``; kept as float16, the answers being the same ones.
        labels: the true class numbers ``(rows,)``.
    """
    import numpy as np

    half, answers = probabilities.astype(np.float16), probabilities.argmax(axis=1)
    tied = np.flatnonzero(half.argmax(axis=1) != answers)
    half[tied, answers[tied]] = np.nextafter(half[tied].max(axis=1), np.float16(1))
    with replacing(folder / PREDICTIONS) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, probabilities=half, labels=np.asarray(labels))


def write_result(folder: Path, key: str, result: Mapping[str, Any]) -> None:
    """Write the final figures of the trial with this key; from here on it counts as finished."""
    beside = [name for name in (PREDICTIONS, MODEL) if (folder / name).exists()]
    write_sealed(folder / RESULT, {"key": key, **result}, beside)


def write_failure(folder: Path, cause: str, traceback: str = "") -> None:
    """Write why a trial ended without a result, in one line, and all that is known of it."""
    write_sealed(folder / FAILURE, {"cause": cause, "traceback": traceback})


def remove_result(folder: Path) -> None:
    """Let a trial count as finished no longer."""
    (folder / RESULT).unlink(missing_ok=True)


def remove_failure(folder: Path) -> None:
    """Forget that a trial has failed."""
    (folder / FAILURE).unlink(missing_ok=True)


def remove_backup(folder: Path) -> None:
    """Remove the state of a trial's training."""
    shutil.rmtree(backup_path(folder).parent, ignore_errors=True)


def set_aside(run: Path, folders: Iterable[Path]) -> None:
    """Keep the records of some trials of a run apart, as a run of their own with the same grid.

    Raises:
        WriteError: the folder cannot be written.
    """
    place = replaced_folder(run)
    with explaining(place):
        place.mkdir(parents=True)
        with suppress(FileNotFoundError):
            shutil.copy(grid_path(run), grid_path(place))
        for folder in folders:
            curves = tensorboard_folder(folder)
            if curves.exists():
                kept = tensorboard_folder(place / folder.name)
                kept.parent.mkdir(exist_ok=True)
                curves.rename(kept)
            folder.rename(place / folder.name)


def clear(folder: Path) -> None:
    """Remove the record of a trial, its mark of being finished first."""
    for name in (RESULT, HISTORY, PREDICTIONS):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(model_folder(folder), ignore_errors=True)
    shutil.rmtree(tensorboard_folder(folder), ignore_errors=True)
    remove_failure(folder)
    remove_backup(folder)
