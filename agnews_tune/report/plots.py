"""The plots of the page: what plots.js draws with BokehJS.

Bokeh's Python package brings its JavaScript along, so that nothing is fetched when the page is made
or read: 1.4 MB, where Plotly's is 4.6 MB. Its Python models are left alone: to import them and to
build the same plots took 0.7 s, and 3 s for 60 experiments.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from agnews_tune.hyperparameters import format_value
from agnews_tune.report.analysis import Analysis
from agnews_tune.report.searches import Influence, SearchOutcome
from agnews_tune.report.summary import Point
from agnews_tune.report.traces import MEASURES, Look, in_words

LIBRARY = ("bokeh.min.js", "bokeh-api.min.js")


def read_library() -> tuple[str, str]:
    """Return the script of BokehJS, and its version."""
    import bokeh
    from bokeh.settings import settings

    folder = settings.bokehjs_path() / "js"
    script = "\n".join((folder / name).read_text(encoding="utf-8") for name in LIBRARY)
    return script, bokeh.__version__


def describe_plot(
    target: str, measure: str, analysis: Analysis, shown: set[int], looks: list[Look]
) -> dict[str, Any]:
    """Return what is drawn into the element of that id: accuracy or loss by epoch.

    Curves stand in the order in which they are drawn, train below validation.
    """
    columns = {"train": measure, "validation": f"val_{measure}"}
    return {
        "target": target,
        "measure": measure,
        "measures": {kind: MEASURES[column] for kind, column in columns.items()},
        "curves": [
            {
                "experiment": line.experiment.name,
                "kind": kind,
                "position": position,
                "shown": position in shown,
                "look": asdict(looks[position]),
                **_values(curve),
            }
            for kind, column in columns.items()
            for position, line in enumerate(analysis.lines)
            if (curve := line.experiment.curve(column))
        ],
    }


def describe_tried(prefix: str, found: SearchOutcome) -> list[dict[str, Any]]:
    """Return what is drawn of a search: for each hyperparameter what each value came to.

    Args:
        prefix: of the ids of the elements that the plots are drawn into.
        found: what was tried.
    """
    return [
        _tried(f"{prefix}-{influence.hyperparameter}", influence, found)
        for influence in found.influences
    ]


def _tried(target: str, influence: Influence, found: SearchOutcome) -> dict[str, Any]:
    words = [] if influence.space.is_numeric else influence.space.words
    values = [one.values[influence.hyperparameter] for one in found.tried]
    return {
        "target": target,
        "hyperparameter": influence.hyperparameter,
        "ticks": influence.space.log_ticks,
        "words": words,
        "points": [
            {
                "experiment": one.name,
                "value": format_value(value) if words else value,
                "accuracy": one.accuracy,
                "stopped": one.stopped,
            }
            for one, value in zip(found.tried, values, strict=True)
        ],
    }


def _values(curve: dict[int, Point]) -> dict[str, list[Any]]:
    """Return a curve in columns, one value an epoch."""
    points = curve.values()
    return {
        "epoch": list(curve),
        "mean": [_number(point.mean) for point in points],
        "low": [_number(point.low) for point in points],
        "high": [_number(point.high) for point in points],
        "words": [in_words(point) for point in points],
    }


def _number(value: float) -> float | None:
    """Return None for what JSON has no number for."""
    return value if math.isfinite(value) else None
