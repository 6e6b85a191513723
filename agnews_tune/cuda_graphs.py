"""Steps of training on a GPU as CUDA graphs: one launch in place of hundreds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor

from agnews_tune.batching import Batch

Step = Callable[[Batch, Tensor], tuple[Tensor, Tensor]]
Shape = tuple[int, ...]
SEEN = 2  # batches of a shape before its step is captured: rare shapes are not worth a graph


def captured(step: Step, device: torch.device) -> Step:
    """Return the step, on a GPU as a ``CapturedStep``."""
    return CapturedStep(step, device) if device.type == "cuda" else step


class CapturedStep:
    """Takes steps as they are at first, and replays a graph for each shape that comes often.

    A recurrent layer is hundreds of small kernels, and a processor takes longer to launch them one
    by one than a large GPU to run them.

    Source: https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs

    Args:
        step: trains on a batch with its class numbers and returns the loss and the logits. All that
            it does must be work of the GPU, without waiting for it, on tensors that stay where
            they are between steps.
        device: the GPU.
    """

    def __init__(self, step: Step, device: torch.device) -> None:
        self.step = step
        self.stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self.pool = torch.cuda.graph_pool_handle()
        self.seen: Counter[Shape] = Counter()
        self.graphs: dict[Shape, _Graph] = {}

    def __call__(self, batch: Batch, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Take a step; loss and logits hold until the next one."""
        shape = tuple(batch.ids.shape)
        if shape in self.graphs:
            return self.graphs[shape].replay(batch, labels)
        self.seen[shape] += 1
        # All steps are on one stream, as a capture cannot be on the default one.
        current = torch.cuda.current_stream(self.stream.device)
        self.stream.wait_stream(current)
        with torch.cuda.stream(self.stream):
            if self.seen[shape] > SEEN:
                self.graphs[shape] = _Graph(self.step, batch, labels, self.pool)
            else:
                outcome = self.step(batch, labels)
        current.wait_stream(self.stream)
        return self(batch, labels) if shape in self.graphs else outcome


class _Graph:
    """The kernels of one step for batches of one shape."""

    def __init__(self, step: Step, batch: Batch, labels: Tensor, pool: Any) -> None:
        self.inputs = [tensor.clone() for tensor in (*batch, labels)]
        self.graph = torch.cuda.CUDAGraph()
        self.graph.capture_begin(pool=pool)
        try:
            self.outcome = step(Batch(*self.inputs[:-1]), self.inputs[-1])
        except BaseException:
            with suppress(RuntimeError):  # of a broken capture; what broke it is the cause
                self.graph.capture_end()
            raise
        self.graph.capture_end()

    def replay(self, batch: Batch, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Run them on another batch."""
        for own, given in zip(self.inputs, (*batch, labels), strict=True):
            own.copy_(given)
        self.graph.replay()
        return self.outcome
