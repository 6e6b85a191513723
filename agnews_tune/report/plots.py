"""The curves of the page, drawn by Bokeh.

Its Python package brings the JavaScript along, so that nothing is fetched when the page is made or
read: 1.3 MB, where Plotly's is 4.6 MB.
"""

from __future__ import annotations

import math
from itertools import chain
from typing import TYPE_CHECKING, Any

from agnews_tune.report.analysis import Analysis
from agnews_tune.report.summary import Point
from agnews_tune.report.traces import MEASURES, Look, in_words

if TYPE_CHECKING:
    from bokeh.models import ColumnDataSource
    from bokeh.models.glyph import Glyph
    from bokeh.models.renderers import GlyphRenderer
    from bokeh.plotting import figure

MISSING = Point(math.nan, math.nan, math.nan, 0)


def read_library() -> tuple[str, str]:
    """Return the script that draws the plots, and its version."""
    import bokeh
    from bokeh.resources import Resources

    script, _ = Resources("inline", components=["bokeh"]).js_raw  # and how much it is to log
    return script, bokeh.__version__


def draw_plot(
    target: str, measure: str, analysis: Analysis, shown: set[int], looks: list[Look]
) -> dict[str, Any]:
    """Return what Bokeh draws into the element of that id: accuracy or loss by epoch."""
    from bokeh.core.types import ID
    from bokeh.embed import json_item
    from bokeh.models import HoverTool

    columns = {"train": measure, "validation": f"val_{measure}"}
    drawings: dict[str, list[list[GlyphRenderer[Glyph]]]] = {kind: [] for kind in columns}
    for position, line in enumerate(analysis.lines):
        traces = {kind: line.experiment.curve(column) for kind, column in columns.items()}
        source = _source(line.experiment.name, traces)
        for kind in (kind for kind, found in traces.items() if found):
            drawing = _draw(source, kind, looks[position])
            for renderer in drawing:
                renderer.tags, renderer.visible = [position, kind], position in shown
            drawings[kind].append(drawing)
    frame = _frame(measure)
    frame.renderers = list(chain(*drawings["train"], *drawings["validation"]))
    for kind, column in columns.items():
        hover = HoverTool(
            tooltips=f"<b>@experiment</b><br>epoch @epoch: {MEASURES[column]} @{kind}_words",
            line_policy="nearest",
            renderers=[drawing[0] for drawing in drawings[kind]],
            visible=False,
        )
        frame.add_tools(hover)
    return {**json_item(frame, ID(target)), "title": f"Train and validation {measure}"}


def _frame(measure: str) -> figure:
    """Return an empty plot; the page's script gives it the colours of the theme."""
    from bokeh.models import BasicTicker, BoxZoomTool, DataRange1d, ResetTool
    from bokeh.plotting import figure

    frame = figure(
        height=340,
        sizing_mode="stretch_width",
        tools=[BoxZoomTool(), ResetTool()],
        toolbar_location="above",
        active_drag=None,  # a finger that moves over the plot scrolls the page
        x_range=DataRange1d(only_visible=True),
        y_range=DataRange1d(only_visible=True),
        x_axis_label="epoch",
        y_axis_label=measure,
        background_fill_color=None,
        border_fill_color=None,
        outline_line_color=None,
    )
    frame.toolbar.logo = None
    frame.xaxis.ticker = BasicTicker(min_interval=1, num_minor_ticks=0)
    frame.axis.axis_label_text_font_style = "normal"
    frame.axis.axis_label_text_font_size = frame.axis.major_label_text_font_size = "13px"
    return frame


def _source(experiment: str, traces: dict[str, dict[int, Point]]) -> ColumnDataSource:
    from bokeh.models import ColumnDataSource

    epochs = sorted(set().union(*traces.values()))
    data: dict[str, list[Any]] = {"epoch": epochs, "experiment": [experiment] * len(epochs)}
    for kind, found in traces.items():
        points = [found.get(epoch, MISSING) for epoch in epochs]
        for name in ("mean", "low", "high"):
            data[f"{kind}_{name}"] = [getattr(point, name) for point in points]
        data[f"{kind}_words"] = [in_words(point) for point in points]
    return ColumnDataSource(data)


def _draw(source: ColumnDataSource, kind: str, style: Look) -> list[GlyphRenderer[Glyph]]:
    """Draw means as a line, for validation also points and the band over the seeds.

    Returns:
        What the mouse is to meet, then the others.
    """
    from bokeh.models import CDSView, Line, Scatter, VArea
    from bokeh.models.renderers import GlyphRenderer

    colour, main = style.colour, kind == "validation"
    x, y, low, high = "epoch", f"{kind}_mean", f"{kind}_low", f"{kind}_high"
    glyphs: list[Glyph] = []
    if len(source.data[x]) > 1:
        width, dash = (2, "solid") if main else (1.3, "dashed")
        glyphs.append(Line(x=x, y=y, line_color=colour, line_width=width, line_dash=dash))
    if main or not glyphs:
        fill, marker = None if style.hollow else colour, style.marker
        glyphs.append(Scatter(x=x, y=y, size=7, marker=marker, line_color=colour, fill_color=fill))
    if main and source.data[low] != source.data[high]:
        glyphs.append(VArea(x=x, y1=low, y2=high, fill_color=colour, fill_alpha=0.15))
    view = CDSView()
    return [GlyphRenderer(data_source=source, glyph=glyph, view=view) for glyph in glyphs]
