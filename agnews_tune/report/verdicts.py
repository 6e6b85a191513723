"""Better, worse, or no evidence: experiments compared on the same test rows."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np

from agnews_tune.report.outcomes import Outcomes
from agnews_tune.report.statistics import (
    LEVEL,
    Bootstrap,
    Estimate,
    Floats,
    holm,
    mcnemar,
    wilson,
)

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Difference:
    """One experiment's test accuracy less another's, on the same rows.

    Attributes:
        estimate: the difference as a fraction, with its interval and unadjusted p.
        adjusted: the p, adjusted for the comparisons made in the same table.
    """

    estimate: Estimate
    adjusted: float = 1.0

    @property
    def verdict(self) -> str:
        """``better``, ``worse`` or ``no evidence``."""
        if self.adjusted > 1 - LEVEL:
            return "no evidence"
        return "better" if self.estimate.value > 0 else "worse"


class Comparer:
    """Compares the experiments that saw the same test rows.

    Args:
        outcomes: by position of the experiment.
    """

    def __init__(self, outcomes: Mapping[int, Outcomes]) -> None:
        self.outcomes = outcomes
        self._columns = {position: column for column, position in enumerate(outcomes)}

    def accuracy(self, position: int) -> Estimate:
        """Return the mean accuracy over seeds: Wilson's interval for one, a bootstrap for more.

        Seeds that are right on the same rows, as those of a linear model, are as good as one.
        """
        found = self.outcomes[position]
        if found.alike:
            return wilson(int(found.right[0].sum()), found.right.shape[1])
        estimate = self.estimate({position: 1.0})
        return replace(estimate, low=max(0.0, estimate.low), high=min(1.0, estimate.high), p=None)

    def difference(self, own: int, other: int) -> Difference:
        """Compare two experiments: McNemar's exact test for one seed each, a bootstrap for more.

        Seeds that are right on the same rows are as good as one.
        """
        estimate = self.estimate({own: 1.0, other: -1.0})
        first, second = self.outcomes[own], self.outcomes[other]
        if first.alike and second.alike:
            estimate = replace(estimate, p=mcnemar(first.right[0], second.right[0]))
        return Difference(estimate)

    def estimate(self, weights: Mapping[int, float]) -> Estimate:
        """Return a weighted sum of accuracies, the weights given by position."""
        column: Floats = np.zeros(len(self._columns))
        for position, weight in weights.items():
            column[self._columns[position]] = weight
        return self._bootstrap.estimate(column)

    @cached_property
    def _bootstrap(self) -> Bootstrap:
        return Bootstrap([found.right for found in self.outcomes.values()])


def adjust(differences: Mapping[Key, Difference]) -> dict[Key, Difference]:
    """Adjust the p-values of all comparisons of a table by Holm's method."""
    p_values = [
        1.0 if found.estimate.p is None else found.estimate.p for found in differences.values()
    ]
    return {
        key: replace(found, adjusted=p)
        for (key, found), p in zip(differences.items(), holm(p_values), strict=True)
    }
