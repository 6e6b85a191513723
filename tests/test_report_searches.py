"""What a search found: made records, of which the values that matter are known."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import make_history, summary_of, write_search
from scipy.stats import spearmanr

from agnews_tune.grid.search import Choices, Range, Search
from agnews_tune.report.document import Table
from agnews_tune.report.figures import part_figures
from agnews_tune.report.findings import write_findings
from agnews_tune.report.forms import format_terminal
from agnews_tune.report.main_table import main_table
from agnews_tune.report.reading import Report, read_report
from agnews_tune.report.searches import find_search
from agnews_tune.report.sections import describe_search
from agnews_tune.report.sources import read_grid_of

TABLE = """\
hyperparameter    drawn from    best      correlation     p
----------------  ------------  ------  -------------  ----
hidden_dim        8 to 64, log  48              +1.00  0.05
dropout           0.0 to 0.5    0.4             +0.30  0.68
pooling           max, mean     mean                    0.4
num_layers        2, 3          2"""


@pytest.fixture
def report(tmp_path: Path) -> Report:
    return read_report(write_search(tmp_path / "made"))


def test_what_mattered(report: Report) -> None:
    """By ranks; what never changed says nothing, and is not counted by Holm's method."""
    found = report.parts[0].analysis.search
    assert found is not None
    by_name = {one.hyperparameter: one for one in found.influences}
    dropout = spearmanr([0.3, 0.1, 0.5, 0.2, 0.4], [0.5, 0.6, 0.7, 0.8, 0.9])

    assert "search-05" == found.best.name
    assert [True, True, False, False, False] == [one.stopped for one in found.tried]
    assert pytest.approx(1.0) == by_name["hidden_dim"].correlation
    assert pytest.approx(dropout.statistic) == by_name["dropout"].correlation
    assert by_name["pooling"].correlation is None
    assert pytest.approx(2 * 2 / 10) == by_name["pooling"].p
    assert (None, None) == (by_name["num_layers"].correlation, by_name["num_layers"].p)


def test_section_of_a_search(report: Report) -> None:
    """What was tried, what was best, and what it was drawn from."""
    (section,) = describe_search(report.parts[0].analysis)
    sentence, table, _ = section.blocks

    assert (
        "5 of 5 drawn experiments are finished, 2 of them stopped early as weaker than others. "
        "Best by validation among those that came to their end: search-05, 0.9000."
    ) == sentence
    assert isinstance(table, Table)
    assert TABLE == "\n".join(line.rstrip() for line in table.format("simple").splitlines())
    assert "--- Search ---" in format_terminal(report)


def test_search_of_which_nothing_came_to_its_end(report: Report) -> None:
    """The best so far is told as what it is, and other programs are told of none."""
    (part,) = report.parts
    assert part.analysis.search is not None
    found = replace(part.analysis.search, tried=part.analysis.search.tried[:2], finished=2)
    part = replace(part, analysis=replace(part.analysis, search=found))
    (section,) = describe_search(part.analysis)

    assert (
        "2 of 5 drawn experiments are finished, 2 of them stopped early as weaker than others. "
        "Best by validation so far, when none has come to its end: search-02, 0.6000."
    ) == section.blocks[0]
    assert part_figures(part)["search"]["best"] is None


def test_stopped_experiments_are_compared_with_nothing(report: Report) -> None:
    """They trained for fewer epochs than they say; the table says so."""
    analysis = report.parts[0].analysis
    table = main_table(analysis)
    state, verdict, best, training = (
        [row[table.columns.index(name)] for row in table.rows]
        for name in ("state", "vs parent", "best", "training")
    )

    assert ["", "stopped after epoch 1", "stopped after epoch 2", "", "", ""] == state
    assert [False, False, False, True, True, True] == [bool(cell) for cell in verdict]
    assert "best" == best[5]
    assert ["", ""] == training[1:3]


def test_figures_for_other_programs(report: Report) -> None:
    """What was drawn, what it came to, and what goes with it."""
    figures = part_figures(report.parts[0])["search"]

    assert ("search-05", 7, 5, 5) == (
        figures["best"],
        figures["drawn_from"]["samples"],
        figures["drawn"],
        figures["finished"],
    )
    assert {
        "experiment": "search-02",
        "hidden_dim": 16,
        "dropout": 0.1,
        "pooling": "max",
        "num_layers": 2,
        "validation_accuracy": 0.6,
        "stopped_early": True,
    } == figures["tried"][1]
    assert {"hyperparameter": "num_layers", "correlation": None, "p_holm": None} == (
        figures["influences"][3]
    )


def test_run_without_a_search(tmp_path: Path) -> None:
    """Neither does one whose draws are all still to come have anything to say."""
    run = write_search(tmp_path / "made")
    grid = read_grid_of(run)
    assert grid is not None
    assert find_search(summary_of(run), None) is None
    for folder in run.glob("search-*"):
        (folder / "result.json").unlink()

    assert find_search(summary_of(run), grid.search) is None
    assert "--- Search ---" not in format_terminal(read_report(run))


def test_findings_name_drawn_experiments(report: Report) -> None:
    """Which of their changes did it, nobody can say."""
    changes, *_ = write_findings(report.parts[0].analysis)

    assert changes.startswith("Helped: search-05 against base (+15.00 [")
    assert "hidden_dim" not in changes


def test_experiments_that_would_not_be_drawn_today(report: Report) -> None:
    """An edited search leaves records of other values, and of more samples than it has now."""
    summary = report.parts[0].analysis.summary
    spaces = {"pooling": Choices(("mean", "last")), "hidden_dim": Range(8, 40)}
    found = find_search(summary, Search("base", spaces, samples=4))

    assert found is not None
    assert (2, 2) == (found.drawn, found.finished)
    assert ["search-03", "search-04"] == [one.name for one in found.tried]


def test_best_came_to_its_end(report: Report) -> None:
    """A trial that was stopped early is not the best, whatever it had reached."""
    found = report.parts[0].analysis.search
    assert found is not None
    first = replace(found.tried[0], accuracy=0.99)

    assert "search-05" == replace(found, tried=[first, *found.tried[1:]]).best.name
    assert first == replace(found, tried=[first, found.tried[1]]).best


def test_seeds_that_were_stopped_do_not_count(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """The figures are those of the seeds that came to their end; the state tells of the others."""
    for seed, (accuracy, epochs) in enumerate([(0.9, 2), (0.5, 1), (0.8, 2)]):
        result = {"test_accuracy": accuracy, "stopped_early": epochs < 2}
        write_record(tmp_path, "drawn", seed, history=make_history(epochs), result=result)
    (experiment,) = summary_of(tmp_path).experiments
    figure = experiment.figure("test_accuracy")

    assert (False, True) == (experiment.stopped_early, experiment.is_done)
    assert figure is not None
    assert pytest.approx(0.85) == figure.mean
    assert "1 of 3 seeds stopped after epoch 1" == experiment.state
