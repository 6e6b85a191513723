"""A grid is run from Python, as a notebook does it: on a real Ray, twice in one process."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from conftest import assert_same_training
from jupyter_client.manager import run_kernel
from programs import descendants, loaded_after, run_python, wait_for_epoch

from agnews_tune import load_best_model, read_report, run_grid
from agnews_tune.errors import GridError, HyperparameterError, RunError
from agnews_tune.running import Outcome
from agnews_tune.tuning.cluster import connect

GRID = """
data: {source: demo, limit_train: 600}
defaults: {embedding_dim: 8, hidden_dim: 8, epochs: 2}
experiments:
  base:
  mean: {parent: base, pooling: mean}
  steep: {parent: base, learning_rate: 1.0e+39}
"""
NAN = "loss is nan after epoch 1: training diverged; choose a smaller learning_rate (it is 1e+39)"
STOPPED = """
import sys
from agnews_tune import run_grid
run_grid("cells.yaml", only="base", epochs=30, results=sys.argv[1])
"""

pytestmark = pytest.mark.timeout(600)  # Ray starts slowly on a busy machine


@pytest.fixture
def grid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "cells.yaml"
    path.write_text(GRID, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return path


def test_a_notebook_answers_which_change_helped(
    grid: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It runs a grid, reads what it says and takes the best model; what is there is not run."""
    first = run_grid(grid, seeds=[3, 5], only=["base", "steep"])
    printed = capfd.readouterr()
    second = run_grid(str(grid), seeds=(3, 5), only="base")
    third = run_grid(grid, seeds=[3], only=("base", "mean"), verbose=False)
    silent = capfd.readouterr()

    folder = Path("results/cells").absolute()
    names = ["base-seed3", "steep-seed3", "base-seed5", "steep-seed5"]
    assert Outcome(folder, names, names, {names[1]: NAN, names[3]: NAN}) == first
    assert Outcome(folder, [names[0], names[2]], [], {}) == second
    assert Outcome(folder, [names[0], "mean-seed3"], ["mean-seed3"], {}) == third
    lines = printed.out.splitlines()
    assert ["experiment", "change", "against", "parameters", "seeds", "to", "do"] == (
        lines[0].split()
    )
    assert "base-seed5  finished" in lines
    assert f"steep-seed3  failed: {NAN}" in lines
    assert ("", "", "") == (printed.err, silent.out, silent.err)

    rows = read_report(folder).rows()
    assert [("base", 2), ("mean", 1), ("steep", 0)] == [
        (row["experiment"], row["seeds"]) for row in rows
    ]
    record, model = load_best_model("results")
    assert {"cell": "rnn", "hidden_dim": 8}.items() <= record.trial["hyperparameters"].items()
    assert (1, 4) == model.predict(["Stocks slide as oil prices hit a record"]).shape


def test_a_thread_runs_a_grid(grid: Path) -> None:
    """As that of a web page does: Ray would set signal handlers, which only the main one may."""
    with ThreadPoolExecutor() as pool:
        outcome = pool.submit(run_grid, grid, only="base", verbose=False).result()

    assert Outcome(Path("results/cells").absolute(), ["base-seed0"], ["base-seed0"], {}) == outcome


def test_two_threads_do_not_run_at_once() -> None:
    """Ray is connected for the whole process."""
    with connect(), ThreadPoolExecutor() as pool:
        error = pool.submit(enter_connect).exception()

    assert isinstance(error, RunError)
    assert (
        "another run of this process is under way, in another thread; wait until it ends, or start "
        "a process for each"
    ) == str(error)


def enter_connect() -> None:
    with connect():
        pass


def test_a_kernel_shows_lines_and_tables(grid: Path) -> None:
    """In a real one, whose output stays there: Ray's own reporter would clear the plan."""
    shown: list[tuple[str, Any]] = []
    with run_kernel(cwd=str(grid.parent)) as client:
        for code in (
            "from agnews_tune import read_report, run_grid",
            "run = run_grid('cells.yaml', only='base')",
            "read_report(run.folder)",
        ):
            client.execute_interactive(
                code,
                timeout=300,
                output_hook=lambda message: shown.append((message["msg_type"], message["content"])),
            )
    kinds = [kind for kind, _ in shown if kind not in {"status", "execute_input"}]
    printed = "".join(content["text"] for kind, content in shown if kind == "stream")
    (report,) = (content["data"] for kind, content in shown if kind == "execute_result")

    assert {"stream", "execute_result"} == set(kinds)
    assert ["experiment", "change"] == printed.split()[:2]
    assert "\nbase-seed0  epoch 1/2  loss " in printed
    assert printed.endswith("\nbase-seed0  finished\n")
    assert "\x1b" not in printed
    assert report["text/markdown"].startswith("# cells\n\n## data: demo ")


def test_an_interrupted_call_goes_on(grid: Path) -> None:
    """The kernel of a notebook turns its stop button into a SIGINT."""
    folder = grid.parent / "stopped" / "cells" / "base-seed0"
    command = [sys.executable, "-c", STOPPED]
    run = subprocess.Popen([*command, "stopped"], stderr=subprocess.PIPE, text=True)
    wait_for_epoch(folder, run)
    processes = descendants(run.pid)
    run.send_signal(signal.SIGINT)
    errors = run.communicate()[1].splitlines()
    done = subprocess.run([*command, "stopped"], capture_output=True, text=True, check=True)
    subprocess.run([*command, "whole"], capture_output=True, check=True)

    assert "go on from the last whole epochs with: the same call" == errors[0]
    assert "KeyboardInterrupt" == errors[-1]
    assert processes
    assert not any(Path(f"/proc/{number}").exists() for number in processes)
    assert "go on from epoch" in done.stdout
    assert_same_training(grid.parent / "whole" / "cells" / "base-seed0", folder)


@pytest.mark.parametrize(
    ("asked", "kind", "expected"),
    [
        (
            {"only": "bass"},
            GridError,
            "grid 'cells' has no experiment 'bass' (did you mean 'base'?)",
        ),
        (
            {"seeds": range(0)},
            GridError,
            "seeds must be a count from 1 to 1000, or a list of different whole numbers from 0 to "
            "4294967295; received []",
        ),
        (
            {"epochs": 1.5},
            HyperparameterError,
            "epochs must be a whole number of at least 1; received 1.5",
        ),
        (
            {"limit_train": "all"},
            GridError,
            "limit_train must be a whole number of at least 1; received 'all'",
        ),
        (
            {"cpus_per_trial": 0},
            RunError,
            "--cpus-per-trial must be a whole number of at least 1; received 0",
        ),
        (
            {"address": "127.0.0.1:1"},
            RunError,
            "no Ray cluster answers at '127.0.0.1:1'; expected the address of a running head node "
            "such as '192.0.2.7:6379'; leave --address out to run on this machine",
        ),
    ],
)
def test_what_cannot_be_run(
    asked: dict[str, Any], kind: type[Exception], expected: str, grid: Path
) -> None:
    """It is an error before anything is trained or written."""
    with pytest.raises(kind) as caught:
        run_grid(grid, **asked)

    assert expected == str(caught.value)
    assert not list(grid.parent.rglob("*.json"))


@pytest.mark.usefixtures("grid")
def test_a_connection_of_ones_own_is_left_alone() -> None:
    """A run takes Ray for itself, and would end what others do with it."""
    program = (
        "import ray\nfrom agnews_tune import run_grid\n"
        "ray.init(address='local', num_cpus=1, include_dashboard=False, log_to_driver=False)\n"
        "try:\n    run_grid('cells.yaml')\n"
        "except Exception as error:\n    print(type(error).__name__, error)\n"
        "print(ray.is_initialized())"
    )
    done = run_python(program)

    assert done.stdout.splitlines()[-2:] == [
        "RunError this process is connected to Ray already, and a run starts or joins its own; "
        "call ray.shutdown() first",
        "True",
    ]


def test_the_names_load_what_they_need() -> None:
    """Neither needs torch or Ray before something is to be trained."""
    code = "from agnews_tune import load_best_model, read_report, run_grid"

    assert {"numpy"} == loaded_after(code)
