"""The mark that ends a weak trial: what it says, and when it is heeded."""

from pathlib import Path

import pytest
from conftest import Stop

from agnews_tune.grid.file import read_grid
from agnews_tune.records import layout, reading
from agnews_tune.runs.planned_trial import PlannedTrial
from agnews_tune.runs.planning import plan_run
from agnews_tune.runs.stopping import ask_to_stop, stop_after
from agnews_tune.runs.trial import run_trial
from agnews_tune.text.encoded_corpus import EncodedCorpus
from agnews_tune.training.callbacks import Callback
from agnews_tune.training.monitors import EarlyStopping

GRID = """
data: {source: demo, limit_train: 600}
defaults: {embedding_dim: 8, hidden_dim: 8, epochs: 3, min_count: 1, learning_rate: 0.02}
experiments:
  gru: {cell: gru}
  line: {model: linear}
"""


@pytest.fixture
def trials(tmp_path: Path) -> list[tuple[PlannedTrial, EncodedCorpus]]:
    (tmp_path / "tiny.yaml").write_text(GRID)
    plan = plan_run(read_grid(tmp_path / "tiny.yaml"), tmp_path)
    plan.write()
    (corpus,) = plan.encode().values()
    return [(trial, corpus) for trial in plan.trials]


class AskToStop(Callback):
    """Asks at the start of each epoch to end after it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def on_epoch_begin(self, epoch: int) -> None:
        ask_to_stop(self.folder, epoch + 1)


def test_mark(tmp_path: Path) -> None:
    """It names an epoch; one that is damaged asks for nothing."""
    assert stop_after(tmp_path) is None
    ask_to_stop(tmp_path, 2)
    assert 2 == stop_after(tmp_path)
    (mark,) = (path for path in tmp_path.rglob("*") if path.is_file())
    mark.write_text(mark.read_text().replace("2", "1", 1))

    assert stop_after(tmp_path) is None


def test_weak_trial_ends_early(
    trials: list[tuple[PlannedTrial, EncodedCorpus]], tmp_path: Path
) -> None:
    """It measures what it has, and says so; the mark goes with it, and it is finished."""
    trial, corpus = trials[0]
    result = run_trial(trial, corpus, callbacks=[AskToStop(trial.folder)])
    record = reading.read_trial(trial.folder)

    assert (1, True) == (result["epochs"], result["stopped_early"])
    assert (1, 1) == (record.stopped_after, len(record.history))
    assert stop_after(trial.folder) is None
    assert 0.0 < result["test_accuracy"] == result["test_accuracy_last"]
    again = plan_run(read_grid(tmp_path / "tiny.yaml"), tmp_path, only=("gru",))
    assert ["finished"] == [item.action for item in again.trials]


@pytest.mark.parametrize("lost", [False, True])
def test_trial_that_was_interrupted_when_it_was_to_end(
    trials: list[tuple[PlannedTrial, EncodedCorpus]], lost: bool
) -> None:
    """It does no further epoch when it goes on; without its backup it goes as far again."""
    trial, corpus = trials[0]
    with pytest.raises(KeyboardInterrupt):
        run_trial(trial, corpus, callbacks=[Stop(2)])
    ask_to_stop(trial.folder, 2)
    if lost:
        layout.backup_path(trial.folder).unlink()
    result = run_trial(trial, corpus)

    assert (2, True) == (result["epochs"], result["stopped_early"])


def test_trial_that_came_to_its_end_all_the_same(
    trials: list[tuple[PlannedTrial, EncodedCorpus]],
) -> None:
    """A mark for the last epoch, or for a linear model's only one, stops nothing early."""
    results = [
        run_trial(trial, corpus, callbacks=[Ask(trial.folder, at=trial_end)])
        for (trial, corpus), trial_end in zip(trials, (3, 1), strict=True)
    ]

    assert [(3, False), (1, False)] == [(one["epochs"], one["stopped_early"]) for one in results]


class Ask(Callback):
    """Asks once, before the first epoch, to end after a later one."""

    def __init__(self, folder: Path, at: int) -> None:
        self.folder, self.at = folder, at

    def on_train_begin(self) -> None:
        ask_to_stop(self.folder, self.at)


def test_other_callbacks_that_stop_are_no_search(
    trials: list[tuple[PlannedTrial, EncodedCorpus]],
) -> None:
    """What a caller's own callback ends is not marked as weaker than others."""
    trial, corpus = trials[0]
    result = run_trial(trial, corpus, callbacks=[EarlyStopping("val_accuracy", min_delta=1.0)])

    assert (2, False) == (result["epochs"], result["stopped_early"])
    assert reading.read_trial(trial.folder).stopped_after is None
