"""The pictures of a run for print, and in which folder each belongs.

Loads nothing that compares, so that the processes which draw can start before it is loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from agnews_tune.report.curves import draw_curves
from agnews_tune.report.drawing import Draw, Picture
from agnews_tune.report.summary import PLOTS, DataSummary

if TYPE_CHECKING:
    from agnews_tune.report.contents import Contents


def start_curves(run: Path, summaries: Sequence[DataSummary], draw: Draw) -> list[Picture]:
    """Have the curves of a run drawn; return what waits for each picture.

    Args:
        run: the run's folder.
        summaries: of its trials, one for each data that they saw.
        draw: what has them drawn.
    """
    return [
        draw(partial(draw_curves, summary, measure, _title(run), folder), folder)
        for summary in summaries
        if any(record.history for item in summary.experiments for record in item.trials)
        for folder in [_folder(run, summary, len(summaries))]
        for measure in PLOTS
    ]


def start_searches(report: Contents, draw: Draw) -> list[Picture]:
    """Have what searches tried drawn; return what waits for each picture."""
    from agnews_tune.report.search_picture import draw_search

    return [
        draw(partial(draw_search, analysis.search, _title(report.run), folder), folder)
        for analysis in (part.analysis for part in report.parts)
        if analysis.search
        for folder in [_folder(report.run, analysis.summary, len(report.parts))]
    ]


def _title(run: Path) -> str:
    return run.resolve().name


def _folder(run: Path, summary: DataSummary, count: int) -> Path:
    """Return where pictures of one of several data belong: they would lie over each other."""
    return run if count == 1 else run / f"data-{summary.data['fingerprint']}"
