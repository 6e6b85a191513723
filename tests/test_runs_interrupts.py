"""Real signals to real runs: what they print, how they end, and that nothing of them stays."""

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import RecordProperty, assert_same_training, bytes_lost, whole_bytes
from programs import PROGRAM, count_epochs, descendants, wait_for_epoch

from agnews_tune import Classifier
from agnews_tune.records.reading import read_trial
from agnews_tune.runs.interrupts import SIGNALS

RUN = [PROGRAM, "run", "tiny.yaml", "--results"]
GRID = """
data: {source: demo, limit_train: 4000}
defaults: {cell: gru, embedding_dim: 32, hidden_dim: 32, epochs: 12}
experiments: {gru: , waits: {parent: gru, cell: rnn, epochs: 1}}
"""
NEVER_ENDS = """
import subprocess, time
from agnews_tune.runs.interrupts import interruptible
with interruptible():
    child = subprocess.Popen(["sleep", "600"])
    try:
        print(child.pid, flush=True)
        time.sleep(600)
    except KeyboardInterrupt:
        time.sleep(600)
"""

pytestmark = [pytest.mark.timeout(900), pytest.mark.fault("signal", 1)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tiny.yaml").write_text(GRID)
    return tmp_path


def start(folder: Path, **options: Any) -> "subprocess.Popen[str]":
    """Start a run and wait until its first trial has ended another epoch.

    Tests in the background ignore Ctrl-C, and under nohup a hang-up; the run does neither.
    """
    given = options.pop("preexec_fn", lambda: None)

    def prepare() -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        given()

    trial = folder / "stopped" / "tiny" / "gru-seed0"
    before = count_epochs(trial)
    run = subprocess.Popen(
        [*RUN, "stopped", "--max-concurrent", "1"],
        cwd=folder,
        text=True,
        preexec_fn=prepare,
        **options,
    )
    wait_for_epoch(trial, run, before)
    return run


def assert_all_end(processes: dict[int, str]) -> None:
    """Wait for processes that were told to end: a moment, not longer."""
    deadline = time.monotonic() + 5
    while left := [
        title
        for number, title in processes.items()
        if title and title in _command_of(number) and "defunct" not in title
    ]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def _command_of(number: int) -> str:
    try:
        return Path(f"/proc/{number}/cmdline").read_text().replace("\0", " ").strip()
    except OSError:
        return ""


@pytest.mark.fault("signal", 3)
def test_each_signal_ends_a_run_in_order(folder: Path, record_property: RecordProperty) -> None:
    """Three runs are stopped, the fourth ends with the bits of one that never was."""
    outcomes, kept = [], {}
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        run = start(folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        processes = descendants(run.pid)
        sent = time.monotonic()
        run.send_signal(number)
        output, errors = run.communicate()
        outcomes.append((run.returncode, errors))
        kept |= whole_bytes(folder / "stopped" / "tiny")
        lines = output[output.index("trial  ") :].splitlines()

        assert time.monotonic() - sent < 10
        assert_all_end(processes)
        assert output.count("val_accuracy    docs/s    left") == 1
        assert ["gru-seed0", "stopped"] == lines[2].split()[:2]
        assert ["waits-seed0", "waiting", "0/1"] == lines[3].split()
        assert not list(folder.rglob("*.part"))
    done = subprocess.run([*RUN, "stopped"], cwd=folder, capture_output=True, text=True, check=True)
    subprocess.run([*RUN, "whole"], cwd=folder, capture_output=True, check=True)
    record_property("bytes_lost", bytes_lost(kept))

    assert 0 == bytes_lost(kept)
    again = (
        "go on from the last whole epochs with: agnews-tune run tiny.yaml --results stopped "
        "--max-concurrent 1\n"
    )
    assert [
        (130, f"{again}stopped by SIGINT\n"),
        (143, f"{again}stopped by SIGTERM\n"),
        (129, f"{again}stopped by SIGHUP\n"),
    ] == outcomes
    assert "go on from epoch" in done.stdout
    for name in ("gru-seed0", "waits-seed0"):
        assert_same_training(folder / "whole" / "tiny" / name, folder / "stopped" / "tiny" / name)


def test_second_ctrl_c_ends_at_once(folder: Path) -> None:
    """No traceback, no process left, and the records are whole: an earlier failure's cause too."""
    huge = "experiments: {huge: {hidden_dim: 10000000}, "
    (folder / "tiny.yaml").write_text(GRID.replace("experiments: {", huge))
    run = start(folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    processes = descendants(run.pid)
    run.send_signal(signal.SIGINT)
    time.sleep(0.1)
    sent = time.monotonic()
    run.send_signal(signal.SIGINT)
    errors = run.communicate()[1]

    assert 130 == run.returncode
    assert time.monotonic() - sent < 2
    assert "Traceback" not in errors
    assert_all_end(processes)
    assert read_trial(folder / "stopped" / "tiny" / "gru-seed0").history
    failure = read_trial(folder / "stopped" / "tiny" / "huge-seed0").failure
    assert failure is not None
    assert failure.startswith("out of memory: ")


def test_closed_terminal_ends_a_run_in_order(folder: Path) -> None:
    """The kernel hangs up on every process of the terminal; the run ends with 129."""
    ours, theirs = pty.openpty()

    def own_terminal() -> None:
        os.setsid()
        os.close(os.open(os.ttyname(theirs), os.O_RDWR))

    run = start(folder, stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=own_terminal)
    processes = descendants(run.pid)
    os.close(theirs)
    os.close(ours)

    assert 129 == run.wait(timeout=10)
    assert_all_end(processes)
    assert read_trial(folder / "stopped" / "tiny" / "gru-seed0").history


@pytest.mark.slow
def test_nohup_is_respected(folder: Path) -> None:
    """Who starts a run that ignores a hang-up gets one that goes on after it."""

    def ignore() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    run = start(folder, stdout=subprocess.PIPE, preexec_fn=ignore)
    run.send_signal(signal.SIGHUP)
    output = run.communicate()[0]

    assert 0 == run.returncode
    assert "2 of 2 trials finished" in output


def test_block_that_does_not_end_is_ended() -> None:
    """After 8 seconds the process ends, and its children with it."""
    run = subprocess.Popen([sys.executable, "-c", NEVER_ENDS], stdout=subprocess.PIPE, text=True)
    assert run.stdout
    child = int(run.stdout.readline())
    sent = time.monotonic()
    run.send_signal(signal.SIGTERM)

    assert 143 == run.wait(timeout=20)
    assert 7.5 < time.monotonic() - sent < 10
    assert_all_end({child: "sleep 600"})


def test_other_commands_end_in_order_too(tiny_model: Classifier, tmp_path: Path) -> None:
    """A prediction that waits for texts is ended by Ctrl-C without a traceback."""
    tiny_model.save(tmp_path / "model")
    command = [PROGRAM, "predict", "--model", "model", "--format", "csv"]
    reading = subprocess.Popen(
        command,
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert reading.stdout
    assert reading.stdout.readline()  # the header: the model is there, and texts are awaited
    reading.send_signal(signal.SIGINT)
    errors = reading.communicate()[1]

    assert (b"stopped by SIGINT\n", 130) == (errors, reading.returncode)
