"""Encoded texts in the memory of a device, where batches of them are padded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from agnews_tune.text.encoding import EncodedTexts
from agnews_tune.text.vocabulary import PAD
from agnews_tune.training.device import as_tensor

# Places of batches that are padded at once: a GPU has to launch every kernel, and on a CPU the 40
# bytes that each takes meanwhile count.
AT_ONCE = {"cpu": 16_384, "cuda": 1_048_576}

Rows = npt.NDArray[np.int64]
Padded = tuple[Tensor, Tensor, Tensor]  # row numbers, ids (batch, time), tokens of each text


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

    def pad(self, rows: list[Rows], times: list[int]) -> Iterator[Padded]:
        """Return each batch on the device; some dozens of them are made at once.

        Args:
            rows: of each batch.
            times: tokens of the longest text of each batch.
        """
        shapes = np.array([(len(batch), time) for batch, time in zip(rows, times, strict=True)])
        group = shapes.prod(axis=1).cumsum() // AT_ONCE[self.device.type]
        groups = np.split(shapes, np.flatnonzero(np.diff(group)) + 1)
        # Two transfers for all batches: with some for each, every step would wait for the device.
        all_rows = as_tensor(np.concatenate(rows), self.device)
        all_shapes = as_tensor(shapes, self.device)
        rows_of = torch.split(all_rows, [int(part[:, 0].sum()) for part in groups])
        shapes_of = torch.split(all_shapes, [len(part) for part in groups])
        for part in zip(groups, rows_of, shapes_of, strict=True):
            yield from self._pad_at_once(*part)

    def _pad_at_once(self, shapes: Rows, rows: Tensor, same_shapes: Tensor) -> Iterator[Padded]:
        """Return batches of these shapes ``(batches, 2)``, which lie on the device too."""
        sizes, places = shapes[:, 0].tolist(), shapes.prod(axis=1).tolist()
        lengths = self._lengths[rows]
        widths = same_shapes[:, 1].repeat_interleave(same_shapes[:, 0], output_size=len(rows))
        ids = self._lay_out(self._starts[rows], lengths, widths, sum(places))
        columns = map(torch.split, (rows, ids, lengths), (sizes, places, sizes))
        for shape, batch, flat, tokens in zip(shapes.tolist(), *columns, strict=True):
            yield batch, flat.view(shape), tokens

    def _lay_out(self, starts: Tensor, lengths: Tensor, widths: Tensor, places: int) -> Tensor:
        """Return the ids of texts one after another ``(places,)``, each padded to its width."""
        texts = torch.arange(len(starts), device=self.device)
        texts = texts.repeat_interleave(widths, output_size=places)
        shift = starts - (widths.cumsum(0) - widths)  # from a text's places to its ids
        sources = torch.arange(places, device=self.device).add_(shift[texts])
        padding = sources >= (starts + lengths)[texts]
        return self._ids[sources.clamp_(max=len(self._ids) - 1)].masked_fill_(padding, PAD)
