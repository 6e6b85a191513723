"""Curves for TensorBoard, read by its own reader: whole, without repetition, as epochs end."""

import itertools
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from conftest import Stop, fill, fit
from programs import PROGRAM, wait_for_epoch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from agnews_tune import BackupAndRestore, Callback, TensorBoard
from agnews_tune.errors import WriteError
from agnews_tune.records.finding import find_models
from agnews_tune.records.reading import read_trial

COLUMNS = {
    "accuracy/train": "accuracy",
    "accuracy/validation": "val_accuracy",
    "learning_rate": "learning_rate",
    "loss/train": "loss",
    "loss/validation": "val_loss",
    "seconds": "seconds",
}

Curves = dict[str, list[tuple[int, float]]]


def curves_of(reader: EventAccumulator) -> Curves:
    reader.Reload()
    return {
        tag: [(event.step, event.value) for event in reader.Scalars(tag)]
        for tag in reader.Tags()["scalars"]
    }


def read_curves(folder: Path) -> Curves:
    return curves_of(EventAccumulator(str(folder)))


def curves_in(history: Mapping[str, list[float]]) -> Curves:
    """Return what TensorBoard should show; it keeps figures in 32 bits."""
    return {
        tag: [(step, pytest.approx(value)) for step, value in enumerate(history[name], start=1)]
        for tag, name in COLUMNS.items()
        if name in history
    }


@pytest.mark.parametrize("validation_split", [0.25, 0.0])
def test_each_figure_is_a_curve(validation_split: float, tmp_path: Path) -> None:
    """Steps count from 1, train and validation share a group, and there is nothing else."""
    model = fit(TensorBoard(tmp_path / "new" / "curves"), validation_split=validation_split)
    received = read_curves(tmp_path / "new" / "curves")

    assert curves_in(model.history_.history) == received
    assert [1, 2, 3, 4] == [step for step, _ in received["loss/train"]]
    assert bool(validation_split) == ("loss/validation" in received)


def test_an_epoch_is_there_when_it_ends(tmp_path: Path) -> None:
    """Whoever watches sees it at once; a kill takes no finished epoch away."""
    reader = EventAccumulator(str(tmp_path))
    seen = []

    class Watch(Callback):
        def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:  # noqa: ARG002
            seen.append([step for step, _ in curves_of(reader)["accuracy/validation"]])

    fit(TensorBoard(tmp_path), Watch(), epochs=3)

    assert [[1], [1, 2], [1, 2, 3]] == seen


@pytest.mark.parametrize("backup_first", [True, False])
@pytest.mark.parametrize("stopped_at", [1, 3])
def test_resumed_fit_is_one_curve(stopped_at: int, backup_first: bool, tmp_path: Path) -> None:
    """No epoch is missing or shown twice, whether TensorBoard looked on or comes later."""
    backup, curves = BackupAndRestore(tmp_path / "backup"), TensorBoard(tmp_path / "curves")
    callbacks = [backup, curves] if backup_first else [curves, backup]
    watching = EventAccumulator(str(tmp_path / "curves"))
    with pytest.raises(KeyboardInterrupt):
        fit(*callbacks, Stop(stopped_at))
    before = curves_of(watching)
    model = fit(*callbacks)
    expected = curves_in(model.history_.history)

    assert stopped_at == len(before["loss/train"])
    assert expected == curves_of(watching)
    assert expected == read_curves(tmp_path / "curves")


@pytest.mark.parametrize("stopped_at", [2, 4])
def test_curve_of_a_fit_that_was_resumed_with_it(stopped_at: int, tmp_path: Path) -> None:
    """Epochs of before are there too, even if none was left to train."""
    backup = BackupAndRestore(tmp_path / "backup")
    if stopped_at == 4:
        fit(backup)
    else:
        with pytest.raises(KeyboardInterrupt):
            fit(backup, Stop(stopped_at))
    model = fit(backup, TensorBoard(tmp_path / "curves"))

    assert curves_in(model.history_.history) == read_curves(tmp_path / "curves")


def test_times_of_restored_epochs_leave_the_pause_out(tmp_path: Path) -> None:
    """Along TensorBoard's time axis an epoch lies its own seconds after the one before it."""
    backup, curves = BackupAndRestore(tmp_path / "backup"), TensorBoard(tmp_path / "curves")
    fit(backup)
    model = fit(backup, curves)
    reader = EventAccumulator(str(tmp_path / "curves"))
    reader.Reload()
    times = [event.wall_time for event in reader.Scalars("seconds")]

    seconds = model.history_.history["seconds"]
    steps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert steps == pytest.approx(seconds[1:], abs=1e-4)


def test_fit_that_starts_over_shows_nothing_of_the_old_curve(tmp_path: Path) -> None:
    """A shorter fit into the same folder has its own epochs alone."""
    curves = TensorBoard(tmp_path)
    watching = EventAccumulator(str(tmp_path))
    fit(curves)
    assert 4 == len(curves_of(watching)["loss/validation"])
    model = fit(curves, epochs=2)

    assert curves_in(model.history_.history) == curves_of(watching) == read_curves(tmp_path)


def test_fit_without_an_epoch_writes_nothing(tmp_path: Path) -> None:
    """Where a callback stops training in its pretraining, there is no figure of an epoch."""
    fit(StopAtOnce(), TensorBoard(tmp_path / "board"))

    assert not (tmp_path / "board").exists()


class StopAtOnce(Callback):
    def on_train_begin(self) -> None:
        self.model.stop_training = True


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A file in its place is one error that names it."""
    path = tmp_path / "curves"
    path.touch()
    with pytest.raises(WriteError) as caught:
        fit(TensorBoard(path))

    assert f"{path} cannot be written: File exists; choose another folder" == str(caught.value)


def test_full_disk_is_one_error(small_disk: Path) -> None:
    """Training ends, it does not wait for room."""

    class Fill(Callback):
        def on_epoch_begin(self, epoch: int) -> None:
            if epoch == 2:
                fill(small_disk)

    folder = small_disk / "curves"
    with pytest.raises(WriteError) as caught:
        fit(TensorBoard(folder), Fill(), epochs=200)

    assert str(caught.value) == (
        f"{folder} cannot be written: No space left on device; free some space there, or choose "
        "another folder"
    )


@pytest.mark.timeout(900)
@pytest.mark.slow
def test_killed_run_has_one_curve(tmp_path: Path) -> None:
    """A real run through Ray, killed and given again: the curves are those of history.csv."""
    (tmp_path / "tiny.yaml").write_text(
        "data: {source: demo, limit_train: 4000}\n"
        "defaults: {embedding_dim: 32, hidden_dim: 32, epochs: 6}\n"
        "experiments: {gru: {cell: gru}}\n"
    )
    command = [PROGRAM, "run", "tiny.yaml", "--tensorboard"]
    run = tmp_path / "results" / "tiny"
    first = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL)
    wait_for_epoch(run / "gru-seed0", first)
    first.kill()
    first.wait()
    assert not (run / "gru-seed0" / "result.json").exists()
    second = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    rows = read_trial(run / "gru-seed0").history

    assert "go on from epoch " in second.stdout
    assert "1 of 1 trials finished" in second.stdout
    assert "" == second.stderr
    assert 6 == len(rows)
    history = {name: [row[name] for row in rows] for name in COLUMNS.values()}
    assert curves_in(history) == read_curves(run / "tensorboard" / "gru-seed0")
    assert ["gru-seed0"] == [path.name for path in (run / "tensorboard").iterdir()]
    assert [run / "gru-seed0"] == [record.folder for record in find_models(tmp_path / "results")]
    report = subprocess.run(
        [PROGRAM, "report"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert ["=== results/tiny ==="] == [
        line for line in report.stdout.splitlines() if line.startswith("=")
    ]
