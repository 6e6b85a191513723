"""Recurrent layers of two directions over padded texts: neither sees the padding of a text."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

FUNCTIONS: dict[type[nn.RNNBase], Callable[..., Any]] = {
    nn.RNN: torch.rnn_tanh,
    nn.GRU: torch.gru,
    nn.LSTM: torch.lstm,
}


def read_both_ways(layers: nn.RNNBase, inputs: Tensor, lengths: Tensor) -> Tensor:
    """Return the outputs of layers of two directions ``(batch, time, 2 * hidden)``.

    Each direction of a layer is one padded call. Torch's loop for the CPU takes packed texts a
    third slower; on a GPU each batch of them waits for the CPU, and no graph can be captured
    (``docs/performance.md``).

    Args:
        layers: bidirectional, ``batch_first``, with biases and without dropout.
        inputs: vectors of the words ``(batch, time, features)``, padded at the end.
        lengths: words of each text ``(batch,)``, int64.
    """
    texts = torch.arange(len(inputs), device=inputs.device)[:, None]
    time = torch.arange(inputs.shape[1], device=inputs.device)
    turned = lengths[:, None] - 1 - time  # each text from its end; the padding stays behind it
    turned = torch.where(turned < 0, time, turned)
    outputs = inputs
    weights = layers.all_weights  # of each layer those forwards, then those backwards
    for forward, backward in zip(weights[::2], weights[1::2], strict=True):
        outputs = torch.cat(
            [
                read_one_way(layers, forward, outputs),
                read_one_way(layers, backward, outputs[texts, turned])[texts, turned],
            ],
            dim=2,
        )
    return outputs


def read_one_way(layers: nn.RNNBase, weights: list[nn.Parameter], inputs: Tensor) -> Tensor:
    """Return the outputs of one layer of one direction ``(batch, time, hidden)``.

    It may read the padding behind a text.

    Args:
        layers: as for ``read_both_ways``; say what the layer is, but for its weights.
        weights: those of the layer's direction, in the order of ``all_weights``.
        inputs: as for ``read_both_ways``.
    """
    start = inputs.new_zeros(1, len(inputs), layers.hidden_size)
    with _silence() if inputs.is_cuda else nullcontext():
        outputs: Tensor = FUNCTIONS[type(layers)](
            inputs,
            (start, start) if isinstance(layers, nn.LSTM) else start,
            weights,
            has_biases=True,
            num_layers=1,
            dropout=0.0,
            train=layers.training,
            bidirectional=False,
            batch_first=True,
        )[0]
    return outputs


@contextmanager
def _silence() -> Iterator[None]:
    """Leave out torch's warning that cuDNN copies the weights of one direction: microseconds."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "RNN module weights are not part of single contiguous")
        yield
