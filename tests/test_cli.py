"""The command line as a user meets it: real runs, exact output, exit codes and what is left."""

import csv
import io
import json
import os
import pty
import re
import shlex
import shutil
import socket
import subprocess
import time
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result
from conftest import DATA, WriteRecord, answer, write_run
from programs import PROGRAM, loaded_after, run_python

from agnews_tune import Classifier, __version__, load_corpus
from agnews_tune.cli import main
from agnews_tune.records.finding import find_models
from agnews_tune.records.reading import read_run
from agnews_tune.records.writing import write_grid
from agnews_tune.report.forms import FORMS
from agnews_tune.report.reading import read_report
from agnews_tune.runs.resources import GPU_DRIVERS

GRID = """
name: tiny
data: {source: demo, limit_train: 600}
defaults: {embedding_dim: 8, hidden_dim: 8, epochs: 2}
experiments:
  base:
  mean: {parent: base, pooling: mean, published: {test_accuracy: 0.913}}
  wide: {parent: base, hidden_dim: 12}
"""
PLAN = """\
experiment    change          against      parameters  seeds    to do
------------  --------------  ---------  ------------  -------  -------
base          baseline                          3,028  0        run
mean          pooling: mean   base              3,028  0        run
wide          hidden_dim: 12  base              3,248  0        run

trials:  3 to run, 0 finished before
data:    demo: 540 train, 60 validation, 2,000 test rows
classes: 'World', 'Sports', 'Business', 'Sci/Tech'
at once: 1 trial at a time, 1 core each
records: {folder}/results/tiny
"""


FULL = "error: standard output cannot be written: No space left on device\n"


def invoke(*arguments: object, text: str | None = None) -> Result:
    """Run a command in this process; one that must not start Ray answers faster so."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=text)


def launch(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the installed program in a folder."""
    return subprocess.run(
        [PROGRAM, *arguments], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )


COMMAND = """
from agnews_tune.cli import main

main(["--version"], standalone_mode=False)
"""
LOOP = """
class Loop:
    def __init__(self):
        self.itself = self

    def __del__(self):
        print("collected")

loop = Loop()
del loop
print("the end")
"""


def test_program_ends_without_a_search_through_its_memory() -> None:
    """What the libraries leave behind takes Python a quarter of a second to look through."""
    version = f"agnews-tune, version {__version__}\n"
    assert "the end\ncollected\n" == run_python(LOOP).stdout
    assert f"{version}the end\n" == run_python(COMMAND + LOOP).stdout


def launch_on_terminal(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run the installed program on a terminal of its own; return exit code and screen output."""
    master, slave = pty.openpty()
    environment = os.environ | {"COLUMNS": "110", "LINES": "30", "TERM": "xterm"}
    program = subprocess.Popen(
        [PROGRAM, *arguments], cwd=folder, stdin=slave, stdout=slave, stderr=slave, env=environment
    )
    os.close(slave)
    output = b""
    while True:
        try:
            part = os.read(master, 4096)
        except OSError:  # Linux's way to say that the other side is closed
            part = b""
        if not part:
            break
        output += part
    os.close(master)
    return program.wait(timeout=60), click.unstyle(output.decode())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new user's folder with a grid; one of its trials will not be able to write its history.

    Its name has spaces and letters that are not Latin: all that follows works in such folders.
    """
    folder = tmp_path_factory.mktemp("мои записи 実験")
    (folder / "tiny.yaml").write_text(GRID)
    (folder / "results/tiny/wide-seed0/history.csv").mkdir(parents=True)
    return folder


@pytest.fixture(scope="module")
def first_run(folder: Path) -> subprocess.CompletedProcess[str]:
    arguments = ("run", "tiny.yaml", "--gpus-per-trial", "0.25", "--max-concurrent", "1")
    return launch(folder, *arguments)


@pytest.fixture(scope="module")
def second_run(
    folder: Path,
    first_run: subprocess.CompletedProcess[str],  # noqa: ARG001  (this run comes after it)
) -> tuple[int, str]:
    (folder / "results/tiny/wide-seed0/history.csv").rmdir()
    return launch_on_terminal(folder, "run", "tiny.yaml", "--max-concurrent", "1")


@pytest.mark.timeout(600)
class TestRun:
    @pytest.mark.fault("names")
    def test_first_run(self, folder: Path, first_run: subprocess.CompletedProcess[str]) -> None:
        """Plan, one line an epoch, one line for the failure; nothing of Ray's own."""
        figures = r"  loss 1\.\d{4}  val_loss 1\.\d{4}  val_accuracy 0\.\d{4}  docs/s [\d,]+  left "
        epochs = "".join(
            f"{name}-seed0  epoch {epoch}/2{figures}\\d:\\d\\d\n{end}"
            for name in ("base", "mean")
            for epoch, end in ((1, ""), (2, f"{name}-seed0  finished\n"))
        )
        history = folder / "results/tiny/wide-seed0/history.csv"
        cause = f"{history} cannot be written: Is a directory; choose another folder"
        end = (
            f"wide-seed0  failed: {cause}\n"
            "2 of 3 trials finished; see them with: agnews-tune report "
            f"{shlex.quote(str(folder / 'results/tiny'))}\n"
        )
        plan = PLAN.format(folder=folder)

        assert re.fullmatch(re.escape(plan) + epochs + re.escape(end), first_run.stdout)
        assert first_run.stderr == (
            "warning: no GPU was found: --gpus-per-trial 0.25 is ignored and trials run on the "
            "CPU, one core each\n"
            f"failed: wide-seed0: {cause}\n"
        )
        assert 1 == first_run.returncode

    @pytest.mark.usefixtures("first_run")
    def test_nothing_else_is_written(self, folder: Path) -> None:
        """The run's folder holds the grid and the trials; no curves were asked for."""
        names = sorted(path.name for path in (folder / "results/tiny").iterdir())

        assert [".lock", "base-seed0", "grid.yaml", "mean-seed0", "wide-seed0"] == names

    def test_second_run_on_a_terminal(self, second_run: tuple[int, str]) -> None:
        """Only what failed is trained; a live table is drawn in place of lines."""
        code, output = second_run

        assert 0 == code
        assert "trials:  1 to run, 2 finished before" in output
        assert "┃ trial " in output
        assert "│ wide-seed0 │ finished │   2/2 │" in output
        assert "│ base-seed0 " not in output
        assert "wide-seed0  epoch" not in output
        assert "1 of 1 trials finished; see them with: agnews-tune report" in output

    @pytest.mark.fault("again")
    @pytest.mark.usefixtures("second_run")
    def test_third_run(self, folder: Path) -> None:
        """Nothing is left to do, and Ray is not even started."""
        done = launch(folder, "run", "tiny.yaml")

        assert done.stdout == (
            f"nothing to run: all 3 trials are finished in {folder}/results/tiny\n"
        )
        assert ("", 0) == (done.stderr, done.returncode)

    def test_dry_run_writes_nothing(self, tmp_path: Path) -> None:
        """The plan is printed, nothing is trained and no folder made."""
        (tmp_path / "tiny.yaml").write_text(GRID)
        result = invoke(
            *("run", tmp_path / "tiny.yaml", "--dry-run", "--max-concurrent", 1),
            *("--results", tmp_path / "results"),
        )

        expected = PLAN.format(folder=tmp_path)
        assert (0, expected) == (result.exit_code, result.output)
        assert ["tiny.yaml"] == [path.name for path in tmp_path.iterdir()]

    def test_options_replace_what_the_grid_says(self, tmp_path: Path) -> None:
        """--data, --seeds, --only, --epochs and --limit-train reach the plan."""
        (tmp_path / "tiny.yaml").write_text(GRID)
        rows = "".join(f"rates rise {row},calm\nrates fall {row},urgent\n" for row in range(60))
        (tmp_path / "tickets.csv").write_text(f"text,label\n{rows}")
        result = invoke(
            *("run", tmp_path / "tiny.yaml", "--dry-run", "--data", tmp_path / "tickets.csv"),
            *("--only", "mean", "--epochs", 7, "--seeds", 2, "--limit-train", 100),
            *("--max-concurrent", 1),
        )
        lines = result.output.splitlines()

        assert ["mean", "pooling:", "mean", "base", "290", "0,1", "run"] == lines[2].split()
        assert "data:    tickets.csv: 90 train, 10 validation, 12 test rows" in lines
        assert "trials:  2 to run, 0 finished before" in lines


class TestRunRefuses:
    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            (
                ("--only", "maen"),
                "grid 'tiny' has no experiment 'maen' (did you mean 'mean'?)",
            ),
            (
                ("--data", "demoo"),
                "the source must be 'ag_news', 'demo', 'hub:<owner>/<name>' or the path of a file "
                "or folder; received 'demoo', which is none of these in "
                f"{Path.cwd()} (did you mean 'demo'?)",
            ),
            (
                ("--limit-train", "20"),
                "demo: validation, a tenth of train, must hold every label; received none of "
                "'Business', 'Sci/Tech' (its rows: 2). Raise limit_train or add such rows",
            ),
            (
                ("--gpus-per-trial", "1.5"),
                "--gpus-per-trial must be a fraction of a GPU from 0 to 1 or a whole number of "
                "GPUs; received 1.5",
            ),
            (
                ("--address", "127.0.0.1:1"),
                "no Ray cluster answers at '127.0.0.1:1'; expected the address of a running head "
                "node such as '192.0.2.7:6379'; leave --address out to run on this machine",
            ),
        ],
    )
    def test_unfit_options(self, arguments: tuple[str, ...], expected: str, tmp_path: Path) -> None:
        """One error, exit code 2, and nothing is written."""
        (tmp_path / "tiny.yaml").write_text(GRID)
        where = ("--results", tmp_path / "results", "--dry-run")
        result = invoke("run", tmp_path / "tiny.yaml", *arguments, *where)

        assert (2, f"error: {expected}\n") == (result.exit_code, result.stderr)
        assert "" == result.stdout
        assert not (tmp_path / "results").exists()

    def test_missing_grid(self) -> None:
        """A file that is not there is named."""
        result = invoke("run", "grids/none.yaml")

        assert (2, "error: grids/none.yaml: cannot be read: No such file or directory\n") == (
            result.exit_code,
            result.stderr,
        )

    def test_faulty_grid(self, tmp_path: Path) -> None:
        """All faults of a grid file are told at once."""
        path = tmp_path / "tiny.yaml"
        path.write_text("data: demo\nexperiments:\n  a: {cel: gru}\n  b: {pooling: men}\n")
        result = invoke("run", path)

        assert 2 == result.exit_code
        assert result.stderr == (
            f"error: {path}: 2 faults\n"
            "  line 3: experiment 'a': unknown key 'cel' (did you mean 'cell'?)\n"
            "  line 4: experiment 'b': pooling must be 'max', 'mean', 'last', 'attention' or a "
            "concatenation of these such as 'mean+last'; received 'men' (did you mean 'mean'?)\n"
        )

    @pytest.mark.parametrize(
        ("option", "value", "expected"),
        [
            ("--epochs", "0", "0 is not in the range x>=1."),
            ("--gpus-per-trial", "-1", "'-1' is neither 'auto' nor a number of at least 0."),
            ("--gpus-per-trial", "nan", "'nan' is neither 'auto' nor a number of at least 0."),
            ("--gpus-per-trial", "half", "'half' is neither 'auto' nor a number of at least 0."),
            ("--seeds", "two", "'two' is not a valid integer range."),
        ],
    )
    def test_values_of_the_wrong_kind(self, option: str, value: str, expected: str) -> None:
        """Click's own checks name the option."""
        result = invoke("run", "tiny.yaml", option, value)

        assert 2 == result.exit_code
        assert result.stderr.endswith(f"Error: Invalid value for '{option}': {expected}\n")

    def test_hub_out_of_reach(self, tmp_path: Path) -> None:
        """One error within 5 seconds after start-up, without the library's retries."""
        (tmp_path / "tiny.yaml").write_text(GRID)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            address = f"http://127.0.0.1:{silent.getsockname()[1]}"
            done = subprocess.run(
                [PROGRAM, "run", "tiny.yaml", "--data", "ag_news"],
                cwd=tmp_path,
                env=os.environ | {"HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "hub")},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )

        assert done.stderr == (
            f"error: the Hugging Face hub ({address}) is out of reach, and the local cache does "
            "not hold fancyzhx/ag_news. Give a file or folder as the source (on the command line: "
            "--data PATH), or take the built-in corpus: demo\n"
        )
        assert ("", 2) == (done.stdout, done.returncode)

    def test_dry_run_loads_no_giant(self, tmp_path: Path) -> None:
        """A plan for this machine counts weights by a formula; only GPUs are counted by torch."""
        (tmp_path / "tiny.yaml").write_text(GRID)
        program = (
            "from agnews_tune.cli import main\n"
            "main(['run', sys.argv[1], '--dry-run'], standalone_mode=False)"
        )
        loaded = loaded_after(program, tmp_path / "tiny.yaml")

        assert "ray" not in loaded
        assert any(map(os.path.exists, GPU_DRIVERS)) == ("torch" in loaded)

    @pytest.mark.parametrize(
        "arguments", [("run", "missing.yaml"), ("predict", "--results", "missing", "text")]
    )
    def test_an_error_comes_before_heavy_imports(self, arguments: tuple[str, ...]) -> None:
        """Who misspells a name need not wait for torch and Ray."""
        program = (
            "from click.testing import CliRunner\n"
            "from agnews_tune.cli import main\n"
            "assert 2 == CliRunner().invoke(main, sys.argv[1:]).exit_code"
        )
        assert loaded_after(program, *arguments).isdisjoint({"torch", "ray"})


class TestReport:
    @pytest.mark.fault("names")
    @pytest.mark.usefixtures("second_run")
    def test_report_of_a_run(self, folder: Path) -> None:
        """Each experiment has its row; the pictures lie in the run's folder."""
        result = invoke("report", folder / "results")
        lines = result.output.splitlines()

        assert 0 == result.exit_code
        assert f"=== {folder}/results/tiny ===" == lines[0]
        assert (
            "--- data: demo (built in, synthetic): 540 train, 60 validation, 2,000 test rows ---"
        ) == lines[2]
        assert ["base", "mean", "wide"] == [line.split()[0] for line in lines[6:9]]
        names = ("report.html", "accuracy.png", "accuracy.svg", "loss.png", "loss.svg")
        assert f"written to {folder}/results/tiny: {', '.join(names)}" in lines
        assert all((folder / "results/tiny" / name).stat().st_size > 1000 for name in names)

    @pytest.mark.usefixtures("second_run")
    def test_one_run_or_all_of_them(self, folder: Path) -> None:
        """The folder of all runs and a run's own folder give the same report."""
        expected = invoke("report", folder / "results").output

        assert expected == invoke("report", folder / "results/tiny").output

    @pytest.mark.parametrize("form", FORMS)
    def test_forms_stand_alone(
        self, form: str, write_record: WriteRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Only the form is printed, for pipes, and nothing is written; results is the default."""
        monkeypatch.chdir(tmp_path)
        write_record(Path("results/cells"), "rnn-max")
        result = invoke("report", "--format", form)

        assert FORMS[form]([read_report(Path("results/cells"))]) == result.output
        assert ["rnn-max-seed0"] == [path.name for path in Path("results/cells").iterdir()]

    def test_all_columns(self, write_record: WriteRecord, tmp_path: Path) -> None:
        """Those that a terminal has no room for are there when they are asked for."""
        write_record(tmp_path, "rnn-max")
        write_record(tmp_path, "gru-max", parent="rnn-max", change="cell: gru")
        texts = [invoke("report", tmp_path, *options).output for options in ([], ["--columns"])]

        assert ["parent" in text.split("\n\n")[2] for text in texts] == [False, True]

    def test_errors_come_with_their_texts(self, write_record: WriteRecord, tmp_path: Path) -> None:
        """As many as were asked for, from the corpus that the grid names."""
        lines = [f"made up text {number},{'ab'[number % 2]}" for number in range(40)]
        (tmp_path / "made.csv").write_text("\n".join(["text,label", *lines]))
        corpus = load_corpus(tmp_path / "made.csv")
        run = tmp_path / "results" / "made"
        write_grid(run, f"data: {tmp_path / 'made.csv'}\nexperiments: {{rnn: }}\n")
        data = {"fingerprint": corpus.fingerprint, "label_names": ["a", "b"], "test_rows": 4}
        labels = np.array(corpus.test.labels)
        predictions = answer(np.zeros(4, bool), labels)
        write_record(run, "rnn", data=DATA | data, predictions=predictions)
        result = invoke("report", run, "--errors", 1)
        names = "ab"

        assert ("", 0) == (result.stderr, result.exit_code)
        assert "--- Rows that every model gets wrong (4 in all) ---" in result.output
        row = f"row 3, labelled {names[labels[3]]}: {corpus.test.texts[3]}"
        assert f"{row}\n    {names[1 - labels[3]]}: rnn\n" in result.output

    def test_two_runs_beside_each_other(self, write_record: WriteRecord, tmp_path: Path) -> None:
        """Each is named by its run's folder or by the folder of its only run."""
        write_record(tmp_path / "a/cells", "rnn", result={"test_accuracy": 0.75})
        write_record(tmp_path / "b", "rnn", result={"test_accuracy": 0.5})
        result = invoke("report", tmp_path / "a", tmp_path / "b")
        lines = result.output.splitlines()

        assert 0 == result.exit_code
        assert f"=== {tmp_path / 'a'} and {tmp_path / 'b'} ===" == lines[0]
        assert ["rnn", "0.7500", "0.5000"] == lines[6].split()
        assert not list(tmp_path.rglob("*.html"))

    def test_runs_that_cannot_be_compared(self, write_record: WriteRecord, tmp_path: Path) -> None:
        """Three of them, other options, or a folder of several."""
        for name in ("a", "b"):
            write_record(tmp_path / name, "rnn")
        a, b = tmp_path / "a", tmp_path / "b"
        several = (
            f"{tmp_path} holds 2 runs: expected the folder of one run, such as {tmp_path / 'a'}"
        )
        alone = "two runs are compared as a table alone; received"
        for arguments, error in (
            ((a, b, a), "two runs are compared at a time; received 3"),
            ((a, b, "--columns"), f"{alone} --columns too"),
            ((a, b, "--format", "csv", "--errors", "2"), f"{alone} --errors, --format too"),
        ):
            result = invoke("report", *arguments)
            assert 2 == result.exit_code
            assert result.stderr.endswith(f"Error: {error}\n")
        result = invoke("report", a, tmp_path)
        assert (2, f"error: {several}\n") == (result.exit_code, result.stderr)

    def test_no_room_for_the_files(self, write_record: WriteRecord, tmp_path: Path) -> None:
        """The report is printed all the same, and says what is not written."""
        write_record(tmp_path, "rnn")
        (tmp_path / "accuracy.png").mkdir()
        result = invoke("report", tmp_path)

        assert 0 == result.exit_code
        assert result.output.endswith(
            f"not written: {tmp_path / 'accuracy.png'} cannot be written: Is a directory; "
            "choose another folder\n\n"
        )

    def test_pictures_of_different_data_are_apart(
        self, write_record: WriteRecord, tmp_path: Path
    ) -> None:
        """The curves of each data set are in a folder with its fingerprint; the page is one."""
        write_record(tmp_path, "rnn")
        write_record(tmp_path, "gru", data=DATA | {"fingerprint": "other"})
        invoke("report", tmp_path)

        for folder in (tmp_path / "data-0123456789abcdef", tmp_path / "data-other"):
            names = ["accuracy.png", "accuracy.svg", "loss.png", "loss.svg"]
            assert names == sorted(path.name for path in folder.iterdir())
        assert (tmp_path / "report.html").exists()

    @pytest.mark.slow
    def test_large_run_is_reported_quickly(self, tmp_path: Path) -> None:
        """60 experiments, 5 seeds, 7,600 rows, one core: the table in 3 s, everything in 20 s."""
        write_run(tmp_path, experiments=60, seeds=5, rows=7600)
        started = time.perf_counter()
        report = subprocess.Popen(
            ["taskset", "--cpu-list", "0", PROGRAM, "report", tmp_path],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert report.stdout
        for line in report.stdout:
            if line.startswith("n: "):
                table = time.perf_counter() - started
        whole = time.perf_counter() - started
        print(f"table after {table:.2f} s, everything after {whole:.1f} s")

        assert 0 == report.wait()
        assert table < 3
        assert whole < 20

    def test_waiting_run_has_no_curves(self, write_record: WriteRecord, tmp_path: Path) -> None:
        """Before the first epoch there is nothing to draw."""
        write_record(tmp_path, "rnn", history=[], result=None)
        result = invoke("report", tmp_path)

        assert f"written to {tmp_path}: report.html" == result.output.splitlines()[-2]

    def test_no_records(self, tmp_path: Path) -> None:
        """Without records the error says how to get some."""
        for where in (tmp_path, tmp_path / "none"):
            result = invoke("report", where)

            assert 2 == result.exit_code
            assert result.stderr == (
                f"error: no records under {where}: expected a results folder or one run's folder; "
                "make one with 'agnews-tune run grids/quickstart.yaml'\n"
            )


@pytest.mark.filterwarnings("default")
class TestDamage:
    """Files of a finished run that a disk or an editor has changed."""

    @pytest.fixture
    def results(self, folder: Path, second_run: tuple[int, str], tmp_path: Path) -> Path:
        assert 0 == second_run[0]
        shutil.copy(folder / "tiny.yaml", tmp_path)
        shutil.copytree(folder / "results", tmp_path / "results")
        return tmp_path / "results"

    @pytest.mark.fault("damage")
    def test_predict_goes_on_with_the_next_best(self, results: Path) -> None:
        """Each damaged file of a model is named, and the best of the others answers."""
        models = [record.model_folder for record in find_models(results)]
        with (models[0] / "weights.safetensors").open("r+b") as file:
            file.truncate(1000)
        (models[1] / "config.json").write_text("{}")
        result = invoke("predict", "--results", results, "x")
        first, second, third = result.stderr.splitlines()

        assert 0 == result.exit_code
        assert (
            f"warning: {models[1]}/config.json is ignored: its checksum does not match the one in "
            "result.json"
        ) == first
        assert second.startswith(f"warning: {models[0]}/weights.safetensors: damaged weights (")
        assert third.startswith(f"model: {models[2].parent}, trained on demo, ")

    @pytest.mark.fault("damage")
    def test_predict_without_any_model_that_can_be_read(self, results: Path) -> None:
        """One error at the end says what to do."""
        for path in results.glob("*/*/model/weights.safetensors"):
            path.write_bytes(b"")
        result = invoke("predict", "--results", results, "x")

        assert 2 == result.exit_code
        assert 3 == result.stderr.count("warning: ")
        assert result.stderr.splitlines()[-1] == (
            f"error: no model under {results} can be read; remove the folders of these trials and "
            "run their grid again"
        )

    @pytest.mark.fault("damage")
    def test_report_leaves_damaged_files_aside(self, results: Path) -> None:
        """A garbled figure is no figure; what is whole is reported."""
        path = results / "tiny/mean-seed0/result.json"
        path.write_text(path.read_text().replace('"test_accuracy": 0.', '"test_accuracy": 0.9'))
        description = results / "tiny/wide-seed0/trial.json"
        description.write_bytes(b"")
        result = invoke("report", results, "--format", "csv")
        changed = "its checksum does not match: it was changed after it was written"

        assert 0 == result.exit_code
        assert result.stderr == (
            f"warning: {path} is ignored: {changed}\n"
            f"warning: {description} is ignored: invalid JSON: Expecting value: line 1 column 1 "
            "(char 0)\n"
        )
        rows = {row["experiment"]: row for row in csv.DictReader(io.StringIO(result.stdout))}
        assert ["base", "mean"] == list(rows)
        assert ["1", "0"] == [row["seeds"] for row in rows.values()]
        assert ("", "0.913") == (
            rows["mean"]["test_accuracy"],
            rows["mean"]["published_test_accuracy"],
        )

    @pytest.mark.fault("damage")
    @pytest.mark.timeout(600)
    def test_run_makes_damaged_records_anew(self, results: Path) -> None:
        """The files are named, the trials run again and end with the same figures."""
        before = {record.folder: record.result for record in read_run(results / "tiny")}
        result_file = results / "tiny/mean-seed0/result.json"
        result_file.write_bytes(result_file.read_bytes()[:-100])
        (results / "tiny/wide-seed0/trial.json").write_text("[]")
        (results / "tiny/grid.yaml").write_bytes(b"\xff\x00")
        done = launch(results.parent, "run", "tiny.yaml")
        after = {record.folder: record.result for record in read_run(results / "tiny")}

        assert 0 == done.returncode
        assert "2 of 2 trials finished" in done.stdout
        assert "Traceback" not in done.stderr
        assert [str(result_file), str(results / "tiny/wide-seed0/trial.json")] == sorted(
            line.split()[1] for line in done.stderr.splitlines()
        )
        for folder, result in before.items():
            assert result
            assert result["test_accuracy"] == (after[folder] or {})["test_accuracy"]
        assert "experiments" in (results / "tiny/grid.yaml").read_text()


class TestPredict:
    @pytest.fixture
    def model(self, tiny_model: Classifier, tmp_path: Path) -> Path:
        tiny_model.save(tmp_path / "model")
        return tmp_path / "model"

    @pytest.mark.usefixtures("second_run")
    def test_best_model(self, folder: Path) -> None:
        """The trial with the best validation accuracy answers; which one it is stands beside."""
        results = {
            path.parent.name: json.loads(path.read_text())["validation_accuracy"]
            for path in (folder / "results/tiny").glob("*/result.json")
        }
        result = invoke("predict", "--results", folder / "results", "Stocks slide")
        best = max(results.values())
        name = re.search(r"tiny/([^,]+),", result.stderr)

        assert 0 == result.exit_code
        assert name
        assert best == results[name[1]]
        assert result.stderr == (
            f"model: {folder}/results/tiny/{name[1]}, trained on demo, "
            f"validation accuracy {best:.4f}\n"
        )
        trial = invoke("predict", "--model", folder / "results/tiny" / name[1], "Stocks slide")
        assert (result.stdout, "", 0) == (trial.stdout, trial.stderr, trial.exit_code)
        header, answer = result.stdout.splitlines()
        assert ["class", "World", "Sports", "Business", "Sci/Tech", "text"] == header.split()
        assert answer.endswith("  Stocks slide")

    @pytest.mark.parametrize("way", ["arguments", "--file", "--file -", "standard input"])
    def test_ways_to_give_texts(self, way: str, model: Path, tmp_path: Path) -> None:
        """Arguments, a file and standard input give the same answers."""
        texts = ["the striker scored", "shares fell"]
        (tmp_path / "texts.txt").write_text("\r\n".join(texts))
        arguments, text = {
            "arguments": (texts, None),
            "--file": (["--file", tmp_path / "texts.txt"], None),
            "--file -": (["--file", "-"], "\n".join(texts)),
            "standard input": ([], "\n".join(texts)),
        }[way]
        result = invoke("predict", "--model", model, "--format", "json", *arguments, text=text)

        assert ("", 0) == (result.stderr, result.exit_code)
        assert texts == [answer["text"] for answer in json.loads(result.stdout)]
        assert {"Business", "Sci/Tech", "Sports"} == set(
            json.loads(result.stdout)[0]["probabilities"]
        )

    @pytest.mark.fault("stranger")
    def test_standard_input_that_is_closed(self, model: Path) -> None:
        """As a scheduler starts programs: texts that are given need none."""
        command = f"{shlex.join([str(PROGRAM), 'predict', '--model', str(model)])}"
        done, usage = (
            subprocess.run(
                ["sh", "-c", f"{command} {text} <&-"], capture_output=True, text=True, check=False
            )
            for text in ("shares", "")
        )

        assert (0, "") == (done.returncode, done.stderr)
        assert 2 == usage.returncode
        assert usage.stderr.endswith("Error: give texts or --file: there is no standard input\n")

    @pytest.mark.fault("disk")
    def test_full_disk_behind_standard_output(self, model: Path) -> None:
        """One line says so."""
        with Path("/dev/full").open("w", encoding="utf-8") as full:
            done = subprocess.run(
                [PROGRAM, "predict", "--model", model, "shares fell"],
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )

        assert (2, FULL) == (done.returncode, done.stderr)

    def test_letters_that_the_encoding_of_the_output_lacks(self, model: Path) -> None:
        """One line names the first of them and what to do; nothing else takes its place."""
        done = subprocess.run(
            [PROGRAM, "predict", "--model", model, "--format", "csv", "caf\u00e9 \u4e2d"],
            env=os.environ | {"PYTHONIOENCODING": "iso8859-15", "PYTHONUTF8": "1"},
            capture_output=True,
            encoding="iso8859-15",
            check=False,
        )

        assert done.stderr == (
            "error: standard output is iso8859-15, which has no '\\u4e2d'; "
            "set PYTHONIOENCODING=utf-8\n"
        )
        assert (2, 1) == (done.returncode, len(done.stdout.splitlines()))

    @pytest.mark.fault("texts")
    @pytest.mark.parametrize("way", ["--file", "argument"])
    def test_bytes_that_are_no_text(self, way: str, model: Path, tmp_path: Path) -> None:
        """They are answered as unknown words after a warning, in every locale."""
        (tmp_path / "texts.txt").write_bytes(b"shares \xff fell\n")
        given = {"--file": ["--file", tmp_path / "texts.txt"], "argument": [b"shares \xff fell"]}
        done = subprocess.run(
            [PROGRAM, "predict", "--model", model, "--format", "csv", *given[way]],
            env=os.environ | {"PYTHONIOENCODING": "utf-8:strict"},
            capture_output=True,
            text=True,
            check=True,
        )

        assert done.stdout.splitlines()[1].startswith("shares \ufffd fell,")
        assert done.stderr == (
            "warning: text 1 is not UTF-8: what cannot be read of it becomes '\ufffd'\n"
        )

    @pytest.mark.parametrize(
        ("form", "first_line"),
        [
            ("table", "class     Business  Sci/Tech  Sports  text"),
            ("csv", "text,class,Business,Sci/Tech,Sports"),
        ],
    )
    def test_forms(self, form: str, first_line: str, model: Path) -> None:
        """--format decides how the answers look."""
        result = invoke("predict", "--model", model, "--format", form, "shares fell")

        assert first_line == result.stdout.splitlines()[0]
        assert 2 == len(result.stdout.splitlines())

    def test_no_model(self, tmp_path: Path) -> None:
        """Without a model the error says how to get one."""
        result = invoke("predict", "--results", tmp_path, "x")

        assert 2 == result.exit_code
        assert result.stderr == (
            f"error: no records under {tmp_path}: expected a results folder or one run's folder; "
            "make one with 'agnews-tune run grids/quickstart.yaml', or name a model folder with "
            "--model\n"
        )

    def test_texts_and_file(self, tmp_path: Path) -> None:
        """Nobody could say in which order both should be answered."""
        (tmp_path / "texts.txt").write_text("x")
        result = invoke("predict", "--file", tmp_path / "texts.txt", "x")

        assert 2 == result.exit_code
        assert result.stderr.endswith("Error: give texts or --file, not both\n")

    @pytest.mark.fault("damage")
    def test_damaged_model(self, model: Path) -> None:
        """A damaged file is named, without a traceback."""
        (model / "weights.safetensors").write_bytes(b"x")
        result = invoke("predict", "--model", model, "x")

        assert 2 == result.exit_code
        assert result.stderr == (
            f"error: {model}/weights.safetensors: damaged weights (Error while deserializing "
            "header: header too small); save the model again\n"
        )

    def test_imports(self, model: Path) -> None:
        """A prediction of plain words loads torch without its compiler, and no other giant."""
        giants = {"torch._dynamo", "sympy", "ray", "datasets", "pyarrow", "nltk", "scipy"}
        giants |= {"pandas", "sklearn", "matplotlib"}
        program = (
            "from agnews_tune.cli import main\n"
            "main(['predict', '--model', sys.argv[1], 'Shares of Nestlé fell 3%'], "
            "standalone_mode=False)"
        )
        loaded = loaded_after(program, model)

        assert "torch" in loaded
        assert loaded.isdisjoint(giants)


@pytest.mark.parametrize("command", [(), ("run",), ("report",), ("predict",)])
def test_help_has_an_example(command: tuple[str, ...]) -> None:
    """Every command shows how it is called."""
    result = invoke(*command, "--help")

    assert 0 == result.exit_code
    assert f"  Example:\n    agnews-tune {command[0] if command else 'run'} " in result.stdout


def test_version() -> None:
    """The version is that of the package."""
    assert f"agnews-tune, version {__version__}\n" == invoke("--version").output


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["report", "--help"]])
def test_full_disk_behind_the_help(arguments: list[str]) -> None:
    """It is told as behind any other output."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )

    assert (2, FULL) == (done.returncode, done.stderr)


def test_help_answers_at_once() -> None:
    """No heavy library is loaded for it."""
    program = "from agnews_tune.cli import main\nmain(['run', '--help'], standalone_mode=False)"

    assert set() == loaded_after(program)


def test_path_that_the_system_refuses() -> None:
    """Whatever the command wanted there, one line names it and the cause."""
    path = "x" * 300
    done = subprocess.run(
        [PROGRAM, "predict", "--results", path, "a text"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (2, f"error: {path}: File name too long\n") == (done.returncode, done.stderr)
    assert not done.stdout
