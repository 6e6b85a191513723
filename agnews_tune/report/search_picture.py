"""A search for print: each value that was tried and the validation accuracy that it came to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agnews_tune.report.canvas import Spacing, make_canvas, save
from agnews_tune.report.searches import Influence, SearchOutcome

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SPACING = Spacing(panel=1.1, above=0.0, below=0.42, left=0.42, right=0.28, foot=0.4)
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
    heading = f"{title}: validation accuracy of what was tried; hollow: stopped early"
    canvas = make_canvas(len(found.influences), heading, SPACING)
    for number, (box, influence) in enumerate(zip(canvas.boxes, found.influences, strict=True)):
        panel = canvas.figure.add_axes(box.bounds)
        at_left = canvas.is_left(number)
        panel.tick_params(labelsize=6, pad=2, bottom=False, left=False, labelleft=at_left)
        panel.spines[["top", "right"]].set_visible(False)
        _draw_panel(panel, influence, found)
    return save(canvas, folder, "search")


def _draw_panel(panel: Axes, influence: Influence, found: SearchOutcome) -> None:
    from matplotlib.ticker import MaxNLocator

    panel.grid(alpha=0.3, linewidth=0.5)
    space = influence.space
    for one in found.tried:
        panel.plot(
            space.place(one.values[influence.hyperparameter]),
            one.accuracy,
            "o",
            markersize=3,
            color=STOPPED if one.stopped else FINISHED,
            markerfacecolor="none" if one.stopped else FINISHED,
            markeredgewidth=0.8,
        )
    _scale(panel, space.words, space.log_ticks)
    panel.yaxis.set_major_locator(MaxNLocator(4))
    accuracies = [one.accuracy for one in found.tried]
    margin = 0.05 * (max(accuracies) - min(accuracies)) or 0.05
    panel.set_ylim(min(accuracies) - margin, max(accuracies) + margin)
    panel.set_xlabel(influence.hyperparameter, fontsize=7, labelpad=1)


def _scale(panel: Axes, words: list[str], log_ticks: list[float]) -> None:
    """Give the axis of the values its scale and its ticks."""
    from matplotlib.ticker import MaxNLocator, NullLocator

    if words:
        panel.set_xticks(range(len(words)), [word.replace("+", "+\n") for word in words])
        panel.set_xlim(-0.5, len(words) - 0.5)
    elif log_ticks:
        panel.set_xscale("log")
        panel.set_xticks(log_ticks, [f"{tick:g}" for tick in log_ticks])
        panel.xaxis.set_minor_locator(NullLocator())
    else:
        panel.xaxis.set_major_locator(MaxNLocator(4))
