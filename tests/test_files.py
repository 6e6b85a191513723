"""Files are whole or not there, whatever happens while they are written."""

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agnews_tune.errors import WriteError
from agnews_tune.files import remove_parts, replacing, replacing_folder, write_text


@pytest.fixture(params=[0o022, 0o002, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def _fail_half_way(path: Path) -> None:
    with replacing(path) as temporary:
        temporary.write_text("half of the new")
        raise KeyboardInterrupt


def _fail_half_way_in_folder(path: Path) -> None:
    with replacing_folder(path) as temporary:
        (temporary / "note.txt").write_text("half of the new")
        raise KeyboardInterrupt


def test_text_is_written_as_it_is(tmp_path: Path) -> None:
    """Text becomes UTF-8 with the line ends that it has."""
    path = tmp_path / "note.txt"
    write_text(path, "größer\n日本\r\n")

    assert "größer\n日本\r\n".encode() == path.read_bytes()


def test_reader_sees_old_file_until_the_new_one_is_whole(tmp_path: Path) -> None:
    """The path holds the old text while the block writes, and the new one after it."""
    path = tmp_path / "note.txt"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("half of the new")
        assert "old" == path.read_text()
        temporary.write_text("new")

    assert "new" == path.read_text()
    assert [path] == list(tmp_path.iterdir())


def test_readers_beside_a_writer_never_see_a_part(tmp_path: Path) -> None:
    """Whoever reads while another thread writes gets one whole text or the other."""
    path = tmp_path / "note.txt"
    texts = ["a" * 200_000, "b" * 200_000]
    write_text(path, texts[0])
    writer = threading.Thread(target=lambda: [write_text(path, texts[i % 2]) for i in range(100)])
    writer.start()
    seen = {path.read_text()}
    while writer.is_alive():
        seen.add(path.read_text())
    writer.join()

    assert set() == seen - set(texts)


@pytest.mark.fault("raises")
def test_failing_block_leaves_the_old_file_alone(tmp_path: Path) -> None:
    """An interrupt reaches the caller; the old file stays and no temporary one does."""
    path = tmp_path / "note.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        _fail_half_way(path)

    assert "old" == path.read_text()
    assert [path] == list(tmp_path.iterdir())


@pytest.mark.fault("raises")
def test_failing_block_leaves_no_file(tmp_path: Path) -> None:
    """Where there was no file there is none after an error: UTF-8 has no half surrogates."""
    with pytest.raises(UnicodeEncodeError):
        write_text(tmp_path / "note.txt", "half a pair: \ud800")

    assert [] == list(tmp_path.iterdir())


def test_parents_are_made(tmp_path: Path) -> None:
    """Missing folders above the file are made."""
    write_text(tmp_path / "a" / "b" / "note.txt", "text")

    assert "text" == (tmp_path / "a" / "b" / "note.txt").read_text()


def test_permissions_follow_the_umask(tmp_path: Path, umask: int) -> None:
    """A new file has the permissions that any program's file has, and the umask stays."""
    write_text(tmp_path / "note.txt", "text")
    after = os.umask(umask)

    assert 0o666 & ~umask == stat.S_IMODE((tmp_path / "note.txt").stat().st_mode)
    assert umask == after


@pytest.mark.fault("names")
def test_longest_names_can_be_replaced(tmp_path: Path) -> None:
    """The temporary name is no longer than a file name may be."""
    path = tmp_path / ("n" * 255)
    write_text(path, "text")

    assert "text" == path.read_text()


@pytest.mark.fault("disk")
def test_full_disk_is_one_error_and_the_old_file_stays(small_disk: Path) -> None:
    """The error names the path and the remedy; nothing half-written is left."""
    path = small_disk / "note.txt"
    write_text(path, "old")
    with pytest.raises(WriteError) as caught:
        write_text(path, "x" * 1_000_000)

    assert (
        f"{path} cannot be written: No space left on device; free some space there, "
        "or choose another folder"
    ) == str(caught.value)
    assert "old" == path.read_text()
    assert [path] == list(small_disk.iterdir())


@pytest.mark.fault("names")
def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """Another fault than a full disk is not to be mended by room."""
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "note.txt"
    with pytest.raises(WriteError) as caught:
        write_text(path, "new")

    expected = f"{path} cannot be written: File exists; choose another folder"
    assert expected == str(caught.value)


def test_folder_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    """The old folder stays while the block fills the new one, and none of its files after it."""
    path = tmp_path / "a" / "notes"
    with replacing_folder(path) as temporary:
        (temporary / "old.txt").write_text("old")
    with replacing_folder(path) as temporary:
        (temporary / "new.txt").write_text("new")
        assert "old" == (path / "old.txt").read_text()

    assert [path / "new.txt"] == list(path.iterdir())
    assert [path] == list(path.parent.iterdir())


@pytest.mark.fault("raises")
def test_failing_block_leaves_the_old_folder_alone(tmp_path: Path) -> None:
    """An interrupt reaches the caller; the old folder stays and no temporary one does."""
    path = tmp_path / "notes"
    path.mkdir()
    (path / "note.txt").write_text("old")
    with pytest.raises(KeyboardInterrupt):
        _fail_half_way_in_folder(path)

    assert "old" == (path / "note.txt").read_text()
    assert [path] == list(tmp_path.iterdir())


def test_permissions_of_a_folder_follow_the_umask(tmp_path: Path, umask: int) -> None:
    """A new folder has the permissions that any program's folder has."""
    with replacing_folder(tmp_path / "notes"):
        pass

    assert 0o777 & ~umask == stat.S_IMODE((tmp_path / "notes").stat().st_mode)


@pytest.mark.fault("disk")
def test_folder_on_a_full_disk_is_one_error(small_disk: Path) -> None:
    """The error names the folder and the remedy; no temporary one is left."""
    path = small_disk / "notes"
    with pytest.raises(WriteError) as caught, replacing_folder(path) as temporary:
        (temporary / "note.txt").write_bytes(bytes(1_000_000))

    assert (
        f"{path} cannot be written: No space left on device; free some space there, "
        "or choose another folder"
    ) == str(caught.value)
    assert [] == list(small_disk.iterdir())


def test_parts_are_files(tmp_path: Path) -> None:
    """A folder of such a name is none of ours."""
    (tmp_path / ".backup.part").mkdir()
    (tmp_path / ".result.json.x.part").touch()
    remove_parts(tmp_path)

    assert [tmp_path / ".backup.part"] == list(tmp_path.iterdir())
