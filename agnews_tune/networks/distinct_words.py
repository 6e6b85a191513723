"""Recurrent layers on a CPU: each word of a batch is multiplied once, wherever it stands."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from agnews_tune.networks.directions import read_one_way
from agnews_tune.networks.lstm_recurrence import LstmRecurrence
from agnews_tune.networks.recurrences import GatedRecurrence, SimpleRecurrence

RECURRENCES: dict[type[nn.RNNBase], type[torch.autograd.Function]] = {
    nn.RNN: SimpleRecurrence,
    nn.GRU: GatedRecurrence,
    nn.LSTM: LstmRecurrence,
}

LSTM_FEATURES = 32 * 256  # texts of a batch times features of a word, from which an LSTM gains


def saves_time(layers: nn.RNNBase, ids: Tensor) -> bool:
    """Whether ``read_distinct_words`` is faster than the layers (``docs/performance.md``).

    Args:
        layers: in training or in evaluation.
        ids: word numbers ``(batch, time)``.
    """
    if layers.bidirectional or ids.device.type != "cpu":
        return False
    if isinstance(layers, nn.LSTM):  # of which torch's own loop loses little but in products
        return layers.training and len(ids) * layers.input_size >= LSTM_FEATURES
    return True


def read_distinct_words(layers: nn.RNNBase, embedding: nn.Embedding, ids: Tensor) -> Tensor:
    """Return the outputs of ``layers(embedding(ids))`` ``(batch, time, hidden)``.

    Half of the words of a batch are there more than once, and half of the products of torch's own
    loop are those of the words' vectors (``docs/performance.md``).

    Args:
        layers: of one direction, with biases and without dropout.
        embedding: vectors of the words.
        ids: word numbers ``(batch, time)``.
    """
    words, places = torch.unique(ids.t(), return_inverse=True)
    outputs: Tensor = embedding(words)
    for number, weights in enumerate(layers.all_weights):
        if number and isinstance(layers, nn.LSTM):  # where torch's own loop is the faster one
            outputs = read_one_way(layers, weights, outputs.transpose(0, 1)).transpose(0, 1)
        else:
            outputs = _read(layers, weights, outputs, None if number else places)
    return outputs.transpose(0, 1)


def _read(
    layers: nn.RNNBase, weights: list[nn.Parameter], inputs: Tensor, places: Tensor | None
) -> Tensor:
    """Return the outputs of one layer ``(time, batch, hidden)``.

    Args:
        layers: say what the layer is, but for its weights.
        weights: those of the layer.
        inputs: vectors ``(time, batch, features)``, or with places ``(words, features)``.
        places: which word stands where ``(time, batch)``.
    """
    of_input, of_state, bias, state_bias = weights
    early: Tensor = state_bias
    late: list[Tensor] = []
    if isinstance(layers, nn.GRU):  # whose reset gate scales the last third too
        size = layers.hidden_size
        of_gates, of_new = torch.split(state_bias, [2 * size, size])
        early, late = functional.pad(of_gates, (0, size)), [of_new]
    projected = functional.linear(inputs, of_input, bias + early)
    if places is not None:
        projected = functional.embedding(places, projected)
    recurrence = RECURRENCES[type(layers)]
    outputs: Tensor = recurrence.apply(projected, of_state, *late)  # type: ignore[no-untyped-call]
    return outputs
