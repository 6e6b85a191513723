"""What a search has tried, how good it was, and which hyperparameters mattered."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from agnews_tune.report.statistics import holm, rank_correlation, rank_grouping
from agnews_tune.report.summary import DataSummary
from agnews_tune.search import Range, Search, is_drawn


@dataclass(frozen=True)
class Tried:
    """One drawn experiment with a finished trial.

    Attributes:
        position: of the experiment in the summary.
        name: of the experiment.
        values: its hyperparameters.
        accuracy: on the validation rows, at the best epoch, as far as it came; mean over seeds.
        stopped: whether it was stopped early.
    """

    position: int
    name: str
    values: dict[str, Any]
    accuracy: float
    stopped: bool


@dataclass(frozen=True)
class Influence:
    """How far one drawn hyperparameter goes with the validation accuracy.

    Attributes:
        hyperparameter: its name.
        choice: what it was drawn from.
        correlation: Spearman's, of value and accuracy; for what is no number the square root of
            Kruskal and Wallis's H / (n - 1), which is its size where there are two values. None
            where too little was tried to say.
        p: of no correlation, by permutation, adjusted for all hyperparameters of the search (Holm).
    """

    hyperparameter: str
    choice: Range | tuple[Any, ...]
    correlation: float | None
    p: float | None


@dataclass(frozen=True)
class SearchOutcome:
    """What is known of a search.

    Attributes:
        search: what it draws from.
        tried: the drawn experiments with a finished trial, in the order in which they were drawn.
        influences: one for each hyperparameter that is drawn.
    """

    search: Search
    tried: list[Tried]
    influences: list[Influence]

    @property
    def best(self) -> Tried:
        """The first one of the highest validation accuracy."""
        return max(self.tried, key=lambda tried: tried.accuracy)


def find_search(summary: DataSummary, search: Search | None) -> SearchOutcome | None:
    """Return what a search found on the data of a summary; None where there is nothing yet."""
    tried = [
        Tried(
            position,
            experiment.name,
            experiment.trial["hyperparameters"],
            figure.mean,
            experiment.stopped_early,
        )
        for position, experiment in enumerate(summary.experiments)
        if is_drawn(experiment.name) and (figure := experiment.figure("validation_accuracy"))
    ]
    if search is None or not tried:
        return None
    found = [_influence(name, choice, tried) for name, choice in search.choices.items()]
    known = [influence.p for influence in found if influence.p is not None]
    adjusted = iter(holm(known))
    return SearchOutcome(
        search,
        tried,
        [
            influence if influence.p is None else replace(influence, p=next(adjusted))
            for influence in found
        ],
    )


def log_ticks(choice: Range) -> list[float]:
    """Return the values to name on a logarithmic axis: both ends, and about their middle."""
    return [choice.low, float(f"{math.sqrt(choice.low * choice.high):.2g}"), choice.high]


def is_numeric(choice: Range | tuple[Any, ...]) -> bool:
    """Return whether what is drawn from has an order."""
    return isinstance(choice, Range) or all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in choice
    )


def _influence(name: str, choice: Range | tuple[Any, ...], tried: Sequence[Tried]) -> Influence:
    values = [one.values[name] for one in tried]
    accuracies = [one.accuracy for one in tried]
    measure = rank_correlation if is_numeric(choice) else rank_grouping
    correlation, p = measure(values, accuracies) or (None, None)
    return Influence(name, choice, correlation, p)
