"""The gradient of a large embedding, kept in one place of memory while a network trains."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


@contextmanager
def reused_gradient(embedding: nn.Embedding) -> Iterator[None]:
    """Let all steps of the block put an embedding's gradient into the same memory.

    All but some rows of it are zeros, and to ask for that much cleared memory at each step costs a
    small network an eighth of its training on a CPU. The sums are the same to the last bit. A GPU
    keeps memory for reuse by itself; there nothing is done.

    Args:
        embedding: its gradients must be cleared between steps (``zero_grad``).
    """
    if embedding.weight.is_cuda:
        yield
        return
    gradient = torch.zeros_like(embedding.weight)
    rows = torch.empty(0, dtype=torch.int64)

    def fill(weight: Tensor) -> None:
        nonlocal rows
        sparse: Tensor = weight.grad  # type: ignore[assignment] # the hook comes after it
        gradient[rows] = 0.0
        rows = sparse._indices()[0]  # as they come: to sort them would cost
        gradient.add_(sparse)
        weight.grad = gradient

    embedding.sparse = True
    hook = embedding.weight.register_post_accumulate_grad_hook(fill)  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        hook.remove()
        embedding.sparse = False
        embedding.weight.grad = None
