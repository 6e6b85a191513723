"""Plans: which trials run, where their records go, what becomes of older ones."""

import json
import shutil
import sys
import warnings
from dataclasses import asdict
from pathlib import Path

import pytest
from conftest import RESULT, make_history

from agnews_tune import Classifier
from agnews_tune.corpus.loading import load_corpus
from agnews_tune.errors import CorpusError, GridError, RecordWarning, RunWarning
from agnews_tune.files import write_text
from agnews_tune.grid.experiments import DataSource
from agnews_tune.grid.file import read_grid
from agnews_tune.records import layout, writing
from agnews_tune.runs.plan_table import format_plan
from agnews_tune.runs.planning import Plan, plan_run
from agnews_tune.runs.resources import Resources
from agnews_tune.sealed import write_sealed

GRID = """
data: {source: demo, limit_train: 1000}
seeds: 2
defaults: {embedding_dim: 8, hidden_dim: 8}
experiments:
  base:
  mean: {parent: base, pooling: mean, published: {test_accuracy: 0.913}}
  both: {parent: base, cell: gru, min_count: 3}
"""
RESOURCES = Resources(cpus_per_trial=1, gpus_per_trial=0, at_once=2)


def plan(folder: Path, text: str = GRID, only: tuple[str, ...] = ()) -> Plan:
    (folder / "ideas.yaml").write_text(text)
    return plan_run(read_grid(folder / "ideas.yaml"), folder / "results", only)


def finish(plan: Plan, *names: str) -> None:
    """Leave final figures for trials, as if they had been trained."""
    plan.write()
    for planned in plan.trials:
        if planned.trial.name in names:
            writing.write_result(planned.folder, planned.description["key"], RESULT)


def actions(plan: Plan) -> dict[str, str]:
    return {planned.trial.name: planned.to_do for planned in plan.trials}


def test_each_experiment_runs_with_each_seed(tmp_path: Path) -> None:
    """In a new folder every trial runs, all experiments with the first seed before the second."""
    expected = dict.fromkeys(
        ("base-seed0", "mean-seed0", "both-seed0", "base-seed1", "mean-seed1", "both-seed1"), "run"
    )
    made = plan(tmp_path)

    assert list(expected) == list(actions(made))
    assert expected == actions(made)
    assert tmp_path / "results" / "ideas" == made.folder


@pytest.mark.fault("again")
def test_finished_trials_are_not_run_again(tmp_path: Path) -> None:
    """A record with the same key is kept; the others run."""
    finish(plan(tmp_path), "base-seed0", "mean-seed1")
    again = plan(tmp_path)

    assert {"base-seed0": "finished", "mean-seed1": "finished"} == {
        name: action for name, action in actions(again).items() if action == "finished"
    }
    assert ["mean-seed0", "both-seed0", "base-seed1", "both-seed1"] == [
        planned.trial.name for planned in again.to_run
    ]


@pytest.mark.fault("again")
@pytest.mark.parametrize(
    ("before", "after", "difference"),
    [
        ("hidden_dim: 8", "hidden_dim: 9", "hidden_dim was 8"),
        (
            "embedding_dim: 8",
            "cell: gru, epochs: 1",
            "cell was rnn, embedding_dim was 8, epochs was 5",
        ),
        ("limit_train: 1000", "limit_train: 900", "other data"),
    ],
)
def test_other_settings_or_data_start_over(
    tmp_path: Path, before: str, after: str, difference: str
) -> None:
    """A record that other hyperparameters or other rows made does not count; the plan says why."""
    finish(plan(tmp_path), "base-seed0")
    again = plan(tmp_path, GRID.replace(before, after))

    first = again.trials[0]
    again.write()

    assert f"start over ({difference})" == first.to_do
    assert "run" == actions(again.renewed())["base-seed0"]
    assert not (first.folder / "result.json").exists()
    assert (again.folder / "replaced" / "1" / "base-seed0" / "result.json").exists()


@pytest.mark.fault("again")
def test_unfinished_record_of_other_settings_stays_until_its_trial_starts(tmp_path: Path) -> None:
    """It is not kept any longer."""
    made = plan(tmp_path)
    made.write()
    folder = made.trials[0].folder
    writing.write_history(folder, made.trials[0].description["key"], make_history(1))
    again = plan(tmp_path, GRID.replace("hidden_dim: 8", "hidden_dim: 9"))
    again.write()

    assert (folder / "history.csv").exists()
    assert not (again.folder / "replaced").exists()


def test_change_that_does_nothing_is_told(tmp_path: Path) -> None:
    """It would be trained again, and be one more row among which luck is looked for."""
    (tmp_path / "ideas.yaml").write_text(
        "data: {source: demo, limit_train: 1000}\n"
        "experiments:\n"
        "  a:\n"
        "  b: {parent: a, pretrain_dropout: 0.3}\n"
        "  c: {parent: a, model: linear}\n"
        "  d: {parent: c, cell: gru, epochs: 2}\n"
        "  e: {parent: a, pretrain_epochs: 1}\n"
        "  f: {parent: e, pretrain_dropout: 0.3}\n"
        "  g: {parent: c, min_count: 2}\n"
    )
    grid = read_grid(tmp_path / "ideas.yaml")
    with pytest.warns(RunWarning) as warned:
        plan_run(grid, tmp_path / "results")

    assert [
        "experiment 'b' differs from 'a' in pretrain_dropout alone, which does nothing beside "
        "pretrain_epochs: 0",
        "experiment 'd' differs from 'c' in cell, epochs alone, which does nothing beside model: "
        "linear",
    ] == [str(item.message) for item in warned]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plan_run(grid, tmp_path / "results", ("a", "e", "f"))


def test_experiment_that_knows_no_word_is_named(tmp_path: Path) -> None:
    """Which of them it is, and what to do."""
    made = plan(tmp_path, GRID.replace("min_count: 3", "min_count: 100000"))
    with pytest.raises(CorpusError) as caught:
        made.encode()

    assert str(caught.value).startswith(
        "experiment 'both': no word stands more than 100000 times in the training texts"
    )


@pytest.mark.fault("again")
def test_plan_says_what_becomes_of_finished_trials(tmp_path: Path) -> None:
    """Their records are kept apart; where there were none there is nothing to say."""
    finish(plan(tmp_path), "base-seed0", "base-seed1")
    again = plan(tmp_path, GRID.replace("hidden_dim: 8", "hidden_dim: 9"))
    lines = format_plan(again, again.encode(), RESOURCES).splitlines()

    kept = f"kept:    2 of other settings or data, which go to {tmp_path}/results/ideas/replaced/1"
    assert kept in lines


@pytest.mark.fault("again")
def test_interrupted_trial_goes_on(tmp_path: Path) -> None:
    """The plan says from where: the epoch after the last whole one, as far as that is known."""
    first = plan(tmp_path)
    first.write()
    for planned, epochs in zip(first.trials, (2, 1, 0), strict=False):
        write_text(layout.backup_path(planned.folder), "")
        key = planned.description["key"]
        writing.write_history(planned.folder, key, make_history(epochs))
    writing.write_failure(first.trials[1].folder, "out of memory")
    (first.trials[2].folder / "history.csv").unlink()

    assert [
        "go on from epoch 3",
        "go on from epoch 2 (failed before)",
        "go on from its last whole epoch",
        "run",
    ] == list(actions(plan(tmp_path)).values())[:4]


@pytest.mark.fault("driver")
def test_backup_of_a_finished_trial_is_removed(tmp_path: Path) -> None:
    """A run that is killed right after the final figures leaves it behind."""
    finish(plan(tmp_path), "base-seed0")
    again = plan(tmp_path)
    backups = [layout.backup_path(planned.folder) for planned in again.trials[:2]]
    for path in backups:
        write_text(path, "")
    again.write()

    assert [False, True] == [path.exists() for path in backups]


@pytest.mark.fault("again")
def test_removed_experiments_are_named(tmp_path: Path) -> None:
    """Their records stay, and the plan says so."""
    finish(plan(tmp_path), "mean-seed0", "mean-seed1")
    made = plan(tmp_path, GRID.replace("  mean: {parent: base", "  other: {parent: base"))
    lines = format_plan(made, made.encode(), RESOURCES).splitlines()

    assert (
        "left:    mean-seed0, mean-seed1 (not part of this run; reports still have them)" in lines
    )
    assert (made.folder / "mean-seed0" / "result.json").exists()


@pytest.mark.fault("damage")
def test_damaged_description_starts_over(tmp_path: Path) -> None:
    """The file is named; the trial runs anew."""
    finish(plan(tmp_path), "base-seed0")
    path = tmp_path / "results" / "ideas" / "base-seed0" / "trial.json"
    path.write_text("{")
    with pytest.warns(RecordWarning) as warned:
        again = plan(tmp_path)

    assert "start over (damaged record)" == actions(again)["base-seed0"]
    assert [
        f"{path} is ignored: invalid JSON: Expecting property name enclosed in double quotes: "
        "line 1 column 2 (char 1)"
    ] == [str(item.message) for item in warned]


@pytest.mark.fault("damage")
@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("test_predictions.npz", "cut", "run (damaged predictions)"),
        ("test_predictions.npz", "remove", "finished"),
        ("model/config.json", "cut", "run (damaged model)"),
        ("model/config.json", "remove", "finished"),
        ("model/weights.safetensors", "cut", "run (damaged model)"),
        ("model/weights.safetensors", "remove", "finished"),
        ("model", "remove", "finished"),
    ],
)
@pytest.mark.filterwarnings("ignore::agnews_tune.errors.RecordWarning")
def test_trial_with_a_damaged_part_runs_again(
    name: str, change: str, expected: str, tmp_path: Path
) -> None:
    """What was taken away is not missed; what is there must be whole."""
    first = plan(tmp_path)
    finish(first, "base-seed0")
    folder = tmp_path / "results" / "ideas" / "base-seed0"
    (folder / "model").mkdir()
    (folder / "model" / "weights.safetensors").write_bytes(b"weights")
    write_sealed(folder / "model" / "config.json", {}, ["weights.safetensors"])
    (folder / "test_predictions.npz").write_bytes(b"predictions")
    key = first.trials[0].description["key"]
    writing.write_result(folder, key, RESULT)
    assert "finished" == actions(plan(tmp_path))["base-seed0"]
    path = folder / name
    if path.is_dir():
        shutil.rmtree(path)
    elif change == "cut":
        path.write_bytes(path.read_bytes()[:-3])
    else:
        path.unlink()

    assert expected == actions(plan(tmp_path))["base-seed0"]


@pytest.mark.fault("again")
def test_plan_is_compared_again_with_the_records(tmp_path: Path) -> None:
    """What another run has finished in the meantime is not run again."""
    first = plan(tmp_path)
    finish(plan(tmp_path), "base-seed0")

    assert "run" == actions(first)["base-seed0"]
    assert "finished" == actions(first.renewed())["base-seed0"]


def test_another_parent_or_published_figure_keeps_the_record(tmp_path: Path) -> None:
    """What does not decide the outcome can be edited; trial.json follows."""
    finish(plan(tmp_path), "mean-seed0")
    again = plan(tmp_path, GRID.replace("0.913", "0.914"))
    again.write()

    assert "finished" == actions(again)["mean-seed0"]
    trial = json.loads((tmp_path / "results/ideas/mean-seed0/trial.json").read_text())
    assert {"test_accuracy": 0.914} == trial["published"]


def test_only_some_experiments(tmp_path: Path) -> None:
    """--only keeps the parent's name, and grid.yaml still holds the whole grid."""
    chosen = plan(tmp_path, only=("mean",))
    chosen.write()

    assert ["mean-seed0", "mean-seed1"] == [planned.trial.name for planned in chosen.trials]
    assert ("base", "pooling: mean") == (
        chosen.trials[0].description["parent"],
        chosen.trials[0].description["change"],
    )
    whole = read_grid(chosen.folder / "grid.yaml")
    assert ["base", "mean", "both"] == [experiment.name for experiment in whole.experiments]


@pytest.mark.parametrize(
    ("labels", "names"), [(("0", "1"), ("calm", "urgent")), (("bad", "good"), ("bad", "good"))]
)
def test_other_data_keeps_the_names_that_fit(
    tmp_path: Path, labels: tuple[str, str], names: tuple[str, str]
) -> None:
    """A grid for one corpus runs on another one, and what is written reads the same again."""
    rows = [f"text {number},{labels[number % 2]}\n" for number in range(200)]
    (tmp_path / "films.csv").write_text("text,label\n" + "".join(rows))
    (tmp_path / "ideas.yaml").write_text(
        "data: {source: tickets.csv, label_names: [calm, urgent]}\nexperiments: {base: }\n"
    )
    grid = read_grid(tmp_path / "ideas.yaml").with_overrides(source=str(tmp_path / "films.csv"))
    made = plan_run(grid, tmp_path / "results")
    made.write()

    assert names == made.corpus.label_names
    data = read_grid(made.folder / "grid.yaml").data
    assert DataSource(str(tmp_path / "films.csv"), default_names=("calm", "urgent")) == data
    assert names == load_corpus(**asdict(data)).label_names


@pytest.mark.parametrize(
    ("only", "told"),
    [((), " and is left out"), (("base",), ""), (("base", "long"), ", which runs for it")],
)
def test_chosen_experiment_that_became_the_same(
    tmp_path: Path, only: tuple[str, ...], told: str
) -> None:
    """Who asked for it gets the one that it is the same as, and is told so."""
    (tmp_path / "ideas.yaml").write_text(GRID + "  long: {parent: base, epochs: 9}\n")
    grid = read_grid(tmp_path / "ideas.yaml").with_overrides(epochs=2)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made = plan_run(grid, tmp_path / "results", only)

    expected = [f"experiment 'long' is the same as 'base'{told}"] if told else []
    assert expected == [str(item.message) for item in caught]
    assert [__file__] * len(expected) == [item.filename for item in caught]
    if only:
        assert {"base"} == {planned.trial.experiment.name for planned in made.trials}


def test_missing_library_is_named_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each experiment that needs it is named once; one that is finished needs it no more."""
    text = GRID + "  linear: {model: linear}\n  linear-1: {model: linear, min_count: 1}\n"
    finish(plan(tmp_path, text), "linear-seed0", "linear-seed1")
    monkeypatch.setitem(sys.modules, "sklearn", None)  # as Python sees what is not installed
    with pytest.raises(GridError) as caught:
        plan(tmp_path, text)

    assert (
        "experiment 'linear-1': model 'linear' is trained by scikit-learn, which is not installed; "
        "install it with: pip install scikit-learn"
    ) == str(caught.value)
    assert "base-seed0" in actions(plan(tmp_path, text, only=("base", "linear")))


def test_plan_counts_the_weights_of_a_linear_model(tmp_path: Path) -> None:
    """Its pairs are counted for it, as it will find them."""
    made = plan(tmp_path, GRID + "  linear: {model: linear, min_count: 1}\n", only=("linear",))
    corpora = made.encode()
    model = Classifier(model="linear", min_count=1)
    model.fit(*next(iter(corpora.values())).train, verbose=0)
    row = format_plan(made, corpora, RESOURCES).splitlines()[2]

    assert f"{model.count_parameters():,}" == row.split()[2]


def test_unknown_experiment(tmp_path: Path) -> None:
    """--only with a name that is not there suggests the nearest."""
    with pytest.raises(GridError) as caught:
        plan(tmp_path, only=("maen",))

    assert "grid 'ideas' has no experiment 'maen' (did you mean 'mean'?)" == str(caught.value)


def test_one_encoding_for_each_preprocessing(tmp_path: Path) -> None:
    """Experiments that read texts alike share one encoded corpus."""
    corpora = plan(tmp_path).encode()

    assert [3, 10] == [preprocessing.min_count for preprocessing in corpora]
    sizes = [len(encoded.vocabulary) for encoded in corpora.values()]
    assert sizes[0] > sizes[1]


def test_plan_as_text(tmp_path: Path) -> None:
    """The plan names changes, and says where there is more than one."""
    finish(plan(tmp_path), "base-seed0", "mean-seed0", "mean-seed1")
    made = plan(tmp_path)
    lines = format_plan(made, made.encode(), RESOURCES).splitlines()

    assert ["experiment", "change", "against", "parameters", "seeds", "to", "do"] == lines[
        0
    ].split()
    assert lines[2].split()[:2] == ["base", "baseline"]
    assert lines[2].endswith("0,1      1 finished, 1 run")
    assert lines[3].endswith("finished")
    assert "2 changes: cell: gru, min_count: 3" in lines[4]
    assert [
        "trials:  3 to run, 3 finished before",
        "data:    demo: 900 train, 100 validation, 2,000 test rows",
        "classes: 'World', 'Sports', 'Business', 'Sci/Tech'",
        "at once: 2 trials at once, 1 core each",
        f"records: {tmp_path}/results/ideas",
    ] == lines[6:]


def test_draws_that_are_the_same_are_told_in_one_line(tmp_path: Path) -> None:
    """However many there are."""
    (tmp_path / "made.yaml").write_text(
        "data: {source: demo, limit_train: 100}\nexperiments: {base: }\n"
        "search: {parent: base, samples: 5, hidden_dim: [8, 256]}\n"
    )
    grid = read_grid(tmp_path / "made.yaml")
    draws = [{"hidden_dim": size} for size in (8, 256, 8, 256, 8)]
    with pytest.warns(RunWarning) as warned:
        made = plan_run(grid.with_drawn(draws), tmp_path)

    assert ["4 of 5 draws are the same as others and are left out"] == [
        str(item.message) for item in warned
    ]
    assert ["base-seed0", "search-01-seed0"] == [item.trial.name for item in made.trials]
    assert ["search-01-seed0"] == [item.trial.name for item in made.drawn]
