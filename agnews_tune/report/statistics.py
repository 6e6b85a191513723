"""Intervals and tests for accuracies that were measured on the same test rows.

Two things make an accuracy uncertain: which rows the test set happens to hold, and which seed the
training started from. A difference counts only where it is larger than both can explain.

scipy.special gives the distributions; scipy.stats, which has some of these tests, takes a second to
import, so that only what a search asks for comes from there.

Sources:
    E. B. Wilson (1927), Probable inference, the law of succession, and statistical inference.
    Q. McNemar (1947), Note on the sampling error of the difference between correlated proportions.
    C. Spearman (1904), The proof and measurement of association between two things.
    W. H. Kruskal, W. A. Wallis (1952), Use of ranks in one-criterion variance analysis.
    S. Holm (1979), A simple sequentially rejective multiple test procedure.
    F. E. Satterthwaite (1946), An approximate distribution of estimates of variance components.
    A. B. Owen (2007), The pigeonhole bootstrap: rows and seeds are both resampled.
    B. Efron, R. J. Tibshirani (1993), An introduction to the bootstrap: the ideal bootstrap.
    T. Hesterberg (2015), What teachers should know about the bootstrap: its narrowness with few
    observations, and Student's t with the standard error of the bootstrap.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

LEVEL = 0.95
FEW = 4  # ranks that say something
DRAWS = 20_000  # of seeds, for what so many of them would find
PERMUTATIONS = 9999  # drawn where there are more; a report says the same each time
ROUNDING = 1e-9  # what floating-point numbers make of no difference
DIFFERENCE = np.array([1.0, -1.0])  # weights of the accuracies of two experiments

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


def rank_correlation(
    values: Sequence[float], others: Sequence[float]
) -> tuple[float, float] | None:
    """Return Spearman's correlation of pairs of numbers and the p of there being none.

    The p is that of a permutation test, exact for up to 7 pairs.

    Returns:
        None for fewer than 4 pairs, or where one side is always the same.
    """
    from scipy.stats import rankdata

    centred = rankdata(values) - (len(values) + 1) / 2
    direction = centred / (np.linalg.norm(centred) or 1.0)
    found = _explained(direction[None], others)
    if found is None or len(set(values)) == 1:
        return None
    return math.copysign(found[0], float(direction @ rankdata(others))), found[1]


def rank_difference(groups: Sequence[Any], values: Sequence[float]) -> float | None:
    """Return the p of numbers not going with their groups, by permutation of their ranks.

    It is that of Kruskal and Wallis's H.

    Args:
        groups: the group of each number.
        values: the numbers.

    Returns:
        None for fewer than 4 numbers, or where all are in one group or the same.
    """
    names = list(dict.fromkeys(groups))
    members = np.array([[group == name for group in groups] for name in names], dtype=float)
    found = _explained(members / np.sqrt(members.sum(axis=1, keepdims=True)), values)
    return found[1] if found and len(names) > 1 else None


def _explained(directions: Floats, values: Sequence[float]) -> tuple[float, float] | None:
    """Return the share of the spread of ranks that lies in some directions, its root, and a p."""
    if len(values) < FEW or len(set(values)) == 1:
        return None
    from scipy.stats import permutation_test, rankdata

    ranks = rankdata(values) - (len(values) + 1) / 2

    def share(permuted: Floats, axis: int = -1) -> Floats:
        parts: Floats = np.moveaxis(permuted, axis, -1) @ directions.T
        inside: Floats = (parts**2).sum(axis=-1)
        return inside / float(ranks @ ranks)

    found = permutation_test(
        (ranks,),
        share,
        permutation_type="pairings",
        vectorized=True,
        alternative="greater",
        n_resamples=PERMUTATIONS,
        rng=np.random.default_rng(0),
    )
    return math.sqrt(found.statistic), float(found.pvalue)


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

    It is the ideal bootstrap, of infinitely many replicates: for means its variance is known in
    closed form, so that nothing has to be drawn and a report says the same each time.

    All experiments share the resampled rows, so differences between them are paired. Rows and seeds
    are resampled apart and their variances added; what single rows do to single seeds is in both,
    and where an experiment has several seeds it is taken off once (drawing both at once would count
    it three times). The variance over seeds is widened by n / (n - 1).

    Args:
        right: for each experiment an array ``(seeds, rows)``: was the answer right, or what share
            of several answers?

    Attributes:
        seeds: how many each experiment has.
        seed_variance: of the accuracy of one seed, for each experiment.
    """

    def __init__(self, right: Sequence[npt.NDArray[Any]]) -> None:
        self.seeds = np.array([len(trials) for trials in right])
        self._shares = np.stack([trials.mean(axis=0) for trials in right], axis=1)
        self.seed_variance = np.array([_variance(trials.mean(axis=1)) for trials in right])
        self._in_both = np.array([_variance(trials).mean() / trials.size for trials in right])

    def estimate(self, weights: Floats) -> Estimate:
        """Return the weighted sum of accuracies with its interval and the p of it being zero.

        Args:
            weights: one for each experiment: 1 for an accuracy, 1 and -1 for a difference.
        """
        from scipy.special import stdtr, stdtrit

        value = float((self._shares @ weights).mean())
        rows, in_both = self.over_rows(weights)
        variance, freedom = _combine(rows, len(self._shares), in_both, self._parts(weights))
        error = math.sqrt(variance)
        if error < ROUNDING:
            return Estimate(value, value, value, p=1.0 if abs(value) < ROUNDING else 0.0)
        margin = float(stdtrit(freedom, (1 + LEVEL) / 2) * error)
        p = float(2 * stdtr(freedom, -abs(value) / error))
        return Estimate(value, value - margin, value + margin, p)

    def over_rows(self, weights: Floats) -> tuple[float, float]:
        """Return the variance over rows, and how much of it is what single rows do to single seeds.

        Args:
            weights: as for ``estimate``.
        """
        by_row = self._shares @ weights
        return float(by_row.var()) / len(by_row), float(self._in_both @ weights**2)

    def _parts(self, weights: Floats) -> list[tuple[float, int]]:
        """Return the variance that the seeds of each experiment bring, and how many are free.

        One seed shows no spread: it is taken to be that of the experiments with several.
        """
        several = (weights != 0) & (self.seeds > 1)
        alone = weights[self.seeds == 1]
        borrowed = float(alone @ alone) / max(1, several.sum())
        return [
            (float(weight**2 / count + borrowed) * float(variance), int(count) - 1)
            for weight, count, variance in zip(
                weights[several], self.seeds[several], self.seed_variance[several], strict=True
            )
        ]


class Noise(NamedTuple):
    """What makes the difference between two experiments uncertain, on average over some pairs.

    Attributes:
        rows: variance that the choice of test rows brings, however many seeds there are; 0 where
            the records show none.
        in_both: variance of what single rows do to single seeds, summed over the two sides.
        seed: variance of the accuracy of one seed, mean of the two sides.
        test_rows: how many there are.
    """

    rows: float
    in_both: float
    seed: float
    test_rows: int


def noise_of(pairs: Sequence[tuple[Right, Right]]) -> Noise:
    """Return the mean noise of pairs of experiments, ``(seeds, rows)`` each, of as many seeds."""
    seeds, test_rows = pairs[0][0].shape
    found = [Bootstrap(pair) for pair in pairs]
    over_rows, in_both = np.mean([each.over_rows(DIFFERENCE) for each in found], axis=0)
    seed = float(np.mean([each.seed_variance for each in found]))
    return Noise(max(0.0, float(over_rows - in_both)), float(in_both) * seeds, seed, test_rows)


def detectable(noise: Noise, seeds: int, level: float, power: float) -> float:
    """Return the smallest difference that ``Bootstrap`` finds with some power.

    Accuracies and spreads of seeds are drawn, the same ones each time, and judged as the bootstrap
    judges them. Seeds of both sides spread alike.

    Args:
        noise: of the comparison.
        seeds: of each of the two experiments.
        level: the p that counts as significant.
        power: share of runs in which the difference is found.
    """
    from scipy.special import stdtrit

    random = np.random.default_rng(0)
    in_both, side = noise.in_both / seeds, noise.seed / seeds
    drawn = side * random.chisquare(seeds - 1, (2, DRAWS)) / (seeds - 1)
    parts = [(each, seeds - 1) for each in drawn]
    variance, freedom = _combine(noise.rows + in_both, noise.test_rows, in_both, parts)
    luck = random.normal(0.0, math.sqrt(noise.rows + 2 * side), DRAWS)
    needed = stdtrit(freedom, 1 - level / 2) * np.sqrt(variance) - luck
    return float(np.quantile(needed, power))


def _combine(
    rows: float, count: int, in_both: float, seeds: Sequence[tuple[Any, int]]
) -> tuple[Any, Any]:
    """Return the variance of a weighted sum of accuracies, and Satterthwaite's degrees of freedom.

    Args:
        rows: the variance over rows.
        count: of rows.
        in_both: what is in the variance over rows and in that over seeds.
        seeds: the variance that the seeds of each experiment bring, numbers or arrays of them, and
            how many are free.
    """
    components = [(rows, count - 1), *seeds]
    variance = np.maximum(rows, sum(part for part, _ in components) - in_both)
    spread = sum(part**2 / max(1, free) for part, free in components)
    # What was taken off may leave less than a sum of components ever has.
    least = min(free for _, free in components)
    with np.errstate(invalid="ignore"):  # 0 / 0: there is no variance at all
        return variance, np.fmax(variance**2 / spread, least)


def _variance(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the sample variance over seeds, the first axis; a single one shows none."""
    variance: npt.NDArray[Any] = values.var(axis=0, ddof=min(1, len(values) - 1))
    return variance
