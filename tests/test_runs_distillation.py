"""An experiment that learns from what the seeds of another one predict together."""

import json
from pathlib import Path

import numpy as np
import pytest

from agnews_tune import Classifier, load_corpus
from agnews_tune.errors import TrialError
from agnews_tune.grid.file import read_grid
from agnews_tune.runs.distillation import soft_targets
from agnews_tune.runs.planning import Plan, plan_run
from agnews_tune.runs.trial import run_trial

GRID = """
data: {source: demo, limit_train: 600}
seeds: 2
defaults: {embedding_dim: 8, hidden_dim: 8, epochs: 2, learning_rate: 0.02, min_count: 1}
experiments:
  large: {cell: gru, bidirectional: true}
  small: {embedding_dim: 4, min_count: 2}
  distilled: {parent: small, teacher: large}
"""


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Train the two seeds of the teacher."""
    folder = tmp_path_factory.mktemp("distillation")
    (folder / "tiny.yaml").write_text(GRID)
    plan = plan_run(read_grid(folder / "tiny.yaml"), folder)
    corpora = plan.encode()
    for planned in plan.trials:
        if planned.trial.experiment.name == "large":
            run_trial(
                planned, corpora[planned.trial.experiment.hyperparameters.preprocessing], "cpu"
            )
    return plan


def test_targets_are_the_mean_of_all_seeds(plan: Plan) -> None:
    """Each seed's model reads the training rows with its own words."""
    texts = load_corpus("demo", limit_train=600).train.texts
    models = [Classifier.load(plan.folder / f"large-seed{seed}" / "model") for seed in (0, 1)]
    expected = np.mean([model.predict(list(texts)) for model in models], axis=0)
    student = plan.trials[2]
    targets = soft_targets(student.teachers, plan.encode(), "cpu")

    assert "distilled-seed0" == student.trial.name
    assert ((len(texts), 4), np.float32) == (targets.shape, targets.dtype)
    np.testing.assert_allclose(targets, expected, rtol=0, atol=1e-6)


def test_record_names_the_teacher(plan: Plan) -> None:
    """Its key is another one than without, and what it predicts is not what classes teach."""
    small, student = plan.trials[1:3]
    corpora = plan.encode()
    corpus = corpora[student.trial.experiment.hyperparameters.preprocessing]
    targets = soft_targets(student.teachers, corpora, "cpu")
    taught = run_trial(student, corpus, "cpu", soft_targets=targets)
    untaught = run_trial(small, corpus, "cpu")
    description = json.loads((student.folder / "trial.json").read_text())

    assert "large, seeds 0, 1" == description["teacher"]
    assert "teacher: large" == description["change"]
    assert description["key"] != small.description["key"]
    assert taught["test_loss"] != untaught["test_loss"]


def test_a_teacher_that_has_not_finished_fails_the_trial(plan: Plan, tmp_path: Path) -> None:
    """As where its own training failed in the same run."""
    (tmp_path / "tiny.yaml").write_text(GRID)
    student = plan_run(read_grid(tmp_path / "tiny.yaml"), tmp_path).trials[2]
    with pytest.raises(TrialError) as caught:
        soft_targets(student.teachers, plan.encode(), "cpu")

    assert "it learns from large-seed0, which has not finished" == str(caught.value)
