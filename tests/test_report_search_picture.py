"""The picture of a search: a panel a hyperparameter, a point an experiment."""

from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import parse

import pytest
from conftest import write_search
from matplotlib.image import imread

from agnews_tune.grid.search import Choices
from agnews_tune.report.canvas import DOTS_PER_INCH
from agnews_tune.report.reading import read_report
from agnews_tune.report.search_picture import FINISHED, STOPPED, draw_search
from agnews_tune.report.searches import SearchOutcome

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def found(tmp_path: Path) -> SearchOutcome:
    search = read_report(write_search(tmp_path / "made")).parts[0].analysis.search
    assert search is not None
    return search


def test_picture_is_as_wide_as_a_column(found: SearchOutcome, tmp_path: Path) -> None:
    """A PNG and an SVG file; the names of hyperparameters and their ends are text."""
    paths = draw_search(found, "made", tmp_path / "pictures")
    texts = [element.text for element in parse(paths[1]).iter(f"{SVG}text")]

    assert ["search.png", "search.svg"] == [path.name for path in paths]
    width = imread(paths[0], format="png").shape[1]
    assert pytest.approx(3.4 * DOTS_PER_INCH, abs=1) == width
    assert {"hidden_dim", "dropout", "pooling", "num_layers"} <= set(texts)
    assert {"8", "23", "64", "max", "mean"} <= set(texts)
    assert "made: validation accuracy of what was tried; hollow: stopped early" in texts


def test_each_experiment_is_a_point_in_each_panel(found: SearchOutcome, tmp_path: Path) -> None:
    """Those that were stopped are hollow and of another colour."""
    svg = parse(draw_search(found, "made", tmp_path)[1])
    styles = [element.get("style", "") for element in svg.iter(f"{SVG}use")]
    finished = [style for style in styles if f"fill: {FINISHED}" in style]
    stopped = [style for style in styles if f"stroke: {STOPPED}" in style]

    assert (3 * 4, 2 * 4) == (len(finished), len(stopped))
    assert all("fill-opacity: 0" in style or "fill: none" in style for style in stopped)


def test_whole_numbers_among_fractions_are_found(found: SearchOutcome, tmp_path: Path) -> None:
    """A grid file may say 0 where the trial has 0.0."""
    dropout = replace(found.influences[1], space=Choices((0, 0.5)))
    tried = [replace(one, values=one.values | {"dropout": 0.0}) for one in found.tried]
    svg = parse(draw_search(replace(found, tried=tried, influences=[dropout]), "made", tmp_path)[1])

    assert {"0", "0.5"} <= {element.text for element in svg.iter(f"{SVG}text")}
