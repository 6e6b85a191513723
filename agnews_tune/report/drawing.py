"""Pictures for print are drawn by other processes while the report is read and its page made.

matplotlib is loaded while the records are read, and the two pictures of curves are drawn at once.
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
from agnews_tune.report.curves import draw_curves
from agnews_tune.report.search_picture import draw_search
from agnews_tune.report.searches import SearchOutcome
from agnews_tune.report.summary import DataSummary

MEASURES = ("accuracy", "loss")  # of which there are curves, and a process that draws them
PATIENCE = 5  # seconds that it gets to clean up
Picture = Callable[[], list[Path]]  # draws one and returns its files
Wait = Callable[[], list[Path]]  # until pictures are there
Draw = Callable[[DataSummary, SearchOutcome | None, str, Path], Wait]  # what draw_later takes


def draw_later(
    summary: DataSummary, search: SearchOutcome | None, title: str, folder: Path
) -> Wait:
    """Draw the curves, and what a search tried, in this process, when they are waited for.

    Args:
        summary: the experiments that saw the same data.
        search: of these experiments.
        title: names the run.
        folder: where the pictures go.

    Returns:
        What draws them and returns their paths.

    Raises:
        WriteError: on waiting: the folder cannot be written.
    """
    return partial(_collect, _list_pictures(summary, search, title, folder))


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
        processes = [stack.enter_context(_drawing_process()) for _ in MEASURES]

        def draw(
            summary: DataSummary, search: SearchOutcome | None, title: str, folder: Path
        ) -> Wait:
            pictures = _list_pictures(summary, search, title, folder)
            asked = zip(cycle(processes), pictures, strict=False)
            return partial(_collect, [ask(picture, folder) for ask, picture in asked])

        yield draw


def _list_pictures(
    summary: DataSummary, search: SearchOutcome | None, title: str, folder: Path
) -> list[Picture]:
    curves: list[Picture] = [
        partial(draw_curves, summary, measure, title, folder) for measure in MEASURES
    ]
    return [*curves, *([partial(draw_search, search, title, folder)] if search else [])]


def _collect(waits: list[Wait]) -> list[Path]:
    return [path for wait in waits for path in wait()]


@contextmanager
def _drawing_process() -> Iterator[Callable[[Picture, Path], Wait]]:
    """Give what has one picture after the other, for a folder, drawn by a process."""
    context = get_context("fork")
    connection, other_end = context.Pipe()
    process = context.Process(target=_serve, args=(other_end, connection), daemon=True)
    process.start()
    other_end.close()
    numbers = count()

    def ask(picture: Picture, folder: Path) -> Wait:
        number = next(numbers)
        with suppress(OSError):  # where nobody listens any more, nobody will answer
            connection.send((number, picture))
        return partial(_receive, connection, number, folder)

    try:
        yield ask
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
    """Load what draws, which takes as long as to draw the curves of seven experiments."""
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
