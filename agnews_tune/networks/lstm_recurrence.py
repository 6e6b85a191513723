"""What ``recurrences.py`` does, for an LSTM."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class LstmRecurrence(torch.autograd.Function):
    """An LSTM with the equations of ``nn.LSTM``, from zeros; a number in brackets is a quarter.

    ``enter, keep, leave = sigmoid(sums[0, 1, 3])`` and ``new = tanh(sums[2])``, where
    ``sums = projected[t] + outputs[t - 1] @ weight.T``; ``cells[t] = keep * cells[t - 1] +
    enter * new`` and ``outputs[t] = leave * tanh(cells[t])``.

    Args:
        projected: inputs times their weight, with all biases, of the input gate, the forget gate,
            the new cell and the output gate, ``(time, batch, 4 * hidden)``.
        weight: of the state, in the same order, ``(4 * hidden, hidden)``.
    """

    @staticmethod
    def forward(ctx: Any, projected: Tensor, weight: Tensor) -> Tensor:
        """Return the outputs ``(time, batch, hidden)``."""
        time, batch, size = *projected.shape[:2], weight.shape[1]
        # By tanh(x) = 2 sigmoid(2x) - 1 one call does all quarters, and the double of each cell is
        # kept.
        minus_one, minus_two, two, eight = projected.new_tensor([-1, -2, 2, 8])
        gates = torch.empty_like(projected)
        # What the slope of each quarter's sigmoid is multiplied by on the way back: the double of
        # the new cell and of the cell before, eight times the input gate, tanh of the cell.
        partners = projected.new_empty(time, batch, 4, size)
        partners[0, :, 1] = 0
        cells = [*partners[1:, :, 1], projected.new_empty(batch, size)]
        outputs = projected.new_zeros(time + 1, batch, size)
        rows = zip(projected, gates, partners, outputs[:-1], cells, outputs[1:], strict=True)
        for sums, gate, partner, state, cell, output in rows:
            enter, keep, fresh, leave = gate.chunk(4, dim=1)
            new, before, entered, tanh = partner.unbind(1)
            torch.addmm(sums, state, weight.t(), out=gate)
            fresh.mul_(two)
            gate.sigmoid_()
            torch.add(minus_two, fresh, alpha=4, out=new)
            torch.mul(enter, eight, out=entered)
            torch.mul(keep, before, out=cell).addcmul_(enter, new)
            torch.sigmoid(cell, out=tanh)
            torch.add(minus_one, tanh, alpha=2, out=tanh)
            torch.mul(leave, tanh, out=output)
        ctx.save_for_backward(gates, partners, outputs, weight)
        return outputs[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """Return the gradients of the inputs and of the weight."""
        gates, partners, outputs, weight = ctx.saved_tensors
        gradients = torch.empty_like(partners)
        of_sums = gradients.flatten(2)
        of_cell = torch.zeros_like(gradient[0])  # of the double that is kept
        of_output = gradient[-1]
        before = [None, *gradient[:-1]]
        rows = zip(gates, partners, outputs[1:], gradients, of_sums, before, strict=True)
        for gate, partner, output, here, of_sum, earlier in reversed(list(rows)):
            _, keep, _, leave = gate.chunk(4, dim=1)
            slope = torch.addcmul(leave, output, partner[:, 3], value=-1)
            of_cell.addcmul_(slope, of_output, value=0.5)
            torch.addcmul(gate, gate, gate, value=-1, out=of_sum)
            here.mul_(partner)
            here[:, :3].mul_(of_cell[:, None])
            here[:, 3].mul_(of_output)
            of_cell.mul_(keep)
            if earlier is not None:
                of_output = torch.addmm(earlier, of_sum, weight)
        return of_sums, of_sums[1:].flatten(0, 1).t() @ outputs[1:-1].flatten(0, 1)
