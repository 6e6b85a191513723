"""A report as a notebook has it."""

import csv
import io
import shutil
from pathlib import Path

import pytest
from conftest import write_run

from agnews_tune import read_report
from agnews_tune.errors import RecordError
from agnews_tune.report.forms import format_csv, format_markdown, format_terminal


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "results" / "news", experiments=3, seeds=2, rows=80)


def test_it_shows_itself(run: Path) -> None:
    """As text in a terminal, as tables in a notebook, in a line where it stands among others."""
    report = read_report(str(run))

    assert format_terminal(report) == f"{report}"
    assert format_markdown([report]) == report._repr_markdown_()
    assert f"<Report of {run}: 3 experiments; print() shows it>" == repr(report)


def test_rows_are_those_of_the_csv_form(run: Path) -> None:
    """They are numbers, and what nobody knows is None."""
    report = read_report(run)
    rows = report.rows()
    (first, *_), written = rows, csv.DictReader(io.StringIO(format_csv([report])))

    assert ["rnn-max", "rnn-mean", "gru-max"] == [row["experiment"] for row in rows]
    assert ("news", 2, None, None) == tuple(
        first[name] for name in ("run", "seeds", "parent", "vs_parent")
    )
    assert isinstance(first["test_accuracy"], float)
    for row, line in zip(rows, written, strict=True):
        assert {name: "" if value is None else f"{value}" for name, value in row.items()} == line


def test_errors_are_looked_up_where_they_are_asked_for(run: Path) -> None:
    """The rows that every model gets wrong, without texts where the corpus is out of reach."""
    (run / "grid.yaml").unlink()
    with pytest.warns(match="no texts of the rows: "):
        (part,) = read_report(run, errors=2).parts
    (plain,) = read_report(run).parts

    assert part.mistakes is not None
    assert plain.mistakes is None


def test_a_folder_that_holds_one_run(run: Path) -> None:
    """It stands for that run; where there are several, nobody knows which is meant."""
    assert run == read_report(run.parent).run

    shutil.copytree(run, run.parent / "other")
    with pytest.raises(RecordError) as caught:
        read_report(run.parent)

    assert (f"{run.parent} holds 2 runs: expected the folder of one run, such as {run}") == str(
        caught.value
    )
