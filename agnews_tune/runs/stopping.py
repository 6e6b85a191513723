"""How a search ends a weak trial early: it leaves a mark, and the trial looks for it."""

from __future__ import annotations

from pathlib import Path

from agnews_tune.records.layout import stop_path
from agnews_tune.sealed import DamagedError, read_sealed, write_sealed
from agnews_tune.training.callbacks import Callback, Logs


def ask_to_stop(folder: Path, epoch: int) -> None:
    """Ask the trial of a folder to end after this epoch, counted from 1.

    Raises:
        WriteError: the mark cannot be written.
    """
    write_sealed(stop_path(folder), {"epoch": epoch})


def stop_after(folder: Path) -> int | None:
    """Return the epoch after which a trial is to end; None where it is let alone."""
    path = stop_path(folder)
    try:
        epoch = read_sealed(path).get("epoch") if path.exists() else None
    except DamagedError:
        return None
    return epoch if isinstance(epoch, int) else None


class EndEarly(Callback):
    """Ends a trial where it was asked to, also one that goes on after an interruption.

    Args:
        folder: of the trial's record.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def on_train_begin(self) -> None:
        """Do no further epoch where earlier ones were not good enough."""
        self._look()

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Do no further epoch where this one was not good enough."""
        self._look()

    def _look(self) -> None:
        epoch = stop_after(self.folder)
        if epoch is not None and len(self.model.history_.epoch) >= epoch:
            self.model.stop_training = True
