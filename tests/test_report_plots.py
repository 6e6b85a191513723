"""The curves of the page as figures, and the script that draws them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agnews_tune.records.reading import read_run
from agnews_tune.report.analysis import analyze
from agnews_tune.report.plots import describe_plot, read_library
from agnews_tune.report.summary import summarize
from agnews_tune.report.traces import choose_looks

ROWS = [{"epoch": 1, "loss": 0.9, "val_loss": 0.8}, {"epoch": 2, "loss": 0.2, "val_loss": 0.5}]


def plot_of(run: Path, shown: set[int]) -> dict[str, Any]:
    (summary,) = summarize(read_run(run))
    analysis = analyze(summary)
    return describe_plot("part1-loss", "loss", analysis, shown, choose_looks(analysis))


def test_a_curve_in_columns(write_record: Callable[..., Path], tmp_path: Path) -> None:
    """Its mean and its range over the seeds, and what is said of them, one value an epoch."""
    for seed, rows in enumerate((ROWS, ROWS[:1])):
        history = [row | {"val_loss": row["val_loss"] - seed / 4} for row in rows]
        write_record(tmp_path, "rnn", seed=seed, history=history, result=None)
    train, validation = plot_of(tmp_path, {0})["curves"]

    assert {
        "experiment": "rnn",
        "kind": "validation",
        "position": 0,
        "shown": True,
        "look": {"colour": "#2f9fd0", "marker": "circle", "hollow": False},
        "epoch": [1, 2],
        "mean": [0.675, 0.5],
        "low": [0.55, 0.5],
        "high": [0.8, 0.5],
        "words": ["0.6750 (0.5500 to 0.8000, 2 seeds)", "0.5000"],
    } == validation
    assert ("train", [0.9, 0.2]) == (train["kind"], train["mean"])


def test_validation_lies_over_train(write_record: Callable[..., Path], tmp_path: Path) -> None:
    """What was not measured has no curve, and what is off at first is there."""
    write_record(tmp_path, "rnn", history=ROWS, result=None)
    write_record(tmp_path, "gru", history=[{"epoch": 1, "val_loss": 0.8}], result=None)
    curves = plot_of(tmp_path, {1})["curves"]

    assert [
        ("rnn", "train", False),
        ("rnn", "validation", False),
        ("gru", "validation", True),
    ] == [(curve["experiment"], curve["kind"], curve["shown"]) for curve in curves]


def test_what_json_has_no_number_for(write_record: Callable[..., Path], tmp_path: Path) -> None:
    """A loss that ran away leaves a gap."""
    history = [{"epoch": 1, "loss": 0.9}, {"epoch": 2, "loss": float("inf")}]
    write_record(tmp_path, "rnn", history=history, result=None)
    plot = plot_of(tmp_path, {0})

    assert [0.9, None] == plot["curves"][0]["mean"]
    assert json.dumps(plot, allow_nan=False)


def test_library_can_stand_in_a_page() -> None:
    """It is the installed version, and nothing in it ends the element that it stands in."""
    script, version = read_library()

    assert f'"{version}"' in script
    assert "</script" not in script
