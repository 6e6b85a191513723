"""Is training stable, or do the curves fluctuate? Answers from the histories of an experiment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean

from agnews_tune.report.summary import ExperimentSummary

WINDOW = 3  # last epochs whose spread is looked at
RISE = 1.02  # a validation loss this much above its lowest has risen
RULES = (
    "Training is judged by the mean curve over seeds, by the first rule that fits. Overfitting "
    "from epoch k: the validation loss was lowest in epoch k - 1 and ends at least 2 % above that, "
    "while the train loss ends below what it was there. Fluctuating: the validation accuracy turns "
    "among the last 3 epochs and spreads there over more than 2 standard errors of the validation "
    "rows. Getting worse: it ends more than 2 standard errors below its best. Not yet converged: "
    "the last epoch is the best and gains more than half a standard error on the one before. "
    "Stable: none of these. Fewer than 3 epochs say too little."
)


@dataclass(frozen=True)
class Convergence:
    """How training went, from the mean curve over the seeds.

    Attributes:
        verdict: in words.
        best_epoch: with the highest validation accuracy, from 1.
        gap: validation accuracy of the best epoch above the last one, as a fraction.
        spread: highest less lowest validation accuracy of the last three epochs, as a fraction.
        overfitting_from: epoch from which the validation loss rises though the train loss falls.
    """

    verdict: str
    best_epoch: int
    gap: float
    spread: float
    overfitting_from: int | None


def judge(experiment: ExperimentSummary) -> Convergence | None:
    """Judge the finished seeds of an experiment; None if there is nothing to judge.

    A linear model, which is solved at once, has no curve, and one that was stopped early half of
    one.
    """
    if experiment.trial["hyperparameters"]["model"] == "linear" or experiment.stopped_early:
        return None
    curves = [record.history for record in experiment.finished if record.history]
    if not curves or any("val_loss" not in row for curve in curves for row in curve):
        return None
    epochs = min(map(len, curves))
    loss, val_loss, accuracy = (
        [mean(curve[epoch][name] for curve in curves) for epoch in range(epochs)]
        for name in ("loss", "val_loss", "val_accuracy")
    )
    best = accuracy.index(max(accuracy))
    share = accuracy[best]
    error = math.sqrt(share * (1 - share) / experiment.trial["data"]["validation_rows"])
    last = accuracy[-WINDOW:]
    spread = max(last) - min(last)
    start = _overfitting_from(loss, val_loss) if epochs >= WINDOW else None
    if epochs < WINDOW:
        verdict = "too few epochs"
    elif start is not None:
        verdict = f"overfitting from epoch {start}"
    elif _turns(last) and spread > 2 * error:
        verdict = "fluctuating"
    elif share - accuracy[-1] > 2 * error:
        verdict = "getting worse"
    elif best == epochs - 1 and accuracy[-1] - accuracy[-2] > error / 2:
        verdict = "not yet converged"
    else:
        verdict = "stable"
    return Convergence(verdict, best + 1, share - accuracy[-1], spread, start)


def _overfitting_from(loss: Sequence[float], val_loss: Sequence[float]) -> int | None:
    lowest = val_loss.index(min(val_loss))
    rises = lowest < len(val_loss) - 1 and val_loss[-1] >= RISE * val_loss[lowest]
    return lowest + 2 if rises and loss[-1] < loss[lowest] else None


def _turns(values: Sequence[float]) -> bool:
    steps = [later - earlier for earlier, later in pairwise(values)]
    return min(steps) < 0 < max(steps)
