"""Encoded texts in the memory of a device, where batches of them are padded."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from agnews_tune.text import EncodedTexts
from agnews_tune.vocabulary import PAD

# Places of batches that are padded at once: a GPU has to launch every kernel.
AT_ONCE = {"cpu": 16_384, "cuda": 1_048_576}

Rows = npt.NDArray[np.int64]


def as_tensor(array: npt.NDArray[Any], device: torch.device) -> Tensor:
    """Return an array as a tensor; on the CPU it is the array's own memory and must not change."""
    with warnings.catch_warnings():
        # A mapped file and Ray's object store cannot be written to, and nothing here writes.
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.from_numpy(array).to(device)


class DeviceTexts:
    """All texts of a split on one device.

    Args:
        texts: what to put there.
        device: where.
    """

    def __init__(self, texts: EncodedTexts, device: torch.device) -> None:
        self.device = device
        self._ids = as_tensor(texts.ids, device)  # (tokens,)
        self._starts = as_tensor(texts.offsets[:-1], device)  # (texts,)
        self._lengths = as_tensor(texts.lengths, device)  # (texts,)

    def pad(self, rows: list[Rows], times: list[int]) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Return of each batch its row numbers, its ids ``(batch, time)`` and its texts' tokens.

        Args:
            rows: of each batch.
            times: tokens of the longest text of each batch.
        """
        shapes = np.array([(len(batch), time) for batch, time in zip(rows, times, strict=True)])
        number = shapes.prod(axis=1).cumsum() // AT_ONCE[self.device.type]
        groups = np.split(shapes, np.flatnonzero(np.diff(number)) + 1)
        # Transfers for all of them: with some for each, each step would wait for the device.
        there = as_tensor(np.concatenate(rows), self.device), as_tensor(shapes, self.device)
        counts = [int(group[:, 0].sum()) for group in groups], [len(group) for group in groups]
        split = map(torch.split, there, counts)
        for group, of_texts, of_batches in zip(groups, *split, strict=True):
            places = group.prod(axis=1).tolist()
            ids, lengths = self._pad(of_texts, of_batches, sum(places))
            sizes = group[:, 0].tolist()
            flat = map(torch.split, (of_texts, ids, lengths), (sizes, places, sizes))
            for shape, batch, of_batch, tokens in zip(group.tolist(), *flat, strict=True):
                yield batch, of_batch.view(shape), tokens

    def _pad(self, rows: Tensor, shapes: Tensor, places: int) -> tuple[Tensor, Tensor]:
        """Return ids of batches, one after another ``(places,)``, and the tokens of their texts.

        Args:
            rows: of all the batches ``(texts,)``.
            shapes: of each batch ``(batches, 2)``.
            places: of the batches in all, padding included.
        """
        starts, lengths = self._starts[rows], self._lengths[rows]
        widths = torch.repeat_interleave(shapes[:, 1], shapes[:, 0], output_size=len(rows))
        shift = starts - (widths.cumsum(0) - widths)  # from a text's places to its ids
        texts = torch.arange(len(rows), device=self.device)
        texts = texts.repeat_interleave(widths, output_size=places)
        sources = torch.arange(places, device=self.device).add_(shift[texts])
        padding = sources >= (starts + lengths)[texts]
        ids = self._ids[sources.clamp_(max=len(self._ids) - 1)]
        return ids.masked_fill_(padding, PAD), lengths
