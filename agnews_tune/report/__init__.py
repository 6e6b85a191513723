"""Records become tables, findings and pictures; nothing here trains or needs torch or Ray."""

from __future__ import annotations

from pathlib import Path

from agnews_tune.report.drawing import Draw, draw_later, drawing_beside
from agnews_tune.report.page import write_page
from agnews_tune.report.reading import Report, read_report

__all__ = ["Report", "drawing_beside", "read_report", "write_files"]


def write_files(report: Report, draw: Draw = draw_later) -> list[Path]:
    """Write the page and draw the curves into the folder of a run; return their paths.

    Args:
        report: of the run.
        draw: draws the curves while the page is written, or after it.

    Raises:
        WriteError: the folder cannot be written.
    """
    pictures = []
    for part in report.parts:
        summary = part.analysis.summary
        # Pictures of other data would lie over these, so each has a folder where there are several.
        alone = len(report.parts) == 1
        folder = report.run if alone else report.run / f"data-{summary.data['fingerprint']}"
        if any(record.history for item in summary.experiments for record in item.trials):
            pictures.append(draw(summary, part.analysis.search, report.name, folder))
    return [write_page(report), *(path for wait in pictures for path in wait())]
