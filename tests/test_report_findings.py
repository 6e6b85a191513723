"""The paragraph says what the figures bear, and nothing else."""

import shutil
from pathlib import Path

import numpy as np
from conftest import LABELS, ROWS, WriteRecord, analysis_of, answer, make_history

from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.report.findings import write_findings


def findings(run: Path, targets: tuple[float, ...] = ()) -> str:
    return "\n".join(write_findings(analysis_of(run, targets)))


def write(
    write_record: WriteRecord,
    run: Path,
    name: str,
    right: int,
    *,
    seconds: float = 3.0,
    pretrain_seconds: float = 0.0,
    seed: int = 0,
    seeds: int = 1,
    device: str = "CPU",
    **trial: object,
) -> None:
    for number in range(seeds):
        write_record(
            run,
            name,
            seed + number,
            history=make_history(4),
            result={
                "validation_accuracy": right / ROWS,
                "test_accuracy": right / ROWS,
                "seconds": seconds,
                "pretrain_seconds": pretrain_seconds,
                "hardware": {"device": device},
            },
            predictions=answer(np.arange(ROWS) < right, LABELS),
            **trial,
        )


def test_all_sentences(write_record: WriteRecord, tmp_path: Path) -> None:
    """What helped, hurt and showed nothing; the best, its cost and rivals; targets and training."""
    write(write_record, tmp_path, "rnn", 2000)
    for name, right in (("gru", 2205), ("lstm", 2206), ("deaf", 1500)):
        write(
            write_record, tmp_path, name, right, seconds=9.0, parent="rnn", change=f"cell: {name}"
        )
    write(
        write_record, tmp_path, "wide", 2204, seconds=20.0, parent="gru", change="hidden_dim: 512"
    )

    assert findings(tmp_path, (0.8, 0.95)) == (
        "Helped: cell: gru against rnn (+8.20 [+7.12, +9.28] points); "
        "cell: lstm against rnn (+8.24 [+7.16, +9.32] points). "
        "Hurt: cell: deaf against rnn (-20.00 [-21.57, -18.43] points). "
        "No evidence of a difference: hidden_dim: 512 against gru (-0.04 [-0.12, +0.04] points).\n"
        "Best by validation: lstm, test accuracy 0.8824 (0.8692 to 0.8944), "
        "at 12,345 parameters and 9 s a training. "
        "No evidence that it differs from gru, wide.\n"
        "Target 0.8: reached by all but deaf. Target 0.95: reached by none. "
        "Training was not yet converged for all. "
        "Where there is one seed, another one may change the answer: run more with --seeds."
    )


def test_the_quickest_of_those_that_tie(write_record: WriteRecord, tmp_path: Path) -> None:
    """It is named where it is not the best itself; with several seeds there is no warning."""
    write(write_record, tmp_path, "slow", 2206, seconds=90.0, seeds=3)
    write(write_record, tmp_path, "quick", 2205, seconds=5.0, seeds=3)
    text = findings(tmp_path)

    assert (
        "No evidence that it differs from quick. The quickest of these is quick, at 12,345 "
        "parameters and 5 s a training."
    ) in text
    assert "--seeds" not in text


def test_quick_one_that_two_seeds_do_not_tell_apart(
    write_record: WriteRecord, tmp_path: Path
) -> None:
    """It is no advice where its accuracy lies outside the interval of the best."""
    write(write_record, tmp_path, "slow", 2206, seconds=90.0, seeds=2)
    write(write_record, tmp_path, "near", 2205, seconds=9.0, seeds=2)
    for seed, right in ((0, 800), (1, 2000)):
        write(write_record, tmp_path, "quick", right, seconds=5.0, seed=seed)

    text = findings(tmp_path)
    assert (
        "No evidence that it differs from near, quick. The quickest of those not below its "
        "interval is near, at 12,345 parameters and 9 s a training."
    ) in text
    assert text.endswith("Two seeds show large differences alone: run more with --seeds.")


def test_what_so_many_seeds_find(write_record: WriteRecord, tmp_path: Path) -> None:
    """Where a change showed nothing, and three seeds or more show how much they differ."""
    for seed in range(3):
        text = findings(tmp_path) if seed else ""
        write(write_record, tmp_path, "rnn", 2000 + 5 * seed, seed=seed)
        change = {"parent": "rnn", "change": "cell: gru"}
        write(write_record, tmp_path, "gru", 2010 - 3 * seed, seed=seed, **change)

    assert "true difference" not in text
    assert (
        "No evidence of a difference: cell: gru against rnn (+0.08 [-0.36, +0.52] points). "
        "A single true difference of 0.58 points or more would be found in about three of four new "
        "runs with 3 seeds, one of 0.34 with 5, one of 0.22 with 10, one of 0.15 with 20.\n"
    ) in findings(tmp_path)


def test_many_seeds_have_no_more_to_be_told(write_record: WriteRecord, tmp_path: Path) -> None:
    """Only what these find is said; nothing where all changes did something."""
    for seed in range(20):
        write(write_record, tmp_path, "rnn", 2000 + seed % 5, seed=seed)
        change = {"parent": "rnn", "change": "cell: gru"}
        write(write_record, tmp_path, "gru", 2004 - seed % 4, seed=seed, **change)
        change = {"parent": "rnn", "change": "cell: lstm"}
        write(write_record, tmp_path, "lstm", 2204 - seed % 4, seed=seed, **change)

    assert (
        "A single true difference of 0.048 points or more would be found in about three of four "
        "new runs with 20 seeds.\n"
    ) in findings(tmp_path)
    for seed in range(20):
        shutil.rmtree(tmp_path / f"gru-seed{seed}")
    assert "true difference" not in findings(tmp_path)


def test_experiment_without_predictions_is_named(write_record: WriteRecord, tmp_path: Path) -> None:
    """Its verdicts are missing, and those of its children."""
    write(write_record, tmp_path, "rnn", 2000)
    write(write_record, tmp_path, "gru", 2206, parent="rnn", change="cell: gru")
    (tmp_path / "rnn-seed0" / "test_predictions.npz").unlink()

    assert findings(tmp_path).startswith(
        "Not compared, as test predictions are missing: rnn.\nBest by validation: gru"
    )


def test_times_on_other_hardware_are_not_compared(
    write_record: WriteRecord, tmp_path: Path
) -> None:
    """Neither those of other experiments nor those of further seeds of the same one."""
    write(write_record, tmp_path, "slow", 2206, seconds=90.0)
    write(write_record, tmp_path, "quick", 2205, seconds=70.0, seeds=2)
    write(write_record, tmp_path, "quick", 2205, seconds=1.0, device="GPU H", seed=2)
    write(write_record, tmp_path, "gpu", 2205, seconds=2.0, device="GPU H")

    assert (
        "No evidence that it differs from quick, gpu. The quickest of those on its hardware is "
        "quick, at 12,345 parameters and 70 s a training."
    ) in findings(tmp_path)


def test_many_are_not_all_named(write_record: WriteRecord, tmp_path: Path) -> None:
    """Five names in a sentence, and how many there are besides; the table has them all."""
    write(write_record, tmp_path, "rnn", 2000)
    for number in range(7):
        settings = {"parent": "rnn", "change": f"dropout: 0.{number}"}
        write(write_record, tmp_path, f"gru{number}", 2300 if number else 1500, **settings)
    text = findings(tmp_path, (0.9,))

    assert "Helped: dropout: 0.1 against rnn" in text
    assert text.count("against rnn (+") == 6
    assert "Target 0.9: reached by all but rnn, gru0." in text
    for number in range(7, 9):
        write(write_record, tmp_path, f"gru{number}", 2300, **settings)
    text = findings(tmp_path)
    assert (text.count("against rnn (+"), "; and 3 others." in text) == (5, True)


def test_one_experiment_is_compared_with_nothing(write_record: WriteRecord, tmp_path: Path) -> None:
    """Only how its training went is left to say."""
    write(write_record, tmp_path, "rnn", 2000)

    assert "Training was not yet converged for rnn." == findings(tmp_path)


def test_nothing_is_found_before_a_trial_is_finished(
    write_record: WriteRecord, tmp_path: Path
) -> None:
    """There is no paragraph."""
    write_record(tmp_path, "rnn", result=None)

    assert "" == findings(tmp_path)


def test_pretraining_belongs_to_the_cost(write_record: WriteRecord, tmp_path: Path) -> None:
    """A network that was a language model first takes longer than its epochs."""
    write(write_record, tmp_path, "gru", 2000, seconds=50.0)
    write(write_record, tmp_path, "lm", 2200, seconds=30.0, pretrain_seconds=70.0, seeds=2)

    assert "at 12,345 parameters and 100 s a training." in findings(tmp_path)


def test_change_is_against_the_parent_that_it_was_compared_with(
    write_record: WriteRecord, tmp_path: Path
) -> None:
    """An edited grid leaves two of a name, each with its own child."""
    for seed, (dropout, right) in enumerate([(0.1, 1500), (0.3, 2000)]):
        settings = {"epochs": 4, "dropout": dropout}
        for name, pooling, better in (("gru", "max", 0), ("gru-mean", "mean", 300)):
            write(
                write_record,
                tmp_path,
                name,
                right + better,
                seed=seed,
                hyperparameters=Hyperparameters(**settings, pooling=pooling).to_dict(),
                **({"parent": "gru", "change": "pooling: mean"} if better else {}),
            )
    text = findings(tmp_path)

    assert "pooling: mean against gru (+12.00 [" in text
    assert "pooling: mean against gru (dropout: 0.3) (+12.00 [" in text


def test_training_is_said_of_what_was_judged(write_record: WriteRecord, tmp_path: Path) -> None:
    """A model without epochs was neither stable nor unstable, and nothing is said of it."""
    for name in ("rnn", "gru"):
        write(write_record, tmp_path, name, 2000)
    write_record(
        tmp_path,
        "linear",
        history=make_history(1),
        result={"test_accuracy": 0.8},
        predictions=answer(np.arange(ROWS) < 2000, LABELS),
    )

    text = findings(tmp_path)
    assert "Training, where it can be judged, was not yet converged for all." in text
