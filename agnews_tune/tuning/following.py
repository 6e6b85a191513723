"""What trials tell the driver while they train, and what it shows and records of it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ray import tune

from agnews_tune.errors import AgnewsTuneWarning, RecordError, RecordWarning, WriteError
from agnews_tune.records.reading import read_trial
from agnews_tune.records.writing import write_failure
from agnews_tune.runs.failures import find_error
from agnews_tune.runs.progress import Progress
from agnews_tune.training.callbacks import Callback, Logs

RETRIES = 3  # of a trial whose process dies


class ReportEpochs(Callback):
    """Tells the driver about each epoch, from inside a Ray trial."""

    def on_pretrain_wait(self) -> None:
        """Report that the trial waits."""
        tune.report({"waits": True})

    def on_pretrain_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Report the figures of one epoch of pretraining."""
        tune.report({"pretrain_epoch": epoch + 1, **logs})

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Report the figures of one epoch."""
        tune.report({"epoch": epoch + 1, **logs})


@contextmanager
def reported_warnings() -> Iterator[None]:
    """Tell the driver what this package warns of, from inside a Ray trial."""

    def report(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        if issubclass(category, AgnewsTuneWarning):
            tune.report({"warning": str(message)})

    with warnings.catch_warnings():
        warnings.simplefilter("always", AgnewsTuneWarning)
        warnings.showwarning = report
        yield


class FollowTrials(tune.Callback):
    """Passes what Ray Tune tells the driver on to a Progress, and records failures as they come.

    Args:
        progress: shown what happens.
        folders: of the trials' records, by the trials' names.

    Attributes:
        failures: the cause in one line for each trial that failed, by its name.
    """

    def __init__(self, progress: Progress, folders: Mapping[str, Path]) -> None:
        self.progress = progress
        self.folders = folders
        self.failures: dict[str, str] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {}  # Ray writes its callbacks to disk for a restore that this program never does

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A trial got its processor."""
        self.progress.trial_started(str(trial))

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        """A trial ended an epoch, or says why it ends without a result."""
        if "failure" in result:
            self._failed(str(trial), result["failure"], result["traceback"])
        elif "warning" in result:
            warnings.warn(result["warning"], RecordWarning, stacklevel=2)
        elif "waits" in result:
            self.progress.pretraining_waits(str(trial))
        elif "pretrain_epoch" in result:
            self.progress.pretrain_epoch_ended(str(trial), result)
        else:
            self.progress.epoch_ended(str(trial), result)

    def on_trial_recover(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """The process of a trial died, and Ray Tune starts another one."""
        self.progress.trial_retried(str(trial), RETRIES)

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A trial left its record, or has failed."""
        name = str(trial)
        if name not in self.failures:
            stopped_after = None
            with suppress(RecordError):
                stopped_after = read_trial(self.folders[name]).stopped_after
            self.progress.trial_finished(name, stopped_after)

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """The process of a trial died too often, or could not even begin."""
        told = _last_error(trial)
        if raised := find_error(told):
            cause = f"it failed {RETRIES + 1} times: {raised}"
        else:
            cause = f"its process died {RETRIES + 1} times: killed, or the machine is out of memory"
        self._failed(str(trial), cause, told)

    def _failed(self, name: str, cause: str, details: str = "") -> None:
        self.failures[name] = cause
        with suppress(WriteError):  # where the disk is full the cause is still shown
            write_failure(self.folders[name], cause, details)
        self.progress.trial_failed(name, cause)


def _last_error(trial: Any) -> str:
    """Return what Ray wrote of the last time that the process of a trial ended."""
    if not trial.error_file:
        return ""
    with suppress(OSError):
        text = Path(trial.error_file).read_text(encoding="utf-8", errors="replace")
        text = re.sub(r"\x1b\[\d*m", "", text)  # colours
        return text.rpartition("Failure # ")[2].partition("\n")[2].strip()
    return ""
