"""Callbacks that watch a figure: when they stop, save and keep."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from conftest import Stop
from test_training_callbacks import LABELS, TEXTS, tiny

from agnews_tune import Classifier
from agnews_tune.errors import HyperparameterError
from agnews_tune.training.backup import BackupAndRestore
from agnews_tune.training.callbacks import Callback
from agnews_tune.training.monitors import BestWeights, EarlyStopping, ModelCheckpoint


class Epochs(Callback):
    def __init__(self) -> None:
        self.begun: list[int] = []

    def on_epoch_begin(self, epoch: int) -> None:
        self.begun.append(epoch)


class Scripted(Callback):
    """Feeds made figures to another callback, as if an epoch had ended with them."""

    def __init__(self, callback: Callback, monitor: str, values: list[float]) -> None:
        self.callback, self.monitor, self.values = callback, monitor, values

    def on_train_begin(self) -> None:
        self.callback.model = self.model
        self.callback.on_train_begin()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:  # noqa: ARG002
        self.callback.on_epoch_end(epoch, {self.monitor: self.values[epoch]})


def epochs_run(callback: Callback, monitor: str, values: list[float]) -> int:
    scripted = Scripted(callback, monitor, values)
    history = tiny().fit(
        TEXTS,
        LABELS,
        validation_data=(TEXTS, LABELS),
        epochs=len(values),
        callbacks=[scripted],
        verbose=0,
    )
    return len(history.epoch)


@pytest.mark.parametrize(
    ("patience", "values", "expected"),
    [
        (1, [3.0, 2.0, 2.0, 1.0], 3),
        (2, [3.0, 2.0, 2.0, 1.0], 4),
        (2, [1.0, 2.0, 3.0, 0.0], 3),
        (1, [4.0, 3.0, 2.0, 1.0], 4),
    ],
)
def test_early_stopping_counts_epochs_without_gain(
    patience: int, values: list[float], expected: int
) -> None:
    """A loss that stops falling ends training after ``patience`` epochs."""
    assert expected == epochs_run(EarlyStopping("val_loss", patience=patience), "val_loss", values)


def test_early_stopping_wants_accuracies_to_rise() -> None:
    """An accuracy counts as better when it is higher, and small gains can be left out."""
    values = [0.5, 0.6, 0.605, 0.7]

    assert 4 == epochs_run(EarlyStopping("val_accuracy"), "val_accuracy", values)
    stopping = EarlyStopping("val_accuracy", min_delta=0.01)
    assert 3 == epochs_run(stopping, "val_accuracy", values)


def test_figure_that_is_no_number_is_no_gain() -> None:
    """It counts as an epoch without one, and the first number after it is better."""
    nan = math.nan

    assert 2 == epochs_run(EarlyStopping("val_loss", patience=2), "val_loss", [nan, nan, 1.0])
    stopping = EarlyStopping("val_loss", patience=2)
    assert 5 == epochs_run(stopping, "val_loss", [nan, 2.0, nan, 1.0, nan])
    assert 1.0 == stopping.best


@pytest.mark.parametrize("callback", [EarlyStopping, partial(ModelCheckpoint, "model")])
def test_missing_validation_names_what_there_is(callback: Callable[..., Callback]) -> None:
    """A figure that fit will not measure is an error before the first epoch."""
    epochs = Epochs()
    with pytest.raises(HyperparameterError) as caught:
        tiny().fit(TEXTS, LABELS, callbacks=[epochs, callback(monitor="val_loss")], verbose=0)

    name = type(callback(monitor="loss")).__name__
    assert str(caught.value) == (
        f"{name} monitor must be one of 'loss', 'accuracy'; received 'val_loss' (did you mean "
        "'loss'?); figures that start with 'val_' need validation_data or validation_split"
    )
    assert [] == epochs.begun


def test_unknown_monitor_names_what_there_is() -> None:
    """After the first epoch, as another callback may have measured it."""
    with pytest.raises(HyperparameterError) as caught:
        tiny().fit(TEXTS, LABELS, callbacks=[EarlyStopping("los")], verbose=0)

    assert str(caught.value) == (
        "EarlyStopping monitor must be one of 'loss', 'accuracy', 'learning_rate', 'seconds'; "
        "received 'los' (did you mean 'loss'?); figures that start with 'val_' need "
        "validation_data or validation_split"
    )


def test_figure_of_another_callback_can_be_watched() -> None:
    """It stands in the logs, as in Keras."""

    class Measure(Callback):
        def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:  # noqa: ARG002
            logs["val_f1"] = 0.5

    callbacks = [Measure(), EarlyStopping("val_f1", patience=2)]
    history = tiny().fit(TEXTS, LABELS, epochs=9, callbacks=callbacks, verbose=0)

    assert 3 == len(history.epoch)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("patience", -1, "a whole number of at least 0; received -1"),
        ("patience", 1.5, "a whole number of at least 0; received 1.5"),
        ("min_delta", "x", "a number of at least 0; received 'x'"),
    ],
)
def test_early_stopping_that_cannot_be(name: str, value: object, expected: str) -> None:
    """It is refused where it is made, and numbers of NumPy are numbers."""
    with pytest.raises(HyperparameterError) as caught:
        EarlyStopping(**{name: value})

    assert f"EarlyStopping {name} must be {expected}" == str(caught.value)
    assert 2 == EarlyStopping(patience=np.int64(2)).patience


def test_model_checkpoint_saves_better_epochs(tmp_path: Path) -> None:
    """Only epochs whose figure improved leave a model; the epoch's number can be in the name."""
    checkpoint = ModelCheckpoint(tmp_path / "epoch{epoch}", monitor="val_accuracy")
    epochs_run(checkpoint, "val_accuracy", [0.5, 0.4, 0.6])

    assert ["epoch1", "epoch3"] == sorted(path.name for path in tmp_path.iterdir())
    assert ["Business", "Sports"] == list(Classifier.load(tmp_path / "epoch3").label_names_)


def test_model_checkpoint_can_save_every_epoch(tmp_path: Path) -> None:
    """With save_best_only off, each epoch leaves a model."""
    checkpoint = ModelCheckpoint(tmp_path / "{epoch}", "val_accuracy", save_best_only=False)
    epochs_run(checkpoint, "val_accuracy", [0.5, 0.4])

    assert ["1", "2"] == sorted(path.name for path in tmp_path.iterdir())


def test_model_checkpoint_of_every_epoch_needs_no_figure(tmp_path: Path) -> None:
    """Nor does it when an interrupted fit goes on."""
    checkpoint = ModelCheckpoint(tmp_path / "{epoch}", save_best_only=False)
    backup = BackupAndRestore(tmp_path / "backup")
    with pytest.raises(KeyboardInterrupt):
        tiny().fit(TEXTS, LABELS, epochs=3, callbacks=[checkpoint, backup, Stop(1)], verbose=0)
    tiny().fit(TEXTS, LABELS, epochs=3, callbacks=[checkpoint, backup], verbose=0)

    assert ["1", "2", "3"] == sorted(path.name for path in tmp_path.iterdir() if path.is_dir())


def test_best_weights_are_of_the_first_best_epoch() -> None:
    """Equal epochs do not replace an earlier one."""
    best = BestWeights()
    epochs_run(best, "val_accuracy", [0.5, 0.7, 0.7, 0.6])

    assert 1 == best.epoch


@pytest.mark.parametrize("filepath", ["{val_loss:.2f}", "{epoch:q}", "{", "{0}"])
def test_checkpoint_that_no_figure_names(filepath: str) -> None:
    """What there is to name is in the message."""
    with pytest.raises(HyperparameterError) as caught:
        tiny().fit(TEXTS, LABELS, callbacks=[ModelCheckpoint(filepath, "loss")], verbose=0)

    assert str(caught.value) == (
        "ModelCheckpoint filepath may name {epoch} and loss, accuracy, learning_rate, seconds; "
        f"received {filepath!r}"
    )


def test_checkpoint_is_named_after_its_figures(tmp_path: Path) -> None:
    """As in Keras, figures of the epoch can stand in the folder's name."""
    checkpoint = ModelCheckpoint(tmp_path / "{epoch:02d}-{loss:.3f}", "loss", save_best_only=False)
    history = tiny().fit(TEXTS, LABELS, epochs=1, callbacks=[checkpoint], verbose=0)

    assert [f"01-{history.history['loss'][0]:.3f}"] == [path.name for path in tmp_path.iterdir()]
