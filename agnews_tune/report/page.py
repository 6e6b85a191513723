"""The report as one HTML file that opens offline.

It forbids itself every request, and every script but the ones written here, by a
Content-Security-Policy.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from agnews_tune import __version__
from agnews_tune.files import write_text
from agnews_tune.report.contents import Contents, Part
from agnews_tune.report.convergence import RULES
from agnews_tune.report.findings import write_findings
from agnews_tune.report.main_table import explain, main_table, meanings_for
from agnews_tune.report.plots import describe_plot, describe_tried, read_library
from agnews_tune.report.sections import describe_details, describe_search
from agnews_tune.report.summary import PLOTS
from agnews_tune.report.traces import choose_looks, choose_shown, drawn, epoch_table

FOLDER = Path(__file__).parent


def write_page(report: Contents) -> Path:
    """Write ``report.html`` into the folder of a run; return its path.

    Raises:
        WriteError: the folder cannot be written.
    """
    path = report.run / "report.html"
    write_text(path, _render(report))
    return path


def _render(report: Contents) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    library, version = read_library()
    scripts = [library, _read("plots.js") + _read("page.js")]
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    parts = [_part(number, part) for number, part in enumerate(report.parts, start=1)]
    return environment.get_template("page.html").render(
        run=report.name,
        parts=parts,
        plots={
            kind: [plot for part in parts for plot in part[kind]] for kind in ("curves", "tried")
        },
        style=_read("page.css"),
        scripts=scripts,
        hashes=[_hash(script) for script in scripts],
        versions={"agnews-tune": __version__, "Bokeh": version},
    )


def _part(number: int, part: Part) -> dict[str, Any]:
    """Return what the template says about the experiments on the same data."""
    analysis = part.analysis
    table, shown, looks = main_table(analysis), choose_shown(analysis), choose_looks(analysis)
    return {
        "number": number,
        "data": analysis.summary.description,
        "findings": write_findings(analysis),
        "finished": any(line.experiment.finished for line in analysis.lines),
        "table": table,
        "notes": explain(table, meanings_for(analysis) | {"training": RULES}),
        "looks": looks,
        "shown": shown,
        "drawn": drawn(analysis),
        "curves": [
            describe_plot(f"part{number}-{measure}", measure, analysis, shown, looks)
            for measure in PLOTS
            if drawn(analysis, (measure, f"val_{measure}"))
        ],
        "epochs": epoch_table(analysis),
        "search": describe_search(analysis),
        "tried": describe_tried(f"part{number}-tried", analysis.search) if analysis.search else [],
        "sections": describe_details(part),
    }


def _read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
