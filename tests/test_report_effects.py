"""Pairs of experiments that differ in one hyperparameter, wherever they stand in the grid."""

from pathlib import Path

import numpy as np
import pytest
from conftest import DATA, WriteRecord, answer, simulate_right, summary_of

from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.report.effects import Effect, find_effects
from agnews_tune.report.outcomes import read_outcomes
from agnews_tune.report.verdicts import Comparer

ROWS = 2000
LABELS = np.arange(ROWS) % 2
SETTINGS = {
    "gru-max": {"cell": "gru", "pooling": "max"},
    "rnn-max": {"cell": "rnn", "pooling": "max"},
    "rnn-mean": {"cell": "rnn", "pooling": "mean"},
    "gru-mean": {"cell": "gru", "pooling": "mean"},
    "gru-mean-wide": {"cell": "gru", "pooling": "mean", "hidden_dim": 512},
    "odd": {"cell": "lstm", "pooling": "last"},
}


@pytest.fixture
def effects(write_record: WriteRecord, tmp_path: Path) -> list[Effect]:
    """Two seeds each; GRU is 4 points better, mean pooling as good as max."""
    accuracies = (0.92, 0.88, 0.88, 0.92, 0.92, 0.9)
    right = simulate_right(np.random.default_rng(3), accuracies, 2, ROWS, 0.001)
    for (name, settings), trials in zip(SETTINGS.items(), right, strict=True):
        for seed, row in enumerate(trials):
            write_record(
                tmp_path,
                name,
                seed,
                data=DATA | {"test_rows": ROWS},
                hyperparameters=Hyperparameters(**settings).to_dict(),
                predictions=answer(row, LABELS),
            )
    summary = summary_of(tmp_path)
    return find_effects(summary, Comparer(read_outcomes(summary)))


def test_pairs_differ_in_one_hyperparameter(effects: list[Effect]) -> None:
    """The older cell and the smaller number come first, whichever experiment stands first."""
    assert [
        ("cell", "rnn", "gru", [("rnn-max", "gru-max"), ("rnn-mean", "gru-mean")]),
        ("pooling", "max", "mean", [("gru-max", "gru-mean"), ("rnn-max", "rnn-mean")]),
        ("hidden_dim", 256, 512, [("gru-mean", "gru-mean-wide")]),
    ] == [(effect.hyperparameter, effect.before, effect.after, effect.pairs) for effect in effects]


def test_gain_is_the_mean_over_the_pairs(effects: list[Effect]) -> None:
    """More pairs make it surer, and each kind of effect is adjusted for the others."""
    cell, pooling, width = effects

    assert 0.02 < cell.gain.estimate.value < 0.06
    assert ["better", "no evidence", "no evidence"] == [
        effect.gain.verdict for effect in (cell, pooling, width)
    ]
    assert (cell.gain.estimate.p or 0) * 3 == pytest.approx(cell.gain.adjusted)


@pytest.mark.parametrize("pairs", range(2, 8))
def test_models_that_answer_alike_have_no_effect(
    write_record: WriteRecord, tmp_path: Path, pairs: int
) -> None:
    """Whatever floating-point numbers make of weights such as 1/3."""
    for number in range(2 * pairs):
        settings = {"cell": ("rnn", "gru")[number % 2], "hidden_dim": 8 + number // 2}
        write_record(
            tmp_path,
            f"x{(7 * number) % (2 * pairs)}-{number}",
            data=DATA | {"test_rows": 30},
            hyperparameters=Hyperparameters(**settings).to_dict(),
            predictions=answer(np.arange(30) < 27, np.zeros(30, int)),
        )
    summary = summary_of(tmp_path)
    effects = find_effects(summary, Comparer(read_outcomes(summary)))

    assert {("no evidence", 1.0)} == {
        (effect.gain.verdict, effect.gain.adjusted) for effect in effects
    }


def test_settings_that_an_older_record_lacks_make_no_pair(
    write_record: WriteRecord, tmp_path: Path
) -> None:
    """Nobody knows what they were."""
    old = Hyperparameters().to_dict()
    del old["dropout"]
    for name, settings in (("old", old), ("new", Hyperparameters().to_dict())):
        write_record(
            tmp_path,
            name,
            data=DATA | {"test_rows": 4},
            hyperparameters=settings,
            predictions=answer(np.ones(4, bool), np.zeros(4, int)),
        )
    summary = summary_of(tmp_path)

    assert [] == find_effects(summary, Comparer(read_outcomes(summary)))


def test_linear_models_make_no_pair_by_what_does_nothing_to_them(
    write_record: WriteRecord, tmp_path: Path
) -> None:
    """Of these two the cell is told apart in the records alone."""
    for model in ("recurrent", "linear"):
        for cell in ("rnn", "gru"):
            write_record(
                tmp_path,
                f"{model}-{cell}",
                data=DATA | {"test_rows": 4},
                hyperparameters=Hyperparameters(model=model, cell=cell).to_dict(),
                predictions=answer(np.ones(4, bool), np.zeros(4, int)),
            )
    summary = summary_of(tmp_path)
    effects = find_effects(summary, Comparer(read_outcomes(summary)))
    pairs = {effect.hyperparameter: effect.pairs for effect in effects}

    assert [("recurrent-rnn", "recurrent-gru")] == pairs["cell"]


def test_another_teacher_is_another_difference(write_record: WriteRecord, tmp_path: Path) -> None:
    """Only experiments that learnt from the same one, or from none, make a pair."""
    experiments = {
        "small": (8, None),
        "large": (16, None),
        "small-taught": (8, "large, seeds 0, 1"),
        "large-taught": (16, "large, seeds 0, 1"),
        "large-taught-by-one": (16, "large, seed 0"),
    }
    for name, (size, teacher) in experiments.items():
        write_record(
            tmp_path,
            name,
            data=DATA | {"test_rows": 4},
            hyperparameters=Hyperparameters(hidden_dim=size).to_dict(),
            predictions=answer(np.ones(4, bool), np.zeros(4, int)),
            **({"teacher": teacher} if teacher else {}),
        )
    summary = summary_of(tmp_path)
    (effect,) = find_effects(summary, Comparer(read_outcomes(summary)))

    assert [("small", "large"), ("small-taught", "large-taught")] == effect.pairs


def test_one_pair_is_its_difference(write_record: WriteRecord, tmp_path: Path) -> None:
    """The mean over a single pair says what the table says."""
    right = simulate_right(np.random.default_rng(3), (0.9, 0.92), 1, ROWS)
    for number, trials in enumerate(right):
        write_record(
            tmp_path,
            f"layers{number + 1}",
            data=DATA | {"test_rows": ROWS},
            hyperparameters=Hyperparameters(num_layers=number + 1).to_dict(),
            predictions=answer(trials[0], LABELS),
        )
    summary = summary_of(tmp_path)
    comparer = Comparer(read_outcomes(summary))
    (effect,) = find_effects(summary, comparer)

    assert comparer.difference(1, 0).estimate == effect.gain.estimate
