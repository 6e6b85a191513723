"""The steps alone: the batches of ``fit`` lie padded on the device before the clock starts."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn import functional

from agnews_tune.batching import Batches
from agnews_tune.gradients import reused_gradient
from benchmarks.workload import Workload


def prepare_limit(work: Workload) -> Callable[[], object]:
    """Return a pass: forward, loss, backward and the optimizer's step, nothing else."""
    batches = [
        (batch.ids, batch.lengths, work.labels[batch.rows].to(work.device))
        for batch in Batches(work.encoded, work.device).shuffled(
            work.hyperparameters.batch_size, (0, 0)
        )
    ]
    network = work.build_network().train()
    optimizer = torch.optim.Adam(
        network.parameters(), lr=work.hyperparameters.learning_rate, fused=True
    )

    def run() -> None:
        with reused_gradient(network.embedding):
            for ids, lengths, labels in batches:
                loss = functional.cross_entropy(network(ids, lengths), labels)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        work.synchronize()

    return run
