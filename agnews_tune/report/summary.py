"""Records of trials become one summary an experiment: means over its seeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

from agnews_tune.records import TrialRecord


@dataclass(frozen=True)
class Figure:
    """A mean over seeds.

    Attributes:
        mean: over the finished seeds.
        deviation: sample standard deviation over them; None for a single one.
    """

    mean: float
    deviation: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> Figure:
        """Summarise at least one value."""
        return cls(mean(values), stdev(values) if len(values) > 1 else None)


@dataclass(frozen=True)
class ExperimentSummary:
    """All trials of one experiment on the same data.

    Attributes:
        name: of the experiment.
        trials: its records, finished or not.
    """

    name: str
    trials: list[TrialRecord]

    @property
    def trial(self) -> dict[str, Any]:
        """What its trials have in common: parent, change, published figures, data."""
        return self.trials[0].trial

    @property
    def finished(self) -> list[TrialRecord]:
        """The trials whose result is there."""
        return [record for record in self.trials if record.result is not None]

    def figure(self, name: str) -> Figure | None:
        """Summarise one figure of ``result.json`` over the finished seeds; None if none is."""
        values = [record.result[name] for record in self.finished if record.result]
        return Figure.of(values) if values else None

    @property
    def state(self) -> str:
        """How far it is, in words."""
        if len(self.finished) == len(self.trials):
            return "finished"
        if len(self.trials) > 1:
            return f"{len(self.finished)} of {len(self.trials)} seeds"
        epochs = len(self.trials[0].history)
        if not epochs:
            return "waiting"
        return f"epoch {epochs} of {self.trial['hyperparameters']['epochs']}"


@dataclass(frozen=True)
class DataSummary:
    """The experiments of a run that saw the same data: only these may be compared.

    Attributes:
        data: name, fingerprint and row counts.
        experiments: in the order of the grid.
    """

    data: dict[str, Any]
    experiments: list[ExperimentSummary]

    def gain(self, experiment: ExperimentSummary) -> float | None:
        """Return the test accuracy above the parent's, as a fraction; None where one is missing."""
        by_name = {item.name: item for item in self.experiments}
        parent = by_name.get(experiment.trial["parent"])
        own = experiment.figure("test_accuracy")
        other = parent.figure("test_accuracy") if parent else None
        return own.mean - other.mean if own and other else None


def summarize(records: Iterable[TrialRecord]) -> list[DataSummary]:
    """Group the records of a run by data, then by experiment; the order stays."""
    groups: dict[str, dict[str, list[TrialRecord]]] = {}
    for record in records:
        experiments = groups.setdefault(record.trial["data"]["fingerprint"], {})
        experiments.setdefault(record.trial["experiment"], []).append(record)
    return [
        DataSummary(
            data=next(iter(experiments.values()))[0].trial["data"],
            experiments=[ExperimentSummary(*item) for item in experiments.items()],
        )
        for experiments in groups.values()
    ]
