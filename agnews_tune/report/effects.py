"""What one hyperparameter does, over all pairs of experiments that differ in nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from agnews_tune.hyperparameters import CELLS, differing_in_effect
from agnews_tune.report.summary import DataSummary
from agnews_tune.report.verdicts import Comparer, Difference, adjust


@dataclass(frozen=True)
class Effect:
    """The mean gain of one value of a hyperparameter over another one.

    Attributes:
        hyperparameter: its name.
        before: the value that is left.
        after: the value that is taken.
        pairs: names of the experiments with the one and with the other.
        gain: in test accuracy, averaged over the pairs.
    """

    hyperparameter: str
    before: Any
    after: Any
    pairs: list[tuple[str, str]]
    gain: Difference


def find_effects(summary: DataSummary, comparer: Comparer) -> list[Effect]:
    """Return the effects that the experiments of a run show, in the order of their first pair."""
    trials = [experiment.trial for experiment in summary.experiments]

    def values(position: int) -> dict[str, Any]:
        settings: dict[str, Any] = trials[position]["hyperparameters"]
        return settings

    pairs: dict[tuple[str, Any, Any], list[tuple[int, int]]] = defaultdict(list)
    for positions in combinations(comparer.outcomes, 2):
        own, other = map(values, positions)
        names = differing_in_effect(own, other)
        teachers = {trials[position].get("teacher") for position in positions}
        if len(names) == len(teachers) == 1 and own.keys() == other.keys():
            (name,) = names
            before, after = sorted(positions, key=lambda position: _rank(values(position)[name]))
            pairs[name, values(before)[name], values(after)[name]].append((before, after))
    gains = {number: _gain(found, comparer) for number, found in enumerate(pairs.values())}
    return [
        Effect(*what, _names(summary, found), gain)
        for (what, found), gain in zip(pairs.items(), adjust(gains).values(), strict=True)
    ]


def _rank(value: Any) -> tuple[int, float, str]:
    """Order cells by their age, numbers by size, words by the alphabet."""
    if value in CELLS:
        return 0, CELLS.index(value), ""
    return (0, float(value), "") if isinstance(value, int | float) else (1, 0.0, str(value))


def _gain(pairs: Iterable[tuple[int, int]], comparer: Comparer) -> Difference:
    pairs = list(pairs)
    if len(pairs) == 1:
        return comparer.difference(pairs[0][1], pairs[0][0])
    weights: dict[int, float] = defaultdict(float)
    for before, after in pairs:
        weights[after] += 1 / len(pairs)
        weights[before] -= 1 / len(pairs)
    return Difference(comparer.estimate(weights))


def _names(summary: DataSummary, pairs: Iterable[tuple[int, int]]) -> list[tuple[str, str]]:
    experiments = summary.experiments
    return [(experiments[before].name, experiments[after].name) for before, after in pairs]
