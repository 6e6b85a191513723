"""Records: what is written comes back, and what is damaged is named."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agnews_tune import records
from agnews_tune.corpus import Labels
from agnews_tune.errors import RecordError
from agnews_tune.hyperparameters import NAMES, Hyperparameters

REMEDY = "remove its folder to run the trial again"

values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
hyperparameters = st.dictionaries(st.sampled_from(NAMES), values)
histories = st.lists(
    st.dictionaries(st.sampled_from(records.HISTORY_COLUMNS), st.floats(allow_nan=False)),
    max_size=4,
)


def message_of(folder: Path) -> str:
    with pytest.raises(RecordError) as caught:
        records.read_trial(folder)
    return str(caught.value)


@settings(max_examples=40, deadline=None)
@given(hyperparameters, histories, st.text(), st.dictionaries(st.text(), values))
def test_records_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory,
    hyperparameters: dict[str, object],
    history: list[dict[str, float]],
    name: str,
    result: dict[str, object],
) -> None:
    """Any hyperparameters, names, figures and histories with missing columns come back equal."""
    folder = tmp_path_factory.mktemp("run") / "größer-日本-seed0"
    trial = dict.fromkeys(records.TRIAL_NAMES) | {
        "experiment": name,
        "hyperparameters": hyperparameters,
    }
    records.write_trial(folder, trial)
    records.write_history(folder, history)
    records.write_result(folder, result)

    expected = records.TrialRecord(folder, {"format": 1, **trial}, history, result)
    assert expected == records.read_trial(folder)


def test_history_is_a_plain_csv_file(tmp_path: Path) -> None:
    """Every column has its place; what was not measured is empty."""
    records.write_history(tmp_path, [{"epoch": 1, "loss": 0.5, "seconds": 2.25}])
    expected = "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,seconds\n1,0.5,,,,,2.25\n"

    assert expected == (tmp_path / "history.csv").read_text()


def test_only_a_result_makes_a_trial_finished(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """Neither its description nor its epochs do."""
    write_record(tmp_path, "waiting", history=[], result=None)
    write_record(tmp_path, "unfinished", result=None)
    write_record(tmp_path, "finished")
    names = ["waiting", "unfinished", "finished"]

    assert [False, False, True] == [records.is_finished(tmp_path / f"{n}-seed0") for n in names]


def test_trials_come_in_the_order_of_their_grid(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """The position in the grid counts, then the folder's name."""
    for name, position in (("a", 10), ("b", 9), ("d", 1), ("c", 1)):
        write_record(tmp_path, name, position=position)

    assert ["c", "d", "b", "a"] == [
        record.trial["experiment"] for record in records.read_run(tmp_path)
    ]


def test_another_key_clears_the_old_record(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """A trial of the same name with other settings starts from nothing."""
    folder = write_record(tmp_path, "rnn", key="old")
    records.write_predictions(folder, np.ones((1, 1), np.float32), np.zeros(1, np.int64))
    (folder / "model").mkdir()
    (folder / "model" / "config.json").touch()
    trial = records.read_trial(folder).trial | {"key": "new"}
    records.write_trial(folder, trial)

    assert ["trial.json"] == [path.name for path in folder.iterdir()]
    assert "new" == records.read_trial(folder).trial["key"]


def test_the_same_key_keeps_the_record(write_record: Callable[..., Path], tmp_path: Path) -> None:
    """A trial that is planned again keeps its epochs and figures; its place may change."""
    folder = write_record(tmp_path, "rnn", key="same", position=0)
    before = records.read_trial(folder)
    records.write_trial(folder, before.trial | {"position": 7})
    after = records.read_trial(folder)

    assert before.trial | {"position": 7} == after.trial
    assert (before.history, before.result) == (after.history, after.result)


def test_grid_is_written_into_the_run(tmp_path: Path) -> None:
    """The resolved grid lies beside the trials."""
    records.write_grid(tmp_path / "run", "name: größer\n")

    assert "name: größer\n" == (tmp_path / "run" / "grid.yaml").read_text(encoding="utf-8")


def test_predictions_need_no_pickle(tmp_path: Path) -> None:
    """Probabilities are kept as float16 beside the labels, readable without pickle."""
    probabilities = np.array([[0.25, 0.75], [0.9, 0.1]], np.float32)
    records.write_predictions(tmp_path, probabilities, Labels([1, 0], ("no", "yes")))

    with np.load(tmp_path / "test_predictions.npz", allow_pickle=False) as arrays:
        assert ["labels", "probabilities"] == sorted(arrays)
        assert [1, 0] == arrays["labels"].tolist()
        assert np.int64 == arrays["labels"].dtype
        assert np.float16 == arrays["probabilities"].dtype
        np.testing.assert_allclose(arrays["probabilities"], probabilities, atol=5e-4)


@pytest.mark.parametrize("name", NAMES)
def test_key_changes_with_each_hyperparameter(name: str) -> None:
    """Whatever hyperparameter differs, it is another trial."""
    settings = Hyperparameters().to_dict()

    assert records.trial_key(settings, 0, "data") != records.trial_key(
        settings | {name: "other"}, 0, "data"
    )


def test_key_changes_with_everything_that_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seed, data and record format are part of the key."""
    keys = [
        records.trial_key({"cell": "rnn"}, 0, "data"),
        records.trial_key({"cell": "rnn"}, 1, "data"),
        records.trial_key({"cell": "rnn"}, 0, "other data"),
    ]
    monkeypatch.setattr(records, "FORMAT", 2)
    keys.append(records.trial_key({"cell": "rnn"}, 0, "data"))

    assert 4 == len(set(keys))


def test_key_stays_what_it_was() -> None:
    """The order of hyperparameters does not matter, and records of earlier versions count."""
    one = records.trial_key({"cell": "rnn", "dropout": 0.1}, 0, "data")
    other = records.trial_key({"dropout": 0.1, "cell": "rnn"}, 0, "data")

    assert "0edcdec1968dce28" == one == other


def test_runs_are_found_in_a_results_folder(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """The folder of all runs gives each run by name; a run's folder gives itself."""
    write_record(tmp_path / "second", "rnn")
    write_record(tmp_path / "first", "rnn", result=None)
    (tmp_path / "no-run").mkdir()

    assert [tmp_path / "first", tmp_path / "second"] == records.find_runs(tmp_path)
    assert [tmp_path / "second"] == records.find_runs(tmp_path / "second")


@pytest.mark.parametrize("name", [".", "missing"])
def test_no_runs_are_an_error(tmp_path: Path, name: str) -> None:
    """A folder without records, or none at all, is an error that says how to get some."""
    with pytest.raises(RecordError) as caught:
        records.find_runs(tmp_path / name)

    assert str(caught.value) == (
        f"no records under {tmp_path / name}: expected a results folder or one run's folder; "
        "make one with 'agnews-tune run grids/quickstart.yaml'"
    )


def test_best_model_has_the_best_validation_accuracy(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """Test accuracy does not count, nor do trials without a model or a result."""
    accuracies = {
        "good": {"validation_accuracy": 0.8, "test_accuracy": 0.9},
        "best": {"validation_accuracy": 0.85, "test_accuracy": 0.7},
        "without-model": {"validation_accuracy": 0.99},
        "unfinished": None,
    }
    for number, (name, result) in enumerate(accuracies.items()):
        folder = write_record(tmp_path / f"run{number % 2}", name, result=result)
        if name != "without-model":
            (folder / "model").mkdir()
    best = records.best_model(tmp_path)

    assert tmp_path / "run1" / "best-seed0" / "model" == best.model_folder


@pytest.mark.parametrize("name", ["run", "missing"])
def test_no_model_is_an_error(write_record: Callable[..., Path], tmp_path: Path, name: str) -> None:
    """Records without weights, or no folder at all, are an error that says how to get a model."""
    write_record(tmp_path / "run", "rnn")
    with pytest.raises(RecordError) as caught:
        records.best_model(tmp_path / name)

    assert str(caught.value) == (
        f"no model under {tmp_path / name}: train one with "
        "'agnews-tune run grids/quickstart.yaml', or name a model folder with --model"
    )


@pytest.mark.parametrize("name", ["trial.json", "result.json"])
@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "Expecting value: line 1 column 1 (char 0)"),
        (b'{"key": ', "Expecting value: line 1 column 9 (char 8)"),
        (b"[1, 2]", "expected a JSON object, received list"),
        (b'{"\xff"', "'utf-8' codec can't decode byte 0xff in position 2: invalid start byte"),
    ],
)
def test_damaged_json_is_named(
    write_record: Callable[..., Path], tmp_path: Path, name: str, content: bytes, fault: str
) -> None:
    """A file that is no JSON object is an error with its path, its fault and the remedy."""
    path = write_record(tmp_path, "rnn") / name
    path.write_bytes(content)

    assert f"{path}: damaged record ({fault}); {REMEDY}" == message_of(path.parent)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("epoch,loss\n1,much\n", "could not convert string to float: 'much'"),
        (
            "epoch,loss\n1,0.5,3,4\n",
            "float() argument must be a string or a real number, not 'list'",
        ),
        ('epoch,loss\n1,"0.5\n', "unexpected end of data"),
    ],
)
def test_damaged_history_is_named(
    write_record: Callable[..., Path], tmp_path: Path, content: str, fault: str
) -> None:
    """A history that is no table of numbers is an error with its path."""
    path = write_record(tmp_path, "rnn") / "history.csv"
    path.write_text(content)

    assert f"{path}: damaged record ({fault}); {REMEDY}" == message_of(path.parent)


def test_missing_trial_is_named(tmp_path: Path) -> None:
    """A folder without trial.json is no record."""
    path = tmp_path / "trial.json"

    assert message_of(tmp_path) == (
        f"{path}: damaged record ([Errno 2] No such file or directory: '{path}'); {REMEDY}"
    )


@pytest.mark.parametrize(("content", "received"), [({"format": 2}, "2"), ({}, "None")])
def test_other_formats_are_refused(
    tmp_path: Path, content: dict[str, object], received: str
) -> None:
    """A record of another version is named with its format."""
    (tmp_path / "trial.json").write_text(json.dumps(content))

    assert message_of(tmp_path) == (
        f"{tmp_path / 'trial.json'}: record format must be 1; received {received}; "
        "remove the folder to run the trial again"
    )


def test_incomplete_trial_is_named(write_record: Callable[..., Path], tmp_path: Path) -> None:
    """A trial.json that lacks what every trial has is no record."""
    path = write_record(tmp_path, "rnn") / "trial.json"
    trial = json.loads(path.read_text())
    del trial["seed"], trial["position"]
    path.write_text(json.dumps(trial))

    assert f"{path}: damaged record (seed, position missing); {REMEDY}" == message_of(path.parent)
