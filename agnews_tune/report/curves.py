"""Histories become curves for print: a panel an experiment, with a band over its seeds."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

from agnews_tune.report.canvas import LINE, Spacing, make_canvas, save
from agnews_tune.report.panels import MIDDLE, Limits, Panel, make_scale
from agnews_tune.report.summary import DataSummary, Point

PANEL_HEIGHT = 0.95  # inches
AROUND = {"below": 0.15, "left": 0.35, "right": 0.5, "foot": 0.35}
EPOCH_STEPS, VALUE_STEPS = 5, 4  # between numbers beside the panels, at most
TITLE_WIDTH = 27  # characters of a panel's title in a line
NAME_HEIGHT = 0.11  # of a panel, between the names of its lines

# Name, colour and style; the colours are told apart by the colour-blind too.
TRAIN = ("train", "#0072b2", "--")
VALIDATION = ("validation", "#d55e00", "-")
PARENT = ("parent", "#767676", ":")


@dataclass(frozen=True)
class Line:
    """A curve in a panel."""

    name: str
    colour: str
    style: str
    curve: dict[int, Point]


def draw_curves(summary: DataSummary, measure: str, title: str, folder: Path) -> list[Path]:
    """Draw ``accuracy`` or ``loss`` by epoch as PNG and SVG; return their paths.

    Args:
        summary: the experiments that saw the same data.
        measure: what is drawn, and the name of the files.
        title: stands above the panels, before the data.
        folder: where the pictures go.

    Raises:
        WriteError: the folder cannot be written.
    """
    lines = _lines(summary, measure)
    names = [textwrap.fill(experiment.name, TITLE_WIDTH) for experiment in summary.experiments]
    above = LINE * (1 + max(name.count("\n") for name in names)) + 0.05
    heading = f"{title}: {measure}. {summary.description}"
    canvas = make_canvas(len(names), heading, Spacing(PANEL_HEIGHT, above, **AROUND))
    epochs, values = _limits(lines)
    scales = make_scale(epochs, EPOCH_STEPS, whole=True), make_scale(values, VALUE_STEPS)
    top = sum(epochs) / 2, values[1]
    for number, (box, name, own) in enumerate(zip(canvas.boxes, names, lines, strict=True)):
        panel = Panel(canvas.figure, box, *scales)
        panel.draw_frame("epoch" if canvas.is_lowest(number) else "", canvas.is_left(number))
        panel.write(name, *top, below=-4, fontsize=MIDDLE, ha="center")
        for line in own:
            _draw_line(panel, line)
        _name_lines(panel, own)
    return save(canvas, folder, measure)


def _lines(summary: DataSummary, measure: str) -> list[list[Line]]:
    """Return the lines of each panel: the parent's validation, train and validation."""
    panels = []
    for experiment in summary.experiments:
        parent = summary.parent_of(experiment)
        lines = []
        if parent is not None:
            lines.append(Line(*PARENT, summary.experiments[parent].curve(f"val_{measure}")))
        lines.append(Line(*TRAIN, experiment.curve(measure)))
        lines.append(Line(*VALIDATION, experiment.curve(f"val_{measure}")))
        panels.append([line for line in lines if line.curve])
    return panels


def _limits(panels: Sequence[Sequence[Line]]) -> tuple[Limits, Limits]:
    """Return the same limits of epochs and values for all panels."""
    curves = [line.curve for lines in panels for line in lines]
    points = [point for curve in curves for point in curve.values() if math.isfinite(point.mean)]
    last = max((epoch for curve in curves for epoch in curve), default=1)
    low = min((point.low for point in points), default=0.0)
    high = max((point.high for point in points), default=1.0)
    margin = 0.05 * (high - low) or 0.05
    return (1 - 0.05 * last, 1.05 * last), (low - margin, high + margin)


def _draw_line(panel: Panel, line: Line) -> None:
    epochs, points = list(line.curve), line.curve.values()
    panel.draw_line(
        epochs,
        [point.mean for point in points],
        color=line.colour,
        linestyle=line.style,
        linewidth=1,
        marker="o",
        markersize=1.5,
    )
    lows, highs = [point.low for point in points], [point.high for point in points]
    if lows != highs:
        panel.draw_band(epochs, lows, highs, line.colour)


def _name_lines(panel: Panel, lines: Sequence[Line]) -> None:
    """Write the name of each line beside its end, above the one below where they are close.

    A line ends with its last number; where a loss never was one there is no line to name.
    """
    low, high = panel.rows.limits
    height, step = low - high, NAME_HEIGHT * (high - low)
    ends = [
        (numbers[-1], line)
        for line in lines
        if (numbers := [point.mean for point in line.curve.values() if math.isfinite(point.mean)])
    ]
    for end, line in sorted(ends, key=itemgetter(0)):
        height = max(end, height + step)
        place = panel.columns.limits[1], height
        panel.write(line.name, *place, left=-2, color=line.colour, va="center")
