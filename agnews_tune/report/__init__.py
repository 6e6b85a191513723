"""Records become tables, findings and pictures; nothing here trains or needs torch or Ray."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from agnews_tune.report.curves import draw_curves
from agnews_tune.report.drawing import Draw, Picture, draw_later, drawing_beside
from agnews_tune.report.page import write_page
from agnews_tune.report.reading import Part, Report, read_report
from agnews_tune.report.search_picture import draw_search
from agnews_tune.report.traces import PLOTS

__all__ = ["Report", "drawing_beside", "read_report", "write_files"]


def write_files(report: Report, draw: Draw = draw_later) -> list[Path]:
    """Write the page and draw the pictures into the folder of a run; return their paths.

    Args:
        report: of the run.
        draw: has pictures drawn while the page is written, or after it.

    Raises:
        WriteError: the folder cannot be written.
    """
    drawn = []
    for part in report.parts:
        fingerprint = part.analysis.summary.data["fingerprint"]
        # Pictures of other data would lie over these, so each has a folder where there are several.
        alone = len(report.parts) == 1
        folder = report.run if alone else report.run / f"data-{fingerprint}"
        drawn += [draw(picture, folder) for picture in _pictures(part, report.name, folder)]
    return [write_page(report), *(path for wait in drawn for path in wait())]


def _pictures(part: Part, title: str, folder: Path) -> Iterator[Picture]:
    summary, search = part.analysis.summary, part.analysis.search
    if not any(record.history for item in summary.experiments for record in item.trials):
        return
    for measure in PLOTS:
        yield partial(draw_curves, summary, measure, title, folder)
    if search:
        yield partial(draw_search, search, title, folder)
