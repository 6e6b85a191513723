"""Recurrent layers on a CPU: each word of a batch is multiplied once, wherever it stands."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from agnews_tune.recurrences import GatedRecurrence, SimpleRecurrence


def read_distinct_words(layers: nn.RNNBase, embedding: nn.Embedding, ids: Tensor) -> Tensor:
    """Return the outputs of ``layers(embedding(ids))`` ``(batch, time, hidden)``.

    Half of the words of a batch are there more than once, and half of the products of torch's own
    loop are those of the words' vectors (``docs/performance.md``).

    Args:
        layers: ``nn.RNN`` or ``nn.GRU`` of one direction, with biases and without dropout.
        embedding: vectors of the words.
        ids: word numbers ``(batch, time)``.
    """
    words, places = torch.unique(ids.t(), return_inverse=True)
    size = layers.hidden_size
    inputs = embedding(words)
    for number, (of_input, of_state, bias, state_bias) in enumerate(layers.all_weights):
        early: Tensor = state_bias
        late: list[Tensor] = []
        if isinstance(layers, nn.GRU):  # whose reset gate scales the last third too
            of_gates, of_new = torch.split(state_bias, [2 * size, size])
            early, late = functional.pad(of_gates, (0, size)), [of_new]
        projected = functional.linear(inputs, of_input, bias + early)
        if number == 0:
            projected = functional.embedding(places, projected)
        recurrence = GatedRecurrence if late else SimpleRecurrence
        inputs = recurrence.apply(projected, of_state, *late)  # type: ignore[no-untyped-call]
    outputs: Tensor = inputs.transpose(0, 1)
    return outputs
