"""What other writers of the cache leave behind."""

import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agnews_tune.cache import find_entry, make_entry

WRITE = """
import sys
from agnews_tune.cache import make_entry

def write(folder):
    (folder / "half.txt").write_text("half of it")
    print("writing", flush=True)
    sys.stdin.read()
    return {}

make_entry("notes", "slow", write)
"""


@pytest.fixture(autouse=True)
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache's folder for the entries of these tests."""
    monkeypatch.setenv("AGNEWS_TUNE_CACHE", str(tmp_path))
    return tmp_path / "notes"


@pytest.fixture
def writer() -> Iterator[subprocess.Popen[str]]:
    """Another process that is in the middle of an entry."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert "writing\n" == process.stdout.readline()
    yield process
    process.kill()
    process.communicate()


def kill(writer: subprocess.Popen[str], notes: Path) -> None:
    """End a writer, and make what it leaves older than an hour."""
    writer.kill()
    writer.wait()
    (part,) = notes.iterdir()
    os.utime(part, (0, 0))


def write_note(folder: Path) -> dict[str, str]:
    (folder / "note.txt").write_text("a note")
    return {}


@pytest.mark.fault("driver")
def test_part_of_a_killed_writer_is_removed(writer: subprocess.Popen[str], notes: Path) -> None:
    """Nothing of it is left once something else is kept."""
    kill(writer, notes)
    make_entry("notes", "quick", write_note)

    assert [notes / "quick"] == list(notes.iterdir())


def test_part_of_a_living_writer_stays(writer: subprocess.Popen[str], notes: Path) -> None:
    """It is kept when it is whole, however long that takes."""
    (part,) = notes.iterdir()
    os.utime(part, (0, 0))
    make_entry("notes", "quick", write_note)
    writer.communicate("")
    entry = find_entry("notes", "slow")

    assert entry
    assert "half of it" == (entry.folder / "half.txt").read_text()


@pytest.mark.fault("machine")
def test_file_system_without_locks(
    writer: subprocess.Popen[str], notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries are kept; what others have left stays, as nobody knows whether they write on."""

    def fail(*_: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    kill(writer, notes)
    monkeypatch.setattr(fcntl, "flock", fail)

    assert make_entry("notes", "quick", write_note)
    assert 2 == len(list(notes.iterdir()))
