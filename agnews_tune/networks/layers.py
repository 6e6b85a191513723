"""Recurrent layers over padded texts, in one direction or two, of which none sees the padding."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from agnews_tune.networks.one_direction import read_one_way


def read_layers(
    layers: nn.RNNBase, inputs: Tensor, lengths: Tensor, places: Tensor | None = None
) -> Tensor:
    """Return the outputs of recurrent layers ``(batch, time, directions * hidden)``.

    Texts stay padded, and each direction is read on its own. Torch's loop for the CPU takes packed
    texts a third slower; on a GPU each batch of them waits for the CPU, and no graph can be
    captured (``docs/performance.md``).

    Args:
        layers: ``batch_first``, with biases and without dropout.
        inputs: vectors of the words ``(batch, time, features)``, padded at the end, or with places
            ``(words, features)``.
        lengths: words of each text ``(batch,)``, int64.
        places: as for ``read_one_way``.
    """
    outputs = inputs
    weights = layers.all_weights  # of each layer those forwards, then those backwards
    if not layers.bidirectional:
        for each in weights:
            outputs = read_one_way(layers, each, outputs, places)
            places = None
        return outputs
    order = _turned(lengths, inputs.shape[1] if places is None else places.shape[1])
    for forward, backward in zip(weights[::2], weights[1::2], strict=True):
        from_start = read_one_way(layers, forward, outputs, places)
        if places is None:
            outputs = outputs[order]
        else:
            places = places[order]
        from_end = read_one_way(layers, backward, outputs, places)[order]
        outputs, places = torch.cat([from_start, from_end], dim=2), None
    return outputs


def _turned(lengths: Tensor, time: int) -> tuple[Tensor, Tensor]:
    """Return where to look for each text from its end; the padding stays behind it."""
    texts = torch.arange(len(lengths), device=lengths.device)[:, None]
    times = torch.arange(time, device=lengths.device)
    turned = lengths[:, None] - 1 - times
    return texts, torch.where(turned < 0, times, turned)
