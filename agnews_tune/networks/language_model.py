"""A recurrent network as a language model: it guesses each word from those beside it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from agnews_tune.networks.adaptive_softmax import loss_with_rooms
from agnews_tune.networks.recurrent import RecurrentNetwork

SHARES = (54, 18, 6, 2)  # one word in 54 is in the first cluster, one in 18 in the first two
NARROWING = 2  # each cluster of rarer words has so many times fewer features


class LanguageModel(nn.Module):
    """Guesses each word from the words before it, and a backward direction from those behind it.

    The network is shared: to train this trains its word vectors and recurrent layers. A layer over
    two directions knows the word that it would guess, so that of such layers only the first is
    trained. Words are in clusters by frequency (adaptive softmax, Grave et al. 2017).

    Args:
        network: whose embedding and recurrent layers it trains.
        words: number of different word numbers, the frequent words first.

    Attributes:
        cutoffs: the first word number of each cluster but the first one, and ``words``.
    """

    def __init__(self, network: RecurrentNetwork, words: int) -> None:
        super().__init__()
        self.network = network
        self.embeddings = [network.embedding]
        self.size = network.recurrent.hidden_size
        self.backward_too = network.recurrent.bidirectional
        self.layers = 1 if self.backward_too else None
        cutoffs = sorted({words // share for share in SHARES} - {0})
        self.cutoffs = [*cutoffs, words]
        # The last cluster has a feature at least.
        narrowing = min(NARROWING, self.size ** (1 / len(self.cutoffs)))
        self.heads = nn.ModuleList(
            nn.AdaptiveLogSoftmaxWithLoss(self.size, words, cutoffs, div_value=narrowing)
            for _ in range(2 if self.backward_too else 1)
        )

    @property
    def shared(self) -> nn.ModuleList:
        """What it trains of the network: the word vectors, then the recurrent layers from below."""
        return nn.ModuleList([self.network.embedding, *self.network.stacks(self.layers)])

    def groups(self) -> list[list[nn.Parameter]]:
        """Return the weights that it trains; the network has more."""
        return [[*self.heads.parameters(), *self.shared.parameters()]]

    def forward(self, ids: Tensor, lengths: Tensor, rooms: list[float] | None = None) -> Tensor:
        """Return the mean cross-entropy of all guesses, in nats a word.

        Args:
            ids: word numbers ``(batch, time)``, padded at the end.
            lengths: tokens of each text ``(batch,)``, int64.
            rooms: ``Rooms.shares``, so that a CUDA graph can hold it; they must hold the batch.
        """
        outputs = self.network.read_words(ids, lengths, self.layers)
        time = torch.arange(1, ids.shape[1], device=ids.device)
        inside = time < lengths[:, None]  # both words of a pair of neighbours
        guesses = [(outputs[:, :-1, : self.size], ids[:, 1:])]
        if self.backward_too:
            guesses.append((outputs[:, 1:, self.size :], ids[:, :-1]))
        losses = []
        for head, (states, words) in zip(self.heads, guesses, strict=True):
            targets = words.long()
            if rooms is not None:
                losses.append(
                    loss_with_rooms(
                        head,  # type: ignore[arg-type]
                        states.flatten(0, 1),
                        targets.flatten(),
                        inside.flatten(),
                        rooms,
                    )
                )
            else:
                losses.append(head(states[inside], targets[inside]).loss)
        return torch.stack(losses).mean()
