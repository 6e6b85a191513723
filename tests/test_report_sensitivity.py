"""Which differences so many seeds find: against statsmodels, and by simulation."""

from collections.abc import Sequence

import numpy as np
import pytest
from conftest import outcomes_of, simulate_right
from statsmodels.stats.power import TTestIndPower

from agnews_tune.report.sensitivity import find_sensitivity
from agnews_tune.report.verdicts import Comparer, adjust

ROWS = 1000


def wrong_in_turn(counts: Sequence[int]) -> np.ndarray:
    """Return seeds of which each gets rows of its own wrong, as many as said, 100 in all."""
    right = np.ones((len(counts), ROWS), bool)
    ends = np.cumsum(counts)
    for seed, (end, count) in enumerate(zip(ends, counts, strict=True)):
        right[seed, end - count : end] = False
    return right


def test_without_noise_of_rows_it_is_the_power_of_a_t_test() -> None:
    """Both experiments get each row right as often: only their seeds make noise."""
    counts = ([10, 20, 30, 40], [25, 25, 15, 35])
    deviation = np.sqrt(np.mean([np.var(each, ddof=1) for each in counts])) / ROWS
    outcomes = outcomes_of([wrong_in_turn(each) for each in counts])

    found = find_sensitivity(outcomes, [(1, 0)])

    assert [4, 5, 10, 20] == [each.seeds for each in found]
    for each in found:
        effect = TTestIndPower().solve_power(nobs1=each.seeds, alpha=0.05, power=0.8)
        assert pytest.approx(effect * deviation, rel=1e-3) == each.difference


def test_more_comparisons_hide_more() -> None:
    """Of four comparisons with the same experiment each counts at 5 / 4 %."""
    right = [wrong_in_turn(each) for each in ([10, 20, 30, 40], [25, 25, 15, 35])]
    outcomes = outcomes_of([right[0], *[right[1]] * 4])
    deviation = np.sqrt(
        (np.var([10, 20, 30, 40], ddof=1) + 4 * np.var([25, 25, 15, 35], ddof=1)) / 5
    )

    found = find_sensitivity(outcomes, [(own, 0) for own in range(1, 5)])

    effect = TTestIndPower().solve_power(nobs1=4, alpha=0.05 / 4, power=0.8)
    assert pytest.approx(effect * deviation / ROWS, rel=1e-3) == found[0].difference


def test_where_seeds_show_nothing() -> None:
    """One seed, or seeds that answer alike, say nothing of others; two are too few to plan for."""
    one, alike, two = np.ones((1, ROWS), bool), np.ones((3, ROWS), bool), wrong_in_turn([40, 60])
    outcomes = outcomes_of([one, alike, two, ~two])

    assert [] == find_sensitivity(outcomes, [])
    assert [] == find_sensitivity(outcomes, [(1, 0), (2, 0), (2, 1)])
    assert [3, 5, 10, 20] == [each.seeds for each in find_sensitivity(outcomes, [(3, 2), (2, 0)])]


def test_few_rows_show_nothing() -> None:
    """With two test rows no difference is large enough for three seeds, or there is no noise."""
    noisy, other = np.eye(3, 2, dtype=bool), ~np.eye(3, 2, dtype=bool)
    outcomes = outcomes_of([noisy, other, np.eye(2, dtype=bool), ~np.eye(2, dtype=bool)])

    assert [5, 10, 20] == [each.seeds for each in find_sensitivity(outcomes, [(1, 0)] * 5)]
    assert [] == find_sensitivity(outcomes, [(3, 2)])


def found_of_planned(grids: int, seeds: int) -> float:
    """Return how often the only true difference is found, as large as a run of 3 seeds planned."""
    random = np.random.default_rng(seeds)
    pairs = [(own, 0) for own in range(1, 6)]
    found = 0
    for _ in range(grids):
        planned = find_sensitivity(outcomes_of(simulate_right(random, [0.91] * 6, 3)), pairs)
        difference = next(each.difference for each in planned if each.seeds == seeds)
        accuracies = [0.91] * 5 + [0.91 + difference]
        comparer = Comparer(outcomes_of(simulate_right(random, accuracies, seeds)))
        verdicts = adjust({own: comparer.difference(own, other) for own, other in pairs})
        found += verdicts[5].verdict == "better"
    return found / grids


def test_what_was_planned_is_found() -> None:
    """A first look: 4 of 5 times, give or take 4 standard deviations of 100 grids."""
    assert 0.64 <= found_of_planned(100, 10) <= 0.96


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("seeds", "least"), [(3, 0.6), (5, 0.7), (10, 0.75), (20, 0.75)])
def test_how_often_what_was_planned_is_found(seeds: int, least: float) -> None:
    """1,000 grids of 6 experiments on 7,600 rows, planned from 3 seeds each."""
    share = found_of_planned(1000, seeds)
    print(f"{seeds} seeds: the planned difference is found in {share:.1%} of 1,000 grids")

    assert least <= share <= 0.9
