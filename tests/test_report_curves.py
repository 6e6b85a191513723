"""Curves: the numbers that are drawn, and pictures that are pictures."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from agnews_tune.records import read_run
from agnews_tune.report.curves import COLUMNS, PANEL, PARENT, TRAIN, VALIDATION, curve, draw_curves
from agnews_tune.report.summary import DataSummary, summarize

DOTS_PER_INCH = 150
ROWS = [{"epoch": 1, "loss": 0.9, "val_loss": 0.8}, {"epoch": 2, "loss": 0.2, "val_loss": 0.5}]


def summary_of(run: Path) -> DataSummary:
    (summary,) = summarize(read_run(run))
    return summary


def count_pixels(path: Path, colour: str) -> int:
    picture = imread(path, format="png")[:, :, :3]
    return int((np.abs(picture - to_rgb(colour)) < 1e-3).all(axis=2).sum())


def test_curve_is_one_list_of_points_a_seed(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """Each seed with epochs gives its epochs and values; gaps and waiting seeds are left out."""
    full = [{"epoch": 1, "val_loss": 0.9}, {"epoch": 2, "val_loss": 0.7}]
    gap = [{"epoch": 1, "loss": 0.9}, {"epoch": 2, "val_loss": 0.8}]
    for seed, history in enumerate((full, gap, [])):
        write_record(tmp_path, "rnn", seed, history=history, result=None)
    (experiment,) = summary_of(tmp_path).experiments

    assert [([1.0, 2.0], [0.9, 0.7]), ([2.0], [0.8])] == curve(experiment, "val_loss")
    assert [([1.0], [0.9])] == curve(experiment, "loss")
    assert [] == curve(experiment, "accuracy")


@pytest.mark.parametrize(("experiments", "seeds"), [(1, 1), (4, 3), (5, 1)])
def test_pictures_hold_a_panel_an_experiment(
    write_record: Callable[..., Path], tmp_path: Path, experiments: int, seeds: int
) -> None:
    """Both pictures are PNG files, as wide as their columns and as high as their rows."""
    for seed in range(seeds):
        for number in range(experiments):
            parent = "experiment0" if number else None
            write_record(tmp_path, f"experiment{number}", seed, parent=parent)
    paths = draw_curves(summary_of(tmp_path), "made", tmp_path / "pictures")
    columns, rows = max(2, min(COLUMNS, experiments)), -(-experiments // COLUMNS)

    assert [tmp_path / "pictures" / name for name in ("accuracy.png", "loss.png")] == paths
    for path in paths:
        height, width, _ = imread(path, format="png").shape
        assert pytest.approx(columns * PANEL[0] * DOTS_PER_INCH, abs=1) == width
        assert pytest.approx((rows * PANEL[1] + 0.9) * DOTS_PER_INCH, abs=1) == height


@pytest.mark.parametrize(
    ("colour", "columns", "parent"),
    [
        (TRAIN, {"val_loss"}, "rnn"),
        (VALIDATION, {"loss"}, "rnn"),
        (PARENT, {"loss", "val_loss"}, None),
    ],
)
def test_pictures_show_every_curve(
    write_record: Callable[..., Path],
    tmp_path: Path,
    colour: str,
    columns: set[str],
    parent: str | None,
) -> None:
    """Train, validation and the parent's validation have a colour each, gone with their curve."""
    for run, kept, ancestor in (("whole", {"loss", "val_loss"}, "rnn"), ("less", columns, parent)):
        history = [{name: row[name] for name in {"epoch", *kept}} for row in ROWS]
        write_record(tmp_path / run, "rnn")
        write_record(tmp_path / run, "gru", parent=ancestor, history=history)
    whole, less = (
        count_pixels(draw_curves(summary_of(tmp_path / run), "made", tmp_path / run)[1], colour)
        for run in ("whole", "less")
    )

    assert whole > less + 100


def test_last_panel_of_each_column_has_its_epochs(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """Where experiments do not fill the last row, its end is white below the labels above it."""
    for number in range(COLUMNS + 1):
        write_record(tmp_path, f"experiment{number}")
    path, _ = draw_curves(summary_of(tmp_path), "made", tmp_path)
    picture = imread(path, format="png")
    height, width, _ = picture.shape
    dark = picture[: int(0.85 * height), int(0.3 * width) :, :3].min(axis=2) < 0.5
    frame = np.flatnonzero(dark.mean(axis=1) > 0.5)[-1]
    last = np.flatnonzero(dark.any(axis=1))[-1]

    assert frame < 0.6 * height
    assert 15 < last - frame < 40  # a tick is 7 pixels long, its label follows
