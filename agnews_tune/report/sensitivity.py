"""How large a difference must be for so many seeds to find it, by the noise that a run has shown.

It is about differences in general and not about those that were measured: the power of a test that
has been made says nothing that its p did not (Hoenig and Heisey).

Source:
    J. M. Hoenig, D. M. Heisey (2001), The abuse of power: the pervasive fallacy of power
    calculations for data analysis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from agnews_tune.report.outcomes import Outcomes
from agnews_tune.report.statistics import LEVEL, detectable, noise_of
from agnews_tune.report.verdicts import Difference

POWER = 0.8  # with the noise that seeds have shown, a guess, three runs in four have found it
FEWEST = 3  # two seeds tell next to nothing of their own spread
SEEDS = (5, 10, 20)


@dataclass(frozen=True)
class Sensitivity:
    """What some number of seeds of each experiment can find.

    Attributes:
        seeds: of each experiment.
        difference: in test accuracy, as a fraction, that is told from luck with a power of 80 %
            where it is the only true one among the comparisons that have shown nothing, and what
            else was found is found again.
    """

    seeds: int
    difference: float


def find_sensitivity(
    outcomes: Mapping[int, Outcomes], compared: Mapping[tuple[int, int], Difference]
) -> list[Sensitivity]:
    """Return what as many seeds as there are would find, and what more of them would.

    The noise is that of the comparisons which have shown nothing. Those of seeds that do not
    differ, and of an experiment with its equal, have none.

    Args:
        outcomes: by position of the experiment.
        compared: adjusted differences, by the positions of an experiment and its parent.

    Returns:
        One for each number of seeds, ascending, that finds any difference. None where no comparison
        has noise, or where they have not all the same number of seeds, 3 or more.
    """
    undecided = [pair for pair, found in compared.items() if found.verdict == "no evidence"]
    right = {position: found.right for position, found in outcomes.items() if not found.alike}
    noisy = [
        (right[own], right[other])
        for own, other in undecided
        if own in right and other in right and not np.array_equal(right[own], right[other])
    ]
    counts = {len(seeds) for pair in noisy for seeds in pair}
    if len(counts) != 1 or min(counts) < FEWEST:
        return []
    (now,) = counts
    noise, level = noise_of(noisy), (1 - LEVEL) / len(undecided)
    found = (
        Sensitivity(seeds, detectable(noise, seeds, level, POWER))
        for seeds in (now, *(more for more in SEEDS if more > now))
    )
    return [each for each in found if 0 < each.difference < 1]
