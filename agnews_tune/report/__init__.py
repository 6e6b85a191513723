"""Records become tables and curves; nothing here trains, and nothing here needs torch or Ray."""

from __future__ import annotations

from pathlib import Path

from agnews_tune.errors import WriteError
from agnews_tune.records import read_run
from agnews_tune.report.curves import draw_curves
from agnews_tune.report.summary import summarize
from agnews_tune.report.table import format_table


def report_run(run: Path) -> str:
    """Return the tables of a run as text and draw its curves into its folder.

    Args:
        run: the run's folder; the run may still be under way.

    Raises:
        RecordError: a record is damaged.
    """
    parts = [f"=== {run} ==="]
    summaries = summarize(read_run(run))
    for summary in summaries:
        parts.append(format_table(summary))
        # Other data would draw over these pictures, so each has a folder where there are several.
        folder = run if len(summaries) == 1 else run / f"data-{summary.data['fingerprint']}"
        if any(record.history for item in summary.experiments for record in item.trials):
            try:
                pictures = draw_curves(summary, run.name, folder)
                parts.append("curves: " + ", ".join(map(str, pictures)))
            except WriteError as error:
                parts.append(f"no curves: {error}")
    return "\n\n".join(parts) + "\n"
