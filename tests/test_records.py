"""Records: what is written comes back, and what is damaged is named."""

import hashlib
import json
import pickle
import re
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import DATA, RESULT, Poison, WriteRecord, make_history
from hypothesis import given, settings
from hypothesis import strategies as st

from agnews_tune.corpus.splits import Labels
from agnews_tune.errors import RecordError, RecordWarning
from agnews_tune.hyperparameters import LATER, NAMES, Hyperparameters
from agnews_tune.records import layout, reading, writing
from agnews_tune.records.files import HISTORY_COLUMNS
from agnews_tune.runs import planned_trial
from agnews_tune.sealed import seal

values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
hyperparameters = st.dictionaries(st.sampled_from(NAMES), values)
histories = st.lists(
    st.dictionaries(st.sampled_from(HISTORY_COLUMNS), st.floats(allow_nan=False)),
    min_size=1,
    max_size=4,
)


def read_with_warnings(folder: Path) -> tuple[reading.TrialRecord, list[str]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        record = reading.read_trial(folder)
    return record, [str(item.message) for item in caught]


@settings(max_examples=40, deadline=None)
@given(hyperparameters, histories, st.text(), st.dictionaries(st.text(), values))
def test_records_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory,
    hyperparameters: dict[str, object],
    history: list[dict[str, float]],
    change: str,
    more: dict[str, object],
) -> None:
    """Any hyperparameters, texts, figures and histories with missing columns come back equal.

    Hyperparameters that came later than the record have the value that it was made with.
    """
    folder = tmp_path_factory.mktemp("run") / "größer-日本-seed0"
    trial = {
        "experiment": "größer-日本",
        "parent": None,
        "change": change,
        "published": {},
        "hyperparameters": hyperparameters,
        "seed": 0,
        "data": DATA,
        "position": 0,
        "key": "made",
    }
    rows = [{**row, "epoch": epoch} for epoch, row in enumerate(history, start=1)]
    result = more | RESULT | {"epochs": len(rows)}
    result = {name: value for name, value in result.items() if name not in {"files", "checksum"}}
    writing.write_trial(folder, trial)
    writing.write_history(folder, "made", rows)
    writing.write_result(folder, "made", result)
    record = reading.read_trial(folder)

    expected = seal({"format": 1, **trial})
    assert expected | {"hyperparameters": LATER | hyperparameters} == record.trial
    assert rows == record.history
    assert seal(result | {"key": "made"}) == record.result


def test_history_is_a_plain_csv_file(tmp_path: Path) -> None:
    """Every column has its place; what was not measured is empty."""
    writing.write_history(tmp_path, "key", [{"epoch": 1, "loss": 0.5, "seconds": 2.25}])
    checksum = hashlib.sha256(b"key,1,0.5,,,,,2.25").hexdigest()[:12]
    expected = (
        "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,seconds,checksum\n"
        f"1,0.5,,,,,2.25,{checksum}\n"
    )

    assert expected == (tmp_path / "history.csv").read_text()


def test_only_a_result_makes_a_trial_finished(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """Neither its description nor its epochs do."""
    write_record(tmp_path, "waiting", history=[], result=None)
    write_record(tmp_path, "unfinished", result=None)
    write_record(tmp_path, "finished")
    names = ["waiting", "unfinished", "finished"]

    folders = [tmp_path / f"{name}-seed0" for name in names]
    assert [False, False, True] == [reading.is_finished(folder, "made") for folder in folders]
    assert not reading.is_finished(folders[2], "other")


def test_trials_come_in_the_order_of_their_grid(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """The position in the grid counts, then the folder's name."""
    for name, position in (("a", 10), ("b", 9), ("d", 1), ("c", 1)):
        write_record(tmp_path, name, position=position)

    assert ["c", "d", "b", "a"] == [
        record.trial["experiment"] for record in reading.read_run(tmp_path)
    ]


def test_another_key_clears_the_old_record(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """A trial of the same name with other settings starts from nothing; others keep theirs."""
    folder = write_record(tmp_path, "rnn", key="old")
    writing.write_predictions(folder, np.ones((1, 1), np.float32), np.zeros(1, np.int64))
    (folder / "model").mkdir()
    (folder / "model" / "config.json").touch()
    curves = [layout.tensorboard_folder(tmp_path / name) for name in ("rnn-seed0", "rnn-seed1")]
    for path in curves:
        path.mkdir(parents=True)
        (path / "events").touch()
    trial = json.loads((folder / "trial.json").read_text()) | {"key": "new"}
    writing.write_trial(folder, trial)

    assert ["trial.json"] == [path.name for path in folder.iterdir()]
    assert [False, True] == [path.exists() for path in curves]
    assert "new" == reading.read_trial(folder).trial["key"]


@pytest.mark.fault("again")
def test_records_that_are_set_aside(write_record: Callable[..., Path], tmp_path: Path) -> None:
    """They are a run of their own, with its grid and curves, as often as there are others."""
    for number in (1, 2):
        writing.write_grid(tmp_path, f"name: grid {number}\n")
        folders = [write_record(tmp_path, name, key=f"key {number}") for name in ("rnn", "gru")]
        curves = layout.tensorboard_folder(folders[0])
        curves.mkdir(parents=True)
        (curves / "events").touch()
        writing.set_aside(tmp_path, folders)

        place = tmp_path / "replaced" / str(number)
        records = reading.read_run(place)
        assert {"rnn", "gru"} == {record.trial["experiment"] for record in records}
        assert all(record.result for record in records)
        assert {f"key {number}"} == {record.trial["key"] for record in records}
        assert f"name: grid {number}\n" == layout.grid_path(place).read_text()
        assert (place / "tensorboard" / "rnn-seed0" / "events").exists()
        assert [] == reading.read_run(tmp_path)
        assert not curves.exists()


def test_the_same_key_keeps_the_record(write_record: Callable[..., Path], tmp_path: Path) -> None:
    """A trial that is planned again keeps its epochs and figures; its place may change."""
    folder = write_record(tmp_path, "rnn", key="same", position=0)
    before = reading.read_trial(folder)
    writing.write_trial(folder, before.trial | {"position": 7})
    after = reading.read_trial(folder)

    assert seal(before.trial | {"position": 7}) == after.trial
    assert (before.history, before.result) == (after.history, after.result)


def test_grid_is_written_into_the_run(tmp_path: Path) -> None:
    """The resolved grid lies beside the trials."""
    writing.write_grid(tmp_path / "run", "name: größer\n")

    assert "name: größer\n" == (tmp_path / "run" / "grid.yaml").read_text(encoding="utf-8")


def test_predictions_need_no_pickle(tmp_path: Path) -> None:
    """Probabilities are kept as float16 beside the labels, readable without pickle."""
    probabilities = np.array([[0.25, 0.75], [0.9, 0.1]], np.float32)
    writing.write_predictions(tmp_path, probabilities, Labels([1, 0], ("no", "yes")))

    with np.load(tmp_path / "test_predictions.npz", allow_pickle=False) as arrays:
        assert ["labels", "probabilities"] == sorted(arrays)
        assert [1, 0] == arrays["labels"].tolist()
        assert np.int64 == arrays["labels"].dtype
        assert np.float16 == arrays["probabilities"].dtype
        np.testing.assert_allclose(arrays["probabilities"], probabilities, atol=5e-4)


def test_predictions_answer_as_the_model_did(tmp_path: Path) -> None:
    """Two classes that float16 cannot tell apart are no tie where they were none."""
    near = [[0.50001, 0.49999, 0.0], [0.49999, 0.50001, 0.0], [0.1, 0.44999, 0.45001]]
    probabilities = np.array([*near, [0.5, 0.5, 0.0]], np.float32)
    writing.write_predictions(tmp_path, probabilities, Labels([0, 0, 0, 0], ("a", "b", "c")))
    with np.load(tmp_path / "test_predictions.npz") as arrays:
        kept = arrays["probabilities"]

    assert [0, 1, 2, 0] == kept.argmax(axis=1).tolist()
    np.testing.assert_allclose(kept, probabilities, atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_key_changes_with_each_hyperparameter(name: str) -> None:
    """Whatever hyperparameter differs, it is another trial."""
    settings = Hyperparameters().to_dict()

    assert planned_trial.trial_key(settings, 0, "data") != planned_trial.trial_key(
        settings | {name: "other"}, 0, "data"
    )


def test_key_changes_with_everything_that_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seed, data, teachers and record format are part of the key."""
    keys = [
        planned_trial.trial_key({"cell": "rnn"}, 0, "data"),
        planned_trial.trial_key({"cell": "rnn"}, 1, "data"),
        planned_trial.trial_key({"cell": "rnn"}, 0, "other data"),
        planned_trial.trial_key({"cell": "rnn"}, 0, "data", ["one"]),
        planned_trial.trial_key({"cell": "rnn"}, 0, "data", ["one", "other"]),
    ]
    monkeypatch.setattr(planned_trial, "FORMAT", 2)
    keys.append(planned_trial.trial_key({"cell": "rnn"}, 0, "data"))

    assert 6 == len(set(keys))


def test_key_stays_what_it_was() -> None:
    """The order of hyperparameters does not matter, and records of earlier versions count."""
    one = planned_trial.trial_key({"cell": "rnn", "dropout": 0.1}, 0, "data")
    other = planned_trial.trial_key({"dropout": 0.1, "cell": "rnn"}, 0, "data")

    later = planned_trial.trial_key(
        {"cell": "rnn", "dropout": 0.1, "model": "recurrent"}, 0, "data"
    )
    used = planned_trial.trial_key({"cell": "rnn", "dropout": 0.1, "model": "linear"}, 0, "data")

    assert "0edcdec1968dce28" == one == other == later != used


@pytest.mark.fault("damage")
def test_foreign_description_is_named(write_record: WriteRecord, tmp_path: Path) -> None:
    """A record that was copied into a folder of another name would be counted twice."""
    folder = write_record(tmp_path, "rnn")
    shutil.copytree(folder, tmp_path / "rnn-seed1")
    with pytest.warns(RecordWarning) as warned:
        found = reading.read_run(tmp_path)

    assert [folder] == [record.folder for record in found]
    assert [
        f"{tmp_path / 'rnn-seed1' / 'trial.json'} is ignored: it belongs in a folder named "
        "rnn-seed0"
    ] == [str(item.message) for item in warned]


@pytest.mark.fault("damage")
@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("result.json", "it is of another trial"),
        ("history.csv", "line 2 is not the one that was written"),
        ("test_predictions.npz", "its checksum does not match the one in result.json"),
    ],
)
def test_file_of_another_trial_is_left_aside(
    write_record: WriteRecord, tmp_path: Path, name: str, fault: str
) -> None:
    """What was copied from elsewhere is never taken for a trial's own."""
    folders = []
    for experiment in ("rnn", "gru"):
        folder = write_record(tmp_path, experiment, key=experiment, result=None)
        value = 0.25 if experiment == "rnn" else 0.5
        writing.write_predictions(folder, np.full((1, 2), value), np.zeros(1, np.int64))
        writing.write_result(folder, experiment, RESULT)
        folders.append(folder)
    shutil.copy(folders[1] / name, folders[0] / name)
    record, warned = read_with_warnings(folders[0])

    assert [f"{folders[0] / name} is ignored: {fault}"] == warned
    assert (name == "result.json") == (record.result is None)
    assert ([] if name == "history.csv" else make_history(2)) == record.history


@pytest.mark.fault("damage")
def test_shortened_history_is_left_aside(write_record: WriteRecord, tmp_path: Path) -> None:
    """A history without its last line is known by the result; while a trial trains it is fine."""
    for name, result in (("finished", RESULT), ("running", None)):
        path = write_record(tmp_path, name, result=result) / "history.csv"
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    finished, warned = read_with_warnings(tmp_path / "finished-seed0")
    running, silent = read_with_warnings(tmp_path / "running-seed0")

    path = tmp_path / "finished-seed0" / "history.csv"
    assert [f"{path} is ignored: it has 1 of 2 epochs"] == warned
    assert ([], make_history(1), []) == (finished.history, running.history, silent)


FILES = ("trial.json", "result.json", "failure.json", "history.csv", "test_predictions.npz")


@pytest.mark.fault("damage", 300)
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_damage_anywhere_is_named_and_never_a_wrong_figure(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """A file that is cut, emptied or changed in any byte is ignored, by name."""
    folder = tmp_path_factory.mktemp("run") / "rnn-seed0"
    shutil.copytree(_whole_record(tmp_path_factory), folder)
    whole = reading.read_trial(folder)
    path = folder / data.draw(st.sampled_from(FILES))
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        del content[place:]
    else:
        content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = reading.read_run(folder.parent)
    warned = [str(item.message) for item in caught]
    if not found:
        assert path.name == "trial.json"
        assert warned[0].startswith(f"{path} is ignored: ")
        return
    (record,) = found
    if not warned:  # a change of white space in JSON, say: nothing that is read is another
        assert path.suffix == ".json"
        assert whole == record
        return
    (message,) = warned
    assert message.startswith(f"{path} is ignored: ")
    assert record.trial == whole.trial
    assert record.result == (None if path.name == "result.json" else whole.result)
    assert record.history == ([] if path.name == "history.csv" else whole.history)
    assert record.failure == (None if path.name == "failure.json" else whole.failure)


def _whole_record(factory: pytest.TempPathFactory) -> Path:
    folder = factory.getbasetemp() / "whole" / "rnn-seed0"
    if not folder.exists():
        trial = {
            "experiment": "rnn",
            "parent": None,
            "change": "größer",
            "published": {"test_accuracy": 0.9},
            "hyperparameters": Hyperparameters().to_dict(),
            "seed": 0,
            "data": DATA,
            "position": 0,
            "key": "made",
        }
        writing.write_trial(folder, trial)
        writing.write_history(folder, "made", make_history(2))
        writing.write_failure(folder, "out of memory", "Traceback")
        writing.write_predictions(folder, np.ones((3, 2), np.float32), np.zeros(3, np.int64))
        writing.write_result(folder, "made", RESULT)
    return folder


@pytest.mark.fault("damage")
@pytest.mark.parametrize("name", ["trial.json", "result.json", "history.csv", "failure.json"])
def test_folder_in_place_of_a_file(write_record: WriteRecord, tmp_path: Path, name: str) -> None:
    """What cannot be read at all is named as well."""
    folder = write_record(tmp_path, "rnn")
    (folder / name).unlink(missing_ok=True)
    (folder / name).mkdir()
    with pytest.warns(RecordWarning) as warned:
        reading.read_run(tmp_path)

    messages = [str(item.message) for item in warned]
    assert [f"{folder / name} is ignored: Is a directory"] == messages


@pytest.mark.fault("damage")
@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"format": 2}, "record format must be 1; received 2"),
        ({"seed": "0", "key": None}, "seed, key missing or of another type"),
        (
            {"data": {}},
            "name, fingerprint, label_names, train_rows, validation_rows, test_rows "
            "missing or of another type",
        ),
        (
            {"data": DATA | {"fingerprint": "/../../up"}},
            "the fingerprint of its data must be 1 to 64 letters and digits",
        ),
        (
            {"data": DATA | {"test_rows": 0, "validation_rows": -1}},
            "validation_rows, test_rows must be at least 1",
        ),
        ({"published": {"test_accuracy": "x"}}, "published holds what is no number"),
        ({"change": "\ud800"}, "it holds what is no text: surrogates not allowed"),
    ],
)
def test_unfit_description_is_named(
    write_record: WriteRecord, tmp_path: Path, change: dict[str, object], fault: str
) -> None:
    """A fitting checksum is not enough: nothing leads out of its run or stops a report."""
    path = write_record(tmp_path, "rnn") / "trial.json"
    path.write_text(json.dumps(seal(json.loads(path.read_text()) | change)))
    with pytest.raises(RecordError) as caught:
        reading.read_trial(path.parent)

    assert f"{path} is ignored: {fault}" == str(caught.value)


@pytest.mark.fault("damage")
@pytest.mark.parametrize("value", [None, "0.9", float("nan"), float("inf"), [0.9]])
def test_unfit_result_is_left_aside(
    write_record: WriteRecord, tmp_path: Path, value: object
) -> None:
    """An accuracy that is no number makes no figure."""
    path = write_record(tmp_path, "rnn") / "result.json"
    result = json.loads(path.read_text()) | {"test_accuracy": value}
    path.write_text(json.dumps(seal(result)))
    record, warned = read_with_warnings(path.parent)

    assert record.result is None
    assert [f"{path} is ignored: test_accuracy missing or not a number"] == warned


@pytest.mark.fault("stranger")
@pytest.mark.parametrize("name", FILES)
def test_poison_in_a_record_is_never_executed(
    write_record: WriteRecord, tmp_path: Path, name: str
) -> None:
    """A pickle in place of any file is ignored, and the code in it does not run."""
    folder = write_record(tmp_path / "run", "rnn")
    marker = tmp_path / "marker"
    (folder / name).write_bytes(pickle.dumps(Poison(marker)))
    with pytest.warns(RecordWarning, match=re.escape(f"{folder / name} is ignored: ")):
        reading.read_run(tmp_path / "run")

    assert not marker.exists()
    pickle.loads((folder / name).read_bytes())
    assert marker.exists()  # it was poison indeed
