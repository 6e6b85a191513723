"""What a search has tried, how good it was, and which hyperparameters mattered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from agnews_tune.grid.search import Choices, Range, Search
from agnews_tune.report.statistics import holm, rank_correlation, rank_difference
from agnews_tune.report.summary import DataSummary, ExperimentSummary


@dataclass(frozen=True)
class Tried:
    """One drawn experiment with a finished trial.

    Attributes:
        name: of the experiment.
        values: its hyperparameters.
        accuracy: on the validation rows, at the best epoch, as far as it came; mean over seeds.
        stopped: whether it was stopped early.
    """

    name: str
    values: dict[str, Any]
    accuracy: float
    stopped: bool


@dataclass(frozen=True)
class Influence:
    """Whether the validation accuracy goes with one drawn hyperparameter.

    Attributes:
        hyperparameter: its name.
        space: what it was drawn from.
        correlation: Spearman's, of value and accuracy; None for what is no number, or where too
            little was tried to say.
        p: of the accuracy not going with it (by permutation; for words of Kruskal and Wallis's H),
            adjusted for all hyperparameters of the search (Holm). None where too little was tried.
    """

    hyperparameter: str
    space: Range | Choices
    correlation: float | None
    p: float | None


@dataclass(frozen=True)
class SearchOutcome:
    """What is known of a search.

    Attributes:
        search: what it draws from.
        drawn: how many different experiments were drawn.
        finished: how many of these have no trial left to do.
        tried: those with a finished trial, in the order in which they were drawn.
        influences: one for each hyperparameter that is drawn.
    """

    search: Search
    drawn: int
    finished: int
    tried: list[Tried]
    influences: list[Influence]

    @property
    def best(self) -> Tried:
        """The first one of the highest validation accuracy among those that came to their end.

        Where none has yet, it is one that was stopped early.
        """
        return max(self.tried, key=lambda tried: (not tried.stopped, tried.accuracy))


def find_search(summary: DataSummary, search: Search | None) -> SearchOutcome | None:
    """Return what a search found on the data of a summary; None where there is nothing yet.

    Experiments that it would not draw today, as an edited grid leaves them, do not count.
    """
    if search is None:
        return None
    drawn = [item for item in summary.experiments if _is_of(item, search)]
    tried = [
        Tried(item.name, item.trial["hyperparameters"], figure.mean, item.stopped_early)
        for item in drawn
        if (figure := item.figure("validation_accuracy"))
    ]
    if not tried:
        return None
    found = [_influence(name, space, tried) for name, space in search.spaces.items()]
    known = [influence.p for influence in found if influence.p is not None]
    adjusted = iter(holm(known))
    return SearchOutcome(
        search,
        len(drawn),
        sum(item.is_done for item in drawn),
        tried,
        [
            influence if influence.p is None else replace(influence, p=next(adjusted))
            for influence in found
        ],
    )


def _is_of(experiment: ExperimentSummary, search: Search) -> bool:
    values = experiment.trial["hyperparameters"]
    return experiment.name in search.names and all(
        values.get(name) in space for name, space in search.spaces.items()
    )


def _influence(name: str, space: Range | Choices, tried: Sequence[Tried]) -> Influence:
    values = [one.values[name] for one in tried]
    accuracies = [one.accuracy for one in tried]
    if space.is_numeric:
        return Influence(name, space, *(rank_correlation(values, accuracies) or (None, None)))
    return Influence(name, space, None, rank_difference(values, accuracies))
