"""Reading grid files: what they may hold, and every fault with its line."""

import json
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from programs import loaded_after

from agnews_tune.errors import GridError
from agnews_tune.grid.experiments import DataSource
from agnews_tune.grid.file import read_grid
from agnews_tune.hyperparameters import NAMES, Hyperparameters

NAME_RULE = "1 to 100 of a-z, A-Z, 0-9 and ._+=-, the first a letter or digit"
SEEDS_RULE = "a count from 1 to 1000, or a list of different whole numbers from 0 to 4294967295"
TARGETS_RULE = "a list of one or more different test accuracies from 0 to 1 (0.913, not 91.3)"
ALL_NAMES = ", ".join(NAMES)
REFUSED = "tags, anchors and aliases (!, & and *) are not read; write the value out"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("grids")


def read_text(folder, text):
    path = folder / "grid.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_grid(path)


def read_experiments(folder, text):
    return {item.name: item for item in read_text(folder, text).experiments}


# -- What a file may hold --------------------------------------------------------------------------


def test_a_file_needs_only_data_and_one_experiment(folder):
    """Everything else has a default: the file's stem, seed 0, the baseline's hyperparameters."""
    grid = read_text(folder, "data: demo\nexperiments:\n  a:\n")

    assert "grid" == grid.name
    assert DataSource("demo", None, None) == grid.data
    assert (0,) == grid.seeds
    assert () == grid.targets
    assert Hyperparameters() == grid.experiments[0].hyperparameters


def test_a_file_can_state_everything(folder):
    """Name, data, seeds, targets, defaults, parents and published figures are read."""
    grid = read_text(
        folder,
        """
        name: my-grid
        data: {source: news.csv, label_names: [World, Sci/Tech], limit_train: 100}
        seeds: [0, 7]
        targets: [0.915, 1, 0.90]
        defaults: {epochs: 3, learning_rate: 1e-3}
        experiments:
          max:
          mean: {parent: max, pooling: mean, published: {test_accuracy: 1, wall_seconds: 60}}
        """,
    )

    root, mean = grid.experiments
    assert "my-grid" == grid.name
    assert DataSource("news.csv", ("World", "Sci/Tech"), 100) == grid.data
    assert (0, 7) == grid.seeds
    assert (0.9, 0.915, 1.0) == grid.targets
    assert Hyperparameters(epochs=3, learning_rate=0.001) == root.hyperparameters
    assert Hyperparameters(epochs=3, learning_rate=0.001, pooling="mean") == mean.hyperparameters
    assert ("max", {"pooling": "mean"}) == (mean.parent, mean.change)
    assert {"test_accuracy": 1.0, "wall_seconds": 60.0} == mean.published


def test_a_change_is_what_really_differs(folder):
    """A value that the parent has too is no change; two that differ are two."""
    experiments = read_experiments(
        folder,
        "data: demo\nexperiments:\n  a:\n  b: {parent: a, cell: gru, dropout: 0.3, epochs: 5}\n",
    )

    assert {"cell": "gru", "dropout": 0.3} == experiments["b"].change


def test_a_baseline_has_no_change(folder):
    """An experiment without parent is compared with nothing, whatever its hyperparameters are."""
    experiments = read_experiments(folder, "data: demo\nexperiments:\n  a: {cell: gru}\n")

    assert {} == experiments["a"].change
    assert "baseline" == experiments["a"].describe_change()


def test_a_matrix_is_every_combination_one_change_from_its_parent(folder):
    """The last value that is not its list's first one is set back in the parent."""
    experiments = read_experiments(
        folder,
        "data: demo\ndefaults: {epochs: 2}\nmatrix: {cell: [rnn, gru], hidden_dim: [64, 128]}\n",
    )

    assert [
        ("rnn-hidden_dim64", None, {}),
        ("rnn-hidden_dim128", "rnn-hidden_dim64", {"hidden_dim": 128}),
        ("gru-hidden_dim64", "rnn-hidden_dim64", {"cell": "gru"}),
        ("gru-hidden_dim128", "gru-hidden_dim64", {"hidden_dim": 128}),
    ] == [(item.name, item.parent, item.change) for item in experiments.values()]
    assert {2} == {item.hyperparameters.epochs for item in experiments.values()}


def test_a_matrix_names_its_combinations_readably(folder):
    """Cell and pooling stand bare; words and flags follow their name after a hyphen."""
    experiments = read_experiments(
        folder,
        "data: demo\n"
        "matrix: {cell: [gru], pooling: [max+last], dropout: [0.3], bidirectional: [true],"
        " normalizer: [stem]}\n",
    )

    assert ["gru-max+last-dropout0.3-bidirectional-true-normalizer-stem"] == list(experiments)


def test_an_experiment_can_have_a_parent_in_the_matrix(folder):
    """The matrix comes first, the experiments that build on it follow."""
    experiments = read_experiments(
        folder,
        "data: demo\nexperiments:\n  deep: {parent: gru, num_layers: 3}\n"
        "matrix: {cell: [rnn, gru]}\n",
    )

    assert ["rnn", "gru", "deep"] == list(experiments)
    assert Hyperparameters(cell="gru", num_layers=3) == experiments["deep"].hyperparameters


def test_words_and_numbers_are_read_without_the_traps_of_old_yaml(folder):
    """No and off are words, 1e-3 is a number, and a numbered experiment has a name."""
    grid = read_text(
        folder,
        "data: {source: demo, label_names: [no, 2020-01-01]}\n"
        "experiments:\n  1: {learning_rate: 1e-3, epochs: 010}\n",
    )

    assert ("no", "2020-01-01") == grid.data.label_names
    assert "1" == grid.experiments[0].name
    assert Hyperparameters(epochs=10) == grid.experiments[0].hyperparameters


def test_a_byte_order_mark_is_no_fault(folder):
    """Some Windows editors begin each file with one."""
    grid = read_text(folder, "data: demo\r\nexperiments:\r\n  a:\r\n".encode("utf-8-sig"))

    assert ["a"] == [item.name for item in grid.experiments]


def test_a_long_line_of_parents_resolves(folder):
    """Parents may be far away: 200 generations are no trouble."""
    lines = [f"  e{n}: {{parent: e{n - 1}, hidden_dim: {n}}}" for n in range(1, 200)]
    experiments = read_experiments(
        folder, "\n".join(["data: demo", "experiments:", "  e0: {dropout: 0.5}", *lines])
    )

    assert Hyperparameters(dropout=0.5, hidden_dim=199) == experiments["e199"].hyperparameters


def test_reading_loads_nothing_heavy():
    """The grid is read in milliseconds: PyYAML is all it needs."""
    assert set() == loaded_after("import agnews_tune.grid.file")


# -- Faults ----------------------------------------------------------------------------------------

FAULTS = {
    "empty file": ("", ["line 1: the file is empty; expected at least data and experiments"]),
    "comments only": (
        "# later\n",
        ["line 1: the file is empty; expected at least data and experiments"],
    ),
    "a list": (
        "- rnn\n",
        [
            "line 1: a grid file must hold key: value; received ['rnn']; is this the data? "
            "It is given with --data"
        ],
    ),
    "a table": (
        "text,label\n" + "shares fell,1\n" * 1000,
        [
            "line 1: a grid file must hold key: value; received 'text,label s...shares fell,1'; "
            "is this the data? It is given with --data"
        ],
    ),
    "nothing of use": (
        "seeds: 2\n",
        [
            "line 1: data is missing; expected such as data: ag_news",
            "line 1: no experiments; expected some under experiments: or matrix:",
        ],
    ),
    "unknown section": (
        "data: demo\nexperiments: {a: {}}\nseed: 3\nzebra: 1\n",
        [
            "line 3: the file: unknown key 'seed' (did you mean 'seeds'?)",
            "line 4: the file: unknown key 'zebra'; expected one of name, data, seeds, targets, "
            "defaults, experiments, matrix, search",
        ],
    ),
    "no experiments": (
        "data: demo\nexperiments:\nmatrix: {}\n",
        ["line 1: no experiments; expected some under experiments: or matrix:"],
    ),
    "experiments as a list": (
        "data: demo\nexperiments: [rnn, gru]\n",
        ["line 2: experiments must hold key: value; received ['rnn', 'gru']"],
    ),
    "experiment as a word": (
        "data: demo\nexperiments:\n  a: gru\n",
        ["line 3: experiment 'a' must hold key: value; received 'gru'"],
    ),
    "unknown and unfit hyperparameters": (
        "data: demo\n"
        "experiments:\n"
        "  gru-max:\n"
        "    cell: gruu\n"
        "    poolng: max\n"
        "    epochs: 2.5\n"
        "    zebra: 1\n",
        [
            "line 4: experiment 'gru-max': cell must be one of 'rnn', 'gru', 'lstm'; "
            "received 'gruu' (did you mean 'gru'?)",
            "line 5: experiment 'gru-max': unknown key 'poolng' (did you mean 'pooling'?)",
            "line 6: experiment 'gru-max': epochs must be a whole number of at least 1; "
            "received 2.5",
            "line 7: experiment 'gru-max': unknown key 'zebra'; expected one of parent, "
            f"teacher, published, {ALL_NAMES}",
        ],
    ),
    "words for flags and numbers": (
        "data: demo\n"
        "experiments:\n"
        "  a: {bidirectional: no, normalizer: no, epochs: 2020-01-01, max_length: 1:30}\n",
        [
            "line 3: experiment 'a': bidirectional must be true or false; received 'no'",
            "line 3: experiment 'a': normalizer must be one of 'none', 'stem', 'lemma'; "
            "received 'no' (did you mean 'none'?)",
            "line 3: experiment 'a': epochs must be a whole number of at least 1; "
            "received '2020-01-01'",
            "line 3: experiment 'a': max_length must be a whole number of at least 3; "
            "received '1:30'",
        ],
    ),
    "empty and huge values": (
        f"data: demo\nexperiments:\n  a:\n    cell:\n    dropout: {'9' * 400}\n",
        [
            "line 4: experiment 'a': cell must be one of 'rnn', 'gru', 'lstm'; received None",
            "line 5: experiment 'a': dropout must be a number of at least 0 and below 1; "
            "received inf",
        ],
    ),
    "faulty defaults": (
        "data: demo\ndefaults: {epoch: 3, dropout: 1}\nexperiments:\n  a:\n  b:\n",
        [
            "line 2: defaults: unknown key 'epoch' (did you mean 'epochs'?)",
            "line 2: defaults: dropout must be a number of at least 0 and below 1; received 1",
        ],
    ),
    "defaults as a word": (
        "data: demo\ndefaults: fast\nexperiments: {a: {}}\n",
        ["line 2: defaults must hold key: value; received 'fast'"],
    ),
    "keys given twice": (
        "data: demo\nexperiments:\n  a: {cell: gru, cell: lstm}\n  a:\ndata: ag_news\n",
        [
            "line 3: 'cell' is given twice, first on line 3",
            "line 4: 'a' is given twice, first on line 3",
            "line 5: 'data' is given twice, first on line 1",
        ],
    ),
    "unknown parents": (
        "data: demo\n"
        "experiments:\n"
        "  rnn-max:\n"
        "  rnn-mean:\n"
        "    pooling: mean\n"
        "    parent: rnn-mxa\n"
        "  b: {parent: zebra, cell: gru}\n"
        "  c: {parent: b, dropout: 0.3}\n",
        [
            "line 6: experiment 'rnn-mean': parent must be an experiment above it; "
            "received 'rnn-mxa' (did you mean 'rnn-max'?)",
            "line 7: experiment 'b': parent must be an experiment above it; received 'zebra'",
        ],
    ),
    "parents that are no names": (
        "data: demo\nexperiments:\n  a: {parent: [b]}\n  b: {parent: 3}\n  c: {parent: }\n",
        [
            "line 3: experiment 'a': parent must be an experiment above it; received ['b']",
            "line 4: experiment 'b': parent must be an experiment above it; received 3",
            "line 5: experiment 'c': parent must be an experiment above it; received None",
        ],
    ),
    "parents below and in a circle": (
        "data: demo\n"
        "experiments:\n"
        "  a: {parent: b}\n"
        "  b: {parent: c}\n"
        "  c: {parent: b}\n"
        "  d: {parent: d}\n",
        [
            "line 3: experiment 'a': parent must be an experiment above it; received 'b'",
            "line 4: experiment 'b': parent must be an experiment above it; received 'c'",
            "line 6: experiment 'd': parent must be an experiment above it; received 'd'",
        ],
    ),
    "the same twice": (
        "data: demo\n"
        "experiments:\n"
        "  a:\n"
        "  b: {parent: a}\n"
        "  c: {parent: a, cell: gru}\n"
        "  d: {cell: gru, dropout: 0.10}\n",
        [
            "line 4: 'b' has the same hyperparameters as 'a': one of them is enough",
            "line 6: 'd' has the same hyperparameters as 'c': one of them is enough",
        ],
    ),
    "names that differ in case": (
        "data: demo\nexperiments:\n  gru:\n  GRU: {cell: gru}\n",
        [
            "line 4: experiments 'GRU' and 'gru' (line 3) differ only in case; "
            "some systems cannot hold a folder of each",
        ],
    ),
    "names that are no folders": (
        "name: ../up\n"
        "data: demo\n"
        "experiments:\n"
        "  a b:\n"
        "  -a: {cell: gru}\n"
        f"  {'x' * 101}: {{cell: lstm}}\n"
        "  '': {dropout: 0.3}\n"
        "  é: {dropout: 0.4}\n"
        "  a/b: {dropout: 0.5}\n"
        "  ..: {dropout: 0.6}\n"
        f"  {'y' * 300}: {{dropout: 0.7}}\n",
        [
            f"line 1: name must be {NAME_RULE}; received '../up'",
            f"line 4: experiment name must be {NAME_RULE}; received 'a b'",
            f"line 5: experiment name must be {NAME_RULE}; received '-a'",
            f"line 6: experiment name must be {NAME_RULE}; received '{'x' * 101}'",
            f"line 7: experiment name must be {NAME_RULE}; received ''",
            f"line 8: experiment name must be {NAME_RULE}; received 'é'",
            f"line 9: experiment name must be {NAME_RULE}; received 'a/b'",
            f"line 10: experiment name must be {NAME_RULE}; received '..'",
            f"line 11: experiment name must be {NAME_RULE}; received '{'y' * 300}'",
        ],
    ),
    "a name that is a number": (
        "name: 12\ndata: demo\nexperiments: {a: {}}\n",
        [f"line 1: name must be {NAME_RULE}; received 12"],
    ),
    "published figures": (
        "data: demo\n"
        "experiments:\n"
        "  a:\n"
        "    published:\n"
        "      validation_accuracy: good\n"
        "      test_accuracy: 91.3\n"
        "      wall_seconds: 0\n"
        "      train_rows: 1.5\n"
        "      accuracy: 0.9\n"
        "  b: {cell: gru, published: 0.9}\n"
        "  c: {cell: lstm, published: {test_accuracy: true}}\n",
        [
            "line 5: experiment 'a': published validation_accuracy must be from 0 to 1 "
            "(a fraction: 0.913, not 91.3); received 'good'",
            "line 6: experiment 'a': published test_accuracy must be from 0 to 1 "
            "(a fraction: 0.913, not 91.3); received 91.3",
            "line 7: experiment 'a': published wall_seconds must be a number above 0; received 0",
            "line 8: experiment 'a': published train_rows must be a whole number of at least 1; "
            "received 1.5",
            "line 9: experiment 'a': published: unknown key 'accuracy' "
            "(did you mean 'test_accuracy'?)",
            "line 10: experiment 'b': published must hold key: value; received 0.9",
            "line 11: experiment 'c': published test_accuracy must be from 0 to 1 "
            "(a fraction: 0.913, not 91.3); received True",
        ],
    ),
    "data without source": (
        "data:\n  sorce: demo\n  limit_train: 1.5\nexperiments: {a: {}}\n",
        [
            "line 1: data: source is missing; expected such as source: ag_news",
            "line 2: data: unknown key 'sorce' (did you mean 'source'?)",
            "line 3: data: limit_train must be a whole number of at least 1; received 1.5",
        ],
    ),
    "label names": (
        "data: {source: demo, label_names: [World, World]}\nexperiments: {a: {}}\n",
        [
            "line 1: data: label_names must be a list of at least two different names; "
            "received ['World', 'World']",
        ],
    ),
    "data as a list": (
        "data: [demo]\nexperiments: {a: {}}\n",
        [
            "line 1: data: source must be ag_news, demo, hub:<owner>/<name> or a path; "
            "received ['demo']",
        ],
    ),
    "no seeds": (
        "data: demo\nseeds: 0\nexperiments: {a: {}}\n",
        [f"line 2: seeds must be {SEEDS_RULE}; received 0"],
    ),
    "seeds as a flag": (
        "data: demo\nseeds: true\nexperiments: {a: {}}\n",
        [f"line 2: seeds must be {SEEDS_RULE}; received True"],
    ),
    "seeds as text": (
        "data: demo\nseeds: '3'\nexperiments: {a: {}}\n",
        [f"line 2: seeds must be {SEEDS_RULE}; received '3'"],
    ),
    "equal seeds": (
        "data: demo\nseeds: [0, 7, 0]\nexperiments: {a: {}}\n",
        [f"line 2: seeds must be {SEEDS_RULE}; received [0, 7, 0]"],
    ),
    "negative seed": (
        "data: demo\nseeds: [-1]\nexperiments: {a: {}}\n",
        [f"line 2: seeds must be {SEEDS_RULE}; received [-1]"],
    ),
    "one target": (
        "data: demo\ntargets: 0.9\nexperiments: {a: {}}\n",
        [f"line 2: targets must be {TARGETS_RULE}; received 0.9"],
    ),
    "no targets": (
        "data: demo\ntargets: []\nexperiments: {a: {}}\n",
        [f"line 2: targets must be {TARGETS_RULE}; received []"],
    ),
    "targets without a value": (
        "data: demo\ntargets:\nexperiments: {a: {}}\n",
        [f"line 2: targets must be {TARGETS_RULE}; received None"],
    ),
    "targets in percent": (
        "data: demo\ntargets: [0.9, 91.5]\nexperiments: {a: {}}\n",
        [f"line 2: targets must be {TARGETS_RULE}; received [0.9, 91.5]"],
    ),
    "negative target": (
        "data: demo\ntargets: [-0.9]\nexperiments: {a: {}}\n",
        [f"line 2: targets must be {TARGETS_RULE}; received [-0.9]"],
    ),
    "equal targets": (
        "data: demo\ntargets: [1, 0.9, 1.0]\nexperiments: {a: {}}\n",
        [f"line 2: targets must be {TARGETS_RULE}; received [1, 0.9, 1.0]"],
    ),
    "targets that are no numbers": (
        "data: demo\ntargets: [true, high, [0.9], .nan]\nexperiments: {a: {}}\n",
        [f"line 2: targets must be {TARGETS_RULE}; received [True, 'high', [0.9], '.nan']"],
    ),
    "matrix values": (
        "data: demo\n"
        "matrix:\n"
        "  cell: gru\n"
        "  pooling: []\n"
        "  dropout: [0, 0.0]\n"
        "  epochs:\n"
        "  - 1\n"
        "  - two\n"
        "  layers: [1]\n"
        "experiments:\n"
        "  a: {parent: gru-max}\n",
        [
            "line 3: matrix: cell must be a list of one or more different values; received 'gru'",
            "line 4: matrix: pooling must be a list of one or more different values; received []",
            "line 5: matrix: dropout must be a list of one or more different values; "
            "received [0, 0.0]",
            "line 8: matrix: epochs must be a whole number of at least 1; received 'two'",
            "line 9: matrix: unknown key 'layers' (did you mean 'num_layers'?)",
        ],
    ),
    "matrix as a list": (
        "data: demo\nmatrix: [cell]\n",
        ["line 2: matrix must hold key: value; received ['cell']"],
    ),
    "matrix with long names": (
        "data: demo\n"
        "matrix: {embedding_dim: [1], hidden_dim: [1], num_layers: [1], bidirectional: [true],"
        " linear_layers: [1], mask_padding: [true], punctuation: [space], batch_size: [8]}\n",
        [
            f"line 2: experiment name must be {NAME_RULE}; received "
            "'embedding_dim1-hidden_dim1-num_layers1-bidirectional-true-linear_layers1-"
            "mask_padding-true-punctuation-space-batch_size8'",
        ],
    ),
    "matrix and experiment of one name": (
        "data: demo\nmatrix: {cell: [rnn, gru]}\nexperiments:\n  gru: {dropout: 0.3}\n",
        ["line 4: experiment 'gru' is already made by the matrix"],
    ),
    "matrix and experiment the same": (
        "data: demo\nmatrix: {cell: [rnn, gru]}\nexperiments:\n  my-gru: {cell: gru}\n",
        ["line 4: 'my-gru' has the same hyperparameters as 'gru': one of them is enough"],
    ),
    "colon in a value": (
        "data: demo\nname: a: b\n",
        ["line 2: not valid YAML: mapping values are not allowed here (column 8)"],
    ),
    "open bracket": (
        "data: demo\nmatrix:\n  cell: [rnn, gru\nseeds: 1\n",
        ["line 4: not valid YAML: expected ',' or ']', but got ':' (column 6)"],
    ),
    "open quote": (
        'data: "demo\n',
        ["line 2: not valid YAML: found unexpected end of stream (column 1)"],
    ),
    "tab": (
        "data: demo\nexperiments:\n\ta:\n",
        ["line 3: a tab in the indentation; use spaces"],
    ),
    "several documents": (
        "data: demo\n---\ndata: ag_news\n",
        ["line 2: a second document starts here; expected only one"],
    ),
    "tags": (
        "data: !!str demo\nexperiments: !thing {a: {}}\nseeds: !!python/object:os.system 1\n",
        [f"line 1: {REFUSED}", f"line 2: {REFUSED}", f"line 3: {REFUSED}"],
    ),
    "anchors and aliases": (
        "data: &lol demo\nname: *lol\n",
        [f"line 1: {REFUSED}", f"line 2: {REFUSED}"],
    ),
    "keys that are no words": (
        "? [a]\n: 1\ndata: demo\nexperiments: {a: {}}\n{b: 2}: 3\n",
        [
            "line 1: a key must be a word; received a list or mapping",
            "line 5: a key must be a word; received a list or mapping",
        ],
    ),
    "deep nesting": (
        "data: demo\nname: " + "[" * 2_000,
        ["line 1: not valid YAML: nested too deeply, or an escape that is no character"],
    ),
    "escape that is no character": (
        'data: demo\nname: "\\UFFFFFFFF"\n',
        ["line 1: not valid YAML: nested too deeply, or an escape that is no character"],
    ),
    "control character": (
        "data: demo\nname: \0\n",
        ["line 2: character U+0000 is not allowed in YAML"],
    ),
    "not UTF-8": (
        "data: demo\nname: é\n".encode("latin-1"),
        ["line 2: byte 0xe9 is not UTF-8; save the file as UTF-8"],
    ),
}


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        pytest.param(
            *case, id=name, marks=[pytest.mark.fault("names")] if name.startswith("names") else []
        )
        for name, case in FAULTS.items()
    ],
)
def test_all_faults_of_a_file_are_told_with_their_lines(text, faults, tmp_path, monkeypatch):
    """One error has the count of faults and a line for each, in the order of the file."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(GridError) as raised:
        read_text(Path(), text)

    header = f"grid.yaml: {len(faults)} fault" + "s" * (len(faults) > 1)
    assert "\n".join([header, *(f"  {fault}" for fault in faults)]) == str(raised.value)


def test_a_file_without_name_needs_a_stem_that_is_one(tmp_path, monkeypatch):
    """The stem becomes a folder's name, so it keeps to the same rule."""
    monkeypatch.chdir(tmp_path)
    Path("my grid.yaml").write_text("data: demo\nexperiments: {a: {}}\n", encoding="utf-8")
    with pytest.raises(GridError) as raised:
        read_grid("my grid.yaml")

    assert (
        "my grid.yaml: 1 fault\n"
        f"  line 1: the file's name must be {NAME_RULE}; received 'my grid'; "
        "rename it or set name: in it"
    ) == str(raised.value)


@pytest.mark.parametrize(
    ("path", "reason"), [("nothing.yaml", "No such file or directory"), (".", "Is a directory")]
)
def test_a_path_that_is_no_file_is_told(path, reason, tmp_path, monkeypatch):
    """A missing file and a folder give one line with the system's reason."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(GridError) as raised:
        read_grid(path)

    assert f"{path}: cannot be read: {reason}" == str(raised.value)


@pytest.mark.parametrize("path", ["grids/reprot.yaml", "grids/report.yml", "grids/report"])
def test_a_misspelt_path_is_told_its_neighbour(path, tmp_path, monkeypatch):
    """A grid of the same folder with a name that is close, as it can be given."""
    monkeypatch.chdir(tmp_path)
    Path("grids").mkdir()
    Path("grids/report.yaml").touch()
    with pytest.raises(GridError) as raised:
        read_grid(path)

    assert (
        f"{path}: cannot be read: No such file or directory (did you mean 'grids/report.yaml'?)"
    ) == str(raised.value)


# -- Properties ------------------------------------------------------------------------------------

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | st.binary()
)
words = st.sampled_from(
    [*NAMES, "a", "b", "gru", "mean", "demo", "parent", "published", "test_accuracy"]
)
anything = st.recursive(
    scalars | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | scalars, inner, max_size=4),
    max_leaves=20,
)
sections = ["name", "data", "seeds", "targets", "defaults", "experiments", "matrix"]
yaml_pieces = st.sampled_from(
    [*sections, *NAMES, *"abc019{}[]:,-?!&*#|>@%'\"\\~.", ": ", "\n", "\n  ", "- ", "---", "\t"]
)


def assert_grid_or_faults(folder, text):
    """Check that a grid reads back as an equal one, or that an error has a line for each fault."""
    try:
        grid = read_text(folder, text)
    except GridError as error:
        header, *faults = str(error).split("\n")
        number = f"{len(faults)} fault{'s' if len(faults) > 1 else ''}"
        assert f"{folder / 'grid.yaml'}: {number}" == header
        assert faults
        assert all(re.fullmatch(r"  line \d+: .+", fault) for fault in faults)
    else:
        assert grid == read_text(folder, grid.to_yaml())


@pytest.mark.fault("damage", 100)
@settings(deadline=None)
@example(text="data: demo\nexperiments:\n  a:\n")
@given(text=st.text() | st.lists(yaml_pieces).map("".join) | st.binary())
def test_arbitrary_text_gives_a_grid_or_a_grid_error(folder, text):
    """No text ends in another exception, or in an error that does not say where."""
    assert_grid_or_faults(folder, text.encode("utf-8", "ignore") if isinstance(text, str) else text)


@pytest.mark.fault("damage", 100)
@settings(deadline=None)
@example(document={"data": "demo", "experiments": {"a": None}})
@given(document=st.dictionaries(st.sampled_from(sections), anything) | anything)
def test_arbitrary_structures_give_a_grid_or_a_grid_error(folder, document):
    """No value of a section ends in another exception, or in one that does not say where."""
    assert_grid_or_faults(folder, yaml.safe_dump(document))


names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._+=-]{0,9}", fullmatch=True)
fractions = st.floats(0, 1)
hyperparameters = st.fixed_dictionaries(
    {},
    optional={
        "cell": st.sampled_from(["rnn", "gru", "lstm"]),
        "pooling": st.sampled_from(["max", "mean", "max+last"]),
        "bidirectional": st.booleans(),
        "dropout": st.floats(0, 1, exclude_max=True),
        "epochs": st.integers(1, 100),
        "learning_rate": st.floats(1e-300, 1e300),
    },
)
labels = st.text(min_size=1).filter(lambda text: text.strip() and text.isprintable())


@st.composite
def grid_files(draw):
    """Draw a grid file in which experiments may have any earlier one as parent."""
    experiments = {}
    for name in draw(st.lists(names, min_size=1, max_size=5, unique_by=str.lower)):
        parent = draw(st.none() | st.sampled_from(list(experiments))) if experiments else None
        published = draw(st.dictionaries(st.just("test_accuracy"), fractions))
        experiments[name] = (
            draw(hyperparameters)
            | ({} if parent is None else {"parent": parent})
            | {"published": published}
            # No two are the same before the epochs are replaced.
            | {"epochs": 8 + len(experiments)}
        )
    data = {"source": draw(labels), "label_names": draw(st.lists(labels, min_size=2, unique=True))}
    seeds = draw(st.integers(1, 9) | st.lists(st.integers(0, 2**32 - 1), min_size=1, unique=True))
    targets = draw(st.lists(fractions, max_size=4, unique=True))
    return {
        "name": draw(names),
        "data": data,
        "seeds": seeds,
        **({"targets": targets} if targets else {}),
        "defaults": draw(hyperparameters),
        "experiments": experiments,
    }


@settings(deadline=None)
@given(file=grid_files(), epochs=st.integers(1, 5))
def test_a_resolved_grid_reads_back_as_an_equal_one(folder, file, epochs):
    """So does one of which the epochs were replaced."""
    # JSON is YAML, and its writer knows nothing of the reader under test.
    grid = read_text(folder, json.dumps(file, ensure_ascii=False))
    changed = grid.with_overrides(epochs=epochs)

    assert tuple(sorted(file.get("targets", ()))) == grid.targets
    assert grid == read_text(folder, grid.to_yaml())
    assert changed == read_text(folder, changed.to_yaml())
