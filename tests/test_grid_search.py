"""A search as a grid holds it: its experiments, their names, and what is written of it."""

from pathlib import Path

import pytest

from agnews_tune.errors import GridError
from agnews_tune.grid.experiments import Grid
from agnews_tune.grid.file import read_grid
from agnews_tune.grid.search import Choices, Range, Search, clashing

GRID = """
data: demo
defaults: {cell: gru, dropout: 0.2}
experiments:
  base:
  wide: {parent: base, hidden_dim: 512}
search:
  parent: wide
  samples: 3
  hidden_dim: {from: 64, to: 512, log: true}
  dropout: {from: 0, to: 0.5}
  pooling: [max, mean]
"""


@pytest.fixture
def grid(tmp_path: Path) -> Grid:
    (tmp_path / "made.yaml").write_text(GRID)
    return read_grid(tmp_path / "made.yaml")


def test_search_of_a_grid_file(grid: Grid) -> None:
    """What a hyperparameter is drawn from has the kind of numbers that it takes."""
    spaces = {
        "hidden_dim": Range(64, 512, log=True),
        "dropout": Range(0.0, 0.5),
        "pooling": Choices(("max", "mean")),
    }

    assert Search("wide", spaces, samples=3) == grid.search
    assert [True, False] == [
        grid.search.spaces[name].is_whole for name in ("hidden_dim", "dropout")
    ]


def test_resolved_grid_reads_back_as_an_equal_one(grid: Grid, tmp_path: Path) -> None:
    """Its defaults are filled in, and what was drawn is left to be drawn again."""
    drawn = grid.with_drawn([{"hidden_dim": 99}])
    (tmp_path / "resolved.yaml").write_text(drawn.to_yaml())

    assert grid == read_grid(tmp_path / "resolved.yaml")
    assert "search-01" not in drawn.to_yaml()
    assert {
        "parent": "wide",
        "samples": 3,
        "seed": 0,
        "grace_period": 1,
        "reduction_factor": 4,
        "hidden_dim": {"from": 64, "to": 512, "log": True},
        "dropout": {"from": 0.0, "to": 0.5},
        "pooling": ["max", "mean"],
    } == grid.search.to_plain()


def test_drawn_experiments_are_changes_of_the_parent(grid: Grid) -> None:
    """They are named by their number and run after those of the file."""
    drawn = grid.with_drawn([{"hidden_dim": 99, "dropout": 0.2}, {"pooling": "mean"}])
    first, second = drawn.drawn

    assert ("search-01", "wide", {"hidden_dim": 99}) == (first.name, first.parent, first.change)
    assert "pooling: mean" == second.describe_change()
    assert 512 == second.hyperparameters.hidden_dim
    names = ["base", "wide", "search-01", "search-02"]
    assert [f"{name}-seed0" for name in names] == [trial.name for trial in drawn.trials()]
    assert ["search-02-seed0"] == [trial.name for trial in drawn.trials(["search-02"])]


def test_what_was_drawn_before_is_left_out(grid: Grid) -> None:
    """The numbers of the others stay."""
    for draws, names, left_out in (
        ([99, 99, 98], ["search-01", "search-03"], {"search-02": "search-01"}),
        ([256, 99, 512], ["search-02"], {"search-01": "base", "search-03": "wide"}),
    ):
        drawn = grid.with_drawn([{"hidden_dim": size} for size in draws])
        assert names == [item.name for item in drawn.drawn]
        assert left_out == drawn.left_out


def test_a_parent_that_other_epochs_leave_out(tmp_path: Path) -> None:
    """The search goes on from the experiment that is the same."""
    (tmp_path / "made.yaml").write_text(
        "data: demo\nexperiments: {base: , long: {parent: base, epochs: 9}}\n"
        "search: {parent: long, samples: 1, hidden_dim: [8, 9]}\n"
    )
    grid = read_grid(tmp_path / "made.yaml").with_overrides(epochs=2)
    drawn = grid.with_drawn([{"hidden_dim": 8}]).drawn[0]

    assert ("base", 2) == (drawn.parent, drawn.hyperparameters.epochs)


def test_a_grid_without_a_search_draws_nothing(tmp_path: Path) -> None:
    """It stays as it is, and a drawn name is unknown."""
    (tmp_path / "made.yaml").write_text("data: demo\nexperiments: {base: }\n")
    grid = read_grid(tmp_path / "made.yaml").with_drawn([])

    assert (None, ()) == (grid.search, grid.drawn)
    with pytest.raises(GridError, match="has no experiment 'search-01'"):
        grid.trials(["search-01"])


def test_names() -> None:
    """Two digits, more where there are more; in whatever case they clash with no other."""
    names = Search("base", {}, samples=100).names

    assert ["search-01", "search-16", "search-100"] == [names[n] for n in (0, 15, 99)]
    assert ["search-1", "Search-01"] == clashing(["search-1", "base", "Search-01", "searching"])


def test_range() -> None:
    """Both ends are in it; on a logarithmic axis they are named, and their middle."""
    space = Range(8, 64, log=True)

    assert all(value in space for value in (8, 20, 64))
    assert not any(value in space for value in (7, 65, "8"))
    assert ([8, 23.0, 64], [], True, True) == (
        space.log_ticks,
        space.words,
        space.is_numeric,
        space.is_whole,
    )
    assert ("8 to 64, log", "0.0 to 0.5") == (space.describe(), Range(0.0, 0.5).describe())
    assert ([], False) == (Range(0.0, 0.5).log_ticks, Range(0.0, 0.5).is_whole)


@pytest.mark.parametrize(
    ("values", "numeric", "words"),
    [
        (("max", "mean"), False, ["max", "mean"]),
        ((False, True), False, ["false", "true"]),
        ((1, 0.5), True, ["1", "0.5"]),
    ],
)
def test_choices(values: tuple[object, ...], numeric: bool, words: list[str]) -> None:
    """Numbers have an order, words and flags have none."""
    space = Choices(values)

    assert all(value in space for value in values)
    assert "other" not in space
    assert (numeric, words, ", ".join(words)) == (
        space.is_numeric,
        space.words,
        space.describe(),
    )
    assert [] == space.log_ticks
