"""The model of a grid: trials, overrides and the resolved file."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from agnews_tune.errors import GridError, HyperparameterError
from agnews_tune.grid.experiments import DataSource, Experiment, Grid, Trial
from agnews_tune.grid.file import read_grid
from agnews_tune.hyperparameters import Hyperparameters

ROOT = Path(__file__).parent.parent
PUBLISHED = ROOT.parent / "shared" / "reference" / "published_results.csv"


def make_experiment(name="a", parent=None, published=None, **change):
    return Experiment(name, parent, change, Hyperparameters(**change), published or {})


def make_grid(*experiments, seeds=(0,)):
    return Grid("tiny", DataSource("demo"), seeds, experiments)


@pytest.fixture
def grid():
    return make_grid(
        make_experiment("rnn"),
        make_experiment("gru", "rnn", cell="gru"),
        make_experiment("long", "rnn", epochs=10),
        seeds=(0, 7),
    )


@pytest.mark.parametrize(
    ("expected", "experiment"),
    [
        ("baseline", make_experiment()),
        ("pooling: mean", make_experiment("b", "a", pooling="mean")),
        ("bidirectional: true", make_experiment("b", "a", bidirectional=True)),
        (
            "2 changes: cell: gru, pooling: mean",
            make_experiment("b", "a", cell="gru", pooling="mean"),
        ),
    ],
)
def test_an_experiment_describes_its_change(expected, experiment):
    """More than one change is counted, as nobody can say which of them did it."""
    assert expected == experiment.describe_change()


def test_trials_come_seed_by_seed(grid):
    """Every experiment gets its first seed before any gets its second."""
    expected = ["rnn-seed0", "gru-seed0", "long-seed0", "rnn-seed7", "gru-seed7", "long-seed7"]

    assert expected == [trial.name for trial in grid.trials()]
    assert Trial(grid.experiments[1], 7) == grid.trials()[4]


def test_only_some_trials_come_in_the_order_of_the_grid(grid):
    """An experiment keeps its parent and change although the parent does not run."""
    trials = grid.trials(["long", "gru"])

    assert ["gru-seed0", "long-seed0", "gru-seed7", "long-seed7"] == [item.name for item in trials]
    assert grid.experiments[1] is trials[0].experiment


def test_every_unknown_experiment_is_named(grid):
    """Each unknown name gets a line, with the nearest name or all of them."""
    with pytest.raises(GridError) as raised:
        grid.trials(["gruu", "rnn", "transformer"])

    assert (
        "grid 'tiny' has no experiment 'gruu' (did you mean 'gru'?)\n"
        "grid 'tiny' has no experiment 'transformer'; expected one of rnn, gru, long"
    ) == str(raised.value)


def test_overrides_replace_data_and_seeds(grid):
    """What is given replaces the grid's own; nothing given leaves the grid equal."""
    changed = grid.with_overrides(source="ag_news", limit_train=100, seeds=3)

    assert DataSource("ag_news", None, 100) == changed.data
    assert (0, 1, 2) == changed.seeds
    assert grid.experiments == changed.experiments
    assert grid == grid.with_overrides()


def test_overrides_keep_the_targets():
    """No override touches them."""
    grid = Grid("tiny", DataSource("demo"), (0,), (make_experiment("rnn"),), targets=(0.9, 0.91))
    changed = grid.with_overrides(source="ag_news", limit_train=100, seeds=3, epochs=2)

    assert (0.9, 0.91) == changed.targets


def test_overridden_epochs_hold_everywhere():
    """Epochs are no change any more once they are the same in every experiment."""
    grid = make_grid(make_experiment("rnn"), make_experiment("gru", "rnn", cell="gru", epochs=9))
    changed = grid.with_overrides(epochs=2)

    assert [2, 2] == [item.hyperparameters.epochs for item in changed.experiments]
    assert ["baseline", "cell: gru"] == [item.describe_change() for item in changed.experiments]


def test_what_overridden_epochs_make_the_same_is_left_out():
    """Its children get the earlier one as their parent; the grid remembers who is left out."""
    grid = make_grid(
        make_experiment("rnn"),
        make_experiment("long", "rnn", epochs=10),
        Experiment("deep", "long", {"num_layers": 3}, Hyperparameters(num_layers=3, epochs=10), {}),
    )
    changed = grid.with_overrides(epochs=2)

    assert {"long": "rnn"} == changed.left_out
    assert [("rnn", None, {}), ("deep", "rnn", {"num_layers": 3})] == [
        (item.name, item.parent, item.change) for item in changed.experiments
    ]


def test_one_that_is_left_out_stands_for_the_one_that_it_is():
    """Whoever asks for it gets that one, once."""
    grid = make_grid(make_experiment("rnn"), make_experiment("long", "rnn", epochs=10))
    changed = grid.with_overrides(epochs=2)

    for only in (["long"], ["rnn", "long"]):
        assert ["rnn"] == [trial.experiment.name for trial in changed.trials(only)]


def test_a_teacher_that_is_left_out_is_replaced():
    """By the one that is now the same; the pupil stays another experiment than its parent."""
    long, short = Hyperparameters(epochs=10), Hyperparameters()
    grid = make_grid(
        make_experiment("rnn"),
        make_experiment("long", "rnn", epochs=10),
        Experiment("pupil", "rnn", {"teacher": "long"}, short, {}, "long"),
        Experiment("long-pupil", "pupil", {"epochs": 10}, long, {}, "long"),
    )
    changed = grid.with_overrides(epochs=2)

    assert {"long": "rnn", "long-pupil": "pupil"} == changed.left_out
    assert [("rnn", None, {}), ("pupil", "rnn", {"teacher": "rnn"})] == [
        (item.name, item.teacher, item.change) for item in changed.experiments
    ]


def test_overrides_that_do_not_fit_are_all_named(grid):
    """Each unfit setting gets a line that says what was expected."""
    with pytest.raises(GridError) as raised:
        grid.with_overrides(source=" ", limit_train=0, seeds=0)

    assert (
        "source must be ag_news, demo, hub:<owner>/<name> or a path; received ' '\n"
        "limit_train must be a whole number of at least 1; received 0\n"
        "seeds must be a count from 1 to 1000, or a list of different whole numbers "
        "from 0 to 4294967295; received 0"
    ) == str(raised.value)


def test_overridden_epochs_that_do_not_fit_are_refused(grid):
    """Epochs are checked like any hyperparameter."""
    with pytest.raises(HyperparameterError) as raised:
        grid.with_overrides(epochs=0)

    assert "epochs must be a whole number of at least 1; received 0" == str(raised.value)


def test_the_resolved_file_shows_every_value():
    """to_yaml fills in every default."""
    grid = Grid(
        "tiny",
        DataSource("news.csv", ("yes", "no"), 100),
        (0,),
        (make_experiment("b", "a", {"test_accuracy": 0.9}, learning_rate=1e-5),),
        targets=(0.9, 0.915),
    )

    assert (
        "name: tiny\n"
        "data:\n"
        "  source: news.csv\n"
        "  label_names:\n"
        "  - 'yes'\n"
        "  - 'no'\n"
        "  limit_train: 100\n"
        "seeds:\n"
        "- 0\n"
        "targets:\n"
        "- 0.9\n"
        "- 0.915\n"
        "experiments:\n"
        "  b:\n"
        "    parent: a\n"
        "    model: recurrent\n"
        "    cell: rnn\n"
        "    pooling: max\n"
        "    embedding_dim: 256\n"
        "    hidden_dim: 256\n"
        "    num_layers: 1\n"
        "    bidirectional: false\n"
        "    dropout: 0.1\n"
        "    linear_layers: 1\n"
        "    mask_padding: true\n"
        "    min_count: 10\n"
        "    punctuation: space\n"
        "    normalizer: none\n"
        "    max_length: 256\n"
        "    epochs: 5\n"
        "    batch_size: 32\n"
        "    learning_rate: 1.0e-05\n"
        "    pretrain_epochs: 0\n"
        "    pretrain_dropout: 0.0\n"
        "    layer_decay: 1.0\n"
        "    weight_decay: 0.0\n"
        "    schedule: constant\n"
        "    warmup: 0.0\n"
        "    clip_norm: 0.0\n"
        "    label_smoothing: 0.0\n"
        "    adversarial_norm: 0.0\n"
        "    embedding_std: 1.0\n"
        "    bigram_buckets: 0\n"
        "    word_dropout: 0.0\n"
        "    embedding_dropout: 0.0\n"
        "    locked_dropout: 0.0\n"
        "    ema_decay: 0.0\n"
        "    published:\n"
        "      test_accuracy: 0.9\n"
    ) == grid.to_yaml()


def test_the_resolved_file_has_no_targets_where_none_are_set(grid):
    """An empty list would be a fault of the file."""
    assert "targets" not in grid.to_yaml()


def read_published():
    if not PUBLISHED.exists():
        pytest.skip(f"the published table is not there: {PUBLISHED}")
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_report_grid_is_the_published_table():
    """Names, parents, changes and hyperparameters of all 14 rows are those of the table."""
    rows = read_published()
    experiments = read_grid(ROOT / "grids" / "report.yaml").experiments
    columns = (
        *("cell", "pooling", "num_layers", "bidirectional", "embedding_dim", "hidden_dim"),
        *("dropout", "linear_layers", "epochs"),
    )

    assert 14 == len(rows) == len(experiments)
    for row, experiment in zip(rows, experiments, strict=True):
        values = experiment.hyperparameters.to_dict()
        expected_change = "baseline" if row["change"] == "(baseline)" else row["change"]
        assert row["experiment"] == experiment.name
        assert (row["parent"] or None) == experiment.parent
        assert expected_change == experiment.describe_change()
        assert [row[name] for name in columns] == [str(values[name]).lower() for name in columns]


def test_the_report_grid_holds_the_published_figures():
    """Each figure of the table stands beside its experiment, and no other does."""
    names = {
        "best_validation_accuracy": "validation_accuracy",
        "test_accuracy": "test_accuracy",
        "wall_seconds": "wall_seconds",
    }
    expected = [
        {name: float(row[column]) for column, name in names.items() if row[column]}
        | {"train_rows": 120_000}
        for row in read_published()
    ]

    experiments = read_grid(ROOT / "grids" / "report.yaml").experiments
    assert expected == [experiment.published for experiment in experiments]


def test_the_report_grid_has_targets():
    """So the report can say which of the experiments reached them."""
    assert (0.9, 0.91, 0.915) == read_grid(ROOT / "grids" / "report.yaml").targets


@pytest.mark.parametrize(
    ("name", "trials", "source", "baselines"),
    [
        ("report", 14, "ag_news", 1),
        ("quickstart", 4, "demo", 1),
        ("ideas", 22, "ag_news", 1),
        ("beyond", 20, "ag_news", 2),  # the other one is no network
        ("pretrained", 29, "ag_news", 2),  # as there
    ],
)
def test_each_grid_of_the_project_makes_one_change_at_a_time(name, trials, source, baselines):
    """Exactly one change in every experiment that is no baseline."""
    path = ROOT / "grids" / f"{name}.yaml"
    grid = read_grid(path)
    changes = Counter(len(item.change) for item in grid.experiments if item.parent is not None)

    assert name == grid.name
    assert source == grid.data.source
    assert trials == len(grid.trials())
    assert {1: trials - baselines} == changes
    assert f"# Trials: {trials} " in path.read_text(encoding="utf-8")


def test_search_of_the_project():
    """Its draws are changes of an experiment of the other grids."""
    grid = read_grid(ROOT / "grids" / "search.yaml")
    beyond = {item.name: item for item in read_grid(ROOT / "grids" / "beyond.yaml").experiments}
    (parent,) = grid.experiments

    assert beyond["gru-max"] == parent
    assert ("gru-max", 16) == (grid.search.parent, grid.search.samples)


def test_experiments_of_one_name_are_the_same_in_every_grid():
    """The ideas grid builds on experiments of the report grid, unchanged."""
    report = {item.name: item for item in read_grid(ROOT / "grids" / "report.yaml").experiments}
    ideas = {item.name: item for item in read_grid(ROOT / "grids" / "ideas.yaml").experiments}
    shared = report.keys() & ideas.keys()

    assert {
        *("gru-max", "gru-mean", "gru-3layer", "gru-3layer-bidirectional"),
        *("lstm-mean", "lstm-3layer", "lstm-3layer-bidirectional"),
    } == shared
    for name in shared:
        assert report[name].hyperparameters == ideas[name].hyperparameters
