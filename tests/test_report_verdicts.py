"""Better, worse, no evidence: how often these words are right, by simulation."""

from collections.abc import Sequence

import numpy as np
import pytest
from conftest import outcomes_of, simulate_right

from agnews_tune.report.statistics import Estimate, mcnemar, wilson
from agnews_tune.report.verdicts import Comparer, Difference, adjust


def verdicts(right: Sequence[np.ndarray]) -> list[str]:
    """Compare each experiment but the first with the first."""
    comparer = Comparer(outcomes_of(right))
    found = adjust({own: comparer.difference(own, 0) for own in range(1, len(right))})
    return [difference.verdict for difference in found.values()]


def false_grids(grids: int, experiments: int, seeds: int, rows: int) -> float:
    """Return the share of grids without a true difference in which one is said to be there."""
    random = np.random.default_rng(seeds)
    deviation = 0.0023 if seeds > 1 else 0.0  # one seed each: are these two models different?
    said = sum(
        set(verdicts(simulate_right(random, [0.91] * experiments, seeds, rows, deviation)))
        != {"no evidence"}
        for _ in range(grids)
    )
    return said / grids


def found_points(grids: int, experiments: int, seeds: int, rows: int) -> float:
    """Return the share of grids in which the only experiment that is a point better is found."""
    random = np.random.default_rng(seeds)
    accuracies = [0.91] * (experiments - 1) + [0.92]
    return (
        sum(
            verdicts(simulate_right(random, accuracies, seeds, rows))[-1] == "better"
            for _ in range(grids)
        )
        / grids
    )


@pytest.mark.parametrize("seeds", [1, 3])
def test_luck_is_seldom_taken_for_a_difference(seeds: int) -> None:
    """A first look with few, small grids: at 5 % more than 9 of 60 come once in 1,000 times."""
    assert false_grids(60, 4, seeds, rows=1000) <= 9 / 60


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("seeds", [1, 2, 3, 5])
def test_luck_is_taken_for_a_difference_in_six_of_a_hundred_grids_at_most(seeds: int) -> None:
    """1,000 grids of 6 experiments on 7,600 rows, none truly different."""
    share = false_grids(1000, 6, seeds, rows=7600)
    print(f"{seeds} seeds: a difference is said to be there in {share:.1%} of 1,000 grids")

    assert share <= 0.06


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_point_is_found_in_eight_of_ten_grids() -> None:
    """5 seeds, 7,600 rows, one of 6 experiments a point better: 400 grids."""
    share = found_points(400, 6, 5, rows=7600)
    print(f"a true difference of 1 point is found in {share:.1%} of 400 grids")

    assert share >= 0.8


def test_a_large_difference_has_its_sign() -> None:
    """Two seeds each, five points apart."""
    random = np.random.default_rng(0)

    assert ["worse", "better"] == verdicts(simulate_right(random, [0.9, 0.8, 0.97], 3))


def test_one_seed_each_is_mcnemar() -> None:
    """12 of 13 rows on which two models differ are one's: p = 2 (1 + 13) / 2^13."""
    own = np.array([[True] * 12 + [False] + [True] * 87])
    other = np.array([[False] * 12 + [True] + [True] * 87])
    difference = Comparer(outcomes_of([other, own])).difference(1, 0)

    assert pytest.approx(0.11) == difference.estimate.value
    assert pytest.approx(28 / 8192) == difference.estimate.p
    assert 0.03 < difference.estimate.low < 0.11 < difference.estimate.high < 0.19


def test_accuracies() -> None:
    """One seed has Wilson's interval; that of several never goes beyond 0 and 1."""
    right = np.array([[True] * 99 + [False], [False] + [True] * 99])
    comparer = Comparer(outcomes_of([right[:1], right]))
    one, two = comparer.accuracy(0), comparer.accuracy(1)

    assert pytest.approx((0.99, 0.9455, 0.9982), abs=5e-5) == (one.value, one.low, one.high)
    assert (0.99, 1.0, None) == (two.value, two.high, two.p)
    assert 0.9 < two.low < 0.99


def test_adjusted_for_the_whole_table() -> None:
    """What is significant alone may not be among four."""
    estimates = {k: Estimate(0.01, 0.001, 0.02, p) for k, p in enumerate((0.03, 0.5, 0.001, 0.6))}
    adjusted = adjust({k: Difference(estimate) for k, estimate in estimates.items()})

    assert ["no evidence", "no evidence", "better", "no evidence"] == [
        difference.verdict for difference in adjusted.values()
    ]
    assert pytest.approx([0.09, 1, 0.004, 1]) == [found.adjusted for found in adjusted.values()]
    assert {} == adjust({})


def test_seeds_that_answer_alike_are_as_good_as_one() -> None:
    """Three copies of a linear model know no more than it: five rows in 1,000 are no evidence."""
    first, second = np.ones(1000, bool), np.ones(1000, bool)
    first[:50], second[:45] = False, False
    comparer = Comparer(outcomes_of([np.tile(first, (3, 1)), np.tile(second, (3, 1))]))
    difference = comparer.difference(1, 0)

    assert mcnemar(second, first) == difference.estimate.p == pytest.approx(2 * 0.5**5)
    assert pytest.approx(0.005) == difference.estimate.value
    assert wilson(950, 1000) == comparer.accuracy(0)
