"""Summaries become the table that ``agnews-tune report`` prints."""

from __future__ import annotations

import math

from agnews_tune.report.summary import DataSummary, ExperimentSummary, Figure

LEFT_ALIGNED = ("experiment", "change", "parent", "state")


def format_table(summary: DataSummary) -> str:
    """Return title, table and notes for the experiments that saw the same data.

    A column in which no experiment has anything is left out.
    """
    from tabulate import tabulate

    rows = [_row(experiment, summary) for experiment in summary.experiments]
    columns = [column for column in rows[0] if any(row[column] for row in rows)]
    table = tabulate(
        [[row[column] for column in columns] for row in rows],
        columns,
        colalign=["left" if column in LEFT_ALIGNED else "right" for column in columns],
        disable_numparse=True,
    )
    return "\n".join([_title(summary), "", table, "", *_notes(summary)])


def describe_data(summary: DataSummary) -> str:
    """Return the name of the data and its rows."""
    data = summary.data
    kind = " (built in, synthetic)" if data["name"] == "demo" else ""
    return (
        f"{data['name']}{kind}: {data['train_rows']:,} train, "
        f"{data['validation_rows']:,} validation, {data['test_rows']:,} test rows"
    )


def _title(summary: DataSummary) -> str:
    return f"data: {describe_data(summary)}"


def _row(experiment: ExperimentSummary, summary: DataSummary) -> dict[str, str]:
    gain = summary.gain(experiment)
    published = experiment.trial["published"].get("test_accuracy")
    results = [record.result for record in experiment.finished if record.result]
    seconds = [result["seconds"] / result["epochs"] for result in results]
    return {
        "experiment": experiment.name,
        "change": experiment.trial["change"],
        "parent": experiment.trial["parent"] or "",
        "n": str(len(results)),
        "val acc": _accuracy(experiment.figure("validation_accuracy")),
        "test acc": _accuracy(experiment.figure("test_accuracy")),
        "vs parent": "" if gain is None else f"{100 * gain:+.2f}",
        "published": "" if published is None else f"{published:.3f}",
        "best epoch": ",".join(str(result["best_epoch"]) for result in results),
        "parameters": f"{results[0]['parameters']:,}" if results else "",
        "s/epoch": f"{sum(seconds) / len(seconds):.1f}" if seconds else "",
        "state": "" if experiment.state == "finished" else experiment.state,
    }


def _accuracy(figure: Figure | None) -> str:
    if figure is None:
        return ""
    deviation = "" if figure.deviation is None else f" ± {figure.deviation:.4f}"
    return f"{figure.mean:.4f}{deviation}"


def _notes(summary: DataSummary) -> list[str]:
    notes = [
        "n: finished seeds; accuracies are their mean ± standard deviation, "
        "at the epoch that validated best.",
        "vs parent: points of test accuracy above the experiment that the change was made to.",
    ]
    figures = [experiment.figure("test_accuracy") for experiment in summary.experiments]
    best = max((figure.mean for figure in figures if figure), default=None)
    if best is not None:
        rows = summary.data["test_rows"]
        error = 100 * math.sqrt(best * (1 - best) / rows)
        notes.append(
            f"On {rows:,} test rows one standard error of the best is {error:.2f} points: "
            "a difference of that size may be luck."
        )
    notes += [
        f"failed: {record.folder.name}: {record.failure}"
        for experiment in summary.experiments
        for record in experiment.failed
    ]
    return notes
