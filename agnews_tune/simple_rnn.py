"""Simple recurrent layers on a CPU: each word of a batch is multiplied once, wherever it stands."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional


def read_distinct_words(layers: nn.RNNBase, embedding: nn.Embedding, ids: Tensor) -> Tensor:
    """Return the outputs of ``layers(embedding(ids))`` ``(batch, time, hidden)``.

    Half of the words of a batch are there more than once, and half of the products of torch's own
    loop are those of the words' vectors (``docs/performance.md``).

    Args:
        layers: ``nn.RNN`` of one direction, with biases and without dropout.
        embedding: vectors of the words.
        ids: word numbers ``(batch, time)``.
    """
    words, places = torch.unique(ids.t(), return_inverse=True)
    inputs = embedding(words)
    for number, (of_input, of_state, *biases) in enumerate(layers.all_weights):
        projected = functional.linear(inputs, of_input, biases[0] + biases[1])
        if number == 0:
            projected = functional.embedding(places, projected)
        inputs = _Recurrence.apply(projected, of_state)  # type: ignore[no-untyped-call]
    outputs: Tensor = inputs.transpose(0, 1)
    return outputs


class _Recurrence(torch.autograd.Function):
    """``outputs[t] = tanh(projected[t] + outputs[t - 1] @ weight.T)``, from zeros.

    Backwards through time only what depends on a later time is calculated one time after another;
    the gradient of the weight is one product.
    """

    @staticmethod
    def forward(ctx: Any, projected: Tensor, weight: Tensor) -> Tensor:
        """Return the outputs ``(time, batch, hidden)`` of as many inputs."""
        outputs = torch.empty_like(projected)
        torch.tanh(projected[0], out=outputs[0])
        for time in range(1, len(projected)):
            output = outputs[time]
            torch.addmm(projected[time], outputs[time - 1], weight.t(), out=output).tanh_()
        ctx.save_for_backward(outputs, weight)
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """Return the gradients of the inputs and of the weight."""
        outputs, weight = ctx.saved_tensors
        slopes = 1 - outputs * outputs
        gradients = torch.empty_like(outputs)
        torch.mul(gradient[-1], slopes[-1], out=gradients[-1])
        for time in range(len(outputs) - 2, -1, -1):
            here = gradients[time]
            torch.addmm(gradient[time], gradients[time + 1], weight, out=here).mul_(slopes[time])
        return gradients, gradients[1:].flatten(0, 1).t() @ outputs[:-1].flatten(0, 1)
