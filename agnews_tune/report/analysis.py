"""Everything that a report says about the experiments that saw the same data, as figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agnews_tune.grid.search import Search
from agnews_tune.report.convergence import Convergence, judge
from agnews_tune.report.effects import Effect, find_effects
from agnews_tune.report.ensembles import Ensemble, find_ensembles
from agnews_tune.report.outcomes import Outcomes, read_outcomes
from agnews_tune.report.searches import SearchOutcome, find_search
from agnews_tune.report.sensitivity import Sensitivity, find_sensitivity
from agnews_tune.report.statistics import Estimate
from agnews_tune.report.summary import DataSummary, ExperimentSummary
from agnews_tune.report.verdicts import Comparer, Difference, adjust


@dataclass(frozen=True, eq=False)
class Line:
    """What is known of one experiment.

    Attributes:
        experiment: its trials.
        parent: the name of the experiment that the change was made to; empty for a baseline.
        outcomes: what its seeds answered to the test rows; None without test predictions.
        accuracy: on the test rows, with its interval; None without test predictions.
        versus_parent: what its change did; None where the parent cannot be compared.
        versus_best: None for the best experiment itself.
        convergence: how training went.
        reached: the highest target that its mean test accuracy reaches.
    """

    experiment: ExperimentSummary
    parent: str
    outcomes: Outcomes | None
    accuracy: Estimate | None
    versus_parent: Difference | None
    versus_best: Difference | None
    convergence: Convergence | None
    reached: float | None


@dataclass(frozen=True)
class Analysis:
    """The answers of a run, for experiments on the same data.

    Attributes:
        summary: the experiments and their data.
        lines: one an experiment, in the order of the grid.
        best: the line with the highest mean validation accuracy; None before a trial is finished.
        effects: of single hyperparameters.
        ensembles: of models asked at once.
        targets: test accuracies that the grid wants reached.
        search: what a search among them has found; None where there was none.
        sensitivity: which differences between experiments and their parents so many seeds find.
    """

    summary: DataSummary
    lines: list[Line]
    best: Line | None
    effects: list[Effect]
    ensembles: list[Ensemble]
    targets: tuple[float, ...]
    search: SearchOutcome | None
    sensitivity: list[Sensitivity]

    @property
    def fewest_seeds(self) -> int | None:
        """The seeds of the compared experiment that has the fewest; None where none is compared."""
        seeds = [len(line.outcomes.trials) for line in self.lines if line.outcomes]
        return min(seeds) if len(seeds) > 1 else None

    @property
    def ties(self) -> list[Line]:
        """The lines with no evidence that they differ from the best."""
        return [
            line
            for line in self.lines
            if line.versus_best and line.versus_best.verdict == "no evidence"
        ]


def analyze(
    summary: DataSummary, targets: Sequence[float] = (), search: Search | None = None
) -> Analysis:
    """Compare the experiments of a run that saw the same data."""
    experiments = summary.experiments
    outcomes = read_outcomes(summary)
    comparer = Comparer(outcomes)
    best = _find_best(experiments)
    parents = [summary.parent_of(experiment) for experiment in experiments]
    compared = adjust(
        {
            (position, parent): comparer.difference(position, parent)
            for position, parent in enumerate(parents)
            if position in outcomes and parent in outcomes
        }
    )
    versus_parent = {position: found for (position, _), found in compared.items()}
    versus_best = adjust(
        {
            position: comparer.difference(position, best)
            for position in outcomes
            if best in outcomes and position != best
        }
    )
    lines = [
        Line(
            experiment,
            experiment.trial["parent"] or "" if parent is None else experiments[parent].name,
            outcomes.get(position),
            comparer.accuracy(position) if position in outcomes else None,
            versus_parent.get(position),
            versus_best.get(position),
            judge(experiment),
            _reached(experiment, targets),
        )
        for position, (experiment, parent) in enumerate(zip(experiments, parents, strict=True))
    ]
    return Analysis(
        summary,
        lines,
        None if best is None else lines[best],
        find_effects(summary, comparer),
        find_ensembles(summary, outcomes),
        tuple(targets),
        find_search(summary, search),
        find_sensitivity(outcomes, compared),
    )


def _find_best(experiments: Sequence[ExperimentSummary]) -> int | None:
    figures = [
        None if experiment.stopped_early else experiment.figure("validation_accuracy")
        for experiment in experiments
    ]
    finished = [(figure.mean, -position) for position, figure in enumerate(figures) if figure]
    return -max(finished)[1] if finished else None


def _reached(experiment: ExperimentSummary, targets: Sequence[float]) -> float | None:
    accuracy = None if experiment.stopped_early else experiment.figure("test_accuracy")
    return max((t for t in targets if accuracy and accuracy.mean >= t), default=None)
