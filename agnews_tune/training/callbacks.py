"""What happens around the epochs of ``Classifier.fit``: its callbacks, and its History."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from agnews_tune.errors import HyperparameterError

if TYPE_CHECKING:
    from agnews_tune.classifier import Classifier

Logs = Mapping[str, float]


class Callback:
    """Base class: override the moments that matter; ``self.model`` is the Classifier."""

    model: Classifier

    def on_train_begin(self) -> None:
        """Called once, before the first epoch, of pretraining too."""

    def on_epoch_restored(self, epoch: int, logs: Logs) -> None:
        """Called after ``on_train_begin`` for each epoch that BackupAndRestore has put back."""

    def on_pretrain_wait(self) -> None:
        """Called before pretraining where a trial waits for another one that does the same."""

    def on_pretrain_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Called after each epoch of pretraining, with its figures in ``logs``.

        They are ``loss`` (nats a word), with validation rows ``val_loss``, and ``seconds``.
        """

    def on_epoch_begin(self, epoch: int) -> None:
        """Called before each epoch; the first is 0."""

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Called after each epoch with the figures that ``History`` keeps of it."""

    def on_train_end(self) -> None:
        """Called once, after the last epoch."""


def as_callbacks(given: Iterable[Callback] | None) -> list[Callback]:
    """Return callbacks as a list; None is none of them.

    Raises:
        HyperparameterError: they are something else.
    """
    if given is None:
        return []
    callbacks = list(given) if isinstance(given, Iterable) else None
    if callbacks is None or not all(isinstance(callback, Callback) for callback in callbacks):
        raise HyperparameterError(
            f"callbacks must be a list of agnews_tune.Callback objects; received {given!r}"
        )
    return callbacks


class History(Callback):
    """The figures of each epoch.

    Attributes:
        epoch: the numbers of the epochs, from 0.
        history: a list with one figure an epoch for each of ``loss``, ``accuracy`` (as training
            goes on, with dropout), ``learning_rate``, ``seconds`` and, with validation data,
            ``val_loss`` and ``val_accuracy``. Accuracies are fractions.
    """

    def __init__(self) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Append the figures of one epoch."""
        self.epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)


class EpochLines(Callback):
    """Print one line an epoch."""

    def on_pretrain_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Print the figures of one epoch of pretraining."""
        passes = self.model.hyperparameters.pretrain_epochs
        _print_line(f"Pretraining {epoch + 1}/{passes}", logs)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Print the figures of one epoch."""
        _print_line(f"Epoch {epoch + 1}/{self.model.hyperparameters.passes}", logs)


def _print_line(title: str, logs: Logs) -> None:
    names = [name for name in logs if name not in ("learning_rate", "seconds")]
    figures = "  ".join(f"{name} {logs[name]:.4f}" for name in names)
    print(f"{title}  {figures}  {logs['seconds']:.1f} s")
