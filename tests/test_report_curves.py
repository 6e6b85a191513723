"""Curves: the numbers that are drawn, and pictures that are pictures."""

from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import parse

import numpy as np
import pytest
from conftest import summary_of
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from agnews_tune.report.canvas import DOTS_PER_INCH
from agnews_tune.report.curves import (
    PANEL_HEIGHT,
    PARENT,
    TRAIN,
    VALIDATION,
    draw_curves,
)
from agnews_tune.report.summary import PLOTS

ROWS = [{"epoch": 1, "loss": 0.9, "val_loss": 0.8}, {"epoch": 2, "loss": 0.2, "val_loss": 0.5}]


def draw(run: Path, folder: Path | None = None) -> list[Path]:
    """Draw both pictures of a run, by default into its folder."""
    summary = summary_of(run)
    return [
        path for measure in PLOTS for path in draw_curves(summary, measure, "made", folder or run)
    ]


def count_pixels(path: Path, colour: str) -> int:
    picture = imread(path, format="png")[:, :, :3]
    return int((np.abs(picture - to_rgb(colour)) < 1e-3).all(axis=2).sum())


@pytest.mark.parametrize(("experiments", "width", "rows"), [(1, 3.4, 1), (4, 3.4, 2), (5, 7, 2)])
def test_pictures_are_as_wide_as_a_column_or_a_page(
    write_record: Callable[..., Path], tmp_path: Path, experiments: int, width: float, rows: int
) -> None:
    """A PNG and an SVG file each, as high as their rows of panels."""
    for number in range(experiments):
        parent = "experiment0" if number else None
        write_record(tmp_path, f"experiment{number}", parent=parent)
    paths = draw(tmp_path, tmp_path / "pictures")

    names = ("accuracy.png", "accuracy.svg", "loss.png", "loss.svg")
    assert [tmp_path / "pictures" / name for name in names] == paths
    for path in paths[::2]:
        pixels = imread(path, format="png").shape
        assert pytest.approx(width * DOTS_PER_INCH, abs=1) == pixels[1]
        assert rows * PANEL_HEIGHT < pixels[0] / DOTS_PER_INCH < rows * (PANEL_HEIGHT + 0.4) + 0.5


def texts_of(path: Path) -> list[str]:
    return [element.text or "" for element in parse(path).iter("{http://www.w3.org/2000/svg}text")]


def test_words_in_an_svg_file(write_record: Callable[..., Path], tmp_path: Path) -> None:
    """Titles and the names of the lines are text that can be searched and edited."""
    write_record(tmp_path, "rnn-max")
    write_record(tmp_path, "gru-max", parent="rnn-max")
    paths = draw(tmp_path)
    words = texts_of(paths[1])

    assert {"rnn-max", "gru-max", "train", "validation", "parent", "epoch"} <= set(words)
    assert (2, 2, 1) == tuple(words.count(name) for name in ("train", "validation", "parent"))
    assert "made: accuracy. tickets.csv: 9,000 train," in " ".join(words)


def test_same_records_give_the_same_files(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """Pictures under version control change only where figures do."""
    write_record(tmp_path, "rnn")
    first, second = (
        [path.read_bytes() for path in draw(tmp_path, tmp_path / name)]
        for name in ("first", "second")
    )

    assert first == second


def test_names_of_lines_that_end_together_stay_apart(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """The lowest one stands at its line, each other one above it."""
    row = {"epoch": 1, "loss": 0.5, "val_loss": 0.5, "accuracy": 0.9, "val_accuracy": 0.9}
    for name in ("rnn", "gru"):
        write_record(tmp_path, name, parent="rnn", history=[row], result=None)
    paths = draw(tmp_path)
    heights = [
        float(element.get("y") or element.get("transform", "").split()[1].rstrip(")"))
        for element in parse(paths[1]).iter("{http://www.w3.org/2000/svg}text")
        if element.text in {"train", "validation", "parent"}
    ]

    gaps = np.diff(sorted(heights[-3:]))
    assert (gaps > 6).all()


def test_diverged_lines_keep_their_names(write_record: Callable[..., Path], tmp_path: Path) -> None:
    """A loss that is no number any more has its name beside its last number, others theirs."""
    diverged = [ROWS[0], {"epoch": 2, "loss": float("nan"), "val_loss": 0.7}]
    never = [{"epoch": 1, "loss": float("nan"), "val_loss": 0.7}]
    write_record(tmp_path, "rnn", history=diverged, result=None)
    write_record(tmp_path, "gru", history=never, result=None)
    words = texts_of(draw(tmp_path)[3])

    assert (1, 2) == (words.count("train"), words.count("validation"))


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
    colour: tuple[str, str, str],
    columns: set[str],
    parent: str | None,
) -> None:
    """Train, validation and the parent's validation have a colour each, gone with their curve."""
    for run, kept, ancestor in (("whole", {"loss", "val_loss"}, "rnn"), ("less", columns, parent)):
        history = [{name: row[name] for name in {"epoch", *kept}} for row in ROWS]
        write_record(tmp_path / run, "rnn")
        write_record(tmp_path / run, "gru", parent=ancestor, history=history)
    whole, less = (count_pixels(draw(tmp_path / run)[2], colour[1]) for run in ("whole", "less"))

    assert whole > less + 50


def test_last_panel_of_each_column_has_its_epochs(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """Also where experiments do not fill the last row."""
    for number in range(5):
        write_record(tmp_path, f"experiment{number}")
    path, *_ = draw(tmp_path)

    assert 4 == texts_of(path.with_suffix(".svg")).count("epoch")
