"""What a trial leaves on disk; the only module that knows the layout of ``results/``.

results/<run>/
  grid.yaml                     the resolved grid
  <experiment>-seed<k>/
    trial.json                  what the trial is; there from the start of the run
    history.csv                 one row an epoch; grows while the trial trains
    checkpoint/                 the state after the last epoch, only until the trial is finished
    test_predictions.npz        probabilities and labels of the test rows, in their order
    model/                      the weights of the best epoch
    result.json                 the final figures; written last, so its presence means finished
    failure.json                why the trial ended without a result; gone when it starts again
"""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agnews_tune.errors import RecordError
from agnews_tune.files import replacing, write_text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

FORMAT = 1
TRIAL_NAMES = (
    "experiment",
    "parent",
    "change",
    "published",
    "hyperparameters",
    "seed",
    "data",
    "position",
    "key",
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


@dataclass(frozen=True)
class TrialRecord:
    """What is known of one trial.

    Attributes:
        folder: where it lies.
        trial: the content of ``trial.json``: ``experiment``, ``parent``, ``change``, ``published``,
            ``hyperparameters``, ``seed``, ``data``, ``position`` in the run and ``key``.
        history: one row an epoch, with the columns of ``history.csv``; epochs count from 1.
        result: the content of ``result.json``, or None while the trial is not finished.
        failure: why it ended without a result, in one line; None if it did not.
    """

    folder: Path
    trial: dict[str, Any]
    history: list[dict[str, float]]
    result: dict[str, Any] | None
    failure: str | None = None

    @property
    def model_folder(self) -> Path:
        """Where the model is, or would be: records are often kept without weights."""
        return self.folder / "model"


def trial_key(hyperparameters: Mapping[str, Any], seed: int, fingerprint: str) -> str:
    """Return a hash of everything that decides a trial's outcome."""
    decisive = [FORMAT, dict(hyperparameters), seed, fingerprint]
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]


def write_grid(run: Path, text: str) -> None:
    """Write the resolved grid of a run."""
    write_text(run / "grid.yaml", text)


def write_trial(folder: Path, trial: Mapping[str, Any]) -> None:
    """Write what a trial is, and clear away the record of another trial of the same name."""
    record = read_trial(folder) if (folder / "trial.json").exists() else None
    if record and record.trial["key"] != trial["key"]:
        clear(folder)
    _write_json(folder / "trial.json", {"format": FORMAT, **trial})


def write_history(folder: Path, rows: Iterable[Mapping[str, float]]) -> None:
    """Write the epochs so far; columns that were not measured stay empty."""
    with (
        replacing(folder / "history.csv") as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.DictWriter(file, HISTORY_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_predictions(
    folder: Path, probabilities: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]
) -> None:
    """Write the predictions for the test rows, in their order.

    Args:
        folder: of the trial's record.
        probabilities: ``(rows, classes)``; kept as float16.
        labels: the true class numbers ``(rows,)``.
    """
    import numpy as np

    with (
        replacing(folder / "test_predictions.npz") as temporary,
        temporary.open("wb") as file,
    ):
        np.savez_compressed(
            file, probabilities=probabilities.astype(np.float16), labels=np.asarray(labels)
        )


def write_result(folder: Path, result: Mapping[str, Any]) -> None:
    """Write the final figures; from here on the trial counts as finished."""
    _write_json(folder / "result.json", result)


def write_failure(folder: Path, cause: str, traceback: str = "") -> None:
    """Write why a trial ended without a result, in one line, and where in the program."""
    _write_json(folder / "failure.json", {"cause": cause, "traceback": traceback})


def remove_failure(folder: Path) -> None:
    """Forget that a trial has failed."""
    (folder / "failure.json").unlink(missing_ok=True)


def backup_path(folder: Path) -> Path:
    """Return where a trial keeps the state of its training while it runs."""
    return folder / "checkpoint" / "training.safetensors"


def remove_backup(folder: Path) -> None:
    """Remove the state of a trial's training."""
    shutil.rmtree(backup_path(folder).parent, ignore_errors=True)


def is_finished(folder: Path, key: str | None = None) -> bool:
    """Return whether a trial, or the trial with this key, has left its final figures."""
    finished = (folder / "result.json").exists()
    return finished and (key is None or _read_json(folder / "trial.json").get("key") == key)


def clear(folder: Path) -> None:
    """Remove the record of a trial, its mark of being finished first."""
    for name in ("result.json", "history.csv", "test_predictions.npz"):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "model", ignore_errors=True)
    remove_failure(folder)
    remove_backup(folder)


def read_trial(folder: Path) -> TrialRecord:
    """Read one trial, finished or not.

    Raises:
        RecordError: a file is damaged, or there is no ``trial.json``.
    """
    trial = _read_json(folder / "trial.json")
    if trial.get("format") != FORMAT:
        raise RecordError(
            f"{folder / 'trial.json'}: record format must be {FORMAT}; "
            f"received {trial.get('format')!r}; remove the folder to run the trial again"
        )
    if missing := [name for name in TRIAL_NAMES if name not in trial]:
        raise RecordError(
            f"{folder / 'trial.json'}: damaged record ({', '.join(missing)} missing); "
            "remove its folder to run the trial again"
        )
    result = _read_json(folder / "result.json") if is_finished(folder) else None
    return TrialRecord(
        folder, trial, _read_history(folder / "history.csv"), result, _read_failure(folder)
    )


def read_run(run: Path) -> list[TrialRecord]:
    """Read all trials of a run, in the order of its grid."""
    records = [read_trial(path.parent) for path in run.glob("*/trial.json")]
    return sorted(records, key=lambda record: (record.trial["position"], record.folder.name))


def find_runs(results: Path) -> list[Path]:
    """Return the run folders: ``results`` itself, or those in it, by name.

    Raises:
        RecordError: there is none.
    """
    runs = sorted({path.parent.parent for path in results.glob("*/*/trial.json")})
    if any(results.glob("*/trial.json")):
        runs = [results]
    if not runs:
        raise RecordError(
            f"no records under {results}: expected a results folder or one run's folder; "
            "make one with 'agnews-tune run grids/quickstart.yaml'"
        )
    return runs


def best_model(results: Path) -> TrialRecord:
    """Return the finished trial with the best validation accuracy whose model is there.

    Raises:
        RecordError: there is none.
    """
    runs = find_runs(results) if results.is_dir() else []
    with_model = [
        record
        for run in runs
        for record in read_run(run)
        if record.result and record.model_folder.is_dir()
    ]
    if not with_model:
        raise RecordError(
            f"no model under {results}: train one with 'agnews-tune run grids/quickstart.yaml', "
            "or name a model folder with --model"
        )
    return max(with_model, key=lambda record: (record.result or {})["validation_accuracy"])


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordError(
            f"{path}: damaged record ({error}); remove its folder to run the trial again"
        ) from error
    if not isinstance(content, dict):
        raise RecordError(
            f"{path}: damaged record (expected a JSON object, received {type(content).__name__}); "
            "remove its folder to run the trial again"
        )
    return content


def _read_failure(folder: Path) -> str | None:
    path = folder / "failure.json"
    return str(_read_json(path)["cause"]) if path.exists() else None


def _read_history(path: Path) -> list[dict[str, float]]:
    if not path.exists():
        return []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [
                {name: float(value) for name, value in row.items() if value}
                for row in csv.DictReader(file, strict=True)
            ]
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise RecordError(
            f"{path}: damaged record ({error}); remove its folder to run the trial again"
        ) from error
