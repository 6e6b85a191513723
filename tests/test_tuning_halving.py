"""Which trials of a search are asked to end early, by epochs of this run and of earlier ones."""

from pathlib import Path

import pytest

from agnews_tune import records
from agnews_tune.grid_file import read_grid
from agnews_tune.planning import PlannedTrial, plan_run
from agnews_tune.tuning import StopWeakTrials

GRID = """
data: {source: demo, limit_train: 100}
defaults: {epochs: 4}
experiments:
  base:
search:
  parent: base
  samples: 4
  reduction_factor: 2
  grace_period: GRACE
  hidden_dim: [8, 9, 10, 11]
"""


def planned(folder: Path, grace_period: int = 1) -> tuple[list[PlannedTrial], StopWeakTrials]:
    (folder / "made.yaml").write_text(GRID.replace("GRACE", str(grace_period)))
    grid = read_grid(folder / "made.yaml").with_drawn([{"hidden_dim": n} for n in (8, 9, 10, 11)])
    plan = plan_run(grid, folder)
    plan.write()
    return plan.drawn, StopWeakTrials(plan.drawn, grid.search)


def report(scheduler: StopWeakTrials, number: int, epoch: int, accuracy: float) -> str:
    result = {"epoch": epoch, "val_accuracy": accuracy}
    return scheduler.on_trial_result(None, f"search-{number:02}-seed0", result)


def asked(trials: list[PlannedTrial]) -> list[int]:
    """Return the numbers of the trials that are asked to stop."""
    return [
        number
        for number, item in enumerate(trials, start=1)
        if records.is_asked_to_stop(item.folder)
    ]


def test_weaker_half_is_asked_to_stop(tmp_path: Path) -> None:
    """After 1 and 2 epochs, as the epochs come in; Ray Tune is told to go on."""
    trials, scheduler = planned(tmp_path)
    answers = {
        report(scheduler, 1, 1, 0.5),
        report(scheduler, 2, 1, 0.4),
        report(scheduler, 3, 1, 0.6),
        report(scheduler, 1, 2, 0.7),
        report(scheduler, 3, 2, 0.65),
    }

    assert {"CONTINUE"} == answers
    assert [2, 3] == asked(trials)


def test_trial_is_let_alone_in_its_grace_period(tmp_path: Path) -> None:
    """After its last epoch too, and one of no search always."""
    trials, scheduler = planned(tmp_path, grace_period=3)
    for number, accuracy in ((1, 0.9), (2, 0.1)):
        for epoch in (1, 2):
            report(scheduler, number, epoch, accuracy)
        report(scheduler, number, 4, accuracy)
    scheduler.on_trial_result(None, "base-seed0", {"epoch": 3, "val_accuracy": 0.01})

    assert [] == asked(trials)
    assert not records.is_asked_to_stop(tmp_path / "made" / "base-seed0")


def test_grace_period_beyond_the_last_epoch(tmp_path: Path) -> None:
    """Nothing is stopped."""
    trials, scheduler = planned(tmp_path, grace_period=9)
    for number, accuracy in ((1, 0.9), (2, 0.1)):
        for epoch in (1, 2, 3, 4):
            report(scheduler, number, epoch, accuracy)

    assert [] == asked(trials)


def test_earlier_runs_are_remembered(tmp_path: Path) -> None:
    """A trial is weak beside epochs that were recorded before this run."""
    trials, _ = planned(tmp_path)
    row = {"epoch": 1, "loss": 1.0, "val_accuracy": 0.6, "seconds": 1.0}
    records.write_history(trials[0].folder, trials[0].description["key"], [row])
    again, scheduler = planned(tmp_path)
    report(scheduler, 1, 2, 0.1)  # alone in its second epoch
    report(scheduler, 2, 1, 0.5)
    report(scheduler, 3, 1, 0.7)

    assert [2] == asked(again)


@pytest.mark.parametrize(
    "result",
    [
        {"pretrain_epoch": 1, "loss": 5.0},
        {"failure": "out of memory", "traceback": ""},
        {"epoch": 1, "val_accuracy": float("nan")},
    ],
)
def test_what_is_no_epoch_stops_nothing(tmp_path: Path, result: dict[str, object]) -> None:
    """Pretraining has no accuracy, and a failure ends a trial on its own."""
    trials, scheduler = planned(tmp_path)
    report(scheduler, 1, 1, 0.9)

    assert "CONTINUE" == scheduler.on_trial_result(None, "search-02-seed0", result)
    assert [] == asked(trials)
