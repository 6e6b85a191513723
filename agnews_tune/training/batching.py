"""Which texts make a batch: of like length, in an order that a seed decides."""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from agnews_tune.text.encoding import EncodedTexts
from agnews_tune.training.device_texts import DeviceTexts, Rows

POOL = 64  # batches that are sorted by length together: less padding, order still random
# Of a batch that is only read: on a CPU more are no faster, and a GPU has to launch every kernel.
EVALUATION_TOKENS = {"cpu": 4_096, "cuda": 65_536}


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
        self._texts = DeviceTexts(texts, device)
        self._lengths = texts.lengths
        # NumPy sorts numbers of 16 bits several times as fast as longer ones.
        self._sort_keys = self._lengths.astype(np.min_scalar_type(self._lengths.max(initial=0)))

    def __len__(self) -> int:
        return len(self._lengths)

    def shuffled(self, batch_size: int, seed: tuple[int, ...]) -> Generator[Batch, None, None]:
        """Return every row once, in batches of like length and in an order drawn from ``seed``."""
        generator = np.random.default_rng(seed)
        rows = generator.permutation(len(self))
        pools = np.split(rows, range(batch_size * POOL, len(rows), batch_size * POOL))
        batches = [batch for pool in pools for batch in self._cut(pool, batch_size)]
        return self._batches([batches[number] for number in generator.permutation(len(batches))])

    def by_length(self, tokens: int | None = None) -> Generator[Batch, None, None]:
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

    def _batches(self, parts: list[Rows]) -> Generator[Batch, None, None]:
        if parts:
            times = [int(self._lengths[part].max()) for part in parts]
            for numbers, padded in zip(parts, self._texts.pad(parts, times), strict=True):
                yield Batch(*padded, numbers)


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
