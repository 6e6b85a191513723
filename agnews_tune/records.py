"""What a trial leaves on disk; the only module that knows the layout of ``results/``.

results/<run>/
  grid.yaml                     the resolved grid
  tensorboard/<trial>/          its curves for TensorBoard, where the run was asked for them
  <experiment>-seed<k>/
    trial.json                  what the trial is; there from the start of the run
    history.csv                 one row an epoch; grows while the trial trains
    checkpoint/                 the state after the last epoch, and stop.json where a search ends
                                the trial early, only until the trial is finished
    test_predictions.npz        probabilities and labels of the test rows, in their order
    model/                      the weights of the best epoch
    result.json                 the final figures; written last, so its presence means finished
    failure.json                why the trial ended without a result; gone when it starts again

A file that is damaged, or of another trial, is left aside with a RecordWarning, as if it were gone.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from agnews_tune.errors import RecordError, RecordWarning
from agnews_tune.files import replacing, write_text
from agnews_tune.hyperparameters import decisive
from agnews_tune.record_files import (
    FORMAT,
    format_history,
    read_arrays,
    read_description,
    read_failure,
    read_history,
    read_result,
)
from agnews_tune.sealed import DamagedError, check_beside, read_sealed, write_sealed

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

T = TypeVar("T")
PREDICTIONS = "test_predictions.npz"
MODEL = "model/config.json"  # which carries the checksums of the other files of the model


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


def trial_key(
    hyperparameters: Mapping[str, Any], seed: int, fingerprint: str, teachers: Sequence[str] = ()
) -> str:
    """Return a hash of everything that decides a trial's outcome.

    Args:
        hyperparameters: of its experiment.
        seed: of the trial.
        fingerprint: of its data.
        teachers: keys of the trials that it learns from.
    """
    deciding: list[Any] = [FORMAT, decisive(hyperparameters), seed, fingerprint]
    if teachers:
        deciding.append(list(teachers))
    return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()[:16]


def grid_path(run: Path) -> Path:
    """Return where the resolved grid of a run is, or would be."""
    return run / "grid.yaml"


def write_grid(run: Path, text: str) -> None:
    """Write the resolved grid of a run."""
    write_text(grid_path(run), text)


def write_trial(folder: Path, trial: Mapping[str, Any]) -> None:
    """Write what a trial is, and clear away the record of another trial of the same name."""
    path = folder / "trial.json"
    if path.exists() and _key_in(path) != trial["key"]:
        clear(folder)
    write_sealed(path, {"format": FORMAT, **trial})


def write_history(folder: Path, key: str, rows: Iterable[Mapping[str, float]]) -> None:
    """Write the epochs so far of the trial with this key; what was not measured stays empty."""
    write_text(folder / "history.csv", format_history(key, rows))


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


def write_result(folder: Path, key: str, result: Mapping[str, Any]) -> None:
    """Write the final figures of the trial with this key; from here on it counts as finished."""
    beside = [name for name in (PREDICTIONS, MODEL) if (folder / name).exists()]
    write_sealed(folder / "result.json", {"key": key, **result}, beside)


def remove_result(folder: Path) -> None:
    """Let a trial count as finished no longer."""
    (folder / "result.json").unlink(missing_ok=True)


def write_failure(folder: Path, cause: str, traceback: str = "") -> None:
    """Write why a trial ended without a result, in one line, and all that is known of it."""
    write_sealed(folder / "failure.json", {"cause": cause, "traceback": traceback})


def remove_failure(folder: Path) -> None:
    """Forget that a trial has failed."""
    (folder / "failure.json").unlink(missing_ok=True)


def backup_path(folder: Path) -> Path:
    """Return where a trial keeps the state of its training while it runs."""
    return folder / "checkpoint" / "training.safetensors"


def stop_path(folder: Path) -> Path:
    """Return where a search leaves its mark for a trial that is to end early."""
    return folder / "checkpoint" / "stop.json"


def remove_backup(folder: Path) -> None:
    """Remove the state of a trial's training."""
    shutil.rmtree(backup_path(folder).parent, ignore_errors=True)


def model_folder(folder: Path) -> Path:
    """Return where a trial leaves its model."""
    return folder / "model"


def tensorboard_folder(folder: Path) -> Path:
    """Return where a trial keeps its curves for TensorBoard; there is one folder for all trials."""
    return folder.parent / "tensorboard" / folder.name


def is_finished(folder: Path, key: str) -> bool:
    """Return whether the trial with this key has left its final figures."""
    try:
        return _key_in(folder / "trial.json") == key and bool(
            read_result(folder / "result.json", key)
        )
    except DamagedError:
        return False


def clear(folder: Path) -> None:
    """Remove the record of a trial, its mark of being finished first."""
    for name in ("result.json", "history.csv", PREDICTIONS):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(model_folder(folder), ignore_errors=True)
    shutil.rmtree(tensorboard_folder(folder), ignore_errors=True)
    remove_failure(folder)
    remove_backup(folder)


def has_record(folder: Path) -> bool:
    """Return whether a folder holds the record of a trial, whole or damaged."""
    return (folder / "trial.json").exists()


def trial_folders(run: Path) -> list[Path]:
    """Return the folders of a run's trials, by name; none where the folder is no run."""
    return sorted(path.parent for path in run.glob("*/trial.json"))


def read_trial(folder: Path) -> TrialRecord:
    """Read one trial, finished or not.

    Raises:
        RecordError: there is no ``trial.json``, or it is damaged.

    Warns:
        RecordWarning: for each other file that is damaged.
    """
    try:
        trial = read_description(folder / "trial.json")
    except DamagedError as error:
        raise RecordError(_left_aside(folder / "trial.json", error)) from error
    key = trial["key"]
    result = _unless_damaged(folder / "result.json", lambda path: read_result(path, key))
    predictions = folder / PREDICTIONS
    whole = result and predictions.exists() and _is_intact(folder, result, PREDICTIONS)
    epochs = result["epochs"] if result else None
    history = _unless_damaged(folder / "history.csv", lambda path: read_history(path, key, epochs))
    failure = _unless_damaged(folder / "failure.json", read_failure)
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


def has_whole_model(record: TrialRecord) -> bool:
    """Return whether a finished trial's model is there, all its files, and the one that it left.

    Warns:
        RecordWarning: it is damaged.
    """
    config = record.folder / MODEL
    if record.result is None or not config.exists():
        return False
    if not _is_intact(record.folder, record.result, MODEL):
        return False
    try:
        files = read_sealed(config).get("files", {})
    except DamagedError:
        return False
    return all((config.parent / name).exists() for name in files)


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
    if (record.folder / MODEL).exists() and not _is_intact(record.folder, record.result, MODEL):
        return "model"
    return None


def _key_in(path: Path) -> str | None:
    try:
        key: str = read_description(path)["key"]
    except DamagedError:
        return None
    return key


def _unless_damaged(path: Path, read: Callable[[Path], T]) -> T | None:
    try:
        return read(path) if path.exists() else None
    except DamagedError as error:
        warnings.warn(_left_aside(path, error), RecordWarning, stacklevel=3)
        return None


def _is_intact(folder: Path, result: Mapping[str, Any], name: str) -> bool:
    try:
        check_beside(folder / "result.json", result, name)
    except DamagedError as error:
        warnings.warn(_left_aside(folder / name, error), RecordWarning, stacklevel=3)
        return False
    return True


def _left_aside(path: Path, error: DamagedError) -> str:
    return f"{path} is left aside: {error}"
