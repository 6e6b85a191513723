"""What was made before and is kept on disk: folders that are whole, or are made again."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from agnews_tune.files import PART, replacing_folder
from agnews_tune.locking import try_lock
from agnews_tune.sealed import DamagedError, check_beside, read_sealed, write_sealed

DESCRIPTION = "entry.json"
ABANDONED = 3600  # seconds after which a part without a writer is taken for left behind

_NO_FOLDER = (OSError, RuntimeError)  # RuntimeError: the user has no home


class Entry(NamedTuple):
    """A folder of the cache.

    Attributes:
        folder: whose files are those that were written.
        content: what was written about them.
    """

    folder: Path
    content: Mapping[str, Any]


def find_entry(kind: str, key: str) -> Entry | None:
    """Return what is kept under a key; None where nothing is, or not all of it as it was written.

    The cache is the folder ``$AGNEWS_TUNE_CACHE``, else ``agnews-tune`` in ``$XDG_CACHE_HOME`` or
    in ``~/.cache``. It may be deleted at any time.

    Args:
        kind: the cache's folder for entries like this.
        key: a name for a file, which stands for all that decides the content.
    """
    try:
        path = _folder(kind, key) / DESCRIPTION
        content = read_sealed(path)
        if content["key"] != key:
            return None
        for name in content["files"]:
            check_beside(path, content, name)
    except (*_NO_FOLDER, DamagedError, LookupError):
        return None
    return Entry(path.parent, content)


def make_entry(kind: str, key: str, write: Callable[[Path], Mapping[str, Any]]) -> Entry | None:
    """Keep files under a key and return them; None, and nothing kept, where that cannot be.

    What killed writers have left of entries of this kind an hour ago is removed.

    Args:
        kind: as for ``find_entry``.
        key: as for ``find_entry``.
        write: fills an empty folder, and returns what JSON can hold about it.
    """
    try:
        path = _folder(kind, key)
    except RuntimeError:
        return None
    # The lock is let go after the folder has its name.
    with suppress(OSError), ExitStack() as stack, replacing_folder(path) as folder:
        stack.enter_context(_trying_lock(folder))
        _remove_abandoned(path.parent)
        content = write(folder)
        names = [file.name for file in folder.iterdir()]
        write_sealed(folder / DESCRIPTION, {"key": key, **content}, beside=names)
    return find_entry(kind, key)


@contextmanager
def making(kind: str, key: str, on_wait: Callable[[], None]) -> Iterator[None]:
    """Wait until no other process is in such a block for the same key.

    Where the cache cannot be written, nobody waits: nothing will be kept.

    Args:
        kind: as for ``find_entry``.
        key: as for ``find_entry``.
        on_wait: called before it waits, if it does.
    """
    with ExitStack() as stack:
        free = True
        with suppress(*_NO_FOLDER):
            path = _folder(kind, key).with_suffix(".lock")
            path.parent.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context(path.open("w", encoding="utf-8"))
            free = try_lock(file)
        if not free:
            on_wait()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _remove_abandoned(kind: Path) -> None:
    for part in kind.glob(f".*{PART}"):
        with suppress(OSError), _trying_lock(part) as free:  # OSError: it is gone by now
            # Locks of some network file systems do not reach another machine.
            if free and time.time() - part.stat().st_mtime > ABANDONED:
                shutil.rmtree(part, ignore_errors=True)


@contextmanager
def _trying_lock(folder: Path) -> Iterator[bool]:
    """Lock a folder for the block; say whether that was possible."""
    handle = os.open(folder, os.O_RDONLY)
    free = False
    try:
        with suppress(OSError):  # a file system without locks
            free = try_lock(handle)
        yield free
    finally:
        os.close(handle)


def _folder(kind: str, key: str) -> Path:
    environment = os.environ
    if folder := environment.get("AGNEWS_TUNE_CACHE"):
        cache = Path(folder)
    elif folder := environment.get("XDG_CACHE_HOME"):
        cache = Path(folder, "agnews-tune")
    else:
        cache = Path.home() / ".cache" / "agnews-tune"
    return cache / kind / key
