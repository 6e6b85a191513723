"""Teachers in a grid file: what an experiment learns from, and every fault with its line."""

from pathlib import Path

import pytest

from agnews_tune.errors import GridError
from agnews_tune.grid.experiments import Grid
from agnews_tune.grid.file import read_grid

START = "data: demo\nexperiments:\n  large:\n  small: {parent: large, hidden_dim: 32}\n"


def read(folder: Path, text: str) -> Grid:
    path = folder / "teachers.yaml"
    path.write_text(text, encoding="utf-8")
    return read_grid(path)


def test_a_teacher_is_a_change(tmp_path: Path) -> None:
    """Against a parent that learns from classes; a child learns from its parent's teacher."""
    grid = read(
        tmp_path,
        START + "  distilled: {parent: small, teacher: large}\n"
        "  deeper: {parent: distilled, num_layers: 2}\n"
        "  other: {parent: distilled, teacher: small}\n"
        "  alone: {teacher: large, hidden_dim: 8}\n",
    )

    assert [
        (None, "baseline"),
        (None, "hidden_dim: 32"),
        ("large", "teacher: large"),
        ("large", "num_layers: 2"),
        ("small", "teacher: small"),
        ("large", "baseline, teacher: large"),
    ] == [(item.teacher, item.describe_change()) for item in grid.experiments]


def test_a_grid_with_teachers_comes_back(tmp_path: Path) -> None:
    """The resolved file gives an equal grid."""
    grid = read(
        tmp_path,
        START + "  distilled: {parent: small, teacher: large}\n"
        "  deeper: {parent: distilled, num_layers: 2}\n",
    )

    assert grid == read(tmp_path, f"# again\n{grid.to_yaml()}")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "{parent: small, teacher: lage}",
            "experiment 'new': teacher must be an experiment above it; received 'lage' "
            "(did you mean 'large'?)",
        ),
        (
            "{parent: small, teacher: new}",
            "experiment 'new': teacher must be an experiment above it; received 'new'",
        ),
        (
            "{parent: small, teacher: [large]}",
            "experiment 'new': teacher must be an experiment above it; received ['large'] "
            "(did you mean 'large'?)",
        ),
        (
            "{parent: small, hidden_dim: 8, teacher: distilled}",
            "experiment 'new': teacher must have none of its own; received 'distilled', which "
            "learns from 'large'",
        ),
        (
            "{model: linear, teacher: large}",
            "experiment 'new': a linear model has no teacher; it learns from classes",
        ),
        (
            "{parent: small, teacher: large}",
            "'new' has the same hyperparameters as 'distilled': one of them is enough",
        ),
    ],
)
def test_unfit_teachers(line: str, expected: str, tmp_path: Path) -> None:
    """The message says what is wrong with it."""
    with pytest.raises(GridError) as caught:
        read(tmp_path, f"{START}  distilled: {{parent: small, teacher: large}}\n  new: {line}\n")

    assert f"{tmp_path / 'teachers.yaml'}: 1 fault\n  line 6: {expected}" == str(caught.value)
