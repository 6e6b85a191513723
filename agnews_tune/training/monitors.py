"""Callbacks that watch one figure of the epochs: stop, save, or keep the best weights."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

from agnews_tune.errors import HyperparameterError, did_you_mean
from agnews_tune.hyperparameters import as_plain
from agnews_tune.rules import FROM_ZERO, at_least
from agnews_tune.training.callbacks import Callback, Logs


class _Monitor(Callback):
    """Base of callbacks that watch one figure; accuracies should rise, losses fall."""

    def __init__(self, monitor: str, min_delta: float = 0.0) -> None:
        self.monitor = monitor
        self.min_delta = min_delta
        self.best: float | None = None

    def on_train_begin(self) -> None:
        """Forget an earlier fit; see that this one will have the figure, as far as is known."""
        self.best = None
        if self.monitor in ("val_loss", "val_accuracy") and not self.model.best_weights_:
            raise self._lacks(("loss", "accuracy"))

    def on_epoch_restored(self, epoch: int, logs: Logs) -> None:
        """Remember the figure of an epoch that is done."""
        self._improves(logs)

    def _improves(self, logs: Logs) -> bool:
        if self.monitor not in logs:
            raise self._lacks(logs)
        value = logs[self.monitor]
        best = math.nan if self.best is None else self.best
        gain = value - best if self.monitor.endswith("accuracy") else best - value
        if gain > self.min_delta or (math.isnan(best) and not math.isnan(value)):
            self.best = value
            return True
        return False

    def _lacks(self, measured: Iterable[str]) -> HyperparameterError:
        return HyperparameterError(
            f"{type(self).__name__} monitor must be one of {', '.join(map(repr, measured))}; "
            f"received {self.monitor!r}{did_you_mean(self.monitor, measured)}; figures that start "
            "with 'val_' need validation_data or validation_split"
        )


class EarlyStopping(_Monitor):
    """Stop when a figure has not improved for some epochs.

    Args:
        monitor: ``loss``, ``accuracy``, ``val_loss``, ``val_accuracy``, or a figure that a callback
            before it has put into the logs.
        min_delta: gains up to this size do not count.
        patience: epochs without a gain after which training stops, as in Keras.

    Raises:
        HyperparameterError: ``min_delta`` or ``patience`` is not a number of at least 0; by
            ``fit``, that there is no such figure.
    """

    def __init__(
        self, monitor: str = "val_loss", min_delta: float = 0.0, patience: int = 1
    ) -> None:
        super().__init__(monitor, as_plain(min_delta))
        self.patience = as_plain(patience)
        for name, rule in (("min_delta", FROM_ZERO), ("patience", at_least(0))):
            if expected := rule(value := getattr(self, name)):
                raise HyperparameterError(
                    f"EarlyStopping {name} must be {expected}; received {value!r}"
                )

    def on_train_begin(self) -> None:
        """Start to count anew."""
        super().on_train_begin()
        self.epochs_without_gain = 0

    def on_epoch_restored(self, epoch: int, logs: Logs) -> None:
        """Count an epoch that is done; a fit that was stopped by it is not gone on with."""
        self.on_epoch_end(epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Count the epochs without a gain and stop after too many."""
        if self._improves(logs):
            self.epochs_without_gain = 0
            return
        self.epochs_without_gain += 1
        if self.epochs_without_gain >= self.patience:
            self.model.stop_training = True


class ModelCheckpoint(_Monitor):
    """Save the model after each epoch in which a figure improved.

    Args:
        filepath: the model folder; ``{epoch}`` in it becomes the epoch's number from 1, and a name
            such as ``{val_loss:.2f}`` the figure of the epoch.
        monitor: as for EarlyStopping.
        save_best_only: ``False`` saves after every epoch, whatever the figures are.

    Raises:
        HyperparameterError: by ``fit``, that there is no such figure.
    """

    def __init__(
        self, filepath: str | Path, monitor: str = "val_accuracy", save_best_only: bool = True
    ) -> None:
        super().__init__(monitor)
        self.filepath = str(filepath)
        self.save_best_only = save_best_only

    def on_train_begin(self) -> None:
        """Forget an earlier fit; see that this one will have the figure, where it counts."""
        if self.save_best_only:
            super().on_train_begin()

    def on_epoch_restored(self, epoch: int, logs: Logs) -> None:
        """Remember the figure of an epoch that is done, where it counts."""
        if self.save_best_only:
            super().on_epoch_restored(epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Save, where this epoch asks for it."""
        if self.save_best_only and not self._improves(logs):
            return
        try:
            path = self.filepath.format(epoch=epoch + 1, **logs)
        except (LookupError, ValueError) as error:
            raise HyperparameterError(
                f"ModelCheckpoint filepath may name {{epoch}} and {', '.join(logs)}; received "
                f"{self.filepath!r}"
            ) from error
        self.model.save(path)


class BestWeights(_Monitor):
    """Keep a copy of the weights of the epoch with the best validation accuracy.

    The first of equal epochs counts. ``fit`` uses it on its own where there is validation data.
    """

    def __init__(self) -> None:
        super().__init__("val_accuracy")

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Copy the weights of a better epoch."""
        if self._improves(logs):
            self.epoch = epoch
            state = self.model.network_.state_dict()
            self.weights = {name: tensor.detach().clone() for name, tensor in state.items()}
