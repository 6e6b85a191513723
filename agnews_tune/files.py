"""Files and folders that are whole or not there: written under a temporary name, then renamed."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from agnews_tune.errors import WriteError

PART = ".part"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path in the same folder; it becomes ``path`` if the block ends well.

    Missing parent folders are made. A reader sees the old file or the new one, never a part, after
    a power cut too.

    Raises:
        WriteError: the disk is full, or the folder cannot be written.
    """
    with explaining(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = _part_of(path)
        try:
            temporary.touch(exist_ok=False)
            yield temporary
            _sync(temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder beside ``path``; it becomes ``path`` if the block ends well.

    A folder that is there is removed. Unlike a file, what the folder holds may be lost by a power
    cut; who reads it must check it.

    Raises:
        WriteError: the disk is full, or the parent folder cannot be written.
    """
    with explaining(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = _part_of(path)
        try:
            temporary.mkdir()
            yield temporary
            shutil.rmtree(path, ignore_errors=True)
            temporary.replace(path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def explaining(path: Path) -> Iterator[None]:
    """Say in one line why ``path`` cannot be written in the block, and what to do.

    Raises:
        WriteError: in place of an OSError.
    """
    try:
        yield
    except WriteError:
        raise
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        remedy = "free some space there, or choose" if full else "choose"
        raise WriteError(
            f"{path} cannot be written: {error.strerror or error}; {remedy} another folder"
        ) from error


def remove_parts(folder: Path) -> None:
    """Remove what writers that were killed have left under a folder."""
    for path in folder.rglob(f".*{PART}"):
        if path.is_file():
            path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _part_of(path: Path) -> Path:
    return path.with_name(f".{path.name[:50]}.{token_hex(8)}{PART}")
