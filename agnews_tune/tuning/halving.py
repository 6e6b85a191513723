"""Weak trials of a search end early, by Ray Tune's asynchronous successive halving."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from ray.tune.schedulers import ASHAScheduler, FIFOScheduler

from agnews_tune.planning import PlannedTrial
from agnews_tune.records import has_record, read_trial, write_stop
from agnews_tune.search import Search


class StopWeakTrials(FIFOScheduler):
    """Asks trials of a search to end after an epoch in which they are weaker than others were.

    ``ASHAScheduler`` decides, and knows what earlier runs have recorded. It is asked here and not
    by Ray Tune, which would kill a trial before it has measured its model and left its record.

    Source: Li et al. (2020), A System for Massively Parallel Hyperparameter Tuning.

    Args:
        trials: of the drawn experiments, finished ones too.
        search: says how many go on.
    """

    def __init__(self, trials: Iterable[PlannedTrial], search: Search) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.trials = {planned.trial.name: planned for planned in trials}
        settings = [item.trial.experiment.hyperparameters for item in self.trials.values()]
        self.epochs = max((values.epochs for values in settings), default=1)
        asha: Any = ASHAScheduler(
            time_attr="epoch",
            metric="val_accuracy",
            mode="max",
            max_t=self.epochs,
            grace_period=min(search.grace_period, self.epochs),
            reduction_factor=search.reduction_factor,
        )
        self.asha = asha
        for name, planned in self.trials.items():
            self.asha.on_trial_add(None, _alias(name))  # it looks at the name alone
            for row in _recorded(planned):
                self._is_weak(name, row)

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """Leave a mark for a weak trial, which reads it before its next epoch."""
        name = str(trial)
        if name in self.trials and self._is_weak(name, result):
            write_stop(self.trials[name].folder, result["epoch"])
        return self.CONTINUE

    def _is_weak(self, name: str, logs: Mapping[str, Any]) -> bool:
        if logs.get("epoch", self.epochs) >= self.epochs:  # the last one, or pretraining
            return False
        return bool(self.asha.on_trial_result(None, _alias(name), logs) == self.asha.STOP)


def _recorded(planned: PlannedTrial) -> list[dict[str, float]]:
    """Return the epochs of a trial in earlier runs."""
    if planned.action == "start over" or not has_record(planned.folder):
        return []
    return read_trial(planned.folder).history


def _alias(name: str) -> Any:
    """Return what stands for a trial of that name in this run and in earlier ones."""
    return SimpleNamespace(trial_id=name)
