"""Plans of experiments that learn from others: which models must be there before they start."""

import shutil
from pathlib import Path

import pytest
from conftest import RESULT

from agnews_tune.errors import GridError
from agnews_tune.grid.file import read_grid
from agnews_tune.records import writing
from agnews_tune.runs.planning import Plan, plan_run
from agnews_tune.sealed import write_sealed

GRID = """
data: {source: demo, limit_train: 600}
seeds: 2
defaults: {embedding_dim: 8, hidden_dim: 8}
experiments:
  large: {hidden_dim: 16, min_count: 3}
  small:
  distilled: {parent: small, teacher: large}
"""


def plan(folder: Path, *only: str, text: str = GRID) -> Plan:
    (folder / "ideas.yaml").write_text(text)
    return plan_run(read_grid(folder / "ideas.yaml"), folder / "results", only)


def finish(plan: Plan, name: str) -> None:
    """Leave records with models, as if the trials of an experiment had been trained."""
    plan.write()
    for planned in plan.trials:
        if planned.trial.experiment.name == name:
            model = planned.folder / "model" / "config.json"
            weights = model.with_name("weights.safetensors")
            model.parent.mkdir()
            weights.write_bytes(b"weights")
            write_sealed(model, {}, [weights.name])
            writing.write_result(planned.folder, planned.description["key"], RESULT)


def test_teachers_in_the_same_run_may_still_be_to_do(tmp_path: Path) -> None:
    """All seeds teach each seed, and their texts are encoded too."""
    made = plan(tmp_path, "large", "distilled")
    taught = [item for item in made.trials if item.teachers]

    assert ["distilled-seed0", "distilled-seed1"] == [item.trial.name for item in taught]
    for item in taught:
        assert ["large-seed0", "large-seed1"] == [each.trial.name for each in item.teachers]
    assert {3, 10} == {preprocessing.min_count for preprocessing in made.encode()}


def test_teachers_that_no_run_has_trained(tmp_path: Path) -> None:
    """A run of their pupils alone is refused, with a line for each."""
    with pytest.raises(GridError) as caught:
        plan(tmp_path, "distilled")

    assert "\n".join(
        f"experiment 'distilled' learns from 'large-seed{seed}', which is not finished; train it "
        "first or with it: --only large"
        for seed in (0, 1)
    ) == str(caught.value)


def test_finished_teachers_are_enough(tmp_path: Path) -> None:
    """Once they are there their pupils can be run alone; their texts are encoded for them."""
    finish(plan(tmp_path), "large")
    made = plan(tmp_path, "distilled")

    assert ["distilled-seed0", "distilled-seed1"] == [item.trial.name for item in made.to_run]
    assert {3, 10} == {preprocessing.min_count for preprocessing in made.encode()}


@pytest.mark.parametrize("missing", ["", "weights.safetensors"])
def test_a_model_that_is_gone(missing: str, tmp_path: Path) -> None:
    """Records are often kept without weights, and these cannot teach."""
    finish(plan(tmp_path), "large")
    folder = tmp_path / "results" / "ideas" / "large-seed1"
    if missing:
        (folder / "model" / missing).unlink()
    else:
        shutil.rmtree(folder / "model")
    with pytest.raises(GridError) as caught:
        plan(tmp_path)

    assert (
        "experiment 'distilled' learns from 'large-seed1', whose model is gone; remove "
        f"{folder} to train it again"
    ) == str(caught.value)


def test_finished_pupils_need_no_models(tmp_path: Path) -> None:
    """What they have learnt is learnt."""
    finish(plan(tmp_path), "large")
    finish(plan(tmp_path), "distilled")
    shutil.rmtree(tmp_path / "results" / "ideas" / "large-seed1" / "model")

    assert ["small-seed0", "small-seed1"] == [item.trial.name for item in plan(tmp_path).to_run]


def test_other_teachers_make_other_trials(tmp_path: Path) -> None:
    """Their hyperparameters and their seeds decide what a pupil learns."""
    finish(plan(tmp_path), "large")
    finish(plan(tmp_path), "distilled")
    more = plan(tmp_path, text=GRID.replace("seeds: 2", "seeds: 3"))
    changed = plan(tmp_path, text=GRID.replace("hidden_dim: 16", "hidden_dim: 17"))

    assert {"start over (teacher was large, seeds 0, 1)"} == {
        item.to_do for item in more.trials if item.teachers and item.trial.seed < 2
    }
    assert {"start over (settings of its teacher)"} == {
        item.to_do for item in changed.trials if item.teachers
    }
