"""Pictures for print are drawn by other processes while the report is made.

matplotlib is loaded while the records are read, and the two pictures of curves are drawn at once
while experiments are compared and the page is written.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from importlib import import_module
from itertools import count, cycle
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from agnews_tune.errors import WriteError

PROCESSES = 2  # a run has two pictures of curves
PATIENCE = 5  # seconds that it gets to clean up
Picture = Callable[[], list[Path]]  # draws one, or waits until it is drawn; returns its files
Draw = Callable[[Picture, Path], Picture]  # has one drawn into a folder


def draw_later(picture: Picture, _folder: Path) -> Picture:
    """Draw a picture in this process, when it is waited for."""
    return picture


@contextmanager
def drawing_beside() -> Iterator[Draw]:
    """Give what has pictures drawn by other processes while this one goes on.

    These processes end with the block, whatever they draw. Where there is one core, or where a
    process must not be forked, as on macOS, pictures are drawn here and later.

    Raises:
        WriteError: on waiting: a folder cannot be written, or a process ended.
    """
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
    if cores == 1:
        yield draw_later
        return
    with ExitStack() as stack:
        turns = cycle([stack.enter_context(_drawing_process()) for _ in range(PROCESSES)])

        def draw(picture: Picture, folder: Path) -> Picture:
            return next(turns)(picture, folder)

        yield draw


@contextmanager
def _drawing_process() -> Iterator[Draw]:
    """Give what has pictures drawn by one process, one after the other."""
    context = get_context("fork")
    connection, other_end = context.Pipe()
    process = context.Process(target=_serve, args=(other_end, connection), daemon=True)
    process.start()
    other_end.close()
    numbers = count()

    def draw(picture: Picture, folder: Path) -> Picture:
        number = next(numbers)
        with suppress(OSError):  # where nobody listens any more, nobody will answer
            connection.send((number, picture))
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
    # What a terminal sends goes to all processes, and the other one decides.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    _load_matplotlib()
    with suppress(EOFError, OSError):
        while True:
            number, picture = connection.recv()
            try:
                connection.send((number, picture()))
            except WriteError as error:
                connection.send((number, error))


def _load_matplotlib() -> None:
    """Load what draws, before it is asked to."""
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
