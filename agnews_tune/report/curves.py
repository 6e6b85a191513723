"""Histories become curves: a small panel an experiment, train and validation, every seed."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from agnews_tune.files import replacing
from agnews_tune.report.summary import DataSummary, ExperimentSummary
from agnews_tune.report.table import describe_data

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

COLUMNS = 4
PANEL = (2.6, 2.1)  # inches
TITLE_WIDTH = 36  # characters of a panel's title that fit over it
TRAIN, VALIDATION, PARENT = "#0072b2", "#d55e00", "#999999"  # told apart by the colour-blind too

Points = tuple[list[float], list[float]]


def curve(experiment: ExperimentSummary, column: str) -> list[Points]:
    """Return epochs and values of one column of ``history.csv``, for each seed that has any."""
    points = []
    for record in experiment.trials:
        rows = [row for row in record.history if column in row]
        if rows:
            points.append(([row["epoch"] for row in rows], [row[column] for row in rows]))
    return points


def draw_curves(summary: DataSummary, title: str, folder: Path) -> list[Path]:
    """Draw ``accuracy.png`` and ``loss.png`` into a folder.

    Args:
        summary: the experiments that saw the same data.
        title: stands above the panels, before the data.
        folder: where the pictures go.

    Returns:
        The paths of the pictures.
    """
    return [
        _draw(summary, title, column, folder / f"{column}.png") for column in ("accuracy", "loss")
    ]


def _draw(summary: DataSummary, title: str, column: str, path: Path) -> Path:
    from matplotlib.figure import Figure

    experiments = summary.experiments
    columns = min(COLUMNS, len(experiments))
    rows = -(-len(experiments) // columns)
    figure = Figure(
        figsize=(max(columns, 2) * PANEL[0], rows * PANEL[1] + 0.9), layout="constrained"
    )
    panels = list(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat)
    for panel in panels[len(experiments) :]:
        panel.remove()
    by_name = {experiment.name: experiment for experiment in experiments}
    for panel, experiment in zip(panels, experiments, strict=False):
        _draw_panel(panel, experiment, by_name.get(experiment.trial["parent"]), column)
    for panel in panels[len(experiments) - columns : len(experiments)]:
        panel.tick_params(labelbottom=True)  # also above the place of a removed one
    heading = f"{title}: {column} by epoch\n{describe_data(summary)}"
    figure.suptitle(heading, fontsize=9, wrap=True)
    figure.legend(handles=_legend(), loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=150)
    return path


def _draw_panel(
    panel: Axes, experiment: ExperimentSummary, parent: ExperimentSummary | None, column: str
) -> None:
    from matplotlib.ticker import MaxNLocator

    for points in curve(parent, f"val_{column}") if parent else []:
        panel.plot(*points, color=PARENT, linewidth=1, marker="o", markersize=1)
    for points in curve(experiment, column):
        panel.plot(*points, color=TRAIN, linestyle="--", marker="o", markersize=2)
    for points in curve(experiment, f"val_{column}"):
        panel.plot(*points, color=VALIDATION, marker="o", markersize=2)
    panel.set_title(textwrap.fill(experiment.name, TITLE_WIDTH), fontsize=8)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    panel.tick_params(labelsize=7)
    panel.grid(alpha=0.3)


def _legend() -> list[Line2D]:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color=TRAIN, linestyle="--", label="train"),
        Line2D([], [], color=VALIDATION, label="validation"),
        Line2D([], [], color=PARENT, linewidth=1, label="validation of the parent"),
    ]
