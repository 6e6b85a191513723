"""Records become tables, findings and pictures; nothing here trains or needs torch or Ray."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agnews_tune.records import read_run
from agnews_tune.report.analysis import Analysis, analyze
from agnews_tune.report.curves import draw_curves
from agnews_tune.report.forms import Report
from agnews_tune.report.mistakes import Mistakes, find_mistakes
from agnews_tune.report.page import write_page
from agnews_tune.report.sources import read_targets, read_texts
from agnews_tune.report.summary import summarize


def read_report(run: Path, errors: int = 0) -> Report:
    """Read the records of a run and compare its experiments.

    Args:
        run: the run's folder; the run may still be under way.
        errors: how many of the hardest rows to look up; 0 leaves all errors out.
    """
    targets = read_targets(run)
    analyses = [analyze(summary, targets) for summary in summarize(read_run(run))]
    return Report(run, analyses, [_mistakes(run, analysis, errors) for analysis in analyses])


def write_files(report: Report) -> list[Path]:
    """Write the page and draw the curves into the folder of a run; return their paths.

    Raises:
        WriteError: the folder cannot be written.
    """
    pictures = []
    for analysis in report.analyses:
        summary = analysis.summary
        # Pictures of other data would lie over these, so each has a folder where there are several.
        alone = len(report.analyses) == 1
        folder = report.run if alone else report.run / f"data-{summary.data['fingerprint']}"
        if any(record.history for item in summary.experiments for record in item.trials):
            pictures += draw_curves(summary, report.name, folder)
    return [write_page(report), *pictures]


def _mistakes(run: Path, analysis: Analysis, count: int) -> Mistakes | None:
    if not count or analysis.best is None:
        return None
    best = analysis.lines.index(analysis.best)
    if best not in analysis.outcomes:
        return None
    texts: Sequence[str] | None = read_texts(run, analysis.summary.data)
    return find_mistakes(analysis.summary, analysis.outcomes, best, count, texts)
