"""The table of a run, in full text."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import DATA, RESULT, make_history
from hypothesis import given, settings
from hypothesis import strategies as st

from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.records import (
    read_run,
    write_failure,
    write_history,
    write_result,
    write_trial,
)
from agnews_tune.report import report_run
from agnews_tune.report.summary import summarize
from agnews_tune.report.table import describe_data, format_table

ROWS = {"train_rows": 108000, "validation_rows": 12000, "test_rows": 7600}
DEMO = DATA | {"name": "demo", "fingerprint": "demo", **ROWS}

NAMES, FILES = ("rnn", "gru", "lstm"), ("trial.json", "history.csv", "result.json")

FINISHED = """\
data: tickets.csv: 9,000 train, 1,000 validation, 2,500 test rows

experiment    change                           parent      n          val acc         test acc    vs parent    published    best epoch    parameters    s/epoch
------------  -------------------------------  --------  ---  ---------------  ---------------  -----------  -----------  ------------  ------------  ---------
rnn-max       baseline                                     2  0.8100 ± 0.0000  0.7950 ± 0.0071                     0.814           1,2        12,345        1.5
gru           2 changes: cell: gru, epochs: 3  rnn-max     2  0.8000 ± 0.0000  0.8073 ± 0.0071        +1.23                        2,2     1,234,567        1.7

n: finished seeds; accuracies are their mean ± standard deviation, at the epoch that validated best.
vs parent: points of test accuracy above the experiment that the change was made to.
On 2,500 test rows one standard error of the best is 0.79 points: a difference of that size may be luck."""  # noqa: E501
UNFINISHED = """\
data: tickets.csv: 9,000 train, 1,000 validation, 2,500 test rows

experiment    change      parent      n    val acc    test acc    best epoch    parameters    s/epoch  state
------------  ----------  --------  ---  ---------  ----------  ------------  ------------  ---------  ------------
rnn-max       baseline                1     0.8100      0.8000             2        12,345        1.5
gru           cell: gru   rnn-max     0                                                                epoch 1 of 2
lstm          cell: lstm  gone        0                                                                waiting

n: finished seeds; accuracies are their mean ± standard deviation, at the epoch that validated best.
vs parent: points of test accuracy above the experiment that the change was made to.
On 2,500 test rows one standard error of the best is 0.80 points: a difference of that size may be luck."""  # noqa: E501


def tables(run: Path) -> list[str]:
    return [format_table(summary) for summary in summarize(read_run(run))]


def test_table_of_a_finished_run(write_record: Callable[..., Path], tmp_path: Path) -> None:
    """Means and deviations over seeds, gain, published figure, best epochs, size and time."""
    for seed, accuracy in enumerate((0.80, 0.79)):
        write_record(
            tmp_path,
            "rnn-max",
            seed,
            published={"validation_accuracy": 0.82, "test_accuracy": 0.8135},
            result={"test_accuracy": accuracy, "best_epoch": seed + 1},
        )
        write_record(
            tmp_path,
            "gru",
            seed,
            parent="rnn-max",
            change="2 changes: cell: gru, epochs: 3",
            history=make_history(3),
            result={
                "validation_accuracy": 0.8,
                "test_accuracy": accuracy + 0.01234,
                "parameters": 1234567,
                "epochs": 3,
                "seconds": 4.5 + seed,
            },
        )

    assert [FINISHED] == tables(tmp_path)


def test_table_of_a_run_under_way(write_record: Callable[..., Path], tmp_path: Path) -> None:
    """A column says how far each experiment is; what nobody knows is no column."""
    write_record(tmp_path, "rnn-max")
    one = [{"epoch": 1, "loss": 0.7}]
    write_record(tmp_path, "gru", parent="rnn-max", change="cell: gru", history=one, result=None)
    write_record(tmp_path, "lstm", parent="gone", change="cell: lstm", history=[], result=None)

    assert [UNFINISHED] == tables(tmp_path)


def test_table_without_any_result(write_record: Callable[..., Path], tmp_path: Path) -> None:
    """Before the first trial ends there is no best experiment to speak of."""
    write_record(tmp_path, "rnn-max", history=[], result=None)
    (table,) = tables(tmp_path)

    assert "waiting" == table.splitlines()[4].split()[-1]
    assert "standard error" not in table


def test_failures_stand_below_the_table(write_record: Callable[..., Path], tmp_path: Path) -> None:
    """The cause is too long for a column."""
    write_record(tmp_path, "rnn-max")
    folder = write_record(tmp_path, "gru", parent="rnn-max", change="cell: gru", result=None)
    write_failure(folder, "out of memory: run it again with half its batch_size")
    lines = tables(tmp_path)[0].splitlines()

    assert "failed" == lines[5].split()[-1]
    assert "failed: gru-seed0: out of memory: run it again with half its batch_size" == lines[-1]


def test_different_data_have_tables_of_their_own(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """Nothing of one data set is in the table of another, nor is it compared with it."""
    write_record(tmp_path, "rnn-max")
    write_record(tmp_path, "gru", parent="rnn-max", data=DEMO)
    first, second = tables(tmp_path)

    experiments = [
        [line.split()[0] for line in table.splitlines()[4:5]] for table in (first, second)
    ]
    assert [["rnn-max"], ["gru"]] == experiments
    assert "vs parent " not in second


@pytest.mark.parametrize(("name", "named"), [("demo", "demo (built in, synthetic)"), ("x", "x")])
def test_demo_data_are_named_as_such(
    write_record: Callable[..., Path], tmp_path: Path, name: str, named: str
) -> None:
    """Whoever reads figures made on the built-in texts is told."""
    write_record(tmp_path, "rnn-max", data=DEMO | {"name": name})
    (summary,) = summarize(read_run(tmp_path))
    expected = f"{named}: 108,000 train, 12,000 validation, 7,600 test rows"

    assert expected == describe_data(summary)
    assert f"data: {expected}" == format_table(summary).splitlines()[0]


def test_report_names_run_tables_and_pictures(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """A run's report is its folder, its table and where its curves are."""
    write_record(tmp_path, "rnn-max")
    (table,) = tables(tmp_path)

    assert report_run(tmp_path) == (
        f"=== {tmp_path} ===\n\n{table}\n\n"
        f"curves: {tmp_path / 'accuracy.png'}, {tmp_path / 'loss.png'}\n"
    )
    assert (tmp_path / "accuracy.png").exists()


def test_report_without_room_for_its_pictures(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """The tables are printed all the same, and the report says why there are no curves."""
    write_record(tmp_path, "rnn-max")
    (tmp_path / "accuracy.png").mkdir()

    assert report_run(tmp_path) == (
        f"=== {tmp_path} ===\n\n{tables(tmp_path)[0]}\n\n"
        f"no curves: {tmp_path / 'accuracy.png'} cannot be written: Is a directory; "
        "choose another folder\n"
    )


def test_report_of_a_waiting_run_has_no_pictures(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """Before the first epoch there is nothing to draw."""
    write_record(tmp_path, "rnn-max", history=[], result=None)
    (table,) = tables(tmp_path)

    assert f"=== {tmp_path} ===\n\n{table}\n" == report_run(tmp_path)


def test_report_keeps_the_pictures_of_different_data_apart(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """The curves of each data set are in a folder with its fingerprint."""
    write_record(tmp_path, "rnn-max")
    write_record(tmp_path, "gru", data=DEMO)
    report = report_run(tmp_path)
    folders = [tmp_path / "data-0123456789abcdef", tmp_path / "data-demo"]

    for folder in folders:
        assert f"curves: {folder / 'accuracy.png'}, {folder / 'loss.png'}\n" in report
        assert ["accuracy.png", "loss.png"] == sorted(path.name for path in folder.iterdir())


def test_report_needs_neither_torch_nor_ray(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """Records can be reported where nothing can be trained."""
    write_record(tmp_path, "rnn-max")
    program = (
        "import sys; from pathlib import Path; from agnews_tune.report import report_run; "
        "report_run(Path(sys.argv[1])); "
        "print([name for name in ('torch', 'ray', 'datasets', 'nltk') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True
    )

    assert "[]\n" == done.stdout


@settings(max_examples=60, deadline=None)
@given(kept=st.sets(st.sampled_from([(n, s, f) for n in NAMES for s in (0, 1) for f in FILES])))
def test_any_subset_of_records_has_a_report(
    tmp_path_factory: pytest.TempPathFactory, kept: set[tuple[str, int, str]]
) -> None:
    """Whatever files are gone, the rest is reported; a row counts the seeds that are finished."""
    run = tmp_path_factory.mktemp("run")
    for name, seed, file in kept:
        source = _whole_run(tmp_path_factory) / f"{name}-seed{seed}" / file
        (run / source.parent.name).mkdir(exist_ok=True)
        shutil.copy(source, run / source.parent.name)
    described = {(name, seed) for name, seed, file in kept if file == "trial.json"}
    finished = {(name, seed) for name, seed, file in kept if file == "result.json"} & described
    text = "\n".join(tables(run))
    rows = {line.split()[0]: line.split() for line in text.splitlines() if line.strip()}

    for name in NAMES:
        seeds = sum(1 for found, _ in finished if found == name)
        assert (name in rows) == any(found == name for found, _ in described)
        assert name not in rows or str(seeds) in rows[name]
        assert name not in rows or ("0.8000" in rows[name]) == (seeds > 0)


def _whole_run(factory: pytest.TempPathFactory) -> Path:
    run = factory.getbasetemp() / "whole-run"
    if not run.exists():
        for position, name in enumerate(NAMES):
            for seed in (0, 1):
                folder = run / f"{name}-seed{seed}"
                trial = {
                    "experiment": name,
                    "parent": None if name == "rnn" else "rnn",
                    "change": "baseline" if name == "rnn" else f"cell: {name}",
                    "published": {},
                    "hyperparameters": Hyperparameters(cell=name).to_dict(),
                    "seed": seed,
                    "data": DATA,
                    "position": position,
                    "key": "made",
                }
                write_trial(folder, trial)
                write_history(folder, "made", make_history(2))
                write_result(folder, "made", RESULT)
    return run
