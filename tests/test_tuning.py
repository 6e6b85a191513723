"""Trials on a real, local Ray: records, failures, silence, and the same figures as without Ray."""

import fcntl
import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np
import psutil
import pytest
import torch
from conftest import RecordProperty, assert_same_training, bytes_lost, fill, whole_bytes
from programs import PROGRAM, descendants, wait_for
from rich.console import Console

from agnews_tune.errors import RunError, TrialError
from agnews_tune.grid.file import read_grid
from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.records.layout import backup_path
from agnews_tune.records.reading import read_run, read_trial
from agnews_tune.runs.planning import Plan, plan_run
from agnews_tune.runs.progress import Progress
from agnews_tune.runs.resources import share
from agnews_tune.runs.trial import run_trial
from agnews_tune.sealed import seal

GRID = """
data: {source: demo, limit_train: 600}
defaults: {embedding_dim: 8, hidden_dim: 8, epochs: 2}
experiments:
  base:
  broken: {parent: base, pooling: mean}
  words: {parent: base, min_count: 3}
  steep: {parent: base, learning_rate: 1.0e+39}
  huge: {parent: base, hidden_dim: 10000000}
  language: {parent: base, pretrain_epochs: 1}
  spoken: {parent: language, pooling: mean}
  taught: {parent: base, min_count: 4, teacher: language}
  untaught: {parent: base, teacher: steep}
"""
CAUSES = {
    "steep-seed0": "loss is nan after epoch 1: training diverged; choose a smaller learning_rate "
    "(it is 1e+39)",
    "untaught-seed0": "it learns from steep-seed0, which has not finished",
    "huge-seed0": "out of memory: run it again with a smaller --max-concurrent, half its "
    "batch_size (it is 32) or a smaller network",
}

WAITS = "  waits for another trial that does the same pretraining"


class Ended(NamedTuple):
    """What Ray Tune knows of a trial that has ended."""

    name: str
    error_file: Path

    def __str__(self) -> str:
        return self.name


Finished = tuple[Plan, dict[str, str], str]  # what ran, the failures and what was printed

pytestmark = pytest.mark.timeout(600)  # Ray starts slowly on a busy machine


class LetGo(Progress):
    """Plain lines; lets go of a lock when a trial waits."""

    lock: TextIO

    def pretraining_waits(self, name: str) -> None:
        super().pretraining_waits(name)
        fcntl.flock(self.lock, fcntl.LOCK_UN)


@contextmanager
def pretraining_elsewhere(plan: Plan, folder: Path) -> Iterator[TextIO]:
    """Hold what another run holds that does the pretraining of this one."""
    (learns,) = [planned for planned in plan.trials if planned.trial.name == "language-seed0"]
    elsewhere = replace(learns, folder=folder / "elsewhere")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    run_trial(elsewhere, plan.encode()[Hyperparameters().preprocessing], "cpu")
    torch.set_num_threads(threads)
    (path,) = (folder / "cache" / "pretrained").glob("*.lock")
    shutil.rmtree(path.with_suffix(""))
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    """Run trials of which one cannot write its record, one diverges and one takes 400 TB."""
    from agnews_tune import tuning

    folder = tmp_path_factory.mktemp("tuning")
    (folder / "tiny.yaml").write_text(GRID)
    plan = plan_run(read_grid(folder / "tiny.yaml"), folder / "results")
    plan.write()
    (plan.folder / "broken-seed0" / "history.csv").mkdir()
    lines = io.StringIO()
    progress = LetGo(plan.trials, Console(file=lines))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGNEWS_TUNE_CACHE", str(folder / "cache"))
        with (
            pretraining_elsewhere(plan, folder) as progress.lock,
            tuning.connect() as capacity,
        ):
            failures = tuning.run(plan.trials, plan.encode(), share(capacity), progress)
        yield plan, failures, lines.getvalue()


@pytest.mark.fault("raises", 3)
def test_failure_of_one_trial_does_not_stop_the_others(
    finished: Finished,
) -> None:
    """The others leave their records; the failure is one line with its cause."""
    plan, failures, _ = finished
    history = plan.folder / "broken-seed0" / "history.csv"

    broken = f"{history} cannot be written: Is a directory; choose another folder"
    assert {"broken-seed0": broken, **CAUSES} == failures
    results = sorted(path.parent.name for path in plan.folder.glob("*/result.json"))
    expected = ["base-seed0", "language-seed0", "spoken-seed0", "taught-seed0", "words-seed0"]
    assert expected == results


def test_trials_wait_for_a_pretraining(finished: Finished) -> None:
    """First for that of another run, which ends without one; then one does it for both."""
    lines = finished[2].splitlines()
    waited = {line.split()[0] for line in lines if line.endswith(WAITS)}

    assert set() < waited <= {"language-seed0", "spoken-seed0"}
    assert 1 == sum("-seed0  pretraining 1/1  loss " in line for line in lines)


def test_progress_hears_of_each_event(finished: Finished) -> None:
    """Each epoch and each end is a line."""
    lines = finished[2].splitlines()

    assert 1 == sum(line.startswith("base-seed0  epoch 1/2  loss ") for line in lines)
    assert 1 == sum(line.startswith("base-seed0  epoch 2/2  loss ") for line in lines)
    assert 1 == lines.count("base-seed0  finished")
    for name, cause in CAUSES.items():
        assert 1 == lines.count(f"{name}  failed: {cause}")


@pytest.mark.fault("raises")
def test_failure_is_recorded_and_tried_again(finished: Finished) -> None:
    """The record holds the cause; the next plan runs these trials, and a start forgets it."""
    plan = finished[0]
    (plan.folder / "broken-seed0" / "history.csv").rmdir()
    by_name = {record.folder.name: record for record in read_run(plan.folder)}
    again = plan_run(plan.grid, plan.folder.parent)

    assert CAUSES == {name: by_name[name].failure for name in CAUSES}
    assert [None, None] == [by_name[name].failure for name in ("base-seed0", "words-seed0")]
    details = json.loads((plan.folder / "steep-seed0" / "failure.json").read_text())["traceback"]
    assert details.startswith("Traceback (most recent call last):\n")
    assert details.endswith(f"TrialError: {CAUSES['steep-seed0']}\n")
    assert dict.fromkeys(("broken-seed0", *CAUSES), "run (failed before)") == {
        planned.trial.name: planned.to_do for planned in again.to_run
    }
    corpus = next(iter(again.encode().values()))
    with pytest.raises(TrialError):
        run_trial(again.trials[3], corpus, device="cpu")
    assert read_trial(again.trials[3].folder).failure is None


@pytest.mark.fault("worker")
@pytest.mark.timeout(900)
def test_trial_whose_process_is_killed_is_retried(
    tmp_path: Path, record_property: RecordProperty
) -> None:
    """After kill -9 of its worker a trial ends with the bits of a trial never stopped."""
    (tmp_path / "tiny.yaml").write_text(
        "data: {source: demo, limit_train: 4000}\n"
        "defaults: {embedding_dim: 32, hidden_dim: 32, epochs: 6}\n"
        "experiments: {gru: {cell: gru}}\n"
    )
    command = [PROGRAM, "run", "tiny.yaml", "--results"]
    folder = tmp_path / "killed" / "tiny" / "gru-seed0"
    run = subprocess.Popen(
        [*command, "killed"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(backup_path(folder), run)
    workers = [pid for pid, title in descendants(run.pid).items() if title.startswith("ray::Impl")]
    assert 1 == len(workers)
    os.kill(workers[0], signal.SIGKILL)
    kept = whole_bytes(folder.parent)
    output, errors = run.communicate()
    subprocess.run([*command, "whole"], cwd=tmp_path, capture_output=True, check=True)
    record_property("bytes_lost", bytes_lost(kept))

    assert 0 == bytes_lost(kept)
    assert ("", 0) == (errors, run.returncode)
    lines = output.splitlines()
    assert 1 == lines.count("gru-seed0  retry 1 of 3: its process died")
    for epoch in range(1, 7):  # the kill may come before an epoch that is kept was told of
        assert sum(line.startswith(f"gru-seed0  epoch {epoch}/6") for line in lines) <= 1
    assert 1 == lines.count("gru-seed0  finished")
    assert_same_training(tmp_path / "whole" / "tiny" / "gru-seed0", folder)


def test_trial_that_cannot_begin_says_why(tmp_path: Path) -> None:
    """An error before its own code is not taken for a process that was killed."""
    from agnews_tune import tuning

    (tmp_path / "tiny.yaml").write_text(
        "data: {source: demo, limit_train: 600}\nexperiments: {base: }"
    )
    plan = plan_run(read_grid(tmp_path / "tiny.yaml"), tmp_path / "results")
    plan.write()
    with tuning.connect() as capacity:
        progress = Progress(plan.trials, Console(file=io.StringIO()))
        failures = tuning.run(plan.trials, {}, share(capacity), progress)
    missing = f"KeyError: {Hyperparameters().preprocessing}"
    failure = json.loads((plan.trials[0].folder / "failure.json").read_text(encoding="utf-8"))

    assert {"base-seed0": f"it failed 4 times: {missing}"} == failures
    assert failures["base-seed0"] == failure["cause"]
    assert failure["traceback"].endswith(missing)


def test_trial_that_lost_its_gpu_is_left_to_ray(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tries again in another process; in this one nothing could use the GPU any more."""
    from agnews_tune.training import device
    from agnews_tune.tuning.trials import _train

    (tmp_path / "tiny.yaml").write_text(
        "data: {source: demo, limit_train: 600}\nexperiments: {base: {epochs: 1, batch_size: 64}}"
    )
    plan = plan_run(read_grid(tmp_path / "tiny.yaml"), tmp_path / "results")
    (plan.folder / "base-seed0" / "history.csv").mkdir(parents=True)  # so that it fails
    monkeypatch.setattr(device, "lost_gpu", lambda: True)
    threads = torch.get_num_threads()
    with pytest.raises(OSError, match=r"history\.csv"):
        _train(
            {"trial": "base-seed0"},
            {"base-seed0": plan.trials[0]},
            plan.encode(),
            device="cpu",
            threads=threads,
            tensorboard=False,
        )


@pytest.mark.parametrize(
    ("told", "cause"),
    [
        (
            "The actor died.\nIts worker",
            "its process died 4 times: killed, or the machine is out of memory",
        ),
        (
            '\x1b[36mray::ImplicitFunc.train()\x1b[39m (pid=1)\n  File "a.py", line 1, in train\n'
            "    step()\ntorch.AcceleratorError: CUDA error: an illegal memory access\n"
            "For debugging consider passing CUDA_LAUNCH_BLOCKING=1\n",
            "it failed 4 times: torch.AcceleratorError: CUDA error: an illegal memory access",
        ),
    ],
)
def test_first_line_of_an_error_is_the_cause(told: str, cause: str, tmp_path: Path) -> None:
    """Ray writes errors one after another; the last one counts, without its colours."""
    from agnews_tune.tuning.following import FollowTrials

    (tmp_path / "tiny.yaml").write_text(
        "data: {source: demo, limit_train: 600}\nexperiments: {base: }"
    )
    plan = plan_run(read_grid(tmp_path / "tiny.yaml"), tmp_path / "results")
    ends = "".join(f"Failure # {end} (occurred)\n{text}\n" for end, text in enumerate(["?", told]))
    (tmp_path / "error.txt").write_text(ends, encoding="utf-8")
    progress = Progress(plan.trials, Console(file=io.StringIO()))
    following = FollowTrials(progress, {"base-seed0": plan.trials[0].folder})
    following.on_trial_error(1, [], Ended("base-seed0", tmp_path / "error.txt"))

    assert {"base-seed0": cause} == following.failures
    failure = (plan.trials[0].folder / "failure.json").read_text(encoding="utf-8")
    assert "\\u001b" not in failure


def test_ray_leaves_no_files_behind(finished: Finished) -> None:
    """The run's folder holds the grid and the trials, nothing of Ray's."""
    names = sorted(path.name for path in finished[0].folder.iterdir())

    assert [
        "base-seed0",
        "broken-seed0",
        "grid.yaml",
        "huge-seed0",
        "language-seed0",
        "spoken-seed0",
        "steep-seed0",
        "taught-seed0",
        "untaught-seed0",
        "words-seed0",
    ] == names


def test_figures_are_those_of_a_trial_without_ray(finished: Finished, tmp_path: Path) -> None:
    """A trial on Ray predicts what the same trial predicts in this process."""
    plan = finished[0]
    planned = plan.trials[2]
    kept = tmp_path / "kept"
    shutil.copytree(planned.folder, kept)
    corpus = plan.encode()[planned.trial.experiment.hyperparameters.preprocessing]
    run_trial(planned, corpus, device="cpu")
    on_ray, here = (
        np.load(folder / "test_predictions.npz", allow_pickle=False)["probabilities"]
        for folder in (kept, planned.folder)
    )

    np.testing.assert_allclose(on_ray.astype(float), here.astype(float), rtol=0, atol=2e-3)
    assert seal(planned.description | {"format": 1}) == json.loads(
        (kept / "trial.json").read_text()
    )


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone keeps memory apart")
def test_threads_of_a_process_share_its_memory(tmp_path: Path) -> None:
    """What the thread of one trial has given back is there for that of the next one."""
    import ray

    from agnews_tune import tuning

    def describe_heaps(path: bytes) -> None:
        import ctypes
        import threading

        barrier = threading.Barrier(4)

        def allocate() -> None:
            barrier.wait()
            held = [bytes(1000 + number) for number in range(1000)]
            barrier.wait()
            del held

        threads = [threading.Thread(target=allocate) for _ in range(barrier.parties)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        libc = ctypes.CDLL(None)
        libc.fopen.restype = ctypes.c_void_p
        file = ctypes.c_void_p(libc.fopen(path, b"w"))
        libc.malloc_info(0, file)
        libc.fclose(file)

    with tuning.connect():
        ray.get(ray.remote(describe_heaps).remote(bytes(tmp_path / "heaps.xml")))

    assert 1 == (tmp_path / "heaps.xml").read_text().count("<heap nr=")


def test_no_process_is_started_before_its_trial() -> None:
    """Ray would start one for each core, of which Tune takes none."""
    from agnews_tune import tuning

    with tuning.connect():
        titles = list(descendants(os.getpid()).values())

    (raylet,) = (title for title in titles if "/raylet/raylet " in title)
    titles.remove(raylet)  # which says how it would start one
    assert not any(title == "ray::IDLE" or "default_worker.py" in title for title in titles)


@pytest.mark.fault("address")
@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "nonsense"])
def test_unreachable_cluster_is_one_error(address: str) -> None:
    """No head node at the address: the error says so at once, and what was expected."""
    from agnews_tune import tuning

    expected = (
        f"no Ray cluster answers at '{address}'; expected the address of a running head node "
        "such as '192.0.2.7:6379'; leave --address out to run on this machine"
    )
    with pytest.raises(RunError) as caught, tuning.connect(address):
        pass

    assert expected == str(caught.value)


def test_search_stops_weak_trials(tmp_path: Path) -> None:
    """They leave records like all others; a second run finds nothing to do."""
    (tmp_path / "tiny.yaml").write_text(
        "data: {source: demo, limit_train: 600}\n"
        "defaults: {embedding_dim: 8, hidden_dim: 8, epochs: 3, cell: gru}\n"
        "experiments: {base: }\n"
        "search:\n"
        "  parent: base\n"
        "  samples: 5\n"
        "  reduction_factor: 2\n"
        "  learning_rate: {from: 0.000001, to: 0.05, log: true}\n"
    )
    command = [PROGRAM, "run", "tiny.yaml", "--max-concurrent", "1"]
    options = {"cwd": tmp_path, "capture_output": True, "text": True}
    first = subprocess.run(command, **options, check=False)
    again = subprocess.run(command, **options, check=False)
    report = subprocess.run([PROGRAM, "report"], **options, check=True)
    base, *drawn = read_run(tmp_path / "results" / "tiny")
    stopped = [record for record in drawn if record.stopped_after]

    assert (0, 0, "", "") == (first.returncode, again.returncode, first.stderr, again.stderr)
    assert "6 of 6 trials finished" in first.stdout
    assert "nothing to run: all 6 trials are finished" in again.stdout
    assert ["base", *(f"search-0{number}" for number in range(1, 6))] == [
        record.trial["experiment"] for record in (base, *drawn)
    ]
    assert (None, None) == (base.stopped_after, drawn[0].stopped_after)
    assert 0 < len(stopped) < 5
    for record in stopped:
        after = record.stopped_after
        name = record.folder.name
        assert after == len(record.history) < 3
        assert record.result["test_accuracy"] > 0
        assert f"{name}  finished: stopped early, after epoch {after} of 3\n" in first.stdout
        assert not backup_path(record.folder).parent.exists()
    assert f"5 of 5 drawn experiments are finished, {len(stopped)} of them stopped" in report.stdout
    assert (tmp_path / "results" / "tiny" / "search.png").stat().st_size > 1000


def run_on(disk: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run tiny.yaml of a folder with its results on a disk."""
    command = [PROGRAM, "run", "tiny.yaml", "--results", disk]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.fault("disk")
def test_full_disk_fails_the_trial_that_meets_it(
    small_disk: Path, tmp_path: Path, record_property: RecordProperty
) -> None:
    """One line names the path; what is finished stays readable; with room the trial runs."""
    (tmp_path / "tiny.yaml").write_text(
        "data: {source: demo, limit_train: 600}\n"
        "defaults: {embedding_dim: 8, hidden_dim: 8, epochs: 1}\n"
        "experiments:\n  base:\n  wide: {parent: base, embedding_dim: 400}\n"
    )
    run = run_on(small_disk, tmp_path)
    folder = small_disk / "tiny"
    backup = backup_path(folder / "wide-seed0")
    finished, failed = read_run(folder)
    kept = whole_bytes(folder)

    cause = (
        f"{backup} cannot be written: No space left on device; free some space there, "
        "or choose another folder"
    )
    assert (f"failed: wide-seed0: {cause}\n", 1) == (run.stderr, run.returncode)
    assert finished.result
    assert (None, cause) == (failed.result, failed.failure)
    assert not list(folder.glob("*/*/.*"))
    subprocess.run(["mount", "-o", "remount,size=9m", small_disk], check=True)
    again = run_on(small_disk, tmp_path)
    assert 0 == again.returncode
    assert "1 of 1 trials finished" in again.stdout
    record_property("bytes_lost", bytes_lost(kept))
    assert 0 == bytes_lost(kept)


@pytest.mark.fault("disk")
def test_disk_that_is_full_from_the_start(small_disk: Path, tmp_path: Path) -> None:
    """A run that cannot write its grid is one error; what lies there stays."""
    (tmp_path / "tiny.yaml").write_text("data: demo\nexperiments: {rnn: {epochs: 1}}\n")
    fill(small_disk)
    run = run_on(small_disk, tmp_path)

    assert 2 == run.returncode
    assert run.stderr == (
        f"error: {small_disk / 'tiny' / 'grid.yaml'} cannot be written: No space left on device; "
        "free some space there, or choose another folder\n"
    )


@pytest.mark.fault("disk", 2)
@pytest.mark.slow
def test_temporary_folder_that_is_full(
    small_disk: Path, tmp_path: Path, record_property: RecordProperty
) -> None:
    """Full from the start, or while trials run: one line with the path, nothing finished lost."""
    (tmp_path / "tiny.yaml").write_text(
        "data: {source: demo, limit_train: 4000}\n"
        "defaults: {embedding_dim: 16, hidden_dim: 16, epochs: 20}  # Ray writes every 10 seconds\n"
        "experiments: {rnn: , gru: {parent: rnn, cell: gru}, lstm: {parent: rnn, cell: lstm}}\n"
    )
    command = [PROGRAM, "run", "tiny.yaml", "--max-concurrent", "1"]
    folder = tmp_path / "results" / "tiny"
    options = {"cwd": tmp_path, "stderr": subprocess.PIPE, "stdout": subprocess.DEVNULL}
    full = {"env": os.environ | {"TMPDIR": str(small_disk)}, "text": True}
    run = subprocess.Popen(command, **options, **full)
    wait_for(folder / "rnn-seed0" / "history.csv", run)
    fill(small_disk)
    while_running = run.communicate()[1]
    finished = whole_bytes(folder)
    from_the_start = subprocess.run(command, **options, **full, check=False)
    subprocess.run(command, **options, check=True)
    record_property("bytes_lost", bytes_lost(finished))

    room = rf"room in {re.escape(str(small_disk))} \([\d,]+ bytes\)"
    assert re.fullmatch(
        rf"error: Ray cannot write its own files: No space left on device; it needs {room}; "
        "free some space there, or choose another folder with TMPDIR, and run it again: "
        "finished trials and whole epochs are kept\n",
        while_running,
    )
    assert re.fullmatch(
        rf"error: Ray does not start: .+; it needs some 64 open files \(ulimit -n: \d+\) and {room}"
        "\n",
        from_the_start.stderr,
    )
    assert (2, 2) == (run.returncode, from_the_start.returncode)
    assert any(record.result for record in read_run(folder))
    assert 0 == bytes_lost(finished)


@pytest.mark.fault("node")
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_node_that_dies_takes_no_trial_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property: RecordProperty
) -> None:
    """Three nodes, one killed in the middle: every trial ends with the bits of a single node."""
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    from ray.cluster_utils import Cluster

    (tmp_path / "tiny.yaml").write_text(
        "data: {source: demo, limit_train: 4000}\n"
        "defaults: {embedding_dim: 32, hidden_dim: 32, epochs: 6}\n"
        "experiments: {gru: {cell: gru}, lstm: {cell: lstm}, rnn: {epochs: 9}}\n"
    )
    command = [PROGRAM, "run", "tiny.yaml", "--results"]
    names = ("gru-seed0", "lstm-seed0", "rnn-seed0")
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        node, _ = (cluster.add_node(num_cpus=1) for _ in range(2))
        run = subprocess.Popen(
            [*command, "cluster", "--address", cluster.address],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in names:
            wait_for(tmp_path / "cluster" / "tiny" / name / "history.csv", run)
        cluster.remove_node(node, allow_graceful=False)
        kept = whole_bytes(tmp_path / "cluster" / "tiny")
        output = run.communicate()[0]
    finally:
        cluster.shutdown()
    monkeypatch.delenv("RAY_AUTH_MODE")
    subprocess.run([*command, "single"], cwd=tmp_path, capture_output=True, check=True)
    record_property("bytes_lost", bytes_lost(kept))

    assert 0 == bytes_lost(kept)
    assert 0 == run.returncode
    assert 1 == output.count("  retry 1 of 3: its process died\n")
    assert "3 of 3 trials finished" in output
    for name in names:
        assert_same_training(tmp_path / "single/tiny" / name, tmp_path / "cluster/tiny" / name)


SMALL_SHM = "mount -t tmpfs -o size=1m tmpfs /dev/shm"
READ_ONLY_HOME = "mkdir home; mount -t tmpfs -o ro tmpfs home; export HOME=$PWD/home"
FEW_FILES = "ulimit -n 64"


@pytest.mark.fault("machine")
@pytest.mark.parametrize(
    "setting",
    [
        f"{SMALL_SHM}; {READ_ONLY_HOME}; {FEW_FILES}",
        *(
            pytest.param(setting, marks=pytest.mark.slow)
            for setting in (SMALL_SHM, READ_ONLY_HOME, FEW_FILES, "unset HOME")
        ),
    ],
)
def test_run_on_a_poor_machine(setting: str, tmp_path: Path) -> None:
    """A run, its report and a prediction work with little shared memory, few files and no home."""
    if not can_limit():
        pytest.skip("limits of our own take the rights to set them")
    (tmp_path / "tiny.yaml").write_text(
        "data: {source: demo, limit_train: 600}\n"
        "experiments: {rnn: {embedding_dim: 8, hidden_dim: 8, epochs: 1}}\n"
    )
    commands = f"{PROGRAM} run tiny.yaml && {PROGRAM} report && {PROGRAM} predict 'a cup'"
    done = limited(f"unset AGNEWS_TUNE_CACHE; {setting}; {commands}", tmp_path)

    assert 0 == done.returncode
    assert "1 of 1 trials finished" in done.stdout
    assert "written to results/tiny: report.html, accuracy.png, " in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.fault("machine")
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_machine_on_which_ray_does_not_start(tmp_path: Path) -> None:
    """One line says what Ray needs and what there is."""
    if not can_limit():
        pytest.skip("limits of our own take the rights to set them")
    (tmp_path / "tiny.yaml").write_text("data: demo\nexperiments: {rnn: {epochs: 1}}\n")
    done = limited(f"ulimit -n 32; {PROGRAM} run tiny.yaml", tmp_path)

    assert 2 == done.returncode
    assert re.fullmatch(
        r"error: Ray does not start: .+; it needs some 64 open files \(ulimit -n: 32\) and room in "
        r"\S+ \([\d,]+ bytes\)\n",
        done.stderr,
    )


def limited(commands: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run shell commands with mounts of their own and without the right to raise limits."""
    drop = ["setpriv", "--bounding-set=-sys_resource", "--inh-caps=-sys_resource"]
    return subprocess.run(
        ["unshare", "--mount", *drop, "bash", "-c", commands],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def can_limit() -> bool:
    """Return whether this machine lets the tests make such surroundings."""
    if not (shutil.which("unshare") and shutil.which("setpriv")):
        return False
    return limited("mount -t tmpfs tmpfs /mnt", Path("/")).returncode == 0


@pytest.mark.fault("driver", 20)
@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_soak(tmp_path: Path, record_property: RecordProperty) -> None:
    """200 trials, the driver killed at 20 random times: every trial is finished, none twice.

    The memory and the open files of the last driver stay flat.
    """
    (tmp_path / "soak.yaml").write_text(
        "data: {source: demo, limit_train: 600}\n"
        "defaults: {embedding_dim: 4, hidden_dim: 4, epochs: 2}\n"
        "seeds: 100\n"
        "experiments: {rnn: , gru: {parent: rnn, cell: gru}}\n"
    )
    command = [PROGRAM, "run", "soak.yaml"]
    results = tmp_path / "results" / "soak"
    kept: dict[Path, bytes] = {}
    chance = random.Random(0)
    kills = 0
    while kills < 20:
        run = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL)
        before = _finished(results)
        while _finished(results) == before and run.poll() is None:
            time.sleep(0.02)
        with suppress(subprocess.TimeoutExpired):
            run.wait(chance.uniform(0, 1))
        if run.poll() is not None:
            break
        run.kill()
        run.wait()
        kills += 1
        assert 0 == bytes_lost(kept)
        kept = whole_bytes(results)
    finished = _finished(results)
    last = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL)
    measured = []
    while last.poll() is None:
        time.sleep(2)
        with suppress(psutil.Error):
            driver = psutil.Process(last.pid)
            if driver.status() != psutil.STATUS_ZOMBIE:
                measured.append((driver.memory_info().rss / 10**6, driver.num_fds()))
    records = read_run(results)
    record_property("bytes_lost", bytes_lost(kept))

    assert 0 == bytes_lost(kept)
    assert (0, 20) == (last.returncode, kills)
    assert 200 == len(records)
    assert all(record.result and len(record.history) == 2 for record in records)
    third = len(measured) // 3  # in the first one Ray starts; at the end it closes its files
    memory, files = zip(*measured, strict=True)
    assert max(memory[2 * third :]) < max(memory[third : 2 * third]) + 30
    assert max(files[2 * third :]) < max(files[third : 2 * third]) + 5
    record_property(
        "figure",
        f"200 trials, the run killed {kills} times: {finished} were finished before the last run "
        f"and not trained again; in it the driver took {min(memory[third:]):.0f} to "
        f"{max(memory[third:]):.0f} MB with shared libraries and had at most {max(files[third:])} "
        "files open.",
    )


def _finished(results: Path) -> int:
    return len(list(results.glob("*/result.json")))


@pytest.mark.fault("damage")
def test_damaged_backup_is_named_by_the_run(tmp_path: Path) -> None:
    """A trial's warning reaches who started the run; its threads are those that the plan shows."""
    (tmp_path / "tiny.yaml").write_text(
        "data: {source: demo, limit_train: 600}\n"
        "experiments: {base: {embedding_dim: 8, hidden_dim: 8, epochs: 1}}\n"
    )
    folder = tmp_path / "results" / "tiny" / "base-seed0"
    backup_path(folder).parent.mkdir(parents=True)
    backup_path(folder).write_bytes(b"no backup")
    done = subprocess.run(
        [PROGRAM, "run", "tiny.yaml"],
        cwd=tmp_path,
        env=os.environ | {"OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        check=True,
    )
    result = read_trial(folder).result

    assert re.fullmatch(
        rf"warning: {re.escape(str(backup_path(folder)))}: damaged backup \(.*\); training starts "
        r"over\n",
        done.stderr,
    )
    assert 1 == result["hardware"]["threads"]


@pytest.mark.fault("signal")
@pytest.mark.parametrize(("number", "exit_code"), [(None, 0), (signal.SIGINT, 130)])
def test_run_whose_reader_is_gone(
    number: signal.Signals | None, exit_code: int, tmp_path: Path
) -> None:
    """As behind ``| head``, or behind ``| tee``, which Ctrl-C ends too."""
    epochs = 3 if number is None else 3000
    (tmp_path / "tiny.yaml").write_text(
        "data: {source: demo, limit_train: 600}\n"
        f"experiments: {{base: {{embedding_dim: 8, hidden_dim: 8, epochs: {epochs}}}}}\n"
    )
    run = subprocess.Popen(
        [PROGRAM, "run", "tiny.yaml"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    lines = iter(run.stdout.readline, "")
    next(line for line in lines if line.startswith("records: "))
    if number is not None:
        next(line for line in lines if " epoch 1/" in line)
    run.stdout.close()
    if number is not None:
        run.send_signal(number)
    errors = run.stderr.read().splitlines()

    assert exit_code == run.wait()
    assert errors[0] == (
        "warning: standard output cannot be written (nobody reads it); what follows is not shown "
        "there"
    )
    assert errors[1:] == (
        []
        if number is None
        else [
            "go on from the last whole epochs with: agnews-tune run tiny.yaml",
            "stopped by SIGINT",
        ]
    )
