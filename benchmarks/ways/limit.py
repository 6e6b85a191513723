"""The steps alone: the batches of ``fit`` lie padded on the device before the clock starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from agnews_tune.training.adamw import AdamW
from agnews_tune.training.batching import Batch, Batches
from agnews_tune.training.cuda_graphs import WARM_UP, StepGraphs
from agnews_tune.training.gradients import reused_gradient
from benchmarks.workload import Workload


def prepare_limit(work: Workload) -> Callable[[], object]:
    """Return a pass: forward, loss, backward and the optimizer's step, nothing else."""
    cut = Batches(work.encoded, work.device).shuffled(work.hyperparameters.batch_size, (0, 0))
    batches = _with_labels(cut, work)
    network = work.build_network().train()
    optimizer = AdamW(
        network.parameters(),
        lr=work.hyperparameters.learning_rate,
        weight_decay=0,
        fused=True,
        capturable=work.device.type == "cuda",
    )

    def step(ids: Tensor, lengths: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        logits = network(ids, lengths)
        loss = functional.cross_entropy(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach(), logits.detach()

    graphs = StepGraphs(work.device) if work.device.type == "cuda" else None

    def run() -> None:
        with reused_gradient(network.embedding):
            for batch, labels in batches:
                inputs = batch.ids, batch.lengths, labels
                graphs.take(step, *inputs) if graphs else step(*inputs)
        work.synchronize()

    if graphs:
        for _ in range(WARM_UP + 1):
            run()
    return run


def prepare_evaluation_limit(work: Workload, network: nn.Module) -> Callable[[], object]:
    """Return a pass of ``evaluate``: forward and loss, nothing else."""
    network.eval()
    batches = _with_labels(Batches(work.encoded, work.device).by_length(), work)

    def run() -> None:
        with torch.inference_mode():
            for batch, labels in batches:
                functional.cross_entropy(network(batch.ids, batch.lengths), labels)
        work.synchronize()

    return run


def _with_labels(batches: Iterator[Batch], work: Workload) -> list[tuple[Batch, Tensor]]:
    labels = work.labels.to(work.device)
    return [(batch, labels[batch.rows]) for batch in batches]
