"""Weak trials of a search end early, by Ray Tune's asynchronous successive halving."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from ray.tune.schedulers import ASHAScheduler, FIFOScheduler

from agnews_tune.errors import RecordError, RecordWarning, WriteError
from agnews_tune.grid.search import Search
from agnews_tune.records.reading import TrialRecord, read_trial
from agnews_tune.runs.planned_trial import PlannedTrial
from agnews_tune.runs.stopping import ask_to_stop


class StopWeakTrials(FIFOScheduler):
    """Asks trials of a search to end after an epoch in which they are weaker than others were.

    ``ASHAScheduler`` compares the best validation accuracies so far, and knows what earlier runs
    have recorded. It is asked here and not by Ray Tune, which would kill a trial before it has
    measured its model and left its record. Once a seed of an experiment has come to its end, its
    other seeds are let alone: more of them are to tell how good it is.

    Source: Li et al. (2020), A System for Massively Parallel Hyperparameter Tuning.

    Args:
        trials: of all drawn experiments of the grid, finished ones too.
        search: says how many go on.
    """

    def __init__(self, trials: Iterable[PlannedTrial], search: Search) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.trials = {planned.trial.name: planned for planned in trials}
        self.best: dict[str, float] = {}
        self.proven: set[str] = set()  # experiments
        epochs = max((_passes(planned) for planned in self.trials.values()), default=1)
        asha: Any = ASHAScheduler(
            time_attr="epoch",
            metric="val_accuracy",
            mode="max",
            max_t=epochs,
            grace_period=min(search.grace_period, epochs),
            reduction_factor=search.reduction_factor,
        )
        self.asha = asha
        for name, planned in self.trials.items():
            self.asha.on_trial_add(None, _alias(name))  # it looks at the name alone
            self._remember(name, planned)

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """Leave a mark for a weak trial, which reads it before its next epoch."""
        if str(trial) in self.trials and self._is_weak(str(trial), result):
            self._ask(self.trials[str(trial)], result["epoch"])
        return self.CONTINUE

    def on_trial_complete(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> None:
        """Let the other seeds of an experiment alone whose trial came to its end."""
        if str(trial) in self.trials:
            self._note_end(_read(self.trials[str(trial)]))

    def _remember(self, name: str, planned: PlannedTrial) -> None:
        """Take in what earlier runs have recorded, and decide what they had no time to."""
        record = None if planned.action in {"run", "start over"} else _read(planned)
        if record is None:
            return
        self._note_end(record)
        weak = [self._is_weak(name, row) for row in record.history]
        if record.result is None and weak and weak[-1]:
            self._ask(planned, len(weak))

    def _note_end(self, record: TrialRecord | None) -> None:
        if record and record.result and not record.stopped_after:
            self.proven.add(record.trial["experiment"])

    def _is_weak(self, name: str, logs: Mapping[str, Any]) -> bool:
        planned = self.trials[name]
        if logs.get("epoch", 0) == 0:  # pretraining, or a failure
            return False
        best = max(self.best.get(name, 0.0), logs["val_accuracy"])
        self.best[name] = best
        if logs["epoch"] >= _passes(planned):
            return False
        seen = {"epoch": logs["epoch"], "val_accuracy": best}
        weak = self.asha.on_trial_result(None, _alias(name), seen) == self.asha.STOP
        return weak and planned.trial.experiment.name not in self.proven

    def _ask(self, planned: PlannedTrial, epoch: int) -> None:
        with suppress(WriteError):  # where the disk is full the trial goes on
            ask_to_stop(planned.folder, epoch)


def _passes(planned: PlannedTrial) -> int:
    return planned.trial.experiment.hyperparameters.passes


def _read(planned: PlannedTrial) -> TrialRecord | None:
    """Return a record as far as it is whole; whoever made the plan has warned of the rest."""
    with warnings.catch_warnings(), suppress(RecordError):
        warnings.simplefilter("ignore", RecordWarning)
        return read_trial(planned.folder)
    return None


def _alias(name: str) -> Any:
    """Return what stands for a trial of that name in this run and in earlier ones."""
    return SimpleNamespace(trial_id=name)
