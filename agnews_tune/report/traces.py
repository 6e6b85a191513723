"""What the curves of the page show: means over seeds, and what each experiment looks like."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agnews_tune.report.analysis import Analysis
from agnews_tune.report.document import Table
from agnews_tune.report.summary import Point

SHOWN = 6  # curves that are on at first: more are hard to follow
# At least 3:1 against the light and the dark page, told apart by the colour-blind too.
COLOURS = ("#2f9fd0", "#e7298a", "#228833", "#785ef0", "#b8860b", "#ee6677")
# Bokeh's names, with the outline in an SVG of 24 x 12, from the end of a line at its middle.
MARKERS = {
    "circle": "M8 6a4 4 0 1 1 8 0a4 4 0 1 1-8 0z",
    "square": "M8.5 2.5h7v7h-7z",
    "triangle": "M12 1.5l4.5 8h-9z",
    "diamond": "M12 1l4 5-4 5-4-5z",
    "inverted_triangle": "M12 10.5l4.5-8h-9z",
}
MEASURES = {
    "accuracy": "train accuracy",
    "val_accuracy": "validation accuracy",
    "loss": "train loss",
    "val_loss": "validation loss",
}


@dataclass(frozen=True)
class Look:
    """What the curves of one experiment look like: no two of the first 60 are the same."""

    colour: str
    marker: str
    hollow: bool

    @property
    def outline(self) -> str:
        """The marker as the path of an SVG."""
        return MARKERS[self.marker]


def in_words(point: Point) -> str:
    """Return mean and range of a point."""
    spread = f" ({point.low:.4f} to {point.high:.4f}, {point.seeds} seeds)"
    return f"{point.mean:.4f}{spread if point.seeds > 1 else ''}"


def drawn(analysis: Analysis, measures: Iterable[str] = MEASURES) -> list[int]:
    """Return the positions of the experiments that have a curve of one of the measures."""
    return [
        position
        for position, line in enumerate(analysis.lines)
        if any(line.experiment.curve(measure) for measure in measures)
    ]


def choose_shown(analysis: Analysis) -> set[int]:
    """Return the positions of the experiments whose curves are on at first.

    The best one comes first, then the baselines, what ties with the best, and the others by
    validation accuracy.
    """

    def rank(position: int) -> tuple[bool, bool, bool, float]:
        line = analysis.lines[position]
        validation = line.experiment.figure("validation_accuracy")
        return (
            line is not analysis.best,
            line.experiment.trial["parent"] is not None,
            line not in analysis.ties,
            -validation.mean if validation else 0.0,
        )

    return set(sorted(drawn(analysis), key=rank)[:SHOWN])


def choose_looks(analysis: Analysis) -> list[Look]:
    """Return the look of each experiment; those that are on at first differ in colour."""
    shown, count = choose_shown(analysis), len(analysis.lines)
    looks = {}
    for number, position in enumerate(sorted(range(count), key=lambda one: one not in shown)):
        colour, marker = COLOURS[number % len(COLOURS)], [*MARKERS][number % len(MARKERS)]
        hollow = number // (len(COLOURS) * len(MARKERS)) % 2 == 1
        looks[position] = Look(colour, marker, hollow)
    return [looks[position] for position in range(count)]


def epoch_table(analysis: Analysis) -> Table:
    """Return what the curves show as figures: one row an experiment and epoch."""
    rows = []
    for position in drawn(analysis):
        experiment = analysis.lines[position].experiment
        traces = [experiment.curve(measure) for measure in MEASURES]
        for epoch in sorted(set().union(*traces)):
            cells = [f"{found[epoch].mean:.4f}" if epoch in found else "" for found in traces]
            rows.append([experiment.name, str(epoch), *cells])
    return Table(["experiment", "epoch", *MEASURES.values()], rows, ("experiment",))
