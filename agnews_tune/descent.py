"""Gradient descent: steps of an optimizer, their schedule, and averaged weights."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, Generic, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from agnews_tune.batching import Batch
from agnews_tune.cuda_graphs import Step, captured
from agnews_tune.gradients import reused_gradient
from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.language_model import LanguageModel
from agnews_tune.losses import training_loss
from agnews_tune.recurrent_network import RecurrentNetwork
from agnews_tune.training import LabelledBatches, run_epoch

Tensors = tuple[Tensor, ...] | list[Tensor]
Network = TypeVar("Network", RecurrentNetwork, LanguageModel)


class Descent(Generic[Network]):
    """What trains a recurrent network, or a language model of one, one step for each batch.

    Args:
        network: is trained from its present weights.
        hyperparameters: ``learning_rate``, ``weight_decay``, ``warmup``, ``schedule``,
            ``clip_norm``, ``layer_decay``, ``ema_decay`` and ``epochs`` count, and what
            ``training_loss`` takes of them.
        steps: of one epoch.

    Attributes:
        network: the one that is trained.
        outcome: the one to measure and to keep: the same, or with ``ema_decay`` another one with
            the moving average of its weights.
        optimizer: ``torch.optim.AdamW``; without ``weight_decay`` that is Adam.
    """

    def __init__(self, network: Network, hyperparameters: Hyperparameters, steps: int) -> None:
        self.network: Network = network
        self.outcome: Network = network
        self.steps = steps
        self.hyperparameters = hyperparameters
        device = network.embeddings[0].weight.device
        self.optimizer = torch.optim.AdamW(
            _groups(network, hyperparameters),
            lr=hyperparameters.learning_rate,
            weight_decay=hyperparameters.weight_decay,
            fused=True,
            capturable=device.type == "cuda",
        )
        if device.type == "cuda":  # a graph reads the rate from where it lies
            for group in self.optimizer.param_groups:
                group["lr"] = torch.tensor(group["lr"], device=device)
        learn: Step = self._learn  # type: ignore[misc] # never called with a LanguageModel
        self._take_step = captured(learn, device)
        self.schedule: LambdaLR | None = None
        if hyperparameters.warmup or hyperparameters.schedule != "constant":
            self.schedule = LambdaLR(self.optimizer, partial(_factor, hyperparameters, steps))
        self.average: AveragedModel | None = None
        if hyperparameters.ema_decay:
            self.average = _make_average(network, hyperparameters.ema_decay)
            self.outcome = cast(Network, self.average.module)
            for layer in self.outcome.modules():
                if isinstance(layer, nn.RNNBase):
                    layer.flatten_parameters()  # those of a copy lie in many places

    def run_pass(
        self: Descent[RecurrentNetwork], data: LabelledBatches, batches: Iterator[Batch]
    ) -> dict[str, float]:
        """Train for one epoch.

        Returns:
            ``loss`` (that of ``training_loss``) and ``accuracy``, as the network was when it saw
            each row, and the ``learning_rate`` of the first step.
        """
        rate = float(self.optimizer.param_groups[0]["lr"])
        self.network.train()
        with self.reused_gradients():
            logs = run_epoch(data, batches, self._train_on)
        return logs | {"learning_rate": rate}

    @contextmanager
    def reused_gradients(self) -> Iterator[None]:
        """Keep the gradients of the embeddings in one place for the steps of a pass."""
        with ExitStack() as stack:
            for embedding in self.network.embeddings:
                stack.enter_context(reused_gradient(embedding))
            yield

    def skip(self, epochs: int) -> None:
        """Count steps as taken, whose weights and optimizer's state have been put back."""
        if self.schedule:
            factor = self.schedule.lr_lambdas[0]
            self.schedule = LambdaLR(self.optimizer, factor, last_epoch=epochs * self.steps - 1)
        if self.average:
            self.average.n_averaged.fill_(epochs * self.steps)

    def step(self, loss: Tensor) -> None:
        """Follow the gradient of a batch's loss."""
        self._descend(loss)
        self._count_step()

    def _train_on(self, batch: Batch, labels: Tensor) -> tuple[Tensor, Tensor]:
        outcome = self._take_step(batch, labels)
        self._count_step()
        return outcome

    def _learn(
        self: Descent[RecurrentNetwork], batch: Batch, labels: Tensor
    ) -> tuple[Tensor, Tensor]:
        loss, logits = training_loss(self.network, batch, labels, self.hyperparameters)
        self._descend(loss)
        return loss.detach(), logits.detach()

    def _descend(self, loss: Tensor) -> None:
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if self.hyperparameters.clip_norm:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.hyperparameters.clip_norm)
        self.optimizer.step()

    def _count_step(self) -> None:
        if self.schedule:
            self.schedule.step()
        if self.average:
            self.average.update_parameters(self.network)


def _make_average(network: nn.Module, ema_decay: float) -> AveragedModel:
    """Return a copy whose weights follow, closely at first, or the first ones would stay long."""

    def mix(averages: Tensors, weights: Tensors, count: Tensor | int) -> None:
        steps = int(average.n_averaged)  # on the CPU, while ``count`` may be on a GPU
        decay = min(ema_decay, (1 + steps) / (10 + steps))
        get_ema_multi_avg_fn(decay)(averages, weights, count)  # type: ignore[no-untyped-call]

    average: AveragedModel = AveragedModel(network, multi_avg_fn=mix)
    return average


def _groups(
    network: RecurrentNetwork | LanguageModel, hyperparameters: Hyperparameters
) -> list[dict[str, Any]]:
    """Return groups of weights with a learning rate of their own, the highest first."""
    decay = hyperparameters.layer_decay
    if isinstance(network, RecurrentNetwork) and decay == 1:
        return [{"params": list(network.parameters())}]
    return [
        {"params": weights, "lr": hyperparameters.learning_rate * decay**depth}
        for depth, weights in enumerate(network.groups())
    ]


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
