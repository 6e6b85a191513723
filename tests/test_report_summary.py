"""Records become means, deviations and gains, and never across different data."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import DATA, make_history, summary_of
from hypothesis import given
from hypothesis import strategies as st

from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.records.reading import read_run
from agnews_tune.records.writing import write_failure
from agnews_tune.report.summary import Figure, Point, summarize

OTHER_DATA = DATA | {"name": "other", "fingerprint": "other", "test_rows": 10}


@given(st.lists(st.floats(0, 1), min_size=2, max_size=10))
def test_mean_and_deviation_are_numpys(values: list[float]) -> None:
    """The deviation is that of a sample: divided by n - 1."""
    figure = Figure.of(values)

    assert pytest.approx(np.mean(values)) == figure.mean
    assert pytest.approx(np.std(values, ddof=1)) == figure.deviation


def test_single_value_has_no_deviation() -> None:
    """One seed says nothing about the spread."""
    assert Figure(0.75, None) == Figure.of([0.75])


def test_seeds_of_an_experiment_are_summarised_together(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """Experiments keep the grid's order, and each figure is over its finished seeds alone."""
    for seed, accuracy in enumerate((0.7, 0.8, 0.75)):
        write_record(tmp_path, "rnn", seed, result={"test_accuracy": accuracy})
        write_record(tmp_path, "gru", seed, result={"test_accuracy": accuracy + 0.1})
    write_record(tmp_path, "rnn", 3, result=None)
    rnn, gru = summary_of(tmp_path).experiments

    assert ("rnn", "gru") == (rnn.name, gru.name)
    assert (4, 3) == (len(rnn.trials), len(rnn.finished))
    assert pytest.approx((0.75, 0.05)) == (
        rnn.figure("test_accuracy").mean,
        rnn.figure("test_accuracy").deviation,
    )
    assert pytest.approx(0.85) == gru.figure("test_accuracy").mean


def test_parent_is_the_one_on_the_same_data_with_the_told_difference(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """One that is not there, or differs in more than the change says, is none to compare with."""
    for name, epochs in (("short", 1), ("even", 2)):
        settings = Hyperparameters(cell="gru", epochs=epochs).to_dict()
        write_record(tmp_path, name, parent="rnn", change="cell: gru", hyperparameters=settings)
    write_record(tmp_path, "rnn")
    write_record(tmp_path, "orphan", parent="not-run")
    write_record(tmp_path, "elsewhere", parent="rnn", data=OTHER_DATA)
    first, second = summarize(read_run(tmp_path))

    assert [None, 2, None, None] == [first.parent_of(item) for item in first.experiments]
    assert [None] == [second.parent_of(item) for item in second.experiments]


def test_unfinished_experiments_have_no_figures(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """Without a finished seed there is nothing to quote."""
    write_record(tmp_path, "rnn", result=None)

    assert summary_of(tmp_path).experiments[0].figure("test_accuracy") is None


def test_different_data_are_never_compared(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """Each fingerprint has a summary of its own, and a parent on other data is no parent."""
    write_record(tmp_path, "rnn", result={"test_accuracy": 0.9})
    write_record(tmp_path, "gru", parent="rnn", data=OTHER_DATA)
    write_record(tmp_path, "rnn", 1, data=OTHER_DATA, result={"test_accuracy": 0.5})
    first, second = summarize(read_run(tmp_path))

    assert ["rnn"] == [item.name for item in first.experiments]
    assert ["gru", "rnn"] == [item.name for item in second.experiments]
    assert OTHER_DATA == second.data
    assert 0.9 == first.experiments[0].figure("test_accuracy").mean


@pytest.mark.parametrize(
    ("epochs", "results", "expected"),
    [
        ([2], [{}], "finished"),
        ([0], [None], "waiting"),
        ([1], [None], "epoch 1 of 2"),
        ([2, 2], [{}, {}], "finished"),
        ([2, 1, 0], [{}, None, None], "1 of 3 seeds"),
    ],
)
def test_state_says_how_far_an_experiment_is(
    write_record: Callable[..., Path],
    tmp_path: Path,
    epochs: list[int],
    results: list[dict[str, float] | None],
    expected: str,
) -> None:
    """One seed counts its epochs, several count the finished ones."""
    for seed, (number, result) in enumerate(zip(epochs, results, strict=True)):
        history = [{"epoch": epoch, "loss": 1.0} for epoch in range(1, number + 1)]
        write_record(tmp_path, "rnn", seed, history=history, result=result)

    assert expected == summary_of(tmp_path).experiments[0].state


@pytest.mark.parametrize(("seeds", "expected"), [(1, "failed"), (3, "1 of 3 seeds, 2 failed")])
def test_state_names_failures(
    write_record: Callable[..., Path], tmp_path: Path, seeds: int, expected: str
) -> None:
    """A trial that ended without a result is not one that waits."""
    for seed in range(seeds):
        done = seed == 2
        history = make_history(2) if done else []
        folder = write_record(tmp_path, "rnn", seed, history=history, result={} if done else None)
        if seed != 2:
            write_failure(folder, "out of memory")

    assert expected == summary_of(tmp_path).experiments[0].state


def test_nothing_gives_nothing() -> None:
    """No records give no summary."""
    assert [] == summarize([])


def test_edited_experiment_is_no_other_seed_of_the_old_one(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """Trials of one name with other hyperparameters are never averaged."""
    settings = Hyperparameters(learning_rate=0.05).to_dict()
    write_record(tmp_path, "rnn", 0, hyperparameters=settings)
    write_record(tmp_path, "rnn", 1)

    experiments = summary_of(tmp_path).experiments
    assert [1, 1] == [len(item.trials) for item in experiments]
    assert ["rnn", "rnn (epochs: 2, learning_rate: 0.001)"] == [item.name for item in experiments]


def test_pupil_of_another_teacher_is_no_other_seed(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """Nor is it the parent of what was changed in a pupil of the first one."""
    write_record(tmp_path, "pupil", 0, teacher="large, seed 0")
    write_record(tmp_path, "pupil", 1, teacher="large, seeds 0, 1")
    settings = Hyperparameters(epochs=2, dropout=0.5).to_dict()
    child = {"parent": "pupil", "change": "dropout: 0.5", "hyperparameters": settings}
    for name, teacher in (("one", {"teacher": "large, seeds 0, 1"}), ("other", {})):
        write_record(tmp_path, name, **child, **teacher)
    summary = summary_of(tmp_path)
    _first, _second, one, other = summary.experiments

    assert ["pupil", "pupil (teacher: large, seeds 0, 1)"] == [
        item.name for item in summary.experiments[:2]
    ]
    assert [1, None] == [summary.parent_of(item) for item in (one, other)]


@pytest.mark.parametrize(("name", "named"), [("demo", "demo (built in, synthetic)"), ("x", "x")])
def test_demo_data_are_named_as_such(
    write_record: Callable[..., Path], tmp_path: Path, name: str, named: str
) -> None:
    """Whoever reads figures made on the built-in texts is told."""
    write_record(tmp_path, "rnn", data=DATA | {"name": name})
    expected = f"{named}: 9,000 train, 1,000 validation, 2,500 test rows"

    assert expected == summary_of(tmp_path).description


def test_curve_is_the_mean_and_the_range_of_the_seeds(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """Each epoch over the seeds that have it; gaps and waiting seeds are left out."""
    full = [{"epoch": 1, "val_loss": 0.9}, {"epoch": 2, "val_loss": 0.7}]
    gap = [{"epoch": 1, "loss": 0.9}, {"epoch": 2, "val_loss": 0.8}]
    for seed, history in enumerate((full, gap, [])):
        write_record(tmp_path, "rnn", seed, history=history, result=None)
    (experiment,) = summary_of(tmp_path).experiments

    assert {1: Point(0.9, 0.9, 0.9, 1), 2: Point(0.75, 0.7, 0.8, 2)} == experiment.curve("val_loss")
    assert {1: Point(0.9, 0.9, 0.9, 1)} == experiment.curve("loss")
    assert {} == experiment.curve("accuracy")
