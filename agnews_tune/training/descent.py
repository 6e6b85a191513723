"""Gradient descent: steps of an optimizer, their schedule, and averaged weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.networks.language_model import LanguageModel
from agnews_tune.networks.recurrent import RecurrentNetwork
from agnews_tune.training.adamw import AdamW
from agnews_tune.training.averaging import MovingAverage
from agnews_tune.training.batching import Batch, LabelledBatches
from agnews_tune.training.cuda_graphs import StepGraphs
from agnews_tune.training.gradients import reused_gradient
from agnews_tune.training.loop import run_epoch

Network = TypeVar("Network", RecurrentNetwork, LanguageModel)
Objective = Callable[..., tuple[Tensor, ...]]


class Descent(Generic[Network]):
    """What trains a recurrent network, or a language model of one, one step for each batch.

    Args:
        network: is trained from its present weights.
        hyperparameters: ``learning_rate``, ``weight_decay``, ``warmup``, ``schedule``,
            ``clip_norm``, ``layer_decay``, ``ema_decay`` and ``epochs`` count.
        steps: of one epoch.
        objective: takes the inputs of a step; returns the loss to make smaller, with its graph, and
            maybe more. On a GPU it must not wait for it (``StepGraphs``).

    Attributes:
        network: the one that is trained.
        outcome: the one to measure and to keep: the same, or with ``ema_decay`` another one with
            the moving average of its weights.
        optimizer: AdamW; without ``weight_decay`` that is Adam.
    """

    def __init__(
        self,
        network: Network,
        hyperparameters: Hyperparameters,
        steps: int,
        objective: Objective,
    ) -> None:
        self.network: Network = network
        self.outcome: Network = network
        self.steps = steps
        self.objective = objective
        self.hyperparameters = hyperparameters
        self.device = network.embeddings[0].weight.device
        on_gpu = self.device.type == "cuda"
        self.graphs = StepGraphs(self.device) if on_gpu else None
        self.optimizer = AdamW(
            _groups(network, hyperparameters),
            lr=hyperparameters.learning_rate,
            weight_decay=hyperparameters.weight_decay,
            fused=True,
            capturable=on_gpu,
        )
        if on_gpu:  # a graph reads the rate from where it lies
            for group in self.optimizer.param_groups:
                group["lr"] = torch.tensor(group["lr"], device=self.device)
        self.schedule: LambdaLR | None = None
        if hyperparameters.warmup or hyperparameters.schedule != "constant":
            self.schedule = LambdaLR(self.optimizer, partial(_factor, hyperparameters, steps))
        self.average: MovingAverage[Network] | None = None
        if hyperparameters.ema_decay:
            self.average = MovingAverage(network, hyperparameters.ema_decay)
            self.outcome = self.average.network

    def run_pass(
        self, data: LabelledBatches, batches: Generator[Batch, None, None]
    ) -> dict[str, float]:
        """Train for one epoch; the objective takes ids, lengths and targets and returns logits too.

        Returns:
            ``loss`` and ``accuracy``, as the network was when it saw each row, and the
            ``learning_rate`` of the first step.
        """

        def learn(batch: Batch, targets: Tensor) -> tuple[Tensor, Tensor]:
            loss, logits = self.step(batch.ids, batch.lengths, targets)
            return loss, logits

        rate = self.hyperparameters.learning_rate
        if self.schedule:
            rate *= self.schedule.lr_lambdas[0](self.schedule.last_epoch)
        self.network.train()
        with self.reused_gradients():
            logs = run_epoch(data, batches, learn)
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
            self.average.steps = epochs * self.steps

    def step(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Train on the inputs; what the objective returned of them holds until the next step."""
        descend = partial(self._descend, self.objective)
        outcome = self.graphs.take(descend, *inputs) if self.graphs else descend(*inputs)
        self._end_step()
        return outcome

    def step_alone(self, objective: Objective, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Take a step with another objective, of which there will be no graph."""
        outcome = self._descend(objective, *inputs)
        self._end_step()
        return outcome

    def _descend(self, objective: Objective, *inputs: Tensor) -> tuple[Tensor, ...]:
        outcome = objective(*inputs)
        self.optimizer.zero_grad()
        outcome[0].backward()  # type: ignore[no-untyped-call]
        if self.hyperparameters.clip_norm:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.hyperparameters.clip_norm)
        self.optimizer.step()
        return tuple(tensor.detach() for tensor in outcome)

    def _end_step(self) -> None:
        """Do what counts steps, and therefore belongs to no graph."""
        if self.schedule:
            self.schedule.step()
        if self.average:
            self.average.follow(self.network)


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
