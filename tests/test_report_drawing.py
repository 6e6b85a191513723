"""Pictures drawn by other processes: as those drawn here, their errors, and their end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from multiprocessing import active_children
from pathlib import Path

import psutil
import pytest
from conftest import write_run
from programs import run_python

from agnews_tune.errors import WriteError
from agnews_tune.records.reading import read_run
from agnews_tune.report.curves import draw_curves
from agnews_tune.report.drawing import Draw, Picture, draw_later, drawing_beside
from agnews_tune.report.summary import PLOTS, DataSummary, summarize

CORES = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else {0}
PROGRAM = Path(sys.executable).with_name("agnews-tune")
two_cores = pytest.mark.skipif(len(CORES) == 1, reason="with one core curves are drawn here")


@pytest.fixture
def summary(write_record: Callable[..., Path], tmp_path: Path) -> DataSummary:
    write_record(tmp_path / "run", "rnn")
    (summary,) = summarize(read_run(tmp_path / "run"))
    return summary


@pytest.fixture
def one_core() -> Iterator[None]:
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    os.sched_setaffinity(0, {min(CORES)})
    yield
    os.sched_setaffinity(0, CORES)


def draw_both(draw: Draw, summary: DataSummary, folder: Path) -> Picture:
    """Have accuracy and loss drawn; return what waits for both."""
    waits = [draw(partial(draw_curves, summary, plot, "made", folder), folder) for plot in PLOTS]
    return lambda: [path for wait in waits for path in wait()]


def drawing_processes(parent: int | None = None) -> list[psutil.Process]:
    """Return the process that loads matplotlib, and then those that draw."""
    processes: list[psutil.Process] = []
    while len(processes) < 3:
        time.sleep(0.01)
        processes = psutil.Process(parent).children(recursive=True)
    return sorted(processes, key=lambda process: process.pid)


@two_cores
def test_pictures_are_the_same(summary: DataSummary, tmp_path: Path) -> None:
    """To the last byte, and the processes are gone afterwards."""
    with drawing_beside() as draw:
        paths = draw_both(draw, summary, tmp_path / "beside")()
        processes = drawing_processes()
    here = draw_both(draw_later, summary, tmp_path / "here")()

    assert [path.name for path in here] == [path.name for path in paths]
    assert [path.read_bytes() for path in here] == [path.read_bytes() for path in paths]
    assert not any(process.is_running() for process in processes)


@two_cores
@pytest.mark.timeout(60)
@pytest.mark.parametrize("number", [0, 1, 2])
def test_process_that_does_not_end_is_ended(
    summary: DataSummary, tmp_path: Path, number: int
) -> None:
    """A report is not kept waiting by one that heeds no signal but the last."""
    with drawing_beside() as draw:
        draw_both(draw, summary, tmp_path)()
        processes = drawing_processes()
        processes[number].suspend()

    gone, _alive = psutil.wait_procs(processes, timeout=5)
    assert 3 == len(gone)


@pytest.mark.usefixtures("one_core")
def test_one_core_draws_here(summary: DataSummary, tmp_path: Path) -> None:
    """A second process would only take turns with this one."""
    with drawing_beside() as draw:
        wait = draw_both(draw, summary, tmp_path / "here")
        assert [] == active_children()
        assert not (tmp_path / "here").exists()
        assert all(path.exists() for path in wait())


def test_folder_that_cannot_be_written(summary: DataSummary, tmp_path: Path) -> None:
    """The error is the one that drawing here raises; the next pictures are drawn."""
    (tmp_path / "file").touch()
    with drawing_beside() as draw:
        with pytest.raises(WriteError) as caught:
            draw_both(draw, summary, tmp_path / "file" / "within")()
        paths = draw_both(draw, summary, tmp_path)()

    picture = tmp_path / "file" / "within" / "accuracy.png"
    assert f"{picture} cannot be written: Not a directory; choose another folder" == str(
        caught.value
    )
    assert tmp_path / "accuracy.png" == paths[0]


def test_pictures_that_nobody_waits_for(summary: DataSummary, tmp_path: Path) -> None:
    """They are not taken for the next ones."""
    with drawing_beside() as draw:
        draw_both(draw, summary, tmp_path / "first")
        paths = draw_both(draw, summary, tmp_path / "second")()

    assert {tmp_path / "second"} == {path.parent for path in paths}


@two_cores
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("before", [True, False])
def test_process_that_was_killed(
    summary: DataSummary, tmp_path: Path, before: bool, number: int
) -> None:
    """The error names the folder, whether it died before it was asked or after."""
    with drawing_beside() as draw:
        processes = drawing_processes()
        if not before:
            wait = draw_both(draw, summary, tmp_path / "here")
        processes[number].kill()
        with suppress(psutil.NoSuchProcess):
            while processes[number].status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.01)
        if before:
            wait = draw_both(draw, summary, tmp_path / "here")
        with pytest.raises(WriteError) as caught:
            wait()

    assert (
        f"the pictures in {tmp_path / 'here'} cannot be drawn: the process that draws them was "
        "ended; run the command again"
    ) == str(caught.value)


@two_cores
def test_process_that_loads_was_killed(summary: DataSummary, tmp_path: Path) -> None:
    """Before those that draw are there the error is the same; after it they draw, and end too."""
    with drawing_beside() as draw:
        psutil.Process(active_children()[0].pid).kill()
        with pytest.raises(WriteError, match="the process that draws them was ended"):
            draw_both(draw, summary, tmp_path)()
    with drawing_beside() as draw:
        loading, *processes = drawing_processes()
        loading.kill()
        paths = draw_both(draw, summary, tmp_path)()

    assert all(path.exists() for path in paths)
    gone, _alive = psutil.wait_procs(processes, timeout=5)
    assert processes == sorted(gone, key=lambda process: process.pid)


def test_signal_in_a_destructor_ends_the_process() -> None:
    """Python ignores what is raised there, and would print it."""
    done = run_python(
        "import os, signal, sys, time\n"
        "from agnews_tune.report.drawing import end_on_sigterm\n"
        "class Last:\n"
        "    def __del__(self): os.kill(os.getpid(), signal.SIGTERM)\n"
        "class HalfDone:\n"
        "    def __del__(self): raise KeyError\n"
        "end_on_sigterm()\n"
        "try:\n"
        "    Last()\n"
        "    HalfDone()\n"
        "    time.sleep(60)\n"
        "    print('alive')\n"
        "finally:\n"
        "    print('in order')\n"
    )

    assert ("in order\n", "") == (done.stdout, done.stderr)


@two_cores
def test_signals_end_all_processes(tmp_path: Path) -> None:
    """Ctrl-C, which all get, and SIGTERM, which one gets: at once, and no part of a file stays."""
    write_run(tmp_path, experiments=60, rows=20)
    outcomes = []
    for send, number in ((os.killpg, signal.SIGINT), (os.kill, signal.SIGTERM)):
        report = subprocess.Popen(
            [PROGRAM, "report", tmp_path],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        while not list(tmp_path.glob(".accuracy.png.*.part")):
            time.sleep(0.01)
        drawing = drawing_processes(report.pid)
        sent = time.monotonic()
        send(report.pid, number)
        errors = report.communicate()[1]
        outcomes.append((report.returncode, errors))

        assert time.monotonic() - sent < 2
        assert not any(process.is_running() for process in drawing)
        assert not list(tmp_path.glob("*.part"))

    assert [(130, "stopped by SIGINT\n"), (143, "stopped by SIGTERM\n")] == outcomes
