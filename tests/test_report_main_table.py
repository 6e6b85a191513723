"""The main table, in full text and no wider than a terminal."""

from pathlib import Path

import numpy as np
import pytest
from conftest import LABELS, ROWS, WriteRecord, analysis_of, answer, make_history, simulate_right

from agnews_tune.report.main_table import (
    MEANINGS,
    explain,
    fitted_table,
    main_table,
    meanings_for,
)

FINISHED = """\
experiment    change                           parent      n         test acc             vs parent     p  verdict      best    training             published    reached         test 95 %          val acc    best epoch    parameters    s/epoch
------------  -------------------------------  --------  ---  ---------------  --------------------  ----  -----------  ------  -----------------  -----------  ---------  ----------------  ---------------  ------------  ------------  ---------
rnn-max       baseline                                     2  0.7996 ± 0.0000                                           ties    too few epochs           0.814       0.75  0.7839 to 0.8153  0.8100 ± 0.0000           1,2        12,345        1.5
gru           2 changes: cell: gru, epochs: 3  rnn-max     1           0.8000  +0.04 [-0.02, +0.10]  0.16  no evidence  best    not yet converged                     0.8  0.7839 to 0.8152           0.8200             2     1,234,567        1.5"""  # noqa: E501
UNFINISHED = """\
experiment    change      parent      n    test acc    val acc    best epoch    parameters    s/epoch  state
------------  ----------  --------  ---  ----------  ---------  ------------  ------------  ---------  ------------
rnn-max       baseline                1      0.8000     0.8100             2        12,345        1.5
gru           cell: gru   rnn-max     0                                                                epoch 1 of 2
lstm          cell: lstm  gone        0                                                                waiting"""  # noqa: E501


def test_table_of_a_finished_run(write_record: WriteRecord, tmp_path: Path) -> None:
    """Means and deviations over seeds, intervals, differences, words for them, size and time."""
    right = np.arange(ROWS) < 2000
    for seed in (0, 1):
        own = right.copy()
        own[1999 if seed else 1998] = False
        write_record(
            tmp_path,
            "rnn-max",
            seed,
            published={"validation_accuracy": 0.82, "test_accuracy": 0.8135},
            result={"test_accuracy": 0.7996, "best_epoch": seed + 1},
            predictions=answer(own, LABELS),
        )
    write_record(
        tmp_path,
        "gru",
        parent="rnn-max",
        change="2 changes: cell: gru, epochs: 3",
        history=make_history(3),
        result={"validation_accuracy": 0.82, "parameters": 1234567, "epochs": 3, "seconds": 4.5},
        predictions=answer(right, LABELS),
    )

    assert FINISHED == main_table(analysis_of(tmp_path, (0.75, 0.8, 0.85))).format("simple")


def test_table_of_a_run_under_way(write_record: WriteRecord, tmp_path: Path) -> None:
    """A column says how far each experiment is; what nobody knows is no column."""
    write_record(tmp_path, "rnn-max", history=[], result={"epochs": 2})
    one = [{"epoch": 1, "loss": 0.7}]
    write_record(tmp_path, "gru", parent="rnn-max", change="cell: gru", history=one, result=None)
    write_record(tmp_path, "lstm", parent="gone", change="cell: lstm", history=[], result=None)
    with pytest.warns(match="it has 0 of 2 epochs"):
        analysis = analysis_of(tmp_path)

    table = main_table(analysis)
    assert UNFINISHED == table.chosen([c for c in table.columns if c != "best"]).format("simple")


@pytest.mark.parametrize("experiments", [1, 14])
def test_table_fits_a_terminal(write_record: WriteRecord, tmp_path: Path, experiments: int) -> None:
    """At most 100 characters a line, the verdict among them; long names go on below."""
    random = np.random.default_rng(0)
    for number in range(experiments):
        name = f"gru-3layer-bidirectional-dropout0.3-3linear-{number}"
        for seed, trial in enumerate(simulate_right(random, [0.9], 2, ROWS)[0]):
            write_record(
                tmp_path,
                name if number else "rnn",
                seed,
                parent="rnn" if number else None,
                change="3 changes: cell: gru, num_layers: 3, dropout: 0.3",
                published={"test_accuracy": 0.9},
                result={"parameters": 4302084},
                predictions=answer(trial, LABELS),
            )
    analysis = analysis_of(tmp_path)
    table = fitted_table(analysis)
    lines = table.format("simple").splitlines()

    assert max(map(len, lines)) <= 100
    expected = {"experiment", "test acc"} | ({"vs parent", "verdict"} if experiments > 1 else set())
    assert expected <= set(table.columns)
    if experiments > 1:
        assert 2 * (experiments - 1) + 1 == len(lines) - 2


def test_names_are_narrow_where_that_gains_a_column(
    write_record: WriteRecord, tmp_path: Path
) -> None:
    """A name of 35 characters would push the published figures out."""
    for number, name in enumerate(("rnn", "gru-3layer-bidirectional-dropout0.3")):
        for seed, trial in enumerate(simulate_right(np.random.default_rng(0), [0.9], 2, ROWS)[0]):
            write_record(
                tmp_path,
                name,
                seed,
                parent="rnn" if number else None,
                published={"test_accuracy": 0.9},
                predictions=answer(trial, LABELS),
            )
    table = fitted_table(analysis_of(tmp_path))

    assert {"vs parent", "best", "published"} <= set(table.columns)
    assert "gru-3layer-\nbidirectional-\ndropout0.3" == table.rows[1][0]


@pytest.mark.parametrize(
    ("rows", "theirs"), [((60_000,), "60,000"), ((120_000, 60_000), "60,000 to 120,000")]
)
def test_training_rows_of_others_stand_beside_ours(
    write_record: WriteRecord, tmp_path: Path, rows: tuple[int, ...], theirs: str
) -> None:
    """A figure of others says little without the data that it was reached with."""
    for number, count in enumerate(rows):
        published = {"test_accuracy": 0.9, "train_rows": count}
        write_record(tmp_path, f"rnn-{number}", published=published)

    assert (
        f"published: test accuracy that others have reported, on {theirs} training rows; here "
        "there are 10,000, of which 1,000 validate."
    ) == meanings_for(analysis_of(tmp_path))["published"]


def test_columns_that_are_there_are_explained(write_record: WriteRecord, tmp_path: Path) -> None:
    """Nothing is said of others; who knows better what one means can say so."""
    write_record(tmp_path, "rnn")
    bare = main_table(analysis_of(tmp_path))
    for name, parent in (("rnn", None), ("gru", "rnn")):
        right = np.arange(ROWS) < (2000 if parent else 1900)
        write_record(
            tmp_path, name, parent=parent, change="cell: gru", predictions=answer(right, LABELS)
        )
    full = explain(main_table(analysis_of(tmp_path)), MEANINGS)

    assert [MEANINGS["n"], "by rules"] == explain(bare, MEANINGS | {"training": "by rules"})
    assert ["n", "test 95 %", "vs parent", "p", "verdict", "best", "training"] == [
        note.partition(":")[0] for note in full
    ]
