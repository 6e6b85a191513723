"""A picture of how cost grows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.growth import Curve


def draw(curves: Sequence[Curve], path: Path) -> None:
    """Draw seconds by size, one panel a curve."""
    figure = Figure(figsize=(3.2 * len(curves), 2.6), layout="constrained")
    panels = figure.subplots(1, len(curves), squeeze=False)[0]
    for panel, curve in zip(panels, curves, strict=True):
        panel.plot(*zip(*curve.seconds.items(), strict=True), marker="o", clip_on=False)
        panel.set(title=curve.name, xlabel=curve.unit, xlim=(0, None), ylim=(0, None))
        panel.title.set_fontsize("small")
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(axis="y", alpha=0.3)
    panels[0].set_ylabel("seconds")
    figure.savefig(path, dpi=150)
