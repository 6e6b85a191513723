"""Ctrl-C, SIGTERM and a closed terminal end a block in order; a second signal ends it at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

GRACE_SECONDS = 8
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """A signal asked the program to end.

    Attributes:
        exit_code: what the program ends with, 128 and the signal's number, as shells have it.
    """

    def __init__(self, number: int) -> None:
        self.exit_code = 128 + number
        super().__init__(signal.Signals(number).name)


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn the first signal into a KeyboardInterrupt, and a second one into the end of the process.

    If the block takes longer than ``GRACE_SECONDS`` to end, the process ends without waiting.
    Signals that whoever started the program had it ignore, as ``nohup`` does, stay ignored.

    Raises:
        Interrupted: at the end of the block, where a signal ended it.
    """
    received: list[int] = []
    deadline = threading.Timer(GRACE_SECONDS, lambda: _end_now(received[0]))
    deadline.daemon = True
    terminals = [number for number in (1, 2) if os.isatty(number)]

    def stop(number: int, frame: FrameType | None) -> None:
        if received:
            _end_now(number)
        received.append(number)
        deadline.start()
        if number == signal.SIGHUP:
            write_nowhere(terminals)
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        for number, handler in before.items():
            if handler != signal.SIG_IGN:
                signal.signal(number, stop)
        yield
    except KeyboardInterrupt as error:
        raise Interrupted(received[0] if received else signal.SIGINT) from error
    finally:
        deadline.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def kept_handlers() -> Iterator[None]:
    """Keep our handlers where a library puts in its own, and its processes deaf to a hang-up.

    The signals of a terminal reach every process that it started; those of the library are to end
    with ours and not before. Only the main thread can put in handlers, the library's too.
    """
    main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in SIGNALS if main}
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})


def _end_now(number: int) -> NoReturn:
    import psutil

    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            process.kill()
    os._exit(128 + number)


def write_nowhere(outputs: list[int]) -> None:
    """Let what is still written to file descriptors go nowhere: where they lead to is gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in outputs:
        os.dup2(nowhere, number)
