"""Records of trials become one summary an experiment: means over its seeds."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, mean, stdev
from typing import Any

from agnews_tune.hyperparameters import count_passes, differing, differing_in_effect
from agnews_tune.records.reading import TrialRecord

PLOTS = ("accuracy", "loss")  # of which there are curves of train and validation


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
class Point:
    """A measure in one epoch: mean, lowest and highest over the seeds that have come that far."""

    mean: float
    low: float
    high: float
    seeds: int


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
        """The trials that its figures are about: those with a result that came to their end.

        Where none did, those that a search has stopped early.
        """
        return [record for record in self._ended if not record.stopped_after] or self._ended

    @property
    def failed(self) -> list[TrialRecord]:
        """The trials that ended without a result."""
        return [record for record in self.trials if record.failure is not None]

    def figure(self, name: str) -> Figure | None:
        """Summarise one figure of ``result.json`` over the finished seeds; None if none is."""
        values = [record.result[name] for record in self.finished if record.result]
        return Figure.of(values) if values else None

    @property
    def on_first_hardware(self) -> list[dict[str, Any]]:
        """Results of the seeds on the hardware of the first: times on other ones do not compare."""
        results = [record.result for record in self.finished if record.result]
        return [each for each in results if each.get("hardware") == results[0].get("hardware")]

    @property
    def seconds(self) -> float:
        """What a training took on average on the first hardware, its pretraining too.

        NaN where none has finished.
        """
        results = self.on_first_hardware
        each = [result["seconds"] + result.get("pretrain_seconds", 0.0) for result in results]
        return fmean(each) if each else math.nan

    def curve(self, column: str) -> dict[int, Point]:
        """Return one column of ``history.csv`` by epoch, from 1; empty if it was not measured."""
        values: dict[int, list[float]] = {}
        for record in self.trials:
            for row in record.history:
                if column in row:
                    values.setdefault(int(row["epoch"]), []).append(row[column])
        return {
            epoch: Point(mean(found), min(found), max(found), len(found))
            for epoch, found in sorted(values.items())
        }

    @property
    def state(self) -> str:
        """How far it is, in words."""
        if self.is_done:
            return self._stopped or "finished"
        if len(self.trials) > 1:
            failed = f", {len(self.failed)} failed" if self.failed else ""
            return f"{len(self._ended)} of {len(self.trials)} seeds{failed}"
        if self.failed:
            return "failed"
        epochs = len(self.trials[0].history)
        if not epochs:
            return "waiting"
        return f"epoch {epochs} of {count_passes(self.trial['hyperparameters'])}"

    @property
    def is_done(self) -> bool:
        """Whether none of its trials is left to do."""
        return len(self._ended) == len(self.trials)

    @property
    def stopped_early(self) -> bool:
        """Whether a search has stopped all that is finished; it is compared with nothing then."""
        return bool(self._ended) and all(record.stopped_after for record in self._ended)

    @property
    def _ended(self) -> list[TrialRecord]:
        return [record for record in self.trials if record.result is not None]

    @property
    def _stopped(self) -> str:
        after = [str(record.stopped_after) for record in self.trials if record.stopped_after]
        if not after:
            return ""
        seeds = f"{len(after)} of {len(self.trials)} seeds " if len(self.trials) > 1 else ""
        return f"{seeds}stopped after epoch {', '.join(after)}"


@dataclass(frozen=True)
class DataSummary:
    """The experiments of a run that saw the same data: only these may be compared.

    Attributes:
        data: name, fingerprint and row counts.
        experiments: in the order of the grid.
    """

    data: dict[str, Any]
    experiments: list[ExperimentSummary]

    @property
    def description(self) -> str:
        """The name of the data and its rows."""
        data = self.data
        kind = " (built in, synthetic)" if data["name"] == "demo" else ""
        return (
            f"{data['name']}{kind}: {data['train_rows']:,} train, "
            f"{data['validation_rows']:,} validation, {data['test_rows']:,} test rows"
        )

    def parent_of(self, experiment: ExperimentSummary) -> int | None:
        """Return the position of the experiment that the change was made to.

        None where it is not there, or where the two differ in more than the change says.
        """
        for position, other in enumerate(self.experiments):
            named = other.trial["experiment"] == experiment.trial["parent"]
            if named and _differ_as_told(experiment.trial, other.trial):
                return position
        return None


def summarize(records: Iterable[TrialRecord]) -> list[DataSummary]:
    """Group the records of a run by data, then by experiment; the order stays.

    Trials of one name with other hyperparameters or another teacher, as an edited grid leaves them,
    are apart, and what differs is added to the name.
    """
    groups: dict[str, dict[tuple[str, str], list[TrialRecord]]] = {}
    for record in records:
        trial = record.trial
        experiments = groups.setdefault(trial["data"]["fingerprint"], {})
        settings = (trial["experiment"], str(sorted(settings_of(trial).items())))
        experiments.setdefault(settings, []).append(record)
    return [
        DataSummary(
            data=next(iter(experiments.values()))[0].trial["data"],
            experiments=_tell_apart(
                [ExperimentSummary(name, found) for (name, _), found in experiments.items()]
            ),
        )
        for experiments in groups.values()
    ]


def settings_of(trial: Mapping[str, Any]) -> dict[str, Any]:
    """Return the hyperparameters of a trial and its ``teacher``, which may be ``none``."""
    settings: dict[str, Any] = trial["hyperparameters"]
    return settings | {"teacher": trial.get("teacher", "none")}


def _differ_as_told(child: dict[str, Any], parent: dict[str, Any]) -> bool:
    """Return whether two trials differ in nothing else than what the change names."""
    names = differing_in_effect(settings_of(child), settings_of(parent))
    return set(names) <= set(re.findall(r"(\w+): ", child["change"]))


def _tell_apart(experiments: Sequence[ExperimentSummary]) -> list[ExperimentSummary]:
    """Name what differs in experiments that have the name of an earlier one."""
    first: dict[str, ExperimentSummary] = {}
    told = []
    for experiment in experiments:
        earlier = first.setdefault(experiment.name, experiment)
        if earlier is experiment:
            told.append(experiment)
            continue
        settings = settings_of(experiment.trial)
        names = differing(settings, settings_of(earlier.trial))
        values = ", ".join(f"{name}: {settings.get(name)}" for name in names)
        told.append(replace(experiment, name=f"{experiment.name} ({values})"))
    return told
