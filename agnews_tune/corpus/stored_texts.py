"""Texts that stay in a file, one after the other, and are decoded as they are asked for."""

from __future__ import annotations

import mmap
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from operator import eq
from pathlib import Path
from typing import BinaryIO, overload

import numpy as np
import numpy.typing as npt

_PART = 10_000  # texts that an iteration looks up together

Offsets = npt.NDArray[np.int64]


class StoredTexts(Sequence[str]):
    """Texts in a file of UTF-8 that is mapped into memory; pickled they become a list.

    Args:
        utf8: the file, as ``map_file`` gives it.
        offsets: int64 (texts + 1,); text ``i`` is the bytes ``offsets[i]`` to ``offsets[i + 1]``.
    """

    def __init__(self, utf8: mmap.mmap, offsets: Offsets) -> None:
        self._utf8 = utf8
        self._offsets = offsets

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        rows = range(len(self))[index]
        if isinstance(rows, range):
            return [self[row] for row in rows]
        return self._utf8[self._offsets[rows] : self._offsets[rows + 1]].decode()

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), _PART):
            for first, end in pairwise(self._offsets[start : start + _PART + 1].tolist()):
                yield self._utf8[first:end].decode()
            # What was read would count as memory of this process until the system needs it.
            self._utf8.madvise(mmap.MADV_DONTNEED)

    def __eq__(self, other: object) -> bool:
        """Compare with any sequence, as the list that it stands for."""
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(map(eq, self, other))

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[type[list[str]], tuple[list[str]]]:
        return list, (list(self),)


def write_texts(file: BinaryIO, texts: Iterable[str]) -> Offsets:
    """Write texts one after the other and return where each begins, and where the last one ends."""
    offsets = array("q", [file.tell()])
    for text in texts:
        offsets.append(offsets[-1] + file.write(text.encode()))
    return np.frombuffer(offsets, np.int64)


def map_file(path: Path) -> mmap.mmap:
    """Map a file that is not empty into memory, to be read."""
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
