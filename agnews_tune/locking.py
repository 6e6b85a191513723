"""Locks of the operating system, and with them one run at a time in a run's folder."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TextIO

from agnews_tune.errors import RunError


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a run's folder for the time of the block.

    The operating system lets go of the lock when its process ends, however it ends.

    Raises:
        RunError: another process holds it; the message says which, on which host, since when. Or
            nothing can be written there, or its file system has no locks.
    """
    with _open(folder) as file:
        try:
            free = try_lock(file)
        except OSError as error:
            raise RunError(
                f"{folder} cannot be locked: {error.strerror}; choose a folder on a file system "
                "with locks with --results"
            ) from error
        if not free:
            file.seek(0)
            raise RunError(
                f"{folder} is in use by {file.read() or 'another run'}; wait until that run ends, "
                "or choose another folder with --results"
            )
        since = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
        holder = f"process {os.getpid()} on {socket.gethostname()} since {since}"
        with suppress(OSError):  # on a full disk the next one is told of "another run"
            os.truncate(file.fileno(), 0)
            os.write(file.fileno(), holder.encode())
        yield


def try_lock(file: TextIO | int) -> bool:
    """Lock an open file or folder until it is closed; return False where another one holds it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open(folder: Path) -> TextIO:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return (folder / ".lock").open("a+", encoding="utf-8", errors="replace")
    except OSError as error:
        raise RunError(
            f"{folder} cannot be written: {error.strerror}; choose another folder with --results"
        ) from error
