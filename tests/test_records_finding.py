"""Runs and models under a results folder."""

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import RESULT, WriteRecord

from agnews_tune.errors import RecordError
from agnews_tune.records import layout, writing
from agnews_tune.records.finding import find_models, find_run, find_runs
from agnews_tune.sealed import write_sealed


def test_runs_are_found_in_a_results_folder(write_record: WriteRecord, tmp_path: Path) -> None:
    """The folder of all runs gives each run by name; a run's folder gives itself."""
    write_record(tmp_path / "second", "rnn")
    write_record(tmp_path / "first", "rnn", result=None)
    (tmp_path / "no-run").mkdir()
    layout.tensorboard_folder(tmp_path / "first" / "rnn-seed0").mkdir(parents=True)

    assert [tmp_path / "first", tmp_path / "second"] == find_runs(tmp_path)
    assert [tmp_path / "second"] == find_runs(tmp_path / "second")


@pytest.mark.parametrize("name", [".", "missing"])
def test_no_runs_are_an_error(tmp_path: Path, name: str) -> None:
    """A folder without records, or none at all, is an error that says how to get some."""
    with pytest.raises(RecordError) as caught:
        find_runs(tmp_path / name)

    assert str(caught.value) == (
        f"no records under {tmp_path / name}: expected a results folder or one run's folder; "
        "make one with 'agnews-tune run grids/quickstart.yaml'"
    )


@pytest.mark.parametrize(
    ("find", "end"), [(find_runs, ""), (find_models, ", or name a model folder with --model")]
)
def test_a_misspelt_run_is_told_the_right_name(
    find: Callable[[Path], object], end: str, write_record: WriteRecord, tmp_path: Path
) -> None:
    """What it is compared with are the runs beside it, and no other folders."""
    write_record(tmp_path / "quickstart", "rnn")
    (tmp_path / "quikstart2").mkdir()
    with pytest.raises(RecordError) as caught:
        find(tmp_path / "quikstart")

    assert str(caught.value) == (
        f"no records under {tmp_path / 'quikstart'} (did you mean '{tmp_path / 'quickstart'}'?): "
        "expected a results folder or one run's folder; "
        f"make one with 'agnews-tune run grids/quickstart.yaml'{end}"
    )


def test_models_come_by_validation_accuracy(write_record: WriteRecord, tmp_path: Path) -> None:
    """Test accuracy does not count, nor do trials without a model or a result.

    One that a search has stopped is the last choice, as the report compares it with nothing.
    """
    accuracies = {
        "good": {"validation_accuracy": 0.8, "test_accuracy": 0.9},
        "best": {"validation_accuracy": 0.85, "test_accuracy": 0.7},
        "stopped": {"validation_accuracy": 0.9, "stopped_early": True, "epochs": 2},
        "without-model": {"validation_accuracy": 0.99},
        "unfinished": None,
    }
    for number, (name, result) in enumerate(accuracies.items()):
        folder = write_record(tmp_path / f"run{number % 2}", name, result=result)
        if name != "without-model":
            write_sealed(folder / "model" / "config.json", {})
        if result:
            writing.write_result(folder, "made", RESULT | result)
    found = find_models(tmp_path)

    assert ["best-seed0", "good-seed0", "stopped-seed0"] == [record.folder.name for record in found]


def test_no_model_is_an_error(write_record: WriteRecord, tmp_path: Path) -> None:
    """Records without weights are an error that says how to get a model."""
    write_record(tmp_path / "run", "rnn")
    with pytest.raises(RecordError) as caught:
        find_models(tmp_path / "run")

    assert str(caught.value) == (
        f"no model under {tmp_path / 'run'}: train one with "
        "'agnews-tune run grids/quickstart.yaml', or name a model folder with --model"
    )


def test_the_only_run_of_a_folder(write_record: WriteRecord, tmp_path: Path) -> None:
    """It is the folder itself, or the one in it; of several the error names one."""
    write_record(tmp_path / "a", "rnn")
    alone = find_run(tmp_path)
    write_record(tmp_path / "b", "rnn")
    with pytest.raises(RecordError) as caught:
        find_run(tmp_path)

    assert tmp_path / "a" == alone == find_run(tmp_path / "a")
    assert str(caught.value) == (
        f"{tmp_path} holds 2 runs: expected the folder of one run, such as {tmp_path / 'a'}"
    )
