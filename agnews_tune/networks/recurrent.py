"""The network: word numbers and lengths in, one logit a class out. It knows no data."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.networks.layers import read_layers
from agnews_tune.networks.one_direction import saves_time
from agnews_tune.networks.pooling import MaximumOverTime

CELLS: dict[str, type[nn.RNN | nn.GRU | nn.LSTM]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


PRIMES = (1_000_003, 2_654_435_761)  # the second one's product spreads over its upper bits


class Embedding(nn.Embedding):
    """Vectors of words; on the meta device none are drawn, as torch would load its compiler."""

    def reset_parameters(self) -> None:
        """Draw the vectors from the standard normal distribution."""
        if not self.weight.is_meta:
            super().reset_parameters()


class RecurrentNetwork(nn.Module):
    """Embedding, recurrent layers, pooling over time, linear layers, projection to the classes.

    Args:
        hyperparameters: sizes and kinds of the layers.
        vocabulary_size: number of different word numbers.
        classes: number of logits.
        mixed: whether matrix products are calculated in bfloat16, as torch's autocast does it;
            weights and logits are float32.
    """

    def __init__(
        self,
        hyperparameters: Hyperparameters,
        vocabulary_size: int,
        classes: int,
        *,
        mixed: bool = False,
    ) -> None:
        super().__init__()
        self.mixed = mixed
        size = hyperparameters.hidden_dim
        self.mask_padding = hyperparameters.mask_padding
        self.word_dropout = hyperparameters.word_dropout
        self.embedding_dropout = hyperparameters.embedding_dropout
        self.locked_dropout = hyperparameters.locked_dropout
        self.pretrain_dropout = hyperparameters.pretrain_dropout
        self.poolings = hyperparameters.pooling.split("+")
        self.embedding = Embedding(vocabulary_size, hyperparameters.embedding_dim)
        with torch.no_grad():
            self.embedding.weight.mul_(hyperparameters.embedding_std)
        self.embeddings = [self.embedding]
        if hyperparameters.bigram_buckets:
            vectors = torch.zeros(hyperparameters.bigram_buckets, hyperparameters.embedding_dim)
            self.bigrams: nn.Embedding = nn.Embedding.from_pretrained(  # type: ignore[no-untyped-call]
                vectors, freeze=False
            )
            self.embeddings.append(self.bigrams)
        directions = 2 if hyperparameters.bidirectional else 1
        layers = partial(
            CELLS[hyperparameters.cell],
            hidden_size=size,
            bidirectional=hyperparameters.bidirectional,
            batch_first=True,
        )
        # Dropout reaches between layers, and a language model below the second of two directions,
        # only where each is a module of its own.
        apart = self.locked_dropout or (
            hyperparameters.pretrain_epochs and hyperparameters.bidirectional
        )
        together = 1 if apart else hyperparameters.num_layers
        self.recurrent = layers(hyperparameters.embedding_dim, num_layers=together)
        self.further = nn.ModuleList(
            layers(directions * size) for _ in range(hyperparameters.num_layers - together)
        )
        if "attention" in self.poolings:
            self.attention = nn.Linear(directions * size, 1)
        head: list[nn.Module] = []
        features = size * directions * len(self.poolings)
        for _ in range(hyperparameters.linear_layers):
            head += [nn.Tanh(), nn.Linear(features, size), nn.Dropout(hyperparameters.dropout)]
            features = size
        self.head = nn.Sequential(*head, nn.Tanh(), nn.Linear(features, classes))

    def forward(self, ids: Tensor, lengths: Tensor, shift: Tensor | None = None) -> Tensor:
        """Return the logits ``(batch, classes)``, float32.

        Args:
            ids: word numbers ``(batch, time)``, padded at the end.
            lengths: tokens of each text ``(batch,)``, int64.
            shift: is added to the vectors of the words, ``(batch, time, features)``.
        """
        lengths = self._lengths_to_read(ids, lengths)
        with torch.autocast(ids.device.type, torch.bfloat16, enabled=self.mixed):
            outputs = self._read(ids, lengths, shift)
            pooled = [self._pool(pooling, outputs, lengths) for pooling in self.poolings]
            logits: Tensor = self.head(torch.cat(pooled, dim=1))
        return logits.float()

    def read_words(self, ids: Tensor, lengths: Tensor, layers: int | None = None) -> Tensor:
        """Return what recurrent layers make of words ``(batch, time, directions * hidden)``.

        As a language model needs it: without the vectors of pairs, which tell a backward direction
        the word before, and with ``pretrain_dropout`` alone. float32.

        Args:
            ids: as for ``forward``.
            lengths: as for ``forward``.
            layers: how many ``stacks``, from below; all by default.
        """
        lengths = self._lengths_to_read(ids, lengths)
        with torch.autocast(ids.device.type, torch.bfloat16, enabled=self.mixed):
            outputs = self._drop(self.embedding(ids), self.pretrain_dropout)
            for layer in self.stacks(layers):
                outputs = self._drop(self._recur(layer, outputs, lengths), self.pretrain_dropout)
            return outputs.float()

    def stacks(self, count: int | None = None) -> list[nn.RNNBase]:
        """Return the modules of the recurrent layers from below; all by default."""
        return [self.recurrent, *self.further][:count]

    def groups(self) -> list[list[nn.Parameter]]:
        """Return the weights of each layer, the head first, the word vectors last."""
        head = list(self.head.parameters())
        if "attention" in self.poolings:
            head += self.attention.parameters()
        groups = [head]
        for stack in reversed(self.stacks()):
            weights: dict[str, nn.Parameter] = dict(stack.named_parameters())
            groups += [
                [
                    weight
                    for name, weight in weights.items()
                    if name.removesuffix("_reverse").endswith(f"_l{number}")
                ]
                for number in reversed(range(stack.num_layers))
            ]
        return [*groups, [weight for part in self.embeddings for weight in part.parameters()]]

    def _lengths_to_read(self, ids: Tensor, lengths: Tensor) -> Tensor:
        return lengths if self.mask_padding else torch.full_like(lengths, ids.shape[1])

    def _read(self, ids: Tensor, lengths: Tensor, shift: Tensor | None) -> Tensor:
        first, *further = self.stacks()
        if shift is None and self._reads_distinct_words(ids):
            words, places = torch.unique(ids, return_inverse=True)
            outputs = read_layers(first, self.embedding(words), lengths, places)
        else:
            outputs = self._recur(first, self._vectors(ids, shift), lengths)
        for layer in further:
            outputs = self._recur(layer, self._drop(outputs, self.locked_dropout), lengths)
        return self._drop(outputs, self.locked_dropout)

    def _reads_distinct_words(self, ids: Tensor) -> bool:
        """Whether a word is the same vector wherever it stands, in layers that gain by it."""
        noise = self.training and (self.word_dropout or self.embedding_dropout)
        alike = len(self.embeddings) == 1 and not noise
        return alike and saves_time(self.recurrent, ids, distinct=True)

    def _vectors(self, ids: Tensor, shift: Tensor | None) -> Tensor:
        """Return what the first layer reads of each word, with the noise of training."""
        vectors = self._embed(ids)
        if shift is not None:
            vectors = vectors + shift
        vectors = self._drop(vectors, self.embedding_dropout)
        if self.training and self.word_dropout:
            kept = torch.ones_like(vectors[:, :, :1])
            vectors = vectors * functional.dropout(kept, self.word_dropout)
        return vectors

    def _embed(self, ids: Tensor) -> Tensor:
        """Return a vector for each word, with that of its pair with the word before."""
        vectors: Tensor = self.embedding(ids)
        if len(self.embeddings) == 1:
            return vectors
        codes: Tensor = (ids[:, :-1].long() * PRIMES[0] + ids[:, 1:]) * PRIMES[1]
        buckets = ((codes & 0xFFFFFFFF) >> 8) % self.bigrams.num_embeddings
        added: Tensor = functional.pad(self.bigrams(buckets), (0, 0, 1, 0))
        return vectors + added

    def _drop(self, vectors: Tensor, fraction: float) -> Tensor:
        """Set some features to zero, the same ones at all times of a text (locked dropout)."""
        if not (self.training and fraction):
            return vectors
        return vectors * functional.dropout(torch.ones_like(vectors[:, :1]), fraction)

    def _recur(self, layer: nn.RNNBase, inputs: Tensor, lengths: Tensor) -> Tensor:
        # cuDNN takes all layers in one call, unless texts are turned at an end of their own.
        if inputs.is_cuda and not (layer.bidirectional and self.mask_padding):
            outputs: Tensor = layer(inputs)[0]
            return outputs
        return read_layers(layer, inputs, lengths)

    def _pool(self, pooling: str, outputs: Tensor, lengths: Tensor) -> Tensor:
        if pooling == "last":
            return self._last(outputs, lengths)
        time = torch.arange(outputs.shape[1], device=outputs.device)
        padding = (time >= lengths[:, None])[:, :, None]  # (batch, time, 1)
        if pooling == "max":
            largest: Tensor = MaximumOverTime.apply(outputs, padding)  # type: ignore[no-untyped-call]
            return largest
        if pooling == "attention":
            scores: Tensor = self.attention(outputs).masked_fill(padding, float("-inf"))
            return (scores.softmax(dim=1) * outputs).sum(dim=1)
        return (outputs * (~padding).to(outputs.dtype)).sum(dim=1) / lengths[:, None]

    def _last(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        rows = torch.arange(len(outputs), device=outputs.device)
        final = outputs[rows, lengths - 1]
        if not self.recurrent.bidirectional:
            return final
        size = self.recurrent.hidden_size  # the backward direction ends at the first token
        return torch.cat([final[:, :size], outputs[:, 0, size:]], dim=1)
