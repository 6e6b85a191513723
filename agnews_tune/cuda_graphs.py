"""Steps of training on a GPU as CUDA graphs: one launch in place of hundreds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from agnews_tune.batching import Batch

Step = Callable[[Batch, Tensor], tuple[Tensor, Tensor]]
Shape = tuple[int, ...]
WARM_UP = 2  # batches of a shape before its step is captured: rare shapes are not worth a graph
MOST = 256  # graphs; each takes memory of the card


class StepGraphs:
    """Takes steps as they are at first, and replays a graph for each shape that comes often.

    A recurrent layer is hundreds of small kernels, and a processor takes longer to launch them one
    by one than a large GPU to run them. All graphs share the memory of their inner tensors, in
    which nothing outlives a step.

    Source: https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs

    Args:
        device: the GPU.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.seen: Counter[Shape] = Counter()
        self.graphs: dict[Shape, _Graph] = {}

    @cached_property
    def _stream(self) -> torch.cuda.Stream:
        return torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]

    @cached_property
    def _pool(self) -> Any:
        return torch.cuda.graph_pool_handle()

    def take(self, step: Step, batch: Batch, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Take a step; loss and logits hold until the next one.

        Args:
            step: trains on the ids and lengths of a batch with its targets and returns the loss and
                the logits; always the same one. All that it does must be work of the GPU, without
                waiting for it, on tensors that stay where they are between steps.
            batch: on the GPU.
            targets: what ``step`` learns of the batch, such as its class numbers, on the GPU;
                of one shape for batches of one shape.
        """
        shape = tuple(batch.ids.shape)
        if shape in self.graphs:
            return self.graphs[shape].replay(batch, targets)
        self.seen[shape] += 1
        # All steps are on one stream, as a capture cannot be on the default one.
        current = torch.cuda.current_stream(self.device)
        self._stream.wait_stream(current)
        try:
            with torch.cuda.stream(self._stream):
                if self.seen[shape] <= WARM_UP or len(self.graphs) == MOST:
                    return step(batch, targets)
                self.graphs[shape] = _Graph(step, batch, targets, self._pool)
        finally:
            current.wait_stream(self._stream)
        return self.graphs[shape].replay(batch, targets)


class _Graph:
    """The kernels of one step for batches of one shape."""

    def __init__(self, step: Step, batch: Batch, targets: Tensor, pool: Any) -> None:
        self.batch = Batch(*(tensor.clone() for tensor in batch))
        self.targets = targets.clone()
        self.graph = torch.cuda.CUDAGraph()
        # What other threads do on the GPU meanwhile is no part of it.
        self.graph.capture_begin(pool, capture_error_mode="thread_local")
        try:
            self.outcome = step(self.batch, self.targets)
        except BaseException:
            with suppress(RuntimeError):  # of a broken capture; what broke it is the cause
                self.graph.capture_end()
            raise
        self.graph.capture_end()

    def replay(self, batch: Batch, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Run them on another batch."""
        self.batch.ids.copy_(batch.ids)
        self.batch.lengths.copy_(batch.lengths)
        self.targets.copy_(targets)
        self.graph.replay()
        return self.outcome
