"""Faults of ``search:`` in a grid file, each with its line and what was expected."""

from pathlib import Path

import pytest

from agnews_tune.errors import GridError
from agnews_tune.grid.file import read_grid

START = "data: demo\nexperiments: {base: }\nsearch:\n"
WHOLE = "  parent: base\n  samples: 4\n"
FAULTS = {
    "nothing in it": (
        START,
        [
            "line 3: search: parent is missing; expected the experiment to draw changes of",
            "line 3: search: samples is missing; expected such as samples: 16",
            "line 3: search: no hyperparameters; expected such as dropout: {from: 0.0, to: 0.5}",
        ],
    ),
    "no mapping": (
        START.rstrip() + " 16\n",
        [
            "line 3: search must hold key: value; received 16",
            "line 3: search: parent is missing; expected the experiment to draw changes of",
            "line 3: search: samples is missing; expected such as samples: 16",
            "line 3: search: no hyperparameters; expected such as dropout: {from: 0.0, to: 0.5}",
        ],
    ),
    "unknown parent": (
        START + "  parent: bass\n  samples: 4\n  cell: [rnn, gru]\n",
        [
            "line 4: search: parent must be an experiment of this file; received 'bass' "
            "(did you mean 'base'?)"
        ],
    ),
    "parent with a teacher": (
        "data: demo\nexperiments: {base: , taught: {parent: base, teacher: base}}\nsearch:\n"
        "  parent: taught\n  samples: 4\n  cell: [rnn, gru]\n",
        ["line 4: search: parent must be an experiment without a teacher; received 'taught'"],
    ),
    "unknown key": (
        START + WHOLE + "  dropuot: [0.1, 0.2]\n  cell: [rnn, gru]\n",
        ["line 6: search: unknown key 'dropuot' (did you mean 'dropout'?)"],
    ),
    "settings": (
        START + "  parent: base\n  samples: 0\n  seed: -1\n  grace_period: 0\n"
        "  reduction_factor: 1\n  cell: [rnn, gru]\n",
        [
            "line 5: search: samples must be a whole number from 1 to 10000; received 0",
            "line 6: search: seed must be a whole number from 0 to 4294967295; received -1",
            "line 7: search: grace_period must be a whole number of at least 1; received 0",
            "line 8: search: reduction_factor must be a whole number of at least 2; received 1",
        ],
    ),
    "epochs": (
        START + WHOLE + "  epochs: [1, 2]\n",
        [
            "line 6: search: epochs cannot be drawn: trials are compared, and stopped, epoch by "
            "epoch"
        ],
    ),
    "model": (
        START + WHOLE + "  model: [recurrent, linear]\n",
        ["line 6: search: model cannot be drawn: a linear model has no epochs to be compared by"],
    ),
    "beside a faulty matrix": (
        "data: demo\nmatrix: {cell: [gru, foo]}\nsearch:\n  parent: gru\n  samples: 1\n"
        "  dropout: [0.1, 0.2]\n",
        ["line 2: matrix: cell must be one of 'rnn', 'gru', 'lstm'; received 'foo'"],
    ),
    "no list": (
        START + WHOLE + "  cell: gru\n  hidden_dim: []\n  dropout: [0.1, 0.1]\n",
        [
            "line 6: search: cell must be a list of one or more different values; received 'gru'",
            "line 7: search: hidden_dim must be a list of one or more different values; "
            "received []",
            "line 8: search: dropout must be a list of one or more different values; received "
            "[0.1, 0.1]",
        ],
    ),
    "values": (
        START + WHOLE + "  cell: [gru, glu]\n",
        [
            "line 6: search: cell must be one of 'rnn', 'gru', 'lstm'; received 'glu' "
            "(did you mean 'gru'?)"
        ],
    ),
    "range of words": (
        START + WHOLE + "  cell: {from: rnn, to: lstm}\n  bidirectional: {from: 0, to: 1}\n",
        [
            "line 6: search: cell must be a list of values; it is no number",
            "line 7: search: bidirectional must be a list of values; it is no number",
        ],
    ),
    "half a range": (
        START + WHOLE + "  dropout: {from: 0.1}\n  hidden_dim: {from: 8, to: 9, step: 1}\n",
        [
            "line 6: search: dropout must have from: and to:; received {'from': 0.1}",
            "line 7: search: hidden_dim: unknown key 'step'; expected one of from, to, log",
        ],
    ),
    "ends": (
        START + WHOLE + "  dropout:\n    from: -0.1\n    to: 1\n    log: often\n"
        "  hidden_dim: {from: 8.5, to: 9}\n",
        [
            "line 7: search: from: dropout must be a number of at least 0 and below 1; received "
            "-0.1",
            "line 8: search: to: dropout must be a number of at least 0 and below 1; received 1",
            "line 9: search: dropout: log must be true or false; received 'often'",
            "line 10: search: from: hidden_dim must be a whole number of at least 1; received 8.5",
        ],
    ),
    "order": (
        START
        + WHOLE
        + "  hidden_dim: {from: 9, to: 8}\n  dropout: {from: 0, to: 0.5, log: true}\n",
        [
            "line 6: search: hidden_dim: from must be below to; received 9 and 8",
            "line 7: search: dropout: with log from must be above 0; received 0",
        ],
    ),
    "names": (
        "data: demo\nexperiments:\n  base:\n  Search-1: {parent: base, cell: gru}\n"
        "search:\n" + WHOLE + "  cell: [rnn, gru]\n",
        [
            "line 4: experiment 'Search-1': names that start with 'search-' are those of drawn "
            "experiments; choose another one"
        ],
    ),
}


@pytest.mark.parametrize(("text", "faults"), FAULTS.values(), ids=FAULTS)
def test_all_faults_are_told_with_their_lines(
    text: str, faults: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One error has a line for each."""
    monkeypatch.chdir(tmp_path)
    Path("grid.yaml").write_text(text)
    with pytest.raises(GridError) as raised:
        read_grid("grid.yaml")

    header = f"grid.yaml: {len(faults)} fault" + "s" * (len(faults) > 1)
    assert "\n".join([header, *(f"  {fault}" for fault in faults)]) == str(raised.value)
