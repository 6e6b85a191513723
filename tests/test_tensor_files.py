"""safetensors files: whole or not there, and full disks told as everywhere."""

from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from agnews_tune import tensor_files
from agnews_tune.errors import WriteError
from agnews_tune.tensor_files import first_difference, read_shapes, write_tensors

TENSORS = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(7)}


def test_tensors_and_metadata_come_back(tmp_path: Path) -> None:
    """What was written is read, and its shapes without it."""
    path = tmp_path / "new" / "tensors"
    write_tensors(path, TENSORS, {"state": "text"})
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()

    assert {"state": "text"} == metadata
    assert TENSORS.keys() == load_file(path).keys()
    assert all(torch.equal(TENSORS[name], tensor) for name, tensor in load_file(path).items())
    assert {"a": (2, 3), "b": ()} == read_shapes(path)


def test_first_difference_is_by_the_alphabet() -> None:
    """A shape on one side alone is one, and the same shapes are none."""
    shapes = {"a": (1,), "b": (2,), "c": (3,)}

    assert first_difference(shapes, shapes) is None
    assert "b" == first_difference(shapes, {"a": (1,), "b": (9,)})
    assert "c" == first_difference({"a": (1,), "b": (2,)}, shapes)


@pytest.mark.fault("disk")
def test_full_disk_is_one_error_and_the_old_file_stays(small_disk: Path) -> None:
    """The error names the path and the remedy; nothing half-written is left."""
    path = small_disk / "tensors"
    write_tensors(path, TENSORS)
    with pytest.raises(WriteError) as caught:
        write_tensors(path, {"large": torch.zeros(250_000)})

    assert (
        f"{path} cannot be written: No space left on device; free some space there, "
        "or choose another folder"
    ) == str(caught.value)
    assert {"a": (2, 3), "b": ()} == read_shapes(path)
    assert [path] == list(small_disk.iterdir())


def test_another_error_of_the_library_stays_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what the system says becomes an error of the disk."""

    def refuse(*_arguments: object) -> None:
        raise SafetensorError("header too large")

    monkeypatch.setattr(tensor_files, "save_file", refuse)
    with pytest.raises(SafetensorError, match=r"^header too large$"):
        write_tensors(tmp_path / "tensors", TENSORS)
    assert [] == list(tmp_path.iterdir())
