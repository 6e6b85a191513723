"""Panels of curves: lines, bands, words and numbers in a rectangle of a picture.

They look as matplotlib's ``Axes`` do, whose ticks, labels and edges are objects even where nobody
sees them: with those, a picture of fourteen panels took 0.65 s in place of 0.40.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox, Transform

FRAME: dict[str, Any] = {"color": "black", "linewidth": 0.8, "zorder": 2.5}
GRID: dict[str, Any] = {"colors": "#b0b0b0", "linewidths": 0.5, "alpha": 0.3, "zorder": 1}
SMALL, MIDDLE = 6, 7  # points of letters
GAP = 5.5  # points between a panel and its numbers
BELOW = 12.5  # points between a panel and the name of its numbers
MANY_FIGURES = 1e5  # from here on numbers are written with an exponent

Limits = tuple[float, float]


@dataclass(frozen=True)
class Scale:
    """The limits that all panels share, and the numbers between them that are marked."""

    limits: Limits
    marks: list[float]

    def texts(self) -> list[str]:
        """Return the marked numbers as text, all with the same digits."""
        if max(map(abs, self.marks), default=0) >= MANY_FIGURES:
            return [f"{mark:.2g}" for mark in self.marks]
        digits = next(n for n in range(13) if all(round(x, n) == round(x, 12) for x in self.marks))
        return [f"{mark:.{digits}f}" for mark in self.marks]


def make_scale(limits: Limits, steps: int, whole: bool = False) -> Scale:
    """Return a scale with at most so many steps between round numbers.

    Args:
        limits: lowest and highest value.
        steps: how many at most.
        whole: only whole numbers are marked.
    """
    from matplotlib.ticker import MaxNLocator

    ticks = MaxNLocator(steps, integer=whole, min_n_ticks=1).tick_values(*limits)
    return Scale(limits, [float(tick) for tick in ticks if limits[0] <= tick <= limits[1]])


@dataclass(frozen=True)
class Panel:
    """A rectangle with coordinates of its own.

    Attributes:
        figure: the picture.
        box: where the rectangle lies, as fractions of the picture.
        columns: the scale from left to right.
        rows: the scale from below.
    """

    figure: Figure
    box: Bbox
    columns: Scale
    rows: Scale

    def draw_frame(self, numbers_below: str, numbers_left: bool) -> None:
        """Draw two edges and the lines of the grid, and write numbers where they are wanted.

        Args:
            numbers_below: what the numbers below the panel are; empty: none are written.
            numbers_left: whether numbers are written at the left.
        """
        from matplotlib.collections import LineCollection

        (left, right), (low, high) = self.columns.limits, self.rows.limits
        grid = [[(x, low), (x, high)] for x in self.columns.marks]
        grid += [[(left, y), (right, y)] for y in self.rows.marks]
        self.figure.add_artist(LineCollection(grid, transform=self.place, **GRID))
        self.draw_line([left, left, right], [high, low, low], **FRAME)
        if numbers_below:
            for x, text in zip(self.columns.marks, self.columns.texts(), strict=True):
                self.write(text, x, low, below=GAP, ha="center", va="top")
            self.write(numbers_below, (left + right) / 2, low, below=BELOW, ha="center", va="top")
        if numbers_left:
            for y, text in zip(self.rows.marks, self.rows.texts(), strict=True):
                self.write(text, left, y, left=GAP, ha="right", va="center_baseline")

    def draw_line(self, xs: Sequence[float], ys: Sequence[float], **style: Any) -> None:
        """Draw a line through points; ``style`` is that of ``matplotlib.lines.Line2D``."""
        from matplotlib.lines import Line2D

        self.figure.add_artist(Line2D(xs, ys, transform=self.place, **style))

    def draw_band(
        self, xs: Sequence[float], lows: Sequence[float], highs: Sequence[float], colour: str
    ) -> None:
        """Colour what lies between two lines, as far as both are numbers."""
        from matplotlib.collections import PolyCollection

        rows = [row for row in zip(xs, lows, highs, strict=True) if all(map(math.isfinite, row))]
        corners = [(x, low) for x, low, _ in rows] + [(x, high) for x, _, high in reversed(rows)]
        if corners:
            band = PolyCollection([corners], color=colour, alpha=0.2, transform=self.place)
            self.figure.add_artist(band)

    def write(
        self, text: str, x: float, y: float, left: float = 0, below: float = 0, **style: Any
    ) -> None:
        """Write at a point, or so many points (1/72 inch) left of it or below it."""
        from matplotlib.transforms import offset_copy

        place = offset_copy(self.place, self.figure, -left, -below, units="points")
        self.figure.text(x, y, text, transform=place, **{"fontsize": SMALL} | style)

    @cached_property
    def place(self) -> Transform:
        """From the panel's coordinates to the picture's."""
        from matplotlib.transforms import Bbox, BboxTransform

        (left, right), (low, high) = self.columns.limits, self.rows.limits
        inside = Bbox.from_extents(left, low, right, high)
        return BboxTransform(inside, self.box) + self.figure.transFigure
