"""Curves for print are drawn in a process of their own while the report is read and its page made.

Where a second core is free that takes a fifth of the time off a small report: matplotlib is loaded
while the records are read.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from itertools import count
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from agnews_tune.errors import WriteError
from agnews_tune.report.curves import draw_curves
from agnews_tune.report.search_picture import draw_search
from agnews_tune.report.searches import SearchOutcome
from agnews_tune.report.summary import DataSummary

PATIENCE = 5  # seconds that it gets to clean up
Wait = Callable[[], list[Path]]  # until the pictures are there
Draw = Callable[[DataSummary, SearchOutcome | None, str, Path], Wait]  # what draw_pictures takes


def draw_pictures(
    summary: DataSummary, search: SearchOutcome | None, title: str, folder: Path
) -> list[Path]:
    """Draw the curves, and what a search tried, into a folder; return the paths.

    Args:
        summary: the experiments that saw the same data.
        search: of these experiments.
        title: names the run.
        folder: where the pictures go.

    Raises:
        WriteError: the folder cannot be written.
    """
    curves = draw_curves(summary, title, folder)
    return [*curves, *(draw_search(search, title, folder) if search else [])]


def draw_later(
    summary: DataSummary, search: SearchOutcome | None, title: str, folder: Path
) -> Wait:
    """Draw pictures in this process, when they are waited for."""
    return partial(draw_pictures, summary, search, title, folder)


@contextmanager
def drawing_beside() -> Iterator[Draw]:
    """Give what has curves drawn by another process, one after the other, while this one goes on.

    That process ends with the block, whatever it draws. Where there is one core, or where a process
    must not be forked, as on macOS, curves are drawn here and later.

    Raises:
        WriteError: on waiting: a folder cannot be written, or the process ended.
    """
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
    if cores == 1:
        yield draw_later
        return
    context = get_context("fork")
    connection, other_end = context.Pipe()
    process = context.Process(target=_serve, args=(other_end, connection), daemon=True)
    process.start()
    other_end.close()
    numbers = count()

    def draw(summary: DataSummary, search: SearchOutcome | None, title: str, folder: Path) -> Wait:
        number = next(numbers)
        with suppress(OSError):  # where nobody listens any more, nobody will answer
            connection.send((number, summary, search, title, folder))
        return partial(_receive, connection, number, folder)

    try:
        yield draw
    finally:
        process.terminate()
        process.join(PATIENCE)
        process.kill()  # a fork may wait for ever for a lock that another thread held
        process.join()


def _serve(connection: Connection, other_end: Connection) -> None:
    """Draw what is asked for until the other process ends this one, or is gone itself."""
    other_end.close()
    # What a terminal sends goes to both processes, and the other one decides.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    _load_matplotlib()
    with suppress(EOFError, OSError):
        while True:
            number, *request = connection.recv()
            try:
                connection.send((number, draw_pictures(*request)))
            except WriteError as error:
                connection.send((number, error))


def _load_matplotlib() -> None:
    """Load what draws, which takes as long as to draw the curves of two experiments."""
    for name in ("figure", "backends.backend_agg", "backends.backend_svg"):
        import_module(f"matplotlib.{name}")


def _receive(connection: Connection, number: int, folder: Path) -> list[Path]:
    """Return the answer to the request of that number; earlier ones were not waited for."""
    answered = -1
    answer: list[Path] | WriteError = []
    try:
        while answered != number:
            answered, answer = connection.recv()
    except (EOFError, OSError):
        raise WriteError(
            f"the pictures in {folder} cannot be drawn: the process that draws them was ended; "
            "run the command again"
        ) from None
    if isinstance(answer, WriteError):
        raise answer
    return answer
