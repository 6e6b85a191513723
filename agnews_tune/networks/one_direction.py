"""One recurrent layer in one direction, by torch's loop or by ours, whichever is faster."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from agnews_tune.networks.lstm_recurrence import LstmRecurrence
from agnews_tune.networks.recurrences import GatedRecurrence, SimpleRecurrence

FUNCTIONS: dict[type[nn.RNNBase], Callable[..., Any]] = {
    nn.RNN: torch.rnn_tanh,
    nn.GRU: torch.gru,
    nn.LSTM: torch.lstm,
}
RECURRENCES: dict[type[nn.RNNBase], type[torch.autograd.Function]] = {
    nn.RNN: SimpleRecurrence,
    nn.GRU: GatedRecurrence,
    nn.LSTM: LstmRecurrence,
}

LSTM_FEATURES = 32 * 256  # texts of a batch times features of a word, where ours becomes faster


def saves_time(layers: nn.RNNBase, texts: Tensor, *, distinct: bool) -> bool:
    """Whether our loop is faster than torch's (``docs/performance.md``).

    Args:
        layers: in training or in evaluation.
        texts: of a batch, along the first dimension, on the device where they are read.
        distinct: whether each word of the batch is multiplied once, wherever it stands.
    """
    if texts.device.type != "cpu" or torch.is_autocast_enabled("cpu"):
        return False
    if isinstance(layers, nn.LSTM):  # where torch's loop is slower only by its products
        return distinct and layers.training and len(texts) * layers.input_size >= LSTM_FEATURES
    return distinct or layers.training or isinstance(layers, nn.RNN)


def read_one_way(
    layers: nn.RNNBase, weights: list[nn.Parameter], inputs: Tensor, places: Tensor | None = None
) -> Tensor:
    """Return the outputs of one layer in one direction ``(batch, time, hidden)``.

    It may read the padding behind a text. Half of the places of a batch hold a word that stands
    elsewhere in it too: with ``places`` our loop multiplies each word once.

    Args:
        layers: with biases and without dropout; an RNN has ``tanh``. They give the layer's kind and
            size.
        weights: of the layer's direction, in the order of ``all_weights`` and with their shapes.
        inputs: vectors ``(batch, time, features)``, or with places ``(words, features)``.
        places: which of the words stands where ``(batch, time)``.
    """
    if not saves_time(layers, inputs if places is None else places, distinct=places is not None):
        if places is not None:
            inputs = functional.embedding(places, inputs)
        return _read_by_torch(layers, weights, inputs)
    of_input, of_state, bias, state_bias = weights
    early: Tensor = state_bias
    late: list[Tensor] = []
    if isinstance(layers, nn.GRU):  # whose reset gate scales the last third too
        size = layers.hidden_size
        of_gates, of_new = torch.split(state_bias, [2 * size, size])
        early, late = functional.pad(of_gates, (0, size)), [of_new]
    if places is None:
        projected = functional.linear(inputs.transpose(0, 1), of_input, bias + early)
    else:
        words = functional.linear(inputs, of_input, bias + early)
        projected = functional.embedding(places.t(), words)
    recurrence = RECURRENCES[type(layers)]
    outputs: Tensor = recurrence.apply(projected, of_state, *late)  # type: ignore[no-untyped-call]
    return outputs.transpose(0, 1)


def _read_by_torch(layers: nn.RNNBase, weights: list[nn.Parameter], inputs: Tensor) -> Tensor:
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
