"""One trial without Ray: what it measures and what it leaves."""

import json
from pathlib import Path

import numpy as np
import pytest

from agnews_tune import Classifier
from agnews_tune.grid.file import read_grid
from agnews_tune.records import reading
from agnews_tune.runs.planned_trial import PlannedTrial
from agnews_tune.runs.planning import plan_run
from agnews_tune.runs.trial import run_trial
from agnews_tune.text.encoded_corpus import EncodedCorpus
from agnews_tune.training.callbacks import Callback, Logs

GRID = """
data: {source: demo, limit_train: 600}
defaults: {embedding_dim: 8, hidden_dim: 8, epochs: 3, min_count: 1, learning_rate: 0.02}
experiments:
  gru: {cell: gru}
"""


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> tuple[PlannedTrial, EncodedCorpus]:
    folder = tmp_path_factory.mktemp("trial")
    (folder / "tiny.yaml").write_text(GRID)
    plan = plan_run(read_grid(folder / "tiny.yaml"), folder)
    plan.write()
    trial = plan.trials[0]
    corpus = next(iter(plan.encode().values()))
    run_trial(trial, corpus)
    return trial, corpus


def test_record_is_complete(planned: tuple[PlannedTrial, EncodedCorpus]) -> None:
    """The folder holds every file of a record, and nothing temporary."""
    names = sorted(path.name for path in planned[0].folder.iterdir())

    assert ["history.csv", "model", "result.json", "test_predictions.npz", "trial.json"] == names


def test_result_holds_the_figures_of_the_best_epoch(
    planned: tuple[PlannedTrial, EncodedCorpus],
) -> None:
    """Validation figures are those of the best epoch in history.csv; it is the first of equals."""
    record = reading.read_trial(planned[0].folder)
    accuracies = [row["val_accuracy"] for row in record.history]
    best = accuracies.index(max(accuracies))

    assert record.result is not None
    assert best + 1 == record.result["best_epoch"]
    assert max(accuracies) == record.result["validation_accuracy"]
    assert record.history[best]["val_loss"] == record.result["validation_loss"]
    assert 3 == record.result["epochs"]
    assert sum(row["seconds"] for row in record.history) == record.result["seconds"]


def test_saved_model_reaches_the_figures(planned: tuple[PlannedTrial, EncodedCorpus]) -> None:
    """The model folder and the predictions give the test accuracy that the result quotes."""
    trial, corpus = planned
    result = json.loads((trial.folder / "result.json").read_text())
    model = Classifier.load(trial.folder / "model")
    predictions = np.load(trial.folder / "test_predictions.npz", allow_pickle=False)
    answers = predictions["probabilities"].argmax(axis=1)

    assert result["test_accuracy"] == model.evaluate(*corpus.test)["accuracy"]
    assert result["validation_accuracy"] == model.evaluate(*corpus.validation)["accuracy"]
    assert result["test_accuracy"] == pytest.approx(
        (answers == predictions["labels"]).mean(), abs=0.002
    )
    assert result["parameters"] == model.count_parameters()
    assert corpus.test.labels.tolist() == predictions["labels"].tolist()


def test_last_epoch_is_measured_too(planned: tuple[PlannedTrial, EncodedCorpus]) -> None:
    """test_accuracy_last is the figure of the weights after the last epoch."""
    trial, corpus = planned
    result = json.loads((trial.folder / "result.json").read_text())
    model = Classifier(**trial.trial.experiment.hyperparameters.to_dict(), seed=trial.trial.seed)
    model.fit(*corpus.train, validation_data=corpus.validation, verbose=0)

    assert result["test_accuracy_last"] == model.evaluate(*corpus.test)["accuracy"]


def test_result_says_what_it_was_made_with(
    planned: tuple[PlannedTrial, EncodedCorpus],
) -> None:
    """Hardware, versions and commit stand beside the figures."""
    result = json.loads((planned[0].folder / "result.json").read_text())

    assert {"device", "cpu", "cores", "threads"} == set(result["hardware"])
    libraries = {"torch", "ray", "nltk", "numpy", "scipy", "scikit-learn"}
    assert {"agnews_tune", "python", *libraries} == set(result["versions"])
    assert result["commit"] is None or len(result["commit"].removesuffix("-dirty")) == 40


def test_linear_trial_leaves_the_same_record(tmp_path: Path) -> None:
    """One pass, no learning rate, a model that predicts; a second run finds it finished."""
    grid = tmp_path / "tiny.yaml"
    grid.write_text(
        "data: {source: demo, limit_train: 900}\nexperiments: {line: {model: linear, min_count: 1}}"
    )
    plan = plan_run(read_grid(grid), tmp_path)
    (corpus,) = plan.encode().values()
    run_trial(plan.trials[0], corpus)
    record = reading.read_trial(plan.trials[0].folder)
    (row,) = record.history
    model = Classifier.load(record.model_folder)

    assert record.result is not None
    assert (1, 1) == (record.result["best_epoch"], record.result["epochs"])
    assert row["val_accuracy"] == record.result["validation_accuracy"] > 0.8
    assert "learning_rate" not in row
    assert record.result["test_accuracy"] == model.evaluate(*corpus.test)["accuracy"]
    assert record.result["parameters"] == model.count_parameters()
    assert reading.read_predictions(record) is not None
    assert ["finished"] == [item.action for item in plan_run(read_grid(grid), tmp_path).trials]


@pytest.fixture
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGNEWS_TUNE_CACHE", str(tmp_path / "cache"))


@pytest.mark.usefixtures("_own_cache")
def test_pretrained_trial_says_what_it_took(tmp_path: Path) -> None:
    """Losses and seconds of pretraining stand beside those of the epochs, not among them."""
    grid = tmp_path / "tiny.yaml"
    settings = "{hidden_dim: 8, embedding_dim: 8, epochs: 1, pretrain_epochs: 2}"
    grid.write_text(f"data: {{source: demo, limit_train: 900}}\nexperiments: {{lm: {settings}}}")
    plan = plan_run(read_grid(grid), tmp_path)
    (corpus,) = plan.encode().values()
    run_trial(plan.trials[0], corpus)
    record = reading.read_trial(plan.trials[0].folder)

    assert record.result is not None
    for name in ("pretrain_loss", "pretrain_val_loss"):
        first, second = record.result[name]
        assert second < first
    assert 0 < record.result["pretrain_seconds"]
    assert [row["seconds"] for row in record.history] == [record.result["seconds"]]


@pytest.mark.usefixtures("_own_cache")
def test_trials_share_a_pretraining(tmp_path: Path) -> None:
    """Where only what comes after it differs, the second trial does not pretrain."""
    grid = tmp_path / "tiny.yaml"
    grid.write_text("""
data: {source: demo, limit_train: 900}
defaults: {hidden_dim: 8, embedding_dim: 8, epochs: 1, pretrain_epochs: 2}
experiments:
  max:
  mean: {pooling: mean, dropout: 0.3}
""")
    plan = plan_run(read_grid(grid), tmp_path)
    (corpus,) = plan.encode().values()
    epochs: list[int] = []

    class Look(Callback):
        def on_pretrain_epoch_end(self, epoch: int, logs: Logs) -> None:  # noqa: ARG002
            epochs.append(epoch)

    first, second = (run_trial(planned, corpus, callbacks=[Look()]) for planned in plan.trials)

    assert [0, 1] == epochs
    for name in ("pretrain_loss", "pretrain_val_loss", "pretrain_seconds"):
        assert first[name] == second[name]
