"""Pictures for print: panels on a canvas that is as wide as a column or a page, and its files.

At that size their smallest letters have 6 points.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agnews_tune.files import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

COLUMN = (3.4, 2)  # inches and panels beside each other
PAGE = (7.0, 4)
FEW = 4  # panels that fit a column of a paper
LINE = 0.11  # inches that a line of text takes
DOTS_PER_INCH = 200


@dataclass(frozen=True)
class Spacing:
    """The height of a panel and what lies around it, in inches."""

    panel: float
    above: float
    below: float
    left: float
    right: float
    foot: float


@dataclass(frozen=True)
class Canvas:
    """A picture, where its panels lie, and how many stand in a row.

    Attributes:
        figure: the picture, empty but for its heading.
        boxes: of the panels from left to right and from the top, as fractions of the picture.
        columns: how many stand in a row.
    """

    figure: Figure
    boxes: list[Bbox]
    columns: int

    def is_left(self, number: int) -> bool:
        """Whether a panel stands first in its row."""
        return number % self.columns == 0

    def is_lowest(self, number: int) -> bool:
        """Whether no panel stands below this one."""
        return number + self.columns >= len(self.boxes)


def make_canvas(count: int, heading: str, spacing: Spacing) -> Canvas:
    """Return a picture with room for panels under a heading."""
    from matplotlib.figure import Figure

    width, columns = COLUMN if count <= FEW else PAGE
    columns = min(columns, count)
    rows = -(-count // columns)
    heading = textwrap.fill(heading, int(width * 20))
    head = LINE * (1.5 + heading.count("\n"))
    pitch = spacing.above + spacing.panel + spacing.below
    height = head + rows * pitch + spacing.foot - spacing.below
    figure = Figure(figsize=(width, height))
    figure.text(0.5, 1 - 0.04 / height, heading, fontsize=7, ha="center", va="top")
    grid = figure.add_gridspec(
        rows,
        columns,
        left=spacing.left / width,
        right=1 - spacing.right / width,
        top=1 - (head + spacing.above) / height,
        bottom=spacing.foot / height,
        wspace=spacing.right / ((width - spacing.left) / columns - spacing.right),
        hspace=(spacing.above + spacing.below) / spacing.panel,
    )
    boxes = [grid[divmod(number, columns)].get_position(figure) for number in range(count)]
    return Canvas(figure, boxes, columns)


def save(canvas: Canvas, folder: Path, name: str) -> list[Path]:
    """Save a picture as PNG and SVG; return their paths.

    Raises:
        WriteError: the folder cannot be written.
    """
    import matplotlib as mpl

    paths = []
    for form in ("png", "svg"):
        paths.append(folder / f"{name}.{form}")
        # Text in an SVG file stays text, and the same records give the same file.
        settings: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": name}
        metadata = {"Date": None} if form == "svg" else None
        with mpl.rc_context(settings), replacing(paths[-1]) as temporary:
            canvas.figure.savefig(temporary, format=form, dpi=DOTS_PER_INCH, metadata=metadata)
    return paths
