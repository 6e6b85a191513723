"""Two runs beside each other."""

from pathlib import Path

import numpy as np
from conftest import DATA, LABELS, RESULT, ROWS, WriteRecord, answer

from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.report.comparison import NOTES, compare_runs
from agnews_tune.report.document import Section, Table

MADE = {"hardware": {"cpu": "A", "cores": 2}, "versions": {"torch": "2.6"}, "commit": "a" * 40}


def write(
    write_record: WriteRecord, run: Path, name: str, right: int, *, seed: int = 0, **trial: object
) -> None:
    result = {"test_accuracy": right / ROWS, **MADE, "commit": run.name * 6}
    predictions = answer(np.arange(ROWS) < right, LABELS)
    write_record(run, name, seed, result=RESULT | result, predictions=predictions, **trial)


def tables(sections: list[Section]) -> list[tuple[str, list[str], list[list[str]]]]:
    return [
        (section.title, block.columns, block.rows)
        for section in sections
        for block in section.blocks
        if isinstance(block, Table)
    ]


def test_figures_settings_and_versions(write_record: WriteRecord, tmp_path: Path) -> None:
    """Differences are paired on the same rows; what differs otherwise is named."""
    longer = Hyperparameters(epochs=9, cell="gru").to_dict()
    before, after = tmp_path / "before", tmp_path / "after"
    write(write_record, before, "rnn", 2000)
    write(write_record, before, "gone", 1900)
    write(write_record, after, "rnn", 2200, hyperparameters=longer)
    write(write_record, after, "new", 2100)
    first, second = tables(compare_runs(before, after))

    assert first == (
        "data: tickets.csv: 9,000 train, 1,000 validation, 2,500 test rows",
        ["experiment", "before", "after", "difference", "verdict", "differs in"],
        [
            [
                "rnn",
                "0.8000",
                "0.8800",
                "+8.00 [+6.94, +9.06]",
                "better",
                "cell: rnn to gru\nepochs: 2 to 9",
            ],
            ["gone", "0.7600", "", "", "", ""],
            ["new", "", "0.8400", "", "", ""],
        ],
    )
    assert second == (
        "made with",
        ["", "before", "after"],
        [["commit", "beforebefore", "afterafteraf"]],
    )
    assert NOTES == compare_runs(before, after)[0].blocks[1]


def test_linear_models_differ_in_what_counts_for_them(
    write_record: WriteRecord, tmp_path: Path
) -> None:
    """They have the other hyperparameters too, and make nothing of them."""
    linear = Hyperparameters(model="linear").to_dict()
    write(write_record, tmp_path / "a", "linear", 2000, hyperparameters=linear)
    other = linear | {"epochs": 9, "hidden_dim": 7, "min_count": 1}
    write(write_record, tmp_path / "b", "linear", 2000, hyperparameters=other)
    (compared,) = (rows for *_, rows in tables(compare_runs(tmp_path / "a", tmp_path / "b"))[:1])

    assert [f"min_count: {linear['min_count']} to 1"] == [row[-1] for row in compared]


def test_another_teacher_is_told(write_record: WriteRecord, tmp_path: Path) -> None:
    """It decides what a pupil learns as a hyperparameter does."""
    write(write_record, tmp_path / "a", "pupil", 2000, teacher="large, seed 0")
    write(write_record, tmp_path / "b", "pupil", 2000)
    (compared,) = (rows for *_, rows in tables(compare_runs(tmp_path / "a", tmp_path / "b"))[:1])

    assert ["teacher: large, seed 0 to none"] == [row[-1] for row in compared]


def test_other_data_are_never_ranked_together(write_record: WriteRecord, tmp_path: Path) -> None:
    """Each data set has a table of its own, and no difference."""
    before, after = tmp_path / "a" / "cells", tmp_path / "b" / "cells"
    write(write_record, before, "rnn", 2000)
    write(write_record, after, "rnn", 2200, data=DATA | {"fingerprint": "x", "name": "other.csv"})
    sections = tables(compare_runs(before, after))
    rows = "9,000 train, 1,000 validation, 2,500 test rows"

    assert [
        (
            f"only in {before}, and compared with nothing: data: tickets.csv: {rows}",
            ["experiment", "test acc"],
            [["rnn", "0.8000"]],
        ),
        (
            f"only in {after}, and compared with nothing: data: other.csv: {rows}",
            ["experiment", "test acc"],
            [["rnn", "0.8800"]],
        ),
    ] == sections


def test_same_records_differ_in_nothing(write_record: WriteRecord, tmp_path: Path) -> None:
    """Each value of hardware, versions and commit is the same."""
    write(write_record, tmp_path, "rnn", 2000)
    ((_, _, rows),) = tables(compare_runs(tmp_path, tmp_path))

    assert [["rnn", "0.8000", "0.8000", "+0.00 [+0.00, +0.00]", "no evidence", ""]] == rows
