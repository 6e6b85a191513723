"""safetensors files: what shapes they hold is known, and compared, before memory is taken."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import safe_open

Shapes = Mapping[str, tuple[int, ...]]


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
