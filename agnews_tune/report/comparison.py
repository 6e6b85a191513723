"""Two runs beside each other: what differs in their figures, and in what they were made with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agnews_tune.hyperparameters import differing_in_effect, format_value
from agnews_tune.records.reading import TrialRecord, read_run
from agnews_tune.report.document import Section, Table, accuracy, points
from agnews_tune.report.outcomes import Outcomes, read_outcomes
from agnews_tune.report.summary import DataSummary, ExperimentSummary, settings_of, summarize
from agnews_tune.report.verdicts import Comparer, Difference, adjust

NOTES = (
    "difference: points of test accuracy of the second run above the first, paired on the same "
    "test rows, with the 95 % interval; the verdict is adjusted for all rows of the table (Holm), "
    "and with one seed each about the two models, not about other seeds."
)

Side = tuple[ExperimentSummary, Outcomes | None]


def compare_runs(first: Path, second: Path) -> list[Section]:
    """Return the sections of a comparison; only figures on the same data share a table."""
    names = _names(first, second)
    runs = [
        {summary.data["fingerprint"]: summary for summary in summarize(read_run(run))}
        for run in (first, second)
    ]
    sections = []
    for fingerprint in {**runs[0], **runs[1]}:
        found = [run.get(fingerprint) for run in runs]
        if found[0] and found[1]:
            sections.append(_both(names, found[0], found[1]))
        else:
            name, summary = next((n, s) for n, s in zip(names, found, strict=True) if s)
            title = f"only in {name}, and compared with nothing: data: {summary.description}"
            sections.append(Section(title, [_one(summary)]))
    return [*sections, *_made_with(names, runs)]


def _names(first: Path, second: Path) -> tuple[str, str]:
    names = first.resolve().name, second.resolve().name
    return (str(first), str(second)) if names[0] == names[1] else names


def _both(names: tuple[str, str], first: DataSummary, second: DataSummary) -> Section:
    sides = [_by_name(first), _by_name(second)]
    every = list({**sides[0], **sides[1]})
    differences = adjust(
        {
            position: found
            for position, name in enumerate(every)
            if (found := _difference(sides[0].get(name), sides[1].get(name)))
        }
    )
    rows = []
    for position, name in enumerate(every):
        pair = [side.get(name) for side in sides]
        difference = differences.get(position)
        rows.append(
            [
                name,
                *(_accuracy(side[0]) if side else "" for side in pair),
                points(difference.estimate) if difference else "",
                difference.verdict if difference else "",
                _settings(*pair),
            ]
        )
    columns = ["experiment", *names, "difference", "verdict", "differs in"]
    table = Table(columns, rows, ("experiment", "verdict", "differs in"))
    return Section(f"data: {first.description}", [table, NOTES])


def _one(summary: DataSummary) -> Table:
    rows = [[experiment.name, _accuracy(experiment)] for experiment in summary.experiments]
    return Table(["experiment", "test acc"], rows, ("experiment",))


def _accuracy(experiment: ExperimentSummary) -> str:
    early = " (stopped early)" if experiment.stopped_early else ""
    return accuracy(experiment.figure("test_accuracy")) + early


def _by_name(summary: DataSummary) -> dict[str, Side]:
    outcomes = read_outcomes(summary)
    return {
        experiment.name: (experiment, outcomes.get(position))
        for position, experiment in enumerate(summary.experiments)
    }


def _difference(first: Side | None, second: Side | None) -> Difference | None:
    if first and second and first[1] and second[1]:
        return Comparer({0: first[1], 1: second[1]}).difference(1, 0)
    return None


def _settings(first: Side | None, second: Side | None) -> str:
    """Return which hyperparameters and teachers differ, a line each."""
    if not (first and second):
        return ""
    old, new = (settings_of(side[0].trial) for side in (first, second))
    names = differing_in_effect(old, new)
    return "\n".join(f"{name}: {_value(old, name)} to {_value(new, name)}" for name in names)


def _value(settings: Mapping[str, Any], name: str) -> str:
    return format_value(settings[name]) if name in settings else "unknown"


def _made_with(names: tuple[str, str], runs: Sequence[Mapping[str, DataSummary]]) -> list[Section]:
    """Return what differs in hardware, versions and commit, if anything does."""
    found = [_environments(summaries) for summaries in runs]
    rows = [
        [name, *(", ".join(values.get(name, ["unknown"])) for values in found)]
        for name in {**found[0], **found[1]}
        if found[0].get(name) != found[1].get(name)
    ]
    if not (rows and all(found)):
        return []
    return [Section("made with", [Table(["", *names], rows, ("", *names))])]


def _environments(summaries: Mapping[str, DataSummary]) -> dict[str, list[str]]:
    values: dict[str, set[str]] = {}
    for summary in summaries.values():
        for experiment in summary.experiments:
            for record in experiment.finished:
                for name, value in _environment(record).items():
                    values.setdefault(name, set()).add(value)
    return {name: sorted(found) for name, found in values.items()}


def _environment(record: TrialRecord) -> dict[str, str]:
    result = record.result or {}
    found = {**result.get("hardware", {}), **result.get("versions", {})}
    if "commit" in result:
        found["commit"] = str(result["commit"])[:12]
    return {name: str(value) for name, value in found.items()}
