"""How large a difference must be for so many seeds to find it, by the noise that a run has shown.

It is about differences in general and not about those that were measured: the power of a test that
has been made says nothing that its p did not (Hoenig and Heisey).

Source:
    J. M. Hoenig, D. M. Heisey (2001), The abuse of power: the pervasive fallacy of power
    calculations for data analysis.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from agnews_tune.report.outcomes import Outcomes
from agnews_tune.report.statistics import LEVEL, Bootstrap, detectable

POWER = 0.8
FEWEST = 3  # two seeds tell so little of their own spread that the calculation would flatter them
SEEDS = (3, 5, 10, 20)


@dataclass(frozen=True)
class Sensitivity:
    """What some number of seeds of each experiment can find.

    Attributes:
        seeds: of each experiment.
        difference: in test accuracy, as a fraction, that is told from luck with a power of 80 %
            where it is the only one among the comparisons of the table.
    """

    seeds: int
    difference: float


def find_sensitivity(
    outcomes: Mapping[int, Outcomes], pairs: Sequence[tuple[int, int]]
) -> list[Sensitivity]:
    """Return what as many seeds as there are would find, and what more of them would.

    How much seeds differ is taken from all experiments that are compared, and what test rows bring
    from all comparisons; pairs of which one side has not several seeds that differ show neither.

    Args:
        outcomes: by position of the experiment.
        pairs: positions of an experiment and its parent.

    Returns:
        One for each number of seeds, ascending, that finds any difference; none where seeds do not
        differ.
    """
    shown = [pair for pair in pairs if not any(outcomes[position].alike for position in pair)]
    positions = sorted({position for pair in shown for position in pair})
    if not positions:
        return []
    bootstrap = Bootstrap([outcomes[position].right for position in positions])
    weights = np.array(
        [[(one == own) - float(one == other) for one in positions] for own, other in shown]
    )
    rows = max(0.0, float(np.mean([bootstrap.variance_of_rows(each) for each in weights])))
    seed = bootstrap.variance_of_a_seed
    if rows + seed == 0:
        return []
    fewest, level = int(bootstrap.seeds.min()), (1 - LEVEL) / len(pairs)

    def found_by(seeds: int) -> Sensitivity:
        side = seed / seeds, seeds - 1
        components = [(rows, bootstrap.rows - 1), side, side]
        return Sensitivity(seeds, detectable(components, level, POWER))

    planned = map(found_by, sorted({max(fewest, FEWEST), *(n for n in SEEDS if n > fewest)}))
    return [found for found in planned if found.difference < 1]
