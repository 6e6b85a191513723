"""safetensors files: written without a copy in memory, their shapes known before any is taken."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from agnews_tune.files import replacing

Shapes = Mapping[str, tuple[int, ...]]


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None
) -> None:
    """Write tensors, whole or not at all.

    Args:
        path: of the file.
        tensors: on the CPU, contiguous.
        metadata: texts that the file holds beside them.

    Raises:
        WriteError: the disk is full, or the folder cannot be written.
    """
    with replacing(path) as temporary:
        try:
            save_file(dict(tensors), temporary, dict(metadata) if metadata else None)
        except SafetensorError as error:
            # It has the number of the system's error in its text alone.
            found = re.search(r"os error (\d+)", str(error))
            if found is None:
                raise
            number = int(found[1])
            raise OSError(number, os.strerror(number)) from error


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the shape of each tensor in a file by its name; the tensors are not read.

    Raises:
        SafetensorError: it is no such file.
        OSError: it cannot be read.
    """
    with safe_open(path, framework="pt") as file:
        return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118


def first_difference(expected: Shapes, received: Shapes) -> str | None:
    """Return the first name, by alphabet, of a tensor with another shape or on one side alone."""
    names = sorted({*expected, *received})
    return next((name for name in names if expected.get(name) != received.get(name)), None)
