"""Where the files of a run and of its trials lie.

results/<run>/
  grid.yaml                     the resolved grid
  replaced/<number>/            a run of finished trials whose settings or data were changed then
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
"""

from __future__ import annotations

from itertools import count
from pathlib import Path

TRIAL, HISTORY = "trial.json", "history.csv"
RESULT, FAILURE = "result.json", "failure.json"
PREDICTIONS = "test_predictions.npz"
MODEL = "model/config.json"  # which carries the checksums of the other files of the model


def grid_path(run: Path) -> Path:
    """Return where the resolved grid of a run is, or would be."""
    return run / "grid.yaml"


def backup_path(folder: Path) -> Path:
    """Return where a trial keeps the state of its training while it runs."""
    return folder / "checkpoint" / "training.safetensors"


def stop_path(folder: Path) -> Path:
    """Return where a search leaves its mark for a trial that is to end early."""
    return folder / "checkpoint" / "stop.json"


def model_folder(folder: Path) -> Path:
    """Return where a trial leaves its model."""
    return folder / "model"


def tensorboard_folder(folder: Path) -> Path:
    """Return where a trial keeps its curves for TensorBoard; there is one folder for all trials."""
    return folder.parent / "tensorboard" / folder.name


def has_record(folder: Path) -> bool:
    """Return whether a folder holds the record of a trial, whole or damaged."""
    return (folder / TRIAL).exists()


def has_result(folder: Path) -> bool:
    """Return whether a folder holds final figures, whole or damaged."""
    return (folder / RESULT).exists()


def replaced_folder(run: Path) -> Path:
    """Return where finished trials of a run go that others take the place of; it is not there."""
    places = (run / "replaced" / str(number) for number in count(1))
    return next(place for place in places if not place.exists())


def trial_folders(run: Path) -> list[Path]:
    """Return the folders of a run's trials, by name; none where the folder is no run."""
    return sorted(path.parent for path in run.glob(f"*/{TRIAL}"))
