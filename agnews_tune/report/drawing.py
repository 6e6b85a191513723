"""Pictures for print are drawn by other processes while the report is made.

One process loads matplotlib while the records are read. Two forks of it draw the two pictures of
curves at once while experiments are compared and the page is written.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from importlib import import_module
from itertools import chain, count, cycle
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from agnews_tune.errors import WriteError

PROCESSES = 2  # a run has two pictures of curves
PATIENCE = 5  # seconds that the process which forks them gets to end itself and them
AGAIN = 0.01  # seconds until a process that could not be ended is ended
Pipe = tuple[Connection, Connection]
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
    with _drawing_processes() as processes:
        turns = cycle(processes)

        def draw(picture: Picture, folder: Path) -> Picture:
            return next(turns)(picture, folder)

        yield draw


@contextmanager
def _drawing_processes() -> Iterator[list[Draw]]:
    """Give what has pictures drawn by each of some processes, one after the other."""
    context = get_context("fork")
    pipes = [context.Pipe() for _ in range(PROCESSES)]
    with ExitStack() as stack:
        for connection, _ in pipes:
            stack.callback(connection.close)
        stack.enter_context(_running(context.Process(target=_load, args=(pipes,)), PATIENCE))
        for _, other_end in pipes:
            other_end.close()
        yield [partial(_ask, connection, count()) for connection, _ in pipes]


@contextmanager
def _running(process: BaseProcess, patience: float) -> Iterator[None]:
    """Start a process and end it with the block, by force after so many seconds."""
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join(patience)
        process.kill()  # a fork may wait for ever for a lock that another thread held
        process.join()


def _load(pipes: list[Pipe]) -> None:
    """Load matplotlib, and fork a process for each pipe, which draws."""
    # What a terminal sends goes to all processes, and the first one decides.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    end_on_sigterm()
    gc.disable()  # a tenth of the time would go into a search for what ends with the process
    for name in ("figure", "backends.backend_agg", "backends.backend_svg"):
        import_module(f"matplotlib.{name}")
    context = get_context("fork")
    with ExitStack() as stack:
        processes = [context.Process(target=_draw, args=(end, pipes)) for _, end in pipes]
        for process in processes:
            stack.enter_context(_running(process, PATIENCE / (PROCESSES + 1)))
        _close_all(pipes)
        for process in processes:
            process.join()


def end_on_sigterm() -> None:
    """Let SIGTERM end the process in order: what stands in ``finally`` is done."""
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, _end)


def _end(*_: object) -> None:
    sys.unraisablehook = _end_again
    sys.exit()


def _end_again(unraisable: sys.UnraisableHookArgs) -> None:
    """Try again where a destructor ran, which Python lets nothing end.

    What other destructors say of what they find half done is nobody's business any more.
    """
    if unraisable.exc_type is SystemExit:
        signal.setitimer(signal.ITIMER_REAL, AGAIN)


def _draw(connection: Connection, pipes: list[Pipe]) -> None:
    """Draw what is asked for until the other end is closed, or its process is gone."""
    _close_all(pipes, but=connection)
    with suppress(EOFError, OSError):
        while True:
            number, picture = connection.recv()
            try:
                connection.send((number, picture()))
            except WriteError as error:
                connection.send((number, error))


def _close_all(pipes: list[Pipe], but: Connection | None = None) -> None:
    """Close the ends that a fork has of its own, which would hide that another process ended."""
    for end in chain.from_iterable(pipes):
        if end is not but:
            end.close()


def _ask(connection: Connection, numbers: Iterator[int], picture: Picture, folder: Path) -> Picture:
    number = next(numbers)
    with suppress(OSError):  # where nobody listens any more, nobody will answer
        connection.send((number, picture))
    return partial(_receive, connection, number, folder)


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
