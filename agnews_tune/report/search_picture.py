"""A search for print: each value that was tried and the validation accuracy that it came to."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from agnews_tune.grid import format_value
from agnews_tune.report.canvas import COLUMN, FEW, LINE, PAGE, save, tidy
from agnews_tune.report.searches import Influence, SearchOutcome, is_numeric, log_ticks
from agnews_tune.search import Range

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANEL_HEIGHT, LEFT, RIGHT, BELOW, GAP = 1.1, 0.42, 0.08, 0.34, 0.16  # inches
FINISHED, STOPPED = "#d55e00", "#767676"


def draw_search(found: SearchOutcome, title: str, folder: Path) -> list[Path]:
    """Draw ``search``, a panel for each hyperparameter, as PNG and SVG; return their paths.

    Args:
        found: what was tried.
        title: stands above the panels.
        folder: where the pictures go.

    Raises:
        WriteError: the folder cannot be written.
    """
    from matplotlib.figure import Figure

    width, columns = COLUMN if len(found.influences) <= FEW else PAGE
    columns = min(columns, len(found.influences))
    rows = -(-len(found.influences) // columns)
    heading = textwrap.fill(
        f"{title}: validation accuracy of what was tried; hollow: stopped early", int(width * 20)
    )
    head = LINE * (2 + heading.count("\n"))
    figure = Figure(figsize=(width, head + rows * (PANEL_HEIGHT + BELOW)))
    height = figure.get_figheight()
    figure.text(0.5, 1 - 0.04 / height, heading, fontsize=7, ha="center", va="top")
    grid = figure.add_gridspec(
        rows,
        columns,
        left=LEFT / width,
        right=1 - RIGHT / width,
        top=1 - head / height,
        bottom=BELOW / height,
        wspace=GAP / ((width - LEFT) / columns - GAP),
        hspace=BELOW / PANEL_HEIGHT,
    )
    for number, influence in enumerate(found.influences):
        panel = figure.add_subplot(grid[number // columns, number % columns])
        _draw_panel(panel, influence, found)
        if number % columns:
            panel.tick_params(labelleft=False)
    return save(figure, folder, "search")


def _draw_panel(panel: Axes, influence: Influence, found: SearchOutcome) -> None:
    from matplotlib.ticker import MaxNLocator, NullLocator

    choice = influence.choice
    for one in found.tried:
        value = one.values[influence.hyperparameter]
        panel.plot(
            value if is_numeric(choice) else choice.index(value),  # type: ignore[union-attr]
            one.accuracy,
            "o",
            markersize=3,
            color=STOPPED if one.stopped else FINISHED,
            markerfacecolor="none" if one.stopped else FINISHED,
            markeredgewidth=0.8,
        )
    if isinstance(choice, Range) and choice.log:
        panel.set_xscale("log")
        ticks = log_ticks(choice)
        panel.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        panel.xaxis.set_minor_locator(NullLocator())
    elif is_numeric(choice):
        panel.xaxis.set_major_locator(MaxNLocator(4))
    else:
        words = [format_value(value) for value in choice]  # type: ignore[union-attr]
        panel.set_xticks(range(len(words)), words)
        panel.set_xlim(-0.5, len(words) - 0.5)
    panel.yaxis.set_major_locator(MaxNLocator(4))
    accuracies = [one.accuracy for one in found.tried]
    margin = 0.05 * (max(accuracies) - min(accuracies)) or 0.05
    panel.set_ylim(min(accuracies) - margin, max(accuracies) + margin)
    panel.set_xlabel(influence.hyperparameter, fontsize=7, labelpad=1)
    tidy(panel)
