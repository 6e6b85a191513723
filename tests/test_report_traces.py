"""Curves of the page: means over seeds, looks that differ, and a handful that are on at first."""

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import analysis_of, write_run

from agnews_tune.report.summary import Point
from agnews_tune.report.traces import (
    COLOURS,
    choose_looks,
    choose_shown,
    drawn,
    epoch_table,
    in_words,
)

PAGES = {"light": "#ffffff", "dark": "#16191d"}


def luminance(colour: str) -> float:
    """Return the relative luminance that WCAG 2 defines."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_point_in_words() -> None:
    """Lowest and highest seed go with the mean; one seed stands alone."""
    assert "0.8000 (0.7000 to 0.9000, 2 seeds)" == in_words(Point(0.8, 0.7, 0.9, 2))
    assert "0.5000" == in_words(Point(0.5, 0.5, 0.5, 1))


def test_experiments_without_an_epoch_are_not_drawn(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """They are neither on at first nor in the table of the curves."""
    write_record(tmp_path, "rnn", history=[{"epoch": 1, "loss": 0.9}], result=None)
    write_record(tmp_path, "gru", history=[], result=None)
    analysis = analysis_of(tmp_path)

    assert [0] == drawn(analysis)
    assert {0} == choose_shown(analysis)
    assert [["rnn", "1", "", "", "0.9000", ""]] == epoch_table(analysis).rows


def test_best_and_baselines_are_on_at_first(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """The others follow by validation accuracy."""
    for number, accuracy in enumerate((0.1, 0.2, 0.3, 0.4, 0.9, 0.5, 0.6, 0.7)):
        write_record(
            tmp_path,
            f"experiment{number}",
            parent="experiment0" if number else None,
            result={"validation_accuracy": accuracy},
        )

    assert {0, 3, 4, 5, 6, 7} == choose_shown(analysis_of(tmp_path))


def test_looks_differ(tmp_path: Path) -> None:
    """60 experiments have 60 looks, and the colours of those that are on at first differ."""
    analysis = analysis_of(write_run(tmp_path, experiments=60, rows=20))
    looks = choose_looks(analysis)

    assert 60 == len(set(looks))
    assert set(COLOURS) == {looks[position].colour for position in choose_shown(analysis)}


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("page", PAGES)
def test_colours_stand_out_from_the_page(colour: str, page: str) -> None:
    """WCAG asks for 3:1 between parts of a figure and what is beside them."""
    low, high = sorted((luminance(colour), luminance(PAGES[page])))

    assert (high + 0.05) / (low + 0.05) >= 3
