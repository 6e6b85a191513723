"""Intervals and tests for accuracies that were measured on the same test rows.

Two things make an accuracy uncertain: which rows the test set happens to hold, and which seed the
training started from. A difference counts only where it is larger than both can explain.

scipy.special gives the distributions; scipy.stats, which has some of these tests, takes a second to
import.

Sources:
    E. B. Wilson (1927), Probable inference, the law of succession, and statistical inference.
    Q. McNemar (1947), Note on the sampling error of the difference between correlated proportions.
    S. Holm (1979), A simple sequentially rejective multiple test procedure.
    F. E. Satterthwaite (1946), An approximate distribution of estimates of variance components.
    A. B. Owen (2007), The pigeonhole bootstrap: rows and seeds are both resampled.
    T. Hesterberg (2015), What teachers should know about the bootstrap: its narrowness with few
    observations, and Student's t with the standard error of the bootstrap.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

LEVEL = 0.95
REPLICATES = 1000
_CHUNK = 250  # replicates at once: 250 x 7,600 rows take 8 MB

Floats = npt.NDArray[np.float64]
Right = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval.

    Attributes:
        value: an accuracy, or a difference of accuracies, as a fraction.
        low: lower end of the interval.
        high: upper end of it.
        p: of no difference, two-sided; None for an accuracy.
    """

    value: float
    low: float
    high: float
    p: float | None = None


def wilson(right: int, rows: int) -> Estimate:
    """Return the share of right answers with Wilson's score interval."""
    from scipy.special import ndtri

    share, z = right / rows, float(ndtri((1 + LEVEL) / 2))
    shrink = 1 + z**2 / rows
    centre = (share + z**2 / (2 * rows)) / shrink
    margin = z / shrink * math.sqrt(share * (1 - share) / rows + z**2 / (4 * rows**2))
    return Estimate(share, max(0.0, centre - margin), min(1.0, centre + margin))


def mcnemar(own: Right, other: Right) -> float:
    """Return the exact two-sided p of two classifiers being equally often right.

    Args:
        own: for each test row, whether one answered it rightly.
        other: the same for the other one.
    """
    from scipy.special import bdtr

    only_own, only_other = int(np.sum(own & ~other)), int(np.sum(other & ~own))
    return min(1.0, 2 * float(bdtr(min(only_own, only_other), only_own + only_other, 0.5)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values adjusted for there being several of them, in the same order."""
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(np.argsort(p_values)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted


class Bootstrap:
    """Estimates over rows and seeds for any weighted sum of the accuracies of some experiments.

    All experiments share the resampled rows, so differences between them are paired. Rows and seeds
    are resampled apart and their variances added; what single rows do to single seeds is in both,
    and is taken off once (drawing both at once would count it three times). Deviations of resampled
    seeds are widened by sqrt(n / (n - 1)).

    Args:
        right: for each experiment an array ``(seeds, rows)``: was the answer right, or what share
            of several answers?
        random: draws the replicates.
    """

    def __init__(self, right: Sequence[npt.NDArray[Any]], random: np.random.Generator) -> None:
        self.seeds = np.array([len(trials) for trials in right])
        accuracies = [trials.mean(axis=1) for trials in right]
        self.means = np.array([values.mean() for values in accuracies])
        self._rows = right[0].shape[1]
        shares = np.stack([trials.mean(axis=0) for trials in right], axis=1)
        self._by_rows = _resample_rows(shares.astype(np.float32), random)
        self._by_seeds = np.stack([_resample_seeds(values, random) for values in accuracies], 1)
        self._seed_variance = np.array([_variance(values) for values in accuracies])
        self._in_both = np.array(
            [_variance(trials).mean() / trials.size if len(trials) > 1 else 0.0 for trials in right]
        )

    def estimate(self, weights: Floats) -> Estimate:
        """Return the weighted sum of accuracies with its interval and the p of it being zero.

        Args:
            weights: one for each experiment: 1 for an accuracy, 1 and -1 for a difference.
        """
        from scipy.special import stdtr, stdtrit

        value = float(self.means @ weights)
        rows = float((self._by_rows @ weights).var(ddof=1))
        seeds = float((self._by_seeds @ weights).var(ddof=1)) + self._borrowed(weights)
        variance = max(rows, rows + seeds - float(self._in_both @ weights**2))
        error = math.sqrt(variance)
        if not error:
            return Estimate(value, value, value, p=1.0 if not value else 0.0)
        freedom = variance**2 / self._spread_of_variance(weights, rows)
        margin = float(stdtrit(freedom, (1 + LEVEL) / 2) * error)
        p = float(2 * stdtr(freedom, -abs(value) / error))
        return Estimate(value, value - margin, value + margin, p)

    def _lenders(self, weights: Floats) -> npt.NDArray[np.bool_]:
        lenders: npt.NDArray[np.bool_] = (weights != 0) & (self.seeds > 1)
        return lenders

    def _borrowed(self, weights: Floats) -> float:
        # One seed shows no spread: it is taken to be that of the experiments with several.
        lenders = self._lenders(weights)
        if not lenders.any():
            return 0.0
        alone = weights[self.seeds == 1]
        return float(alone @ alone * self._seed_variance[lenders].mean())

    def _spread_of_variance(self, weights: Floats, rows: float) -> float:
        lenders = self._lenders(weights)
        alone = weights[self.seeds == 1]
        squares = weights[lenders] ** 2 / self.seeds[lenders]
        if lenders.any():
            squares = squares + alone @ alone / lenders.sum()
        parts = squares * self._seed_variance[lenders]
        return float(rows**2 / (self._rows - 1) + (parts**2 / (self.seeds[lenders] - 1)).sum())


def _variance(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the sample variance over seeds, the first axis; nan for a single one."""
    if len(values) == 1:
        return np.full(values.shape[1:], np.nan)
    variance: npt.NDArray[Any] = values.var(axis=0, ddof=1)
    return variance


def _resample_rows(shares: npt.NDArray[np.float32], random: np.random.Generator) -> Floats:
    """Return the mean of each column ``(rows, experiments)`` in each replicate."""
    rows = len(shares)
    means = []
    for start in range(0, REPLICATES, _CHUNK):
        drawn = random.integers(0, rows, (min(_CHUNK, REPLICATES - start), rows))
        counts = np.stack([np.bincount(one, minlength=rows) for one in drawn])
        means.append(counts.astype(np.float32) @ shares / rows)
    return np.concatenate(means).astype(np.float64)


def _resample_seeds(accuracies: Floats, random: np.random.Generator) -> Floats:
    """Return the mean of some seeds in each replicate; one seed cannot be resampled."""
    count = len(accuracies)
    if count == 1:
        return np.full(REPLICATES, accuracies[0])
    means = accuracies[random.integers(0, count, (REPLICATES, count))].mean(axis=1)
    widened: Floats = accuracies.mean() + np.sqrt(count / (count - 1)) * (means - accuracies.mean())
    return widened
