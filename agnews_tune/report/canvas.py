"""Pictures for print: how wide they are, and how they are saved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from agnews_tune.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMN = (3.4, 2)  # inches and panels beside each other
PAGE = (7.0, 4)
FEW = 4  # panels that fit a column of a paper
LINE = 0.11  # inches that a line of text takes
DOTS_PER_INCH = 200


def tidy(panel: Axes) -> None:
    """Give a panel small letters, a faint grid and no frame."""
    panel.tick_params(labelsize=6, length=2, pad=2)
    panel.grid(alpha=0.3, linewidth=0.5)
    panel.spines[["top", "right"]].set_visible(False)


def save(figure: Figure, folder: Path, name: str) -> list[Path]:
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
            figure.savefig(temporary, format=form, dpi=DOTS_PER_INCH, metadata=metadata)
    return paths
