"""Recurrent layers of inputs that are multiplied already; plain torch, for a CPU.

Backwards through time only what depends on a later time is calculated one time after another; the
gradient of a weight is one product.

torch's ``tanh`` takes three times as long as its ``sigmoid``: ``tanh(x) = 2 sigmoid(2x) - 1``. The
numbers that are operands are tensors, as torch makes a tensor of Python's at each call.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class SimpleRecurrence(torch.autograd.Function):
    """``outputs[t] = tanh(projected[t] + outputs[t - 1] @ weight.T)``, from zeros.

    Args:
        projected: inputs times their weight, with all biases, ``(time, batch, hidden)``; becomes
            the outputs.
        weight: of the state ``(hidden, hidden)``.
    """

    @staticmethod
    def forward(ctx: Any, projected: Tensor, weight: Tensor) -> Tensor:
        """Return the outputs ``(time, batch, hidden)``."""
        minus_one = projected.new_tensor(-1)
        projected[0].tanh_()
        for state, output in pairwise(projected):
            output.addmm_(state, weight.t(), beta=2, alpha=2).sigmoid_()
            torch.add(minus_one, output, alpha=2, out=output)
        ctx.mark_dirty(projected)
        ctx.save_for_backward(projected, weight)
        return projected

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """Return the gradients of the inputs and of the weight."""
        outputs, weight = ctx.saved_tensors
        slopes = torch.addcmul(outputs.new_ones(()), outputs, outputs, value=-1)
        gradients = gradient.clone(memory_format=torch.contiguous_format)
        later = gradients[-1].mul_(slopes[-1])
        for here, slope in reversed(list(zip(gradients[:-1], slopes[:-1], strict=True))):
            later = here.addmm_(later, weight).mul_(slope)
        return gradients, gradients[1:].flatten(0, 1).t() @ outputs[:-1].flatten(0, 1)


class GatedRecurrence(torch.autograd.Function):
    """A GRU with the equations of ``nn.GRU``, from zeros; ``[:2]`` and ``[2]`` are thirds.

    ``reset, update = sigmoid(projected[t, :2] + outputs[t - 1] @ weight[:2].T)``,
    ``new = tanh(projected[t, 2] + reset * (outputs[t - 1] @ weight[2].T + bias))`` and
    ``outputs[t] = new + update * (outputs[t - 1] - new)``.

    Args:
        projected: inputs times their weight, with all biases but ``bias``, of the reset gate, the
            update gate and the new state, ``(time, batch, 3 * hidden)``.
        weight: of the state, in the same order, ``(3 * hidden, hidden)``.
        bias: of the state's product in the new state, ``(hidden,)``.
    """

    @staticmethod
    def forward(ctx: Any, projected: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Return the outputs ``(time, batch, hidden)``."""
        time, batch, size = *projected.shape[:2], len(bias)
        minus_one, two = projected.new_tensor([-1, 2])
        of_gates, of_new = torch.split(weight.t(), [2 * size, size], dim=1)
        inputs = torch.split(projected, [2 * size, size], dim=2)
        gates = projected.new_empty(time, batch, 2 * size)
        products, new = projected.new_empty(2, time, batch, size)  # of the state, for the new one
        outputs = projected.new_zeros(time + 1, batch, size)
        rows = zip(*inputs, outputs[:-1], gates, products, new, outputs[1:], strict=True)
        for to_gates, to_new, state, gate, product, fresh, output in rows:
            torch.addmm(to_gates, state, of_gates, out=gate).sigmoid_()
            torch.addmm(bias, state, of_new, out=product)
            torch.addcmul(to_new, gate[:, :size], product, out=fresh).mul_(two).sigmoid_()
            torch.add(minus_one, fresh, alpha=2, out=fresh)
            torch.lerp(fresh, state, gate[:, size:], out=output)
        ctx.save_for_backward(gates, products, new, outputs, weight)
        return outputs[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the gradients of the inputs, of the weight and of the bias."""
        gates, products, new, outputs, weight = ctx.saved_tensors
        time, batch, size = new.shape
        reset, update = gates.split(size, dim=2)
        of_reset, of_update = (gates * (1 - gates)).split(size, dim=2)
        states = outputs[:-1]
        # Of each output, what it changes by with the product, the two gates and the new state;
        # then times the output's own gradient.
        gradients = new.new_empty(time, batch, 4, size)
        of_product, to_reset, to_update, to_new = gradients.unbind(dim=2)
        torch.mul(1 - update, 1 - new * new, out=to_new)
        torch.mul(to_new, reset, out=of_product)
        torch.mul(to_new * products, of_reset, out=to_reset)
        torch.mul(states - new, of_update, out=to_update)
        of_all = gradients.flatten(2)
        of_state, of_inputs = of_all[:, :, : 3 * size], of_all[:, :, size:]
        turned = weight.roll(size, 0)  # the new state's first, as in of_state
        here = gradient[-1]
        for moment in range(time - 1, -1, -1):
            gradients[moment].mul_(here[:, None])
            if moment:
                here = torch.addcmul(gradient[moment - 1], here, update[moment])
                here.addmm_(of_state[moment], turned)
        of_weight = of_state.flatten(0, 1).t() @ states.flatten(0, 1)
        return of_inputs, of_weight.roll(-size, 0), of_product.sum((0, 1))
