"""Trials on a real, local Ray: records, failures, silence, and the same figures as without Ray."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from agnews_tune.errors import RunError
from agnews_tune.grid_file import read_grid
from agnews_tune.planning import Plan, plan_run
from agnews_tune.progress import Progress
from agnews_tune.resources import share
from agnews_tune.trial import run_trial

GRID = """
data: {source: demo, limit_train: 600}
defaults: {embedding_dim: 8, hidden_dim: 8, epochs: 2}
experiments:
  base:
  broken: {parent: base, pooling: mean}
  words: {parent: base, min_count: 3}
"""

pytestmark = pytest.mark.timeout(600)  # Ray starts slowly on a busy machine


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, dict[str, str], str]:
    """Run three trials at once, one of which cannot write its history."""
    from agnews_tune import tuning

    folder = tmp_path_factory.mktemp("tuning")
    (folder / "tiny.yaml").write_text(GRID)
    plan = plan_run(read_grid(folder / "tiny.yaml"), folder / "results")
    corpora = plan.encode()
    plan.write()
    (plan.folder / "broken-seed0" / "history.csv").mkdir()
    lines = io.StringIO()
    with tuning.connect() as capacity, Progress(plan.trials, Console(file=lines)) as progress:
        resources = share(capacity)
        failures = tuning.run(plan.trials, corpora, resources, progress, plan.folder / ".ray")
    return plan, failures, lines.getvalue()


def test_failure_of_one_trial_does_not_stop_the_others(
    finished: tuple[Plan, dict[str, str], str],
) -> None:
    """The others leave their records; the failure is one line with its cause."""
    plan, failures, _ = finished
    history = plan.folder / "broken-seed0" / "history.csv"

    assert ["broken-seed0"] == list(failures)
    assert failures["broken-seed0"] == (
        f"RecordError: {history}: damaged record ([Errno 21] Is a directory: '{history}'); "
        "remove its folder to run the trial again"
    )
    results = sorted(path.parent.name for path in plan.folder.glob("*/result.json"))
    assert ["base-seed0", "words-seed0"] == results


def test_progress_hears_of_each_event(finished: tuple[Plan, dict[str, str], str]) -> None:
    """Each epoch and each end is a line."""
    lines = finished[2].splitlines()

    assert 1 == sum(line.startswith("base-seed0  epoch 1/2  loss ") for line in lines)
    assert 1 == sum(line.startswith("base-seed0  epoch 2/2  loss ") for line in lines)
    assert 1 == lines.count("base-seed0  finished")
    assert 1 == lines.count("broken-seed0  failed")


def test_ray_leaves_no_files_behind(finished: tuple[Plan, dict[str, str], str]) -> None:
    """The run's folder holds the grid and the trials, nothing of Ray's."""
    names = sorted(path.name for path in finished[0].folder.iterdir())

    assert ["base-seed0", "broken-seed0", "grid.yaml", "words-seed0"] == names


def test_figures_are_those_of_a_trial_without_ray(
    finished: tuple[Plan, dict[str, str], str], tmp_path: Path
) -> None:
    """A trial on Ray predicts what the same trial predicts in this process."""
    plan = finished[0]
    planned = plan.trials[2]
    kept = tmp_path / "kept"
    shutil.copytree(planned.folder, kept)
    corpus = plan.encode()[planned.trial.experiment.hyperparameters.preprocessing]
    run_trial(planned, corpus, device="cpu")
    on_ray, here = (
        np.load(folder / "test_predictions.npz", allow_pickle=False)["probabilities"]
        for folder in (kept, planned.folder)
    )

    np.testing.assert_allclose(on_ray.astype(float), here.astype(float), rtol=0, atol=2e-3)
    assert json.loads((kept / "trial.json").read_text()) == planned.description | {"format": 1}


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "nonsense"])
def test_unreachable_cluster_is_one_error(address: str) -> None:
    """No head node at the address: the error says so at once, and what was expected."""
    from agnews_tune import tuning

    expected = (
        f"no Ray cluster answers at '{address}'; expected the address of a running head node "
        "such as '192.0.2.7:6379'; leave --address out to run on this machine"
    )
    with pytest.raises(RunError) as caught, tuning.connect(address):
        pass

    assert expected == str(caught.value)
