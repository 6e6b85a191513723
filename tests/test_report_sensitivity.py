"""Which differences so many seeds find: by simulation of the whole report."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from conftest import outcomes_of, simulate_right

from agnews_tune.report.outcomes import Outcomes
from agnews_tune.report.sensitivity import Sensitivity, find_sensitivity
from agnews_tune.report.statistics import Noise, detectable, noise_of
from agnews_tune.report.verdicts import Comparer, adjust

ROWS = 1000


def wrong_in_turn(counts: Sequence[int]) -> np.ndarray:
    """Return seeds of which each gets rows of its own wrong, as many as said."""
    right = np.ones((len(counts), ROWS), bool)
    ends = np.cumsum(counts)
    for seed, (end, count) in enumerate(zip(ends, counts, strict=True)):
        right[seed, end - count : end] = False
    return right


def sensitivity(
    outcomes: Mapping[int, Outcomes], pairs: Sequence[tuple[int, int]]
) -> list[Sensitivity]:
    comparer = Comparer(outcomes)
    return find_sensitivity(outcomes, adjust({pair: comparer.difference(*pair) for pair in pairs}))


def seeds_planned(right: Sequence[np.ndarray], *pairs: tuple[int, int]) -> list[int]:
    return [each.seeds for each in sensitivity(outcomes_of(right), pairs)]


def test_noise_of_rows_and_of_seeds() -> None:
    """Seeds that get 100 rows wrong in turn differ alone: by row both are right as often."""
    own, other = wrong_in_turn([10, 20, 30, 40]), wrong_in_turn([25, 25, 15, 35])
    noise = noise_of([(own, other), (other, own)])
    deviations = [np.std(each, ddof=1) / ROWS for each in ([10, 20, 30, 40], [25, 25, 15, 35])]
    per_row = 100 / ROWS * 0.25  # a row that one of 4 seeds gets wrong: 3 / 4 * 1 / 4 * 4 / 3

    assert (0.0, ROWS) == (noise.rows, noise.test_rows)
    assert pytest.approx(2 * per_row / ROWS) == noise.in_both
    assert pytest.approx(np.mean(np.square(deviations))) == noise.seed


def test_all_of_the_noise_counts() -> None:
    """More of any of it hides more; more seeds hide less, and more comparisons hide more."""
    noise = Noise(rows=1e-6, in_both=1e-6, seed=1e-5, test_rows=ROWS)
    found = detectable(noise, 5, 0.05, 0.8)

    assert found < detectable(noise._replace(rows=4e-6), 5, 0.05, 0.8)
    assert found < detectable(noise._replace(in_both=4e-5), 5, 0.05, 0.8)
    assert found < detectable(noise._replace(seed=4e-5), 5, 0.05, 0.8)
    assert found < detectable(noise, 5, 0.01, 0.8)
    assert found < detectable(noise, 5, 0.05, 0.9)
    assert found > detectable(noise, 6, 0.05, 0.8)


def test_rows_that_differ_for_all_seeds() -> None:
    """One experiment gets 40 of 100 rows more right, whatever the seed: a variance of 0.24."""
    own, other = np.ones((3, 100), bool), np.ones((3, 100), bool)
    other[:, :40] = False
    noise = noise_of([(own, other)])

    assert pytest.approx(0.4 * 0.6 / 100) == noise.rows
    assert (0.0, 0.0, 100) == (noise.in_both, noise.seed, noise.test_rows)


def test_it_is_about_what_has_shown_nothing() -> None:
    """Its noise alone counts, and Holm's first step over it, seeds that are alike included."""
    random = np.random.default_rng(0)
    base, near, like, bad = simulate_right(random, [0.9, 0.9, 0.9, 0.5], 3, rows=ROWS)
    alike = np.tile(base[:1], (3, 1))
    pairs = [(1, 0), (2, 0), (3, 0), (4, 0)]
    found = sensitivity(outcomes_of([base, near, like, bad, alike]), pairs)
    noise = noise_of([(near, base), (like, base)])

    assert detectable(noise, 3, 0.05 / 3, 0.8) == found[0].difference


def test_it_is_the_difference_that_the_verdicts_find() -> None:
    """Of two experiments with noise of known size, drawn anew 1,000 times."""
    random = np.random.default_rng(1)
    known = noise_of(
        [tuple(simulate_right(random, [0.91, 0.91], 5, 2000)) for _ in range(200)]  # type: ignore[misc]
    )
    difference = detectable(known, 5, 0.05, 0.8)
    found = 0
    for _ in range(1000):
        comparer = Comparer(outcomes_of(simulate_right(random, [0.91, 0.91 + difference], 5, 2000)))
        found += comparer.difference(1, 0).estimate.p < 0.05

    assert 0.76 <= found / 1000 <= 0.84


def test_where_seeds_show_nothing() -> None:
    """One seed, two, as many as others have not, or seeds that answer alike: nothing is said."""
    three = wrong_in_turn([20, 30, 50])
    right = [
        np.ones((1, ROWS), bool),
        np.ones((3, ROWS), bool),
        wrong_in_turn([40, 60]),
        three,
        three[:, ::-1],
        wrong_in_turn([20, 30, 50, 40]),
    ]

    assert [] == seeds_planned(right)
    assert [] == seeds_planned(right, (1, 0), (3, 0), (3, 1), (3, 3))
    assert [] == seeds_planned(right, (2, 2))
    assert [] == seeds_planned(right, (4, 3), (5, 3))
    assert [3, 5, 10, 20] == seeds_planned(right, (4, 3), (3, 0))


def test_what_is_decided_needs_no_seeds() -> None:
    """Nothing is said where each difference has been found."""
    bad = wrong_in_turn([300, 310, 320])

    assert [] == seeds_planned([bad, wrong_in_turn([20, 30, 50])], (1, 0))
    assert [3, 5, 10, 20] == seeds_planned(
        [bad, wrong_in_turn([20, 30, 50]), bad[:, ::-1]], (1, 0), (2, 0)
    )


def test_no_difference_is_large_enough() -> None:
    """With six test rows and three seeds; nor is there noise where each seed gets as many right."""
    few, even = np.random.default_rng(0).random((5, 3, 6)) < 0.5, np.eye(3, dtype=bool)

    assert [5, 10, 20] == seeds_planned(few, *((own, 0) for own in range(1, 5)))
    assert [] == seeds_planned([even, ~even], (1, 0))


def found_of_planned(grids: int, seeds: int) -> float:
    """Return how often the only true difference is found, as large as a run of 3 seeds planned."""
    random = np.random.default_rng(seeds)
    pairs = [(own, 0) for own in range(1, 6)]
    found = planned = 0
    while planned < grids:
        plan = sensitivity(outcomes_of(simulate_right(random, [0.91] * 6, 3)), pairs)
        for difference in [each.difference for each in plan if each.seeds == seeds]:
            accuracies = [0.91] * 5 + [0.91 + difference]
            comparer = Comparer(outcomes_of(simulate_right(random, accuracies, seeds)))
            verdicts = adjust({pair: comparer.difference(*pair) for pair in pairs})
            planned += 1
            found += verdicts[pairs[-1]].verdict == "better"
    return found / grids


def test_what_was_planned_is_found() -> None:
    """A first look: 4 of 5 times, give or take 4 standard deviations of 100 grids."""
    assert 0.64 <= found_of_planned(100, 10) <= 0.96


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seeds", [3, 5, 10, 20])
def test_how_often_what_was_planned_is_found(seeds: int) -> None:
    """1,000 grids of 6 experiments on 7,600 rows, planned from 3 seeds each."""
    share = found_of_planned(1000, seeds)
    print(f"{seeds} seeds: the planned difference is found in {share:.1%} of 1,000 grids")

    assert 0.7 <= share <= 0.87
