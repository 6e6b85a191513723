"""Steps of training on a GPU as CUDA graphs: one launch in place of hundreds."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

Step = Callable[..., tuple[Tensor, ...]]
Shapes = tuple[torch.Size, ...]
WARM_UP = 1  # steps of a shape before it is captured: one that comes once takes no graph's place
MOST = 256  # graphs; each takes memory of the card


class StepGraphs:
    """Takes the first step of each shape as it is, and replays a graph from the second one on.

    A recurrent layer is hundreds of small kernels, and a processor takes longer to launch them one
    by one than a large GPU to run them. All graphs share the memory of their inner tensors, in
    which nothing outlives a step.

    Source: https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs

    Args:
        device: the GPU.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.seen: Counter[Shapes] = Counter()
        self.graphs: dict[Shapes, _Graph] = {}

    @cached_property
    def _stream(self) -> torch.cuda.Stream:
        return torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]

    @cached_property
    def _pool(self) -> Any:
        return torch.cuda.graph_pool_handle()

    def take(self, step: Step, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Take a step; what it returns holds until the next one.

        Args:
            step: trains on the inputs and returns tensors, such as the loss; always the same one.
                All that it does must be work of the GPU, without waiting for it, on tensors that
                stay where they are between steps.
            inputs: such as the word numbers of a batch, on the GPU.
        """
        shapes = tuple(tensor.shape for tensor in inputs)
        if shapes in self.graphs:
            return self.graphs[shapes].replay(inputs)
        self.seen[shapes] += 1
        # All steps are on one stream, as a capture cannot be on the default one.
        current = torch.cuda.current_stream(self.device)
        self._stream.wait_stream(current)
        try:
            with torch.cuda.stream(self._stream):
                if self.seen[shapes] <= WARM_UP or len(self.graphs) == MOST:
                    return step(*inputs)
                with _nothing_collected():
                    self.graphs[shapes] = _Graph(step, inputs, self._pool)
        finally:
            current.wait_stream(self._stream)
        return self.graphs[shapes].replay(inputs)


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Keep garbage: graphs of a network that is no longer used, deleted now, break a capture."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


class _Graph:
    """The kernels of one step for inputs of the same shapes."""

    def __init__(self, step: Step, inputs: tuple[Tensor, ...], pool: Any) -> None:
        self.inputs = [tensor.clone() for tensor in inputs]
        self.graph = torch.cuda.CUDAGraph()
        # What other threads do on the GPU meanwhile is no part of it.
        self.graph.capture_begin(pool, capture_error_mode="thread_local")
        try:
            self.outcome = step(*self.inputs)
        except BaseException:
            with suppress(RuntimeError):  # of a broken capture; what broke it is the cause
                self.graph.capture_end()
            raise
        self.graph.capture_end()

    def replay(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Run them on other inputs."""
        for own, given in zip(self.inputs, inputs, strict=True):
            own.copy_(given)
        self.graph.replay()
        return self.outcome
