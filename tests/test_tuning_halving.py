"""Which trials of a search are asked to end early, by epochs of this run and of earlier ones."""

from pathlib import Path

import pytest
from conftest import RESULT, fill

from agnews_tune.grid.file import read_grid
from agnews_tune.records import layout, writing
from agnews_tune.runs.planning import Plan, plan_run
from agnews_tune.runs.stopping import stop_after
from agnews_tune.tuning import StopWeakTrials

GRID = """
data: {source: demo, limit_train: 100}
seeds: SEEDS
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


def plan(folder: Path, grace_period: int = 1, seeds: int = 1, only: tuple[str, ...] = ()) -> Plan:
    folder.mkdir(exist_ok=True)
    text = GRID.replace("GRACE", str(grace_period)).replace("SEEDS", str(seeds))
    (folder / "made.yaml").write_text(text)
    grid = read_grid(folder / "made.yaml").with_drawn([{"hidden_dim": n} for n in (8, 9, 10, 11)])
    made = plan_run(grid, folder, only)
    made.write()
    return made


def start(made: Plan) -> StopWeakTrials:
    assert made.grid.search is not None
    return StopWeakTrials(made.drawn, made.grid.search)


def report(
    scheduler: StopWeakTrials, number: int, epoch: int, accuracy: float, seed: int = 0
) -> str:
    result = {"epoch": epoch, "val_accuracy": accuracy}
    return scheduler.on_trial_result(None, f"search-{number:02}-seed{seed}", result)


def asked(made: Plan) -> list[str]:
    """Return the trials that are asked to stop, each with the epoch."""
    return [
        f"{item.trial.name.removeprefix('search-')} {epoch}"
        for item in made.drawn
        if (epoch := stop_after(item.folder))
    ]


def record_history(made: Plan, number: int, accuracies: list[float]) -> None:
    """Write the epochs of a trial as an earlier run would have left them."""
    trial = made.drawn[number - 1]
    rows = [
        {"epoch": epoch, "loss": 1.0, "val_accuracy": accuracy, "seconds": 1.0}
        for epoch, accuracy in enumerate(accuracies, start=1)
    ]
    writing.write_history(trial.folder, trial.description["key"], rows)
    layout.backup_path(trial.folder).parent.mkdir(exist_ok=True)
    layout.backup_path(trial.folder).touch()


def finish(made: Plan, name: str, epochs: int = 4) -> None:
    (trial,) = [item for item in made.drawn if item.trial.name == name]
    result = RESULT | {"epochs": epochs, "stopped_early": epochs < 4}
    writing.write_result(trial.folder, trial.description["key"], result)


def test_weaker_half_is_asked_to_stop(tmp_path: Path) -> None:
    """After 1 and 2 epochs, as the epochs come in; Ray Tune is told to go on."""
    made = plan(tmp_path)
    scheduler = start(made)
    answers = {
        report(scheduler, 1, 1, 0.5),
        report(scheduler, 2, 1, 0.4),
        report(scheduler, 3, 1, 0.6),
        report(scheduler, 1, 2, 0.7),
        report(scheduler, 3, 2, 0.65),
    }

    assert {"CONTINUE"} == answers
    assert ["02-seed0 1", "03-seed0 2"] == asked(made)


def test_best_epoch_so_far_counts(tmp_path: Path) -> None:
    """That is the epoch whose weights are kept."""
    made = plan(tmp_path)
    scheduler = start(made)
    report(scheduler, 1, 1, 0.5)
    report(scheduler, 2, 1, 0.9)
    report(scheduler, 1, 2, 0.7)
    report(scheduler, 2, 2, 0.6)

    assert [] == asked(made)


def test_trial_is_let_alone_in_its_grace_period(tmp_path: Path) -> None:
    """After its last epoch too, and one of no search always."""
    made = plan(tmp_path, grace_period=3)
    scheduler = start(made)
    for number, accuracy in ((1, 0.9), (2, 0.1)):
        for epoch in (1, 2):
            report(scheduler, number, epoch, accuracy)
        report(scheduler, number, 4, accuracy)
    scheduler.on_trial_result(None, "base-seed0", {"epoch": 3, "val_accuracy": 0.01})

    assert [] == asked(made)
    assert stop_after(tmp_path / "made" / "base-seed0") is None


def test_grace_period_beyond_the_last_epoch(tmp_path: Path) -> None:
    """Nothing is stopped."""
    made = plan(tmp_path, grace_period=9)
    scheduler = start(made)
    for number, accuracy in ((1, 0.9), (2, 0.1)):
        for epoch in (1, 2, 3, 4):
            report(scheduler, number, epoch, accuracy)

    assert [] == asked(made)


@pytest.mark.parametrize("only", [(), ("search-02", "search-03")])
def test_earlier_runs_are_remembered(tmp_path: Path, only: tuple[str, ...]) -> None:
    """A trial is weak beside epochs that were recorded before, also of trials not chosen now."""
    record_history(plan(tmp_path), 1, [0.6])
    made = plan(tmp_path, only=only)
    scheduler = start(made)
    report(scheduler, 1, 2, 0.1)  # alone in its second epoch
    report(scheduler, 2, 1, 0.5)
    report(scheduler, 3, 1, 0.7)

    assert ["02-seed0 1"] == asked(made)


def test_what_an_earlier_run_had_no_time_to_decide(tmp_path: Path) -> None:
    """A trial whose last recorded epoch was weak is asked to stop before it goes on."""
    first = plan(tmp_path)
    record_history(first, 1, [0.6, 0.7])
    record_history(first, 2, [0.5])
    made = plan(tmp_path)
    start(made)

    assert ["02-seed0 1"] == asked(made)


def test_records_of_other_settings_do_not_count(tmp_path: Path) -> None:
    """They start over."""
    first = plan(tmp_path)
    record_history(first, 1, [0.9])
    trial = first.drawn[0]
    writing.write_trial(trial.folder, trial.description | {"key": "other"})
    made = plan(tmp_path)
    scheduler = start(made)
    report(scheduler, 2, 1, 0.5)

    assert [] == asked(made)


def test_further_seeds_of_what_came_to_its_end_are_let_alone(tmp_path: Path) -> None:
    """In this run and in a later one; those of what was stopped are judged."""
    made = plan(tmp_path, seeds=2)
    scheduler = start(made)
    report(scheduler, 1, 1, 0.9)
    report(scheduler, 2, 1, 0.8)
    finish(made, "search-01-seed0")
    scheduler.on_trial_complete(None, "search-01-seed0", {})
    finish(made, "search-02-seed0", epochs=1)
    scheduler.on_trial_complete(None, "search-02-seed0", {})
    report(scheduler, 1, 1, 0.1, seed=1)
    report(scheduler, 2, 1, 0.1, seed=1)
    later = start(plan(tmp_path, seeds=2))

    assert ["02-seed1 1"] == asked(made)
    assert {"search-01"} == later.proven


def test_full_disk_stops_no_run(small_disk: Path) -> None:
    """The weak trial goes on."""
    made = plan(small_disk)
    scheduler = start(made)
    report(scheduler, 1, 1, 0.9)
    fill(small_disk)

    assert "CONTINUE" == report(scheduler, 2, 1, 0.1)
    assert [] == asked(made)


@pytest.mark.parametrize(
    "result",
    [
        {"pretrain_epoch": 1, "loss": 5.0},
        {"failure": "out of memory", "traceback": ""},
        {"epoch": 1, "val_accuracy": float("nan")},
    ],
)
def test_what_is_no_accuracy(tmp_path: Path, result: dict[str, object]) -> None:
    """Pretraining and failures have none; one that is no number is the weakest."""
    made = plan(tmp_path)
    scheduler = start(made)
    report(scheduler, 1, 1, 0.9)

    assert "CONTINUE" == scheduler.on_trial_result(None, "search-02-seed0", result)
    assert (["02-seed0 1"] if "epoch" in result else []) == asked(made)
