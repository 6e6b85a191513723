"""Texts in a file: they are read like a list, and only what is asked for is in memory."""

import pickle
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from agnews_tune.corpus.stored_texts import StoredTexts, map_file, write_texts

TEXTS = ["oil up", "größer", "日本\nline two", "team wins"]


@pytest.fixture
def store(tmp_path: Path) -> Callable[[list[str]], StoredTexts]:
    def write(texts: list[str]) -> StoredTexts:
        with (tmp_path / "texts").open("wb") as file:
            offsets = write_texts(file, iter(texts))
        return StoredTexts(map_file(tmp_path / "texts"), offsets)

    return write


@pytest.fixture
def stored(store: Callable[[list[str]], StoredTexts]) -> StoredTexts:
    return store(TEXTS)


def test_texts_come_back_as_they_were_written(stored: StoredTexts) -> None:
    """Length, order and every character."""
    assert 4 == len(stored)
    assert TEXTS == list(stored)
    assert TEXTS[::-1] == list(reversed(stored))


@pytest.mark.parametrize("index", [0, 3, -1, -4, np.int64(2)])
def test_index(stored: StoredTexts, index: int) -> None:
    """A text is found by its number, from either end, as row numbers of NumPy find it too."""
    assert TEXTS[index] == stored[index]


@pytest.mark.parametrize("index", [4, -5])
def test_index_beyond_the_texts(stored: StoredTexts, index: int) -> None:
    """There is no such text."""
    with pytest.raises(IndexError):
        stored[index]


@pytest.mark.parametrize("part", [slice(2), slice(1, 3), slice(None, None, -2), slice(9, 12)])
def test_slice(stored: StoredTexts, part: slice) -> None:
    """A slice is a list of texts."""
    assert TEXTS[part] == stored[part]


def test_texts_compare_like_a_list(stored: StoredTexts) -> None:
    """With a list, with each other, and in any order."""
    assert stored == TEXTS
    assert TEXTS == stored
    assert stored != TEXTS[:-1]
    assert stored != [*TEXTS[:-1], "team won"]
    assert stored != 4


def test_many_texts(store: Callable[[list[str]], StoredTexts]) -> None:
    """An iteration goes on from one part to the next, beside another one too."""
    texts = [f"text {number}" for number in range(20_003)]
    stored = store(texts)

    assert texts == list(stored)
    assert list(zip(texts, texts[::-1], strict=True)) == list(
        zip(stored, reversed(stored), strict=True)
    )


def test_texts_written_after_others(tmp_path: Path) -> None:
    """Two sets of texts share a file."""
    with (tmp_path / "texts").open("wb") as file:
        offsets = [write_texts(file, part) for part in (TEXTS[:2], TEXTS[2:])]
    utf8 = map_file(tmp_path / "texts")

    assert [TEXTS[:2], TEXTS[2:]] == [list(StoredTexts(utf8, part)) for part in offsets]


def test_another_process_gets_a_list(stored: StoredTexts) -> None:
    """A file that is mapped cannot travel."""
    received = pickle.loads(pickle.dumps(stored))

    assert list is type(received)
    assert TEXTS == received


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_iteration_keeps_nothing(store: Callable[[list[str]], StoredTexts]) -> None:
    """After 100 MB of texts were read the process is no larger than before."""

    def resident() -> int:
        status = Path("/proc/self/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) // 1000  # type: ignore[index]

    stored = store(["a long text " * 85] * 100_000)
    before = resident()
    assert 100_000 == sum(1 for _ in stored)

    assert resident() - before < 40
