"""Panels: what is drawn lies where its numbers are."""

import logging
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.transforms import Bbox

from agnews_tune.report.panels import Panel, Scale, make_scale

DOTS = 100  # an inch; the picture has one of each direction
NAN = float("nan")


@pytest.fixture
def panel() -> Panel:
    """A panel from 20 to 80 dots; its numbers go from 1 to 3 and from 0 to 10."""
    figure = Figure(figsize=(1, 1), dpi=DOTS)
    box = Bbox.from_extents(0.2, 0.2, 0.8, 0.8)
    return Panel(figure, box, Scale((1, 3), [1, 2, 3]), Scale((0, 10), [5.0]))


def seen(panel: Panel, folder: Path) -> npt.NDArray[np.float64]:
    """Return the picture, ``(rows from below, columns, 3)``, as colours from 0 to 1."""
    path = folder / "panel.png"
    panel.figure.savefig(path)
    picture: npt.NDArray[np.float64] = imread(path)[::-1, :, :3]
    return picture


@pytest.mark.parametrize(
    ("marks", "texts"),
    [
        ([0.9, 0.95, 1.0], ["0.90", "0.95", "1.00"]),
        ([0.1 + 0.2, 0.6], ["0.3", "0.6"]),
        ([2.0, 4.0], ["2", "4"]),
        ([-0.5, 0.0], ["-0.5", "0.0"]),
        ([0.925, 0.9251], ["0.9250", "0.9251"]),
        ([50_000.0, 100_000.0], ["5e+04", "1e+05"]),
        ([], []),
    ],
)
def test_numbers_have_the_same_digits(marks: list[float], texts: list[str]) -> None:
    """As few as tell them apart; large ones have an exponent."""
    assert texts == Scale((0, 1), marks).texts()


@pytest.mark.parametrize(
    ("limits", "steps", "whole", "marks"),
    [
        ((0.87, 0.93), 4, False, [0.88, 0.9, 0.92]),
        ((0.95, 1.05), 5, True, [1.0]),
        ((0.5, 10.5), 5, True, [2.0, 4.0, 6.0, 8.0, 10.0]),
    ],
)
def test_marks_are_round_numbers_inside(
    limits: tuple[float, float], steps: int, whole: bool, marks: list[float]
) -> None:
    """Epochs are whole ones, and the only one is marked."""
    assert pytest.approx(marks) == make_scale(limits, steps, whole).marks


def test_line_goes_through_its_points(panel: Panel, tmp_path: Path) -> None:
    """From the lower left corner to the upper right one."""
    panel.draw_line([1, 3], [0, 10], color="red", linewidth=2)
    red = (np.abs(seen(panel, tmp_path) - to_rgb("red")) < 0.1).all(axis=2)
    ys, xs = red.nonzero()

    assert (20, 20, 80, 80) == pytest.approx((xs.min(), ys.min(), xs.max(), ys.max()), abs=2)
    assert (np.abs(xs - ys) <= 3).all()


@pytest.mark.parametrize(("gap", "last"), [([0, 0, 0], 80), ([0, 0, NAN], 50)])
def test_band_ends_where_numbers_end(
    panel: Panel, tmp_path: Path, gap: list[float], last: int
) -> None:
    """It lies between its lows and highs; a loss that is no number has none."""
    lows, highs = [2 + number for number in gap], [8 + number for number in gap]
    panel.draw_band([1, 2, 3], lows, highs, "red")
    ys, xs = (seen(panel, tmp_path)[:, :, 1] < 0.9).nonzero()

    assert (20, 32, last, 68) == pytest.approx((xs.min(), ys.min(), xs.max(), ys.max()), abs=2)


def test_band_of_no_numbers_is_none(panel: Panel, tmp_path: Path) -> None:
    """Nothing is drawn."""
    panel.draw_band([1, 2], [NAN, NAN], [NAN, NAN], "red")

    assert (seen(panel, tmp_path) == 1).all()


@pytest.mark.parametrize(("below", "left"), [("epoch", True), ("", True), ("epoch", False)])
def test_frame_has_the_numbers_that_are_wanted(panel: Panel, below: str, left: bool) -> None:
    """Those below with a name."""
    panel.draw_frame(below, left)

    texts = [text.get_text() for text in panel.figure.texts]
    assert ["1", "2", "3", "epoch"] * bool(below) + ["5"] * left == texts


def test_frame_is_at_two_edges(panel: Panel, tmp_path: Path) -> None:
    """And the grid at the marks, in grey."""
    panel.draw_frame("", numbers_left=False)
    darkness = 1 - seen(panel, tmp_path).mean(axis=2)

    assert darkness[50, 19:22].max() > 0.5 < darkness[19:22, 60].max()
    assert 0.5 > darkness[49:52, 70].max() > 0.05 < darkness[70, 49:52].max() < 0.5
    assert 0 == darkness[82:].max() == darkness[:, 82:].max()


def test_words_stand_beside_their_point(panel: Panel, caplog: pytest.LogCaptureFixture) -> None:
    """So many points left of it and below it."""
    with caplog.at_level(logging.WARNING):
        panel.write("here", 2, 5, left=7.2, below=14.4, ha="left", va="bottom")
    box = panel.figure.texts[0].get_window_extent()

    assert (40, 30) == pytest.approx((box.x0, box.y0), abs=1.5)
    assert [] == caplog.messages
