"""Why a trial fails, in one line that says what to do where that is known."""

from __future__ import annotations

import math
import re

from agnews_tune.errors import AgnewsTuneError, TrialError
from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.training.callbacks import Callback, Logs

CPU_ALLOCATION = "can't allocate memory"  # torch has no exception of its own for it


class FailOnDivergence(Callback):
    """Ends a trial whose loss is no number any more: further epochs would not help it.

    Raises:
        TrialError: at the end of the epoch.
    """

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Look at the losses of one epoch."""
        self._check(f"epoch {epoch + 1}", logs)

    def on_pretrain_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Look at the loss of one epoch of pretraining."""
        self._check(f"epoch {epoch + 1} of pretraining", logs)

    def _check(self, place: str, logs: Logs) -> None:
        for name in ("loss", "val_loss"):
            if not math.isfinite(logs.get(name, 0.0)):
                rate = self.model.hyperparameters.learning_rate
                raise TrialError(
                    f"{name} is {logs[name]} after {place}: training diverged; "
                    f"choose a smaller learning_rate (it is {rate:g})"
                )


def describe_failure(error: Exception, hyperparameters: Hyperparameters) -> str:
    """Return the cause of a trial's failure in one line.

    Args:
        error: what ended the trial.
        hyperparameters: of the trial.
    """
    import torch

    remedy = f"half its batch_size (it is {hyperparameters.batch_size}) or a smaller network"
    if isinstance(error, torch.OutOfMemoryError):
        return f"out of GPU memory: run it again with twice the --gpus-per-trial, {remedy}"
    if isinstance(error, MemoryError) or CPU_ALLOCATION in str(error):
        return f"out of memory: run it again with a smaller --max-concurrent, {remedy}"
    if isinstance(error, AgnewsTuneError):
        return one_line(str(error))
    return one_line(f"{type(error).__name__}: {error}")


def find_error(traceback: str) -> str | None:
    """Return the error of a printed traceback in one line; None where the text is none."""
    *places, end = re.split(r'^  File ".*$', traceback, flags=re.MULTILINE)
    errors = [line for line in end.splitlines() if line[:1].strip()]  # those of code are indented
    return one_line(errors[0]) if places and errors else None


def one_line(text: str) -> str:
    """Return a text with every run of white space, line breaks too, as one space."""
    return " ".join(text.split())
