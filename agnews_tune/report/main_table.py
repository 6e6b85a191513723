"""The main table: one row an experiment, in words that people read."""

from __future__ import annotations

from collections.abc import Mapping

from agnews_tune.report.analysis import Analysis, Line
from agnews_tune.report.document import Table, accuracy, interval, points, probability

NARROW = 22  # characters of a name, where that leaves room for another column
# What is left out first where the table would be too wide stands last.
IMPORTANCE = (
    "experiment",
    "test acc",
    "vs parent",
    "verdict",
    "state",
    "n",
    "published",
    "best",
    "training",
    "change",
    "parameters",
    "s/epoch",
    "val acc",
    "parent",
    "test 95 %",
    "p",
    "reached",
    "best epoch",
)
MEANINGS = {
    "n": "n: finished seeds; accuracies are their mean ± standard deviation, at the epoch that "
    "validated best.",
    "test 95 %": "test 95 %: interval over test rows and seeds (Wilson's, over rows alone, for one "
    "seed or seeds that are right on the same rows; else a bootstrap).",
    "vs parent": "vs parent: points of test accuracy above the experiment that the change was made "
    "to, paired on the same test rows, with the 95 % interval of each row alone.",
    "p": "p: of no difference to the parent (exact McNemar for one seed each, or seeds that are "
    "right on the same rows; else the paired bootstrap), adjusted for all rows of the table "
    "(Holm).",
    "verdict": "verdict: better or worse than the parent where p, adjusted for all rows (Holm), is "
    "at most 0.05; with one seed each that is about the two models, not about other seeds.",
    "best": "best: highest validation accuracy; ties: no evidence on the test rows of being worse "
    "or better than it.",
    "training": "training: the rules for these words stand in report.html and in the JSON form.",
    "published": "published: test accuracy that others have reported, on data of their own.",
}


def main_table(analysis: Analysis) -> Table:
    """Return one row an experiment; a column in which none has anything is left out."""
    rows = [_row(line, analysis) for line in analysis.lines]
    columns = [column for column in rows[0] if any(row[column] for row in rows)]
    left = ("experiment", "change", "parent", "verdict", "best", "training", "state")
    return Table(columns, [[row[column] for column in columns] for row in rows], left)


def fitted_table(analysis: Analysis) -> Table:
    """Return the main table no wider than a terminal; long names go on in a second line.

    Shorter ones do so too where that leaves room for another column.
    """
    table = main_table(analysis)
    wide = table.wrapped().fitted(IMPORTANCE)
    narrow = table.wrapped(NARROW).fitted(IMPORTANCE)
    return narrow if len(narrow.columns) > len(wide.columns) else wide


def meanings_for(analysis: Analysis) -> dict[str, str]:
    """Return what each column means for these experiments."""
    meanings = dict(MEANINGS)
    experiments = [line.experiment for line in analysis.lines]
    if any(len(each.on_first_hardware) < len(each.finished) for each in experiments):
        meanings["s/epoch"] = "s/epoch: of the seeds on the hardware of the first one alone."
    published = [each.trial["published"] for each in experiments]
    rows = [figures.get("train_rows") for figures in published if "test_accuracy" in figures]
    if rows and None not in rows:
        theirs = " to ".join(f"{count:,}" for count in sorted({min(rows), max(rows)}))
        data = experiments[0].trial["data"]
        held_out, ours = data["validation_rows"], data["train_rows"] + data["validation_rows"]
        meanings["published"] = (
            f"published: test accuracy that others have reported, on {theirs} training rows; "
            f"here there are {ours:,}, of which {held_out:,} validate."
        )
    return meanings


def explain(table: Table, meanings: Mapping[str, str]) -> list[str]:
    """Return what the columns of the main table mean."""
    return [meaning for column, meaning in meanings.items() if column in table.columns]


def _row(line: Line, analysis: Analysis) -> dict[str, str]:
    experiment, difference = line.experiment, line.versus_parent
    published = experiment.trial["published"].get("test_accuracy")
    results = [record.result for record in experiment.finished if record.result]
    seconds = [result["seconds"] / result["epochs"] for result in experiment.on_first_hardware]
    return {
        "experiment": experiment.name,
        "change": experiment.trial["change"],
        "parent": line.parent,
        "n": str(len(results)),
        "test acc": accuracy(experiment.figure("test_accuracy")),
        "vs parent": points(difference.estimate) if difference else "",
        "p": probability(difference.adjusted) if difference else "",
        "verdict": difference.verdict if difference else "",
        "best": _rank(line, analysis),
        "training": line.convergence.verdict if line.convergence else "",
        "published": "" if published is None else f"{published:.3f}",
        "reached": "" if line.reached is None else f"{line.reached:g}",
        "test 95 %": interval(line.accuracy) if line.accuracy else "",
        "val acc": accuracy(experiment.figure("validation_accuracy")),
        "best epoch": ",".join(str(result["best_epoch"]) for result in results),
        "parameters": f"{results[0]['parameters']:,}" if results else "",
        "s/epoch": f"{sum(seconds) / len(seconds):.1f}" if seconds else "",
        "state": "" if experiment.state == "finished" else experiment.state,
    }


def _rank(line: Line, analysis: Analysis) -> str:
    if line is analysis.best:
        return "best" if len(analysis.lines) > 1 else ""
    return "ties" if line in analysis.ties else ""
