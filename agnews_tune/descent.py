"""Gradient descent of a recurrent network: loss, optimizer, schedule and averaged weights."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from agnews_tune.batching import Batch
from agnews_tune.gradients import reused_gradient
from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.recurrent_network import RecurrentNetwork
from agnews_tune.training import LabelledBatches, run_epoch


class Descent:
    """What trains a recurrent network, one step for each batch.

    Args:
        network: is trained from its present weights.
        hyperparameters: ``learning_rate``, ``weight_decay``, ``warmup``, ``schedule``,
            ``clip_norm``, ``label_smoothing``, ``ema_decay`` and ``epochs`` count.
        steps: of one epoch.

    Attributes:
        network: the one that is trained.
        outcome: the one to measure and to keep: the same, or with ``ema_decay`` another one with
            the moving average of its weights.
        optimizer: ``torch.optim.AdamW``; without ``weight_decay`` that is Adam.
    """

    def __init__(
        self, network: RecurrentNetwork, hyperparameters: Hyperparameters, steps: int
    ) -> None:
        self.network = self.outcome = network
        self.steps = steps
        self.smoothing = hyperparameters.label_smoothing
        self.clip_norm = hyperparameters.clip_norm
        self.optimizer = torch.optim.AdamW(
            network.parameters(),
            lr=hyperparameters.learning_rate,
            weight_decay=hyperparameters.weight_decay,
            fused=True,
        )
        self.schedule: LambdaLR | None = None
        if hyperparameters.warmup or hyperparameters.schedule != "constant":
            self.schedule = LambdaLR(self.optimizer, partial(_factor, hyperparameters, steps))
        self.average: AveragedModel | None = None
        if hyperparameters.ema_decay:
            average = get_ema_multi_avg_fn(hyperparameters.ema_decay)  # type: ignore[no-untyped-call]
            self.average = AveragedModel(network, multi_avg_fn=average)
            self.outcome = cast(RecurrentNetwork, self.average.module)
            for layer in (self.outcome.recurrent, *self.outcome.further):
                layer.flatten_parameters()  # a copy of a network has its weights in many places

    def run_pass(self, data: LabelledBatches, batches: Iterator[Batch]) -> dict[str, float]:
        """Train for one epoch.

        Returns:
            ``loss`` (with ``label_smoothing``) and ``accuracy``, as the network was when it saw
            each row, and the ``learning_rate`` of the first step.
        """
        rate = self.optimizer.param_groups[0]["lr"]
        with ExitStack() as stack:
            for embedding in self.network.embeddings:
                stack.enter_context(reused_gradient(embedding))
            logs = run_epoch(self.network, data, batches, self._step, self.smoothing)
        return logs | {"learning_rate": rate}

    def skip(self, epochs: int) -> None:
        """Count steps as taken, whose weights and optimizer's state have been put back."""
        if self.schedule:
            factor = self.schedule.lr_lambdas[0]
            self.schedule = LambdaLR(self.optimizer, factor, last_epoch=epochs * self.steps - 1)
        if self.average:
            self.average.n_averaged.fill_(epochs * self.steps)

    def _step(self, loss: Tensor) -> None:
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if self.clip_norm:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.clip_norm)
        self.optimizer.step()
        if self.schedule:
            self.schedule.step()
        if self.average:
            self.average.update_parameters(self.network)


def _factor(hyperparameters: Hyperparameters, steps: int, step: int) -> float:
    """Return the share of the learning rate at a step; an epoch has ``steps``."""
    total = hyperparameters.epochs * steps
    warmup = round(hyperparameters.warmup * total)
    if step < warmup:
        return (step + 1) / (warmup + 1)
    done = (step - warmup) / max(total - warmup, 1)
    if hyperparameters.schedule == "linear":
        return 1 - done
    return (1 + math.cos(math.pi * done)) / 2 if hyperparameters.schedule == "cosine" else 1.0
