"""Sealed JSON files: what is not as it was written is refused, with the reason."""

import json
from pathlib import Path

import pytest

from agnews_tune.files import write_text
from agnews_tune.sealed import LARGEST, DamagedError, check_beside, read_sealed, seal, write_sealed


def fault_of(path: Path) -> str:
    with pytest.raises(DamagedError) as caught:
        read_sealed(path)
    return str(caught.value)


def test_content_comes_back(tmp_path: Path) -> None:
    """With the checksum as its last entry, readable by people."""
    path = tmp_path / "note.json"
    write_sealed(path, {"größer": [1, 2.5, None], "a": {"b": "日本"}})

    assert seal({"größer": [1, 2.5, None], "a": {"b": "日本"}}) == read_sealed(path)
    assert ["größer", "a", "checksum"] == list(read_sealed(path))
    assert '"größer"' in path.read_text(encoding="utf-8")


def test_files_beside_are_checked(tmp_path: Path) -> None:
    """A file that was changed, removed or never named is found out."""
    path = tmp_path / "note.json"
    for name in ("same", "changed", "gone", "unnamed"):
        write_text(tmp_path / name, "text")
    write_sealed(path, {}, beside=("same", "changed", "gone"))
    write_text(tmp_path / "changed", "texT")
    (tmp_path / "gone").unlink()
    content = read_sealed(path)
    check_beside(path, content, "same")
    faults = []
    for name in ("changed", "gone", "unnamed"):
        with pytest.raises(DamagedError) as caught:
            check_beside(path, content, name)
        faults.append(str(caught.value))

    assert [
        "its checksum does not match the one in note.json",
        "No such file or directory",
        "its checksum does not match the one in note.json",
    ] == faults


@pytest.mark.fault("damage")
@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "invalid JSON: Expecting value: line 1 column 1 (char 0)"),
        (b'{"key": ', "invalid JSON: Expecting value: line 1 column 9 (char 8)"),
        (b"[1, 2]", "expected a JSON object, received list"),
        (b'{"\xff"', "byte 2 is not UTF-8"),
        (b"{}", "it has no checksum"),
        (b'{"checksum": 7}', "its checksum does not match: it was changed after it was written"),
        (
            b'{"a": ' + b"9" * 5000 + b"}",
            "unreadable JSON: Exceeds the limit (4300 digits) for integer string "
            "conversion: value has 5000 digits; use sys.set_int_max_str_digits() to increase the "
            "limit",
        ),
    ],
)
def test_damaged_content_is_named(tmp_path: Path, content: bytes, fault: str) -> None:
    """Whatever lies there, the reason is one line."""
    path = tmp_path / "note.json"
    path.write_bytes(content)

    assert fault == fault_of(path)


@pytest.mark.fault("damage")
def test_deep_nesting_is_damage(tmp_path: Path) -> None:
    """100,000 brackets end no process."""
    path = tmp_path / "note.json"
    path.write_text("[" * 100_000)

    assert fault_of(path).startswith("unreadable JSON: maximum recursion depth exceeded")


def test_missing_file(tmp_path: Path) -> None:
    """The operating system says why."""
    assert "No such file or directory" == fault_of(tmp_path / "gone.json")


@pytest.mark.fault("stranger")
def test_large_file_is_not_read(tmp_path: Path) -> None:
    """A file of 10 TB that takes no room on the disk is refused by its size."""
    path = tmp_path / "note.json"
    path.touch()
    with path.open("r+") as file:
        file.truncate(10**13)

    assert f"more than {LARGEST:,} bytes" == fault_of(path)


@pytest.mark.parametrize("change", ["value", "name", "order"])
def test_checksum_follows_the_content(tmp_path: Path, change: str) -> None:
    """Another value or name is another content; another order of names is not."""
    path = tmp_path / "note.json"
    write_sealed(path, {"a": 1, "b": 2})
    content = json.loads(path.read_text())
    if change == "order":
        content = dict(reversed(content.items()))
    else:
        content |= {"a": 3} if change == "value" else {"c": 3}
    path.write_text(json.dumps(content))

    if change == "order":
        assert content == read_sealed(path)
    else:
        expected = "its checksum does not match: it was changed after it was written"
        assert expected == fault_of(path)
