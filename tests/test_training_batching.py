"""Batches: every row once, padded right, of like length, in an order that the seed decides."""

import math
import re
import statistics
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import AG_NEWS, needs_ag_news
from torch.utils._python_dispatch import TorchDispatchMode

from agnews_tune import Classifier, load_corpus
from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.text.encoded_corpus import encode_corpus
from agnews_tune.text.encoding import EncodedTexts
from agnews_tune.text.vocabulary import PAD, Vocabulary
from agnews_tune.training import batching, device_texts
from agnews_tune.training.batching import POOL, Batches
from agnews_tune.training.device import as_tensor

VOCABULARY = Vocabulary.from_counts({}, 0)


def encoded(lengths: list[int]) -> EncodedTexts:
    """Return texts whose ids tell row and place: row 3 is 300, 301, 302, ..."""
    rows = [np.arange(length) + 100 * row for row, length in enumerate(lengths)]
    offsets = np.cumsum([0, *lengths])
    return EncodedTexts(np.concatenate(rows).astype(np.int32), offsets, VOCABULARY)


@pytest.fixture
def lengths() -> list[int]:
    return np.random.default_rng(0).integers(2, 60, size=1000).tolist()


class Operators(TorchDispatchMode):
    """Counts what a device has to do, without what only looks at a tensor in another way."""

    count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        outputs = function(*args, **(kwargs or {}))
        self.count += not function.is_view
        return outputs


@pytest.mark.parametrize("at_once", [1, 999, 10_000_000])
@pytest.mark.parametrize("order", ["shuffled", "by_length"])
def test_every_row_once_with_its_own_ids(
    lengths: list[int], order: str, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each row is in exactly one batch, with its ids, then padding, for any number at once."""
    monkeypatch.setitem(device_texts.AT_ONCE, "cpu", at_once)
    batches = Batches(encoded(lengths), torch.device("cpu"))
    cut = batches.shuffled(32, (0, 0)) if order == "shuffled" else batches.by_length(1_000)
    seen = []
    for batch in cut:
        assert max(lengths[row] for row in batch.rows) == batch.ids.shape[1]
        for row, ids, length in zip(batch.rows.tolist(), batch.ids, batch.lengths, strict=True):
            seen.append(row)
            expected = [100 * row + place for place in range(lengths[row])]
            padding = [PAD] * (batch.ids.shape[1] - lengths[row])
            assert lengths[row] == length
            assert expected + padding == ids.tolist()
    assert list(range(1000)) == sorted(seen)


def test_batches_cost_no_operators(lengths: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU has to launch each of them, and a batch that is only read takes it a millisecond."""
    monkeypatch.setitem(device_texts.AT_ONCE, "cpu", device_texts.AT_ONCE["cuda"])
    batches = Batches(encoded(lengths), torch.device("cpu"))
    counts = []
    for batch_size in (100, 10):
        with Operators() as operators:
            assert 1_000 / batch_size == len(list(batches.shuffled(batch_size, (0, 0))))
        counts.append(operators.count)

    assert counts[0] == counts[1] > 0


def test_batches_have_the_asked_size_but_one(lengths: list[int]) -> None:
    """1,000 rows in batches of 32 are 31 full ones and one of 8."""
    batches = Batches(encoded(lengths), torch.device("cpu"))
    sizes = sorted(len(batch.rows) for batch in batches.shuffled(32, (0, 0)))

    assert [8, *[32] * 31] == sizes


def test_batches_by_length_have_no_more_tokens_than_asked(lengths: list[int]) -> None:
    """They hold as many rows as fit with their padding: one more would be too many."""
    batches = list(Batches(encoded(lengths), torch.device("cpu")).by_length(1_000))
    following = [batch.ids.shape[1] for batch in batches[1:]]

    assert all(batch.ids.numel() <= 1_000 for batch in batches)
    for batch, length in zip(batches, following, strict=False):
        assert (len(batch.rows) + 1) * length >= 1_000
    assert sorted(lengths) == [length for batch in batches for length in batch.lengths.tolist()]


@pytest.mark.parametrize(
    ("device", "tokens"), [("cpu", 4_096), pytest.param("cuda", 65_536, marks=pytest.mark.gpu)]
)
def test_a_gpu_gets_more_tokens_at_once(device: str, tokens: int) -> None:
    """Each of its kernels has to be launched; a processor has no use for larger batches."""
    batches = Batches(encoded([16] * 10_000), torch.device(device))

    assert tokens == next(batches.by_length()).ids.numel()


def test_a_text_with_more_tokens_is_a_batch_alone() -> None:
    """Where one text is longer than a batch may be, it comes nevertheless."""
    batches = Batches(encoded([3, 50, 4, 60]), torch.device("cpu"))

    assert [[0, 2], [1], [3]] == [batch.rows.tolist() for batch in batches.by_length(10)]


def test_the_seed_decides_the_order(lengths: list[int]) -> None:
    """The same seed gives the same batches, another epoch gives others."""
    batches = Batches(encoded(lengths), torch.device("cpu"))

    def order(*seed: int) -> list[list[int]]:
        return [batch.rows.tolist() for batch in batches.shuffled(8, seed)]

    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(1, 1)
    assert order(1, 0) != order(2, 0)


def test_like_lengths_lie_together() -> None:
    """Padding is a small part of what the network reads, though the order is random."""
    rows = 8 * POOL * 4
    lengths = np.random.default_rng(0).integers(2, 100, size=rows)
    batches = Batches(encoded(lengths.tolist()), torch.device("cpu"))
    read = sum(batch.ids.numel() for batch in batches.shuffled(8, (0, 0)))

    assert read < 1.05 * lengths.sum()


def test_batches_do_not_come_sorted() -> None:
    """Short and long batches are mixed, so that an epoch does not drift from one to the other."""
    lengths = np.random.default_rng(0).integers(2, 100, size=2000).tolist()
    batches = Batches(encoded(lengths), torch.device("cpu"))
    widths = [batch.ids.shape[1] for batch in batches.shuffled(8, (0, 0))]
    correlation = np.corrcoef(widths, range(len(widths)))[0, 1]

    assert abs(correlation) < 0.3


@pytest.mark.slow
@needs_ag_news
@pytest.mark.timeout(1800)
def test_batches_by_length_cost_no_accuracy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three seeds each, 18,000 real rows: as accurate as batches that are wholly random."""
    corpus = load_corpus(AG_NEWS, limit_train=20_000)
    data = encode_corpus(corpus, Hyperparameters().preprocessing)
    accuracies = {}
    for name, pool in (("by length", POOL), ("random", 1)):
        monkeypatch.setattr(batching, "POOL", pool)
        found = []
        for seed in range(3):
            model = Classifier(cell="gru", embedding_dim=64, hidden_dim=64, epochs=3, seed=seed)
            model.fit(*data.train, validation_data=data.validation, verbose=0)
            model.restore_best_weights()
            found.append(model.evaluate(*data.test)["accuracy"])
        accuracies[name] = found
    for name, found in accuracies.items():
        print(f"{name}: " + ", ".join(f"{accuracy:.4f}" for accuracy in found))

    means = [statistics.mean(found) for found in accuracies.values()]
    errors = [statistics.stdev(found) / 3**0.5 for found in accuracies.values()]
    assert abs(means[0] - means[1]) < 3 * math.hypot(*errors)


@pytest.fixture
def mapped(tmp_path: Path) -> EncodedTexts:
    """A million texts of ten tokens in a file."""
    np.zeros(10_000_000, np.int32).tofile(tmp_path / "ids")
    ids = np.memmap(tmp_path / "ids", np.int32, "r").view(np.ndarray)
    return EncodedTexts(ids, np.arange(0, 10_000_001, 10), VOCABULARY)


def private_memory() -> int:
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+) kB", status)[1]) * 1024  # type: ignore[index]


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_ids_on_the_cpu_are_not_copied(mapped: EncodedTexts) -> None:
    """40 MB of ids, be they in a file or in shared memory, are read where they lie."""
    before = private_memory()
    batches = Batches(mapped, torch.device("cpu"))

    assert private_memory() - before < 20_000_000
    assert [0] * 10 == next(batches.by_length(1)).ids[0].tolist()


def test_memory_that_cannot_be_written_is_no_warning(mapped: EncodedTexts) -> None:
    """The tensor is the same memory, and nothing writes to it."""
    torch.set_warn_always(True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tensor = as_tensor(mapped.ids, torch.device("cpu"))
    torch.set_warn_always(False)

    assert mapped.ids.ctypes.data == tensor.data_ptr()
