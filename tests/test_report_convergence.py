"""Made curves and the words for them."""

from pathlib import Path

import pytest
from conftest import WriteRecord, make_history, summary_of

from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.report.convergence import Convergence, judge

FALLING = (0.6, 0.4, 0.3, 0.25, 0.2)


def convergence(
    write_record: WriteRecord, run: Path, *curves: tuple[tuple[float, ...], ...]
) -> Convergence | None:
    """Judge an experiment whose seeds have these losses, validation losses and accuracies.

    With 1,000 validation rows one standard error is 0.9 points at an accuracy of 0.9.
    """
    for seed, columns in enumerate(curves):
        history = [
            {"epoch": epoch, "loss": loss, "val_loss": val_loss, "val_accuracy": accuracy}
            for epoch, (loss, val_loss, accuracy) in enumerate(zip(*columns, strict=True), start=1)
        ]
        write_record(run, "rnn", seed, history=history, result={})
    return judge(summary_of(run).experiments[0])


CASES = {
    "stable": (FALLING, (0.5, 0.4, 0.35, 0.33, 0.33), (0.8, 0.85, 0.9, 0.901, 0.9)),
    "overfitting from epoch 3": (
        FALLING,
        (0.5, 0.3, 0.31, 0.35, 0.4),
        (0.8, 0.9, 0.9, 0.9, 0.9),
    ),
    "fluctuating": (FALLING, (0.5, 0.4, 0.4, 0.4, 0.4), (0.8, 0.9, 0.9, 0.87, 0.89)),
    "getting worse": (FALLING, (0.5, 0.4, 0.4, 0.4, 0.4), (0.95, 0.94, 0.9, 0.85, 0.7)),
    "not yet converged": (FALLING, (0.5, 0.4, 0.38, 0.36, 0.34), (0.8, 0.85, 0.88, 0.89, 0.9)),
    "too few epochs": (FALLING[:2], (0.5, 0.4), (0.8, 0.9)),
}


@pytest.mark.parametrize(("verdict", "curve"), CASES.items(), ids=CASES)
def test_verdict_in_words(
    verdict: str,
    curve: tuple[tuple[float, ...], ...],
    write_record: WriteRecord,
    tmp_path: Path,
) -> None:
    """Each rule has a curve that it fits."""
    found = convergence(write_record, tmp_path, curve)

    assert found
    assert verdict == found.verdict


def test_linear_model_has_no_curve(write_record: WriteRecord, tmp_path: Path) -> None:
    """Of what is solved at once nobody asks whether it has converged."""
    linear = Hyperparameters(model="linear").to_dict()
    write_record(tmp_path, "linear", history=make_history(1), result={}, hyperparameters=linear)

    assert judge(summary_of(tmp_path).experiments[0]) is None


def test_figures_of_a_curve(write_record: WriteRecord, tmp_path: Path) -> None:
    """Best epoch, its lead over the last, the spread of the last three, the turn of the loss."""
    found = convergence(
        write_record,
        tmp_path,
        (FALLING, (0.5, 0.3, 0.31, 0.35, 0.4), (0.8, 0.9, 0.89, 0.88, 0.885)),
    )

    assert found
    assert (2, 3) == (found.best_epoch, found.overfitting_from)
    assert pytest.approx((0.015, 0.01)) == (found.gap, found.spread)


@pytest.mark.parametrize(
    ("losses", "val_losses"),
    [
        ((0.6, 0.3, 0.32, 0.31, 0.33), (0.5, 0.3, 0.31, 0.35, 0.4)),  # train loss rises too
        (FALLING, (0.5, 0.3, 0.305, 0.304, 0.305)),  # by less than 2 %
        (FALLING, (0.5, 0.4, 0.3, 0.29, 0.28)),
    ],
)
def test_what_is_no_overfitting(
    losses: tuple[float, ...],
    val_losses: tuple[float, ...],
    write_record: WriteRecord,
    tmp_path: Path,
) -> None:
    """The validation loss has to rise while the train loss falls."""
    found = convergence(write_record, tmp_path, (losses, val_losses, (0.8, 0.9, 0.9, 0.9, 0.9)))

    assert found
    assert (None, "stable") == (found.overfitting_from, found.verdict)


def test_loss_of_nothing_is_no_overfitting(write_record: WriteRecord, tmp_path: Path) -> None:
    """Where the last epoch is the best, nothing has risen; two epochs say nothing of it."""
    zero = convergence(
        write_record, tmp_path / "zero", (FALLING[:3], (0.5, 0.3, 0.0), (0.9, 0.9, 0.9))
    )
    two = convergence(write_record, tmp_path / "two", (FALLING[:2], (0.3, 0.5), (0.9, 0.9)))

    assert zero
    assert two
    assert (None, None) == (zero.overfitting_from, two.overfitting_from)


def test_seeds_are_judged_by_their_mean(write_record: WriteRecord, tmp_path: Path) -> None:
    """Two curves that fluctuate against each other are stable together; the shorter one counts."""
    loss = (0.5, 0.4, 0.4, 0.4, 0.4)
    up, down = (0.8, 0.9, 0.9, 0.87, 0.9), (0.8, 0.9, 0.87, 0.9, 0.87)
    found = convergence(
        write_record, tmp_path, (FALLING, loss, up), (FALLING[:4], loss[:4], down[:4])
    )

    assert found
    assert ("stable", 2) == (found.verdict, found.best_epoch)


def test_nothing_to_judge(write_record: WriteRecord, tmp_path: Path) -> None:
    """Without a finished trial, or without validation losses."""
    write_record(tmp_path / "waiting", "rnn", result=None)
    write_record(tmp_path / "bare", "rnn", history=[{"epoch": 1, "loss": 0.4}], result={})

    for run in ("waiting", "bare"):
        assert judge(summary_of(tmp_path / run).experiments[0]) is None
