"""Two runs never write into one folder."""

import errno
import fcntl
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest
from click.testing import CliRunner

from agnews_tune.cli import main
from agnews_tune.errors import RunError
from agnews_tune.locking import locked

HOLD = (
    "import sys; from pathlib import Path; from agnews_tune.locking import locked\n"
    "with locked(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
)
SINCE = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d"


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the folder of a run."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path / "results" / "tiny"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert "held\n" == process.stdout.readline()
    yield process
    process.kill()
    process.communicate()


def in_use(folder: Path, process: int) -> str:
    """Return a pattern of the whole message."""
    return (
        re.escape(f"{folder} is in use by process {process} on {socket.gethostname()} since ")
        + SINCE
        + re.escape("; wait until that run ends, or choose another folder with --results")
    )


@pytest.mark.fault("holder")
@pytest.mark.usefixtures("holder")
def test_holder_that_no_text_names(tmp_path: Path) -> None:
    """Whatever stands in the file, the folder is in use."""
    (tmp_path / "results" / "tiny" / ".lock").write_bytes(b"\xff\xfe")
    in_use_by = "is in use by \ufffd\ufffd; wait"
    with pytest.raises(RunError, match=in_use_by), locked(tmp_path / "results" / "tiny"):
        pass


@pytest.mark.fault("holder")
def test_second_run_is_told_who_holds_the_folder(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    """Host, process and time are named, and nothing is written."""
    (tmp_path / "tiny.yaml").write_text("data: demo\nexperiments: {rnn: {epochs: 1}}\n")
    arguments = ["run", str(tmp_path / "tiny.yaml"), "--results", str(tmp_path / "results")]
    result = CliRunner().invoke(main, arguments)
    folder = tmp_path / "results" / "tiny"

    assert 2 == result.exit_code
    assert re.fullmatch(f"error: {in_use(folder, holder.pid)}\n", result.stderr)
    assert [".lock"] == [path.name for path in folder.iterdir()]


@pytest.mark.fault("holder")
def test_lock_of_a_killed_process_is_taken_over(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    """After kill -9 of its holder the folder is free, and its next holder is named."""
    folder = tmp_path / "results" / "tiny"
    holder.kill()
    holder.wait()
    with locked(folder), pytest.raises(RunError) as caught, locked(folder):
        pass

    assert re.fullmatch(in_use(folder, os.getpid()), str(caught.value))


def test_lock_ends_with_its_block(tmp_path: Path) -> None:
    """One run after the other holds the folder."""
    for _ in range(2):
        with locked(tmp_path):
            assert (tmp_path / ".lock").read_text().startswith(f"process {os.getpid()} on ")


def test_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As some of clusters are mounted; the file system here has locks, so the call is replaced."""

    def flock(_file: TextIO, _operation: int) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(RunError) as caught, locked(tmp_path):
        pass

    assert (
        f"{tmp_path} cannot be locked: Function not implemented; choose a folder on a file system "
        "with locks with --results"
    ) == str(caught.value)


@pytest.mark.fault("names")
def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file in the way is one clear error."""
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "tiny"
    with pytest.raises(RunError) as caught, locked(folder):
        pass

    assert (
        f"{folder} cannot be written: Not a directory; choose another folder with --results"
    ) == str(caught.value)
