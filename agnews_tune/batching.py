"""Encoded texts on the training device, cut to padded batches of like length."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from agnews_tune.text import EncodedTexts
from agnews_tune.vocabulary import PAD

POOL = 64  # batches that are sorted by length together: less padding, order still random
# Of a batch that is only read: on a CPU more are no faster, and a GPU has to launch every kernel.
EVALUATION_TOKENS = {"cpu": 4_096, "cuda": 65_536}

Rows = npt.NDArray[np.int64]


def as_tensor(array: npt.NDArray[Any], device: torch.device) -> Tensor:
    """Return an array as a tensor; on the CPU it is the array's own memory and must not change."""
    with warnings.catch_warnings():
        # A mapped file and Ray's object store cannot be written to, and nothing here writes.
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.from_numpy(array).to(device)


class Batch(NamedTuple):
    """Some rows of a set of texts, on the device.

    Attributes:
        rows: their row numbers ``(batch,)``, int64.
        ids: their word numbers ``(batch, time)``, int32, padded at the end.
        lengths: their tokens ``(batch,)``, int64.
        numbers: the row numbers, not on the device.
    """

    rows: Tensor
    ids: Tensor
    lengths: Tensor
    numbers: Rows


class Batches:
    """All texts of a split on one device, ready to be cut to batches.

    Args:
        texts: what to cut.
        device: where the ids live and the batches are made.
    """

    def __init__(self, texts: EncodedTexts, device: torch.device) -> None:
        self.device = device
        self._ids = as_tensor(texts.ids, device)  # (tokens,)
        self._starts = as_tensor(texts.offsets[:-1], device)  # (texts,)
        self._lengths = texts.lengths
        # NumPy sorts numbers of 16 bits several times as fast as longer ones.
        self._sort_keys = self._lengths.astype(np.min_scalar_type(self._lengths.max(initial=0)))
        self._lengths_on_device = as_tensor(self._lengths, device)

    def __len__(self) -> int:
        return len(self._lengths)

    def shuffled(self, batch_size: int, seed: tuple[int, ...]) -> Iterator[Batch]:
        """Return every row once, in batches of like length and in an order drawn from ``seed``."""
        generator = np.random.default_rng(seed)
        rows = generator.permutation(len(self))
        pools = np.split(rows, range(batch_size * POOL, len(rows), batch_size * POOL))
        batches = [batch for pool in pools for batch in self._cut(pool, batch_size)]
        return self._batches([batches[number] for number in generator.permutation(len(batches))])

    def by_length(self, tokens: int | None = None) -> Iterator[Batch]:
        """Return every row once, the shortest texts first.

        Args:
            tokens: in one batch, padding included, at most; a text that has more is one alone. By
                default 4,096 on a CPU and 65,536 on a GPU.
        """
        if tokens is None:
            tokens = EVALUATION_TOKENS[self.device.type]
        rows = self._sorted(np.arange(len(self)))
        lengths = self._lengths[rows]
        parts = []
        start = 0
        while start < len(rows):
            longest = lengths[start : start + tokens // lengths[start]]
            sizes = longest * np.arange(1, len(longest) + 1)  # of the batch up to each row
            end = start + max(1, int(np.searchsorted(sizes, tokens, side="right")))
            parts.append(rows[start:end])
            start = end
        return self._batches(parts)

    def _cut(self, rows: Rows, batch_size: int) -> list[Rows]:
        return np.split(self._sorted(rows), range(batch_size, len(rows), batch_size))

    def _sorted(self, rows: Rows) -> Rows:
        return rows[np.argsort(self._sort_keys[rows], kind="stable")]

    def _batches(self, parts: list[Rows]) -> Iterator[Batch]:
        if not parts:
            return
        # One transfer for all of them: with one for each, each step would wait for the device.
        rows = as_tensor(np.concatenate(parts), self.device)
        sizes = [len(part) for part in parts]
        columns = (rows, self._starts[rows], self._lengths_on_device[rows])
        split = (torch.split(column, sizes) for column in columns)
        for numbers, *of_batch in zip(parts, *split, strict=True):
            yield self._batch(numbers, *of_batch)

    def _batch(self, numbers: Rows, rows: Tensor, starts: Tensor, lengths: Tensor) -> Batch:
        time = torch.arange(int(self._lengths[numbers].max()), device=self.device)
        places = starts[:, None] + time  # (batch, time), past the text's end too
        ids = self._ids[places.clamp_(max=len(self._ids) - 1)]
        ids.masked_fill_(time >= lengths[:, None], PAD)
        return Batch(rows, ids, lengths, numbers)


class LabelledBatches(NamedTuple):
    """Texts and their classes on the training device.

    Attributes:
        batches: the texts.
        labels: class numbers ``(texts,)``, int64.
        soft_targets: probabilities of the classes ``(texts, classes)``, float32, that are learnt in
            place of the labels; None for the labels.
    """

    batches: Batches
    labels: Tensor
    soft_targets: Tensor | None = None
