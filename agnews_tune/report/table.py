"""The main table: one row an experiment, in words that people read."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agnews_tune.report.analysis import Analysis, Line
from agnews_tune.report.statistics import Estimate
from agnews_tune.report.summary import Figure

WIDTH = 100  # characters of a terminal
NAME_WIDTH = 36  # of a name on the terminal, before it goes on in a second line

# What is left out first where the table would be too wide stands last.
IMPORTANCE = (
    "experiment",
    "test acc",
    "vs parent",
    "verdict",
    "state",
    "n",
    "best",
    "training",
    "published",
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
    "test 95 %": "test 95 %: interval over test rows and seeds (Wilson's for one seed, over rows "
    "alone; else a bootstrap).",
    "vs parent": "vs parent: points of test accuracy above the experiment that the change was made "
    "to, paired on the same test rows, with the 95 % interval.",
    "p": "p: of no difference to the parent (exact McNemar for one seed each, else the paired "
    "bootstrap), adjusted for all rows of the table (Holm).",
    "verdict": "verdict: better or worse than the parent where p, adjusted for all rows (Holm), is "
    "at most 0.05; with one seed each that is about the two models, not about other seeds.",
    "best": "best: highest validation accuracy; ties: no evidence on the test rows of being worse "
    "or better than it.",
    "training": "training: the rules for these words stand in report.html and in the JSON form.",
    "published": "published: test accuracy that others have reported, on data of their own.",
}


@dataclass(frozen=True)
class Table:
    """Cells of text under columns.

    Attributes:
        columns: their names.
        rows: as many cells each.
        left: names of the columns that hold words; the others hold figures.
    """

    columns: list[str]
    rows: list[list[str]]
    left: tuple[str, ...]

    def format(self, form: str) -> str:
        """Return the table in a form of ``tabulate``."""
        from tabulate import tabulate

        align = ["left" if column in self.left else "right" for column in self.columns]
        return tabulate(
            self.rows,
            self.columns,
            form,
            colalign=align if self.rows else None,
            disable_numparse=True,
        )

    def wrapped(self) -> Table:
        """Return the table with long names in its first column going on in a second line."""
        rows = [[textwrap.fill(row[0], NAME_WIDTH), *row[1:]] for row in self.rows]
        return Table(self.columns, rows, self.left)

    def chosen(self, columns: Sequence[str]) -> Table:
        """Return the table with some of its columns, in its own order."""
        kept = [number for number, name in enumerate(self.columns) if name in columns]
        return Table(
            [self.columns[number] for number in kept],
            [[row[number] for number in kept] for row in self.rows],
            self.left,
        )

    def fitted(self, importance: Sequence[str]) -> Table:
        """Return the columns that fit a terminal together, the most important ones first."""
        chosen: list[str] = []
        for name in importance:
            if name in self.columns and self.chosen([*chosen, name]).width <= WIDTH:
                chosen.append(name)
        return self.chosen(chosen)

    @property
    def width(self) -> int:
        """Characters of a line on the terminal."""
        return len(self.format("simple").splitlines()[1])


def main_table(analysis: Analysis) -> Table:
    """Return one row an experiment; a column in which none has anything is left out."""
    rows = [_row(line, analysis) for line in analysis.lines]
    columns = [column for column in rows[0] if any(row[column] for row in rows)]
    left = ("experiment", "change", "parent", "verdict", "best", "training", "state")
    return Table(columns, [[row[column] for column in columns] for row in rows], left)


def fitted_table(analysis: Analysis) -> Table:
    """Return the main table no wider than a terminal; long names go on in a second line."""
    return main_table(analysis).wrapped().fitted(IMPORTANCE)


def explain(table: Table, meanings: Mapping[str, str] = MEANINGS) -> list[str]:
    """Return what the columns of the main table mean."""
    return [meaning for column, meaning in meanings.items() if column in table.columns]


def points(estimate: Estimate) -> str:
    """Return a difference in points of accuracy, with its interval."""
    return f"{100 * estimate.value:+.2f} [{100 * estimate.low:+.2f}, {100 * estimate.high:+.2f}]"


def accuracy(figure: Figure | None) -> str:
    """Return a mean and its deviation over seeds."""
    if figure is None:
        return ""
    deviation = "" if figure.deviation is None else f" ± {figure.deviation:.4f}"
    return f"{figure.mean:.4f}{deviation}"


def interval(estimate: Estimate) -> str:
    """Return the interval of an accuracy."""
    return f"{estimate.low:.4f} to {estimate.high:.4f}"


def _row(line: Line, analysis: Analysis) -> dict[str, str]:
    experiment, difference = line.experiment, line.versus_parent
    published = experiment.trial["published"].get("test_accuracy")
    results = [record.result for record in experiment.finished if record.result]
    seconds = [result["seconds"] / result["epochs"] for result in results]
    return {
        "experiment": experiment.name,
        "change": experiment.trial["change"],
        "parent": experiment.trial["parent"] or "",
        "n": str(len(results)),
        "test acc": accuracy(experiment.figure("test_accuracy")),
        "vs parent": points(difference.estimate) if difference else "",
        "p": f"{difference.adjusted:.2g}" if difference else "",
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
