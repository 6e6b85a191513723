"""Pooling over time: from the outputs at the words of a text to one vector."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class MaximumOverTime(torch.autograd.Function):
    """The largest output of each feature; places that share it share its gradient.

    torch's ``max`` finds a place too, which takes twenty times as long on a CPU.

    Args:
        outputs: of recurrent layers ``(batch, time, features)``.
        padding: where a text is over ``(batch, time, 1)``; no text is empty.
    """

    @staticmethod
    def forward(ctx: Any, outputs: Tensor, padding: Tensor) -> Tensor:
        """Return ``(batch, features)``."""
        lowest = outputs.new_full((), float("-inf"))  # a graph of a GPU cannot copy a number to it
        outputs = torch.where(padding, lowest, outputs)
        largest = outputs.amax(dim=1)
        ctx.save_for_backward(outputs, largest)
        return largest

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """Return the gradient of the outputs."""
        outputs, largest = ctx.saved_tensors
        found = outputs == largest[:, None]
        share = gradient / found.sum(dim=1)
        return torch.where(found, share[:, None], share.new_zeros(())), None
