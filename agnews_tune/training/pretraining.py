"""Passes over the training texts as a language model, before the first label is seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.networks.adaptive_softmax import Rooms
from agnews_tune.networks.language_model import LanguageModel
from agnews_tune.networks.recurrent import RecurrentNetwork
from agnews_tune.text.encoding import EncodedTexts
from agnews_tune.training.batching import Batch, Batches
from agnews_tune.training.callbacks import Callback
from agnews_tune.training.descent import Descent


class Pretraining:
    """Trains what a recurrent network and a language model share.

    Args:
        network: is trained from its present weights.
        hyperparameters: those of training; ``pretrain_epochs`` in place of ``epochs``.
        texts: the training texts.
        steps: of one epoch.
        batches: gives those of the epoch of a number.

    Attributes:
        history: ``loss`` (nats a word), with validation rows ``val_loss``, and ``seconds`` of each
            epoch so far.
        rooms: on a GPU, which batches a CUDA graph can hold; None elsewhere.
        descent: its steps, until all epochs are done.
    """

    def __init__(
        self,
        network: RecurrentNetwork,
        hyperparameters: Hyperparameters,
        texts: EncodedTexts,
        steps: int,
        batches: Callable[[int], Generator[Batch, None, None]],
    ) -> None:
        self.epochs = hyperparameters.pretrain_epochs
        self.history: dict[str, list[float]] = {"loss": []}
        self.batches = batches
        device = network.embedding.weight.device
        language = LanguageModel(network, len(texts.vocabulary)).to(device)
        self.rooms = Rooms(language.cutoffs, texts) if device.type == "cuda" else None
        own = replace(hyperparameters, epochs=self.epochs, ema_decay=0.0)
        shares = self.rooms.shares if self.rooms else None
        self.descent = Descent(language, own, steps, partial(self._guess, shares=shares))

    @property
    def is_done(self) -> bool:
        """Whether all epochs have ended."""
        return len(self.history["loss"]) == self.epochs

    def weights(self) -> dict[str, Tensor]:
        """Return what it trains of the network, until all callbacks have seen its last epoch."""
        return self.descent.network.shared.state_dict()

    def shapes(self) -> dict[str, list[int]]:
        """Return the shapes of all weights that it trains, the language model's own too."""
        language = self.descent.network
        trained = {"shared": language.shared, "heads": language.heads}
        return {
            f"{part}.{name}": list(weight.shape)
            for part, module in trained.items()
            for name, weight in module.named_parameters()
        }

    def take_over(
        self, weights: Mapping[str, Tensor], history: Mapping[str, Sequence[float]]
    ) -> None:
        """Put in the weights and the figures of a pretraining that is done."""
        self.descent.network.shared.load_state_dict(weights)
        self.history = {name: list(values) for name, values in history.items()}

    def run(
        self,
        callbacks: Sequence[Callback],
        validation: Batches | None,
        is_stopped: Callable[[], bool],
    ) -> None:
        """Train for the epochs that the history does not hold yet.

        Args:
            callbacks: called after each epoch, in order.
            validation: texts that are measured after each epoch.
            is_stopped: asked before each epoch whether to end before it.
        """
        try:
            for epoch in range(len(self.history["loss"]), self.epochs):
                if is_stopped():
                    break
                start = time.perf_counter()
                logs = {"loss": self._run_epoch(epoch)}
                if validation:
                    logs["val_loss"] = self._measure(validation)
                logs["seconds"] = time.perf_counter() - start
                for name, value in logs.items():
                    self.history.setdefault(name, []).append(value)
                for callback in callbacks:
                    callback.on_pretrain_epoch_end(epoch, logs)
        finally:
            del self.descent, self.batches, self.rooms  # they hold more memory than the network

    def _run_epoch(self, epoch: int) -> float:
        """Train for one epoch and return the mean loss of its batches."""
        self.descent.network.train()
        total = torch.zeros((), dtype=torch.float64, device=self.descent.device)
        steps = 0
        with self.descent.reused_gradients(), closing(self.batches(epoch)) as batches:
            for batch in batches:
                if self.rooms is None or self.rooms.hold(batch.numbers, batch.ids.shape[1]):
                    (loss,) = self.descent.step(batch.ids, batch.lengths)
                else:
                    (loss,) = self.descent.step_alone(self._guess, batch.ids, batch.lengths)
                total += loss
                steps += 1
        return total.item() / steps

    def _guess(
        self, ids: Tensor, lengths: Tensor, shares: list[float] | None = None
    ) -> tuple[Tensor]:
        loss: Tensor = self.descent.network(ids, lengths, shares)
        return (loss,)

    def _measure(self, texts: Batches) -> float:
        """Return the mean loss of all words."""
        language = self.descent.network.eval()
        total = torch.zeros((), dtype=torch.float64, device=texts.device)
        words = torch.zeros((), dtype=torch.int64, device=texts.device)
        with torch.no_grad():
            for batch in texts.by_length():
                guesses = (batch.lengths - 1).sum()
                total += language(batch.ids, batch.lengths) * guesses
                words += guesses
        return (total / words).item()
