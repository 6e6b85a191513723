"""A recurrent network as a language model: it guesses each word from those beside it."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from agnews_tune.recurrent_network import RecurrentNetwork

SHARES = (54, 18, 6, 2)  # one word in 54 is in the first cluster, one in 18 in the first two
NARROWING = 2  # each cluster of rarer words has so many times fewer features
IGNORED = -100  # the target of no word


class LanguageModel(nn.Module):
    """Guesses each word from the words before it, and a backward direction from those behind it.

    The network is shared: to train this trains its word vectors and recurrent layers. A layer over
    two directions knows the word that it would guess, so that of such layers only the first is
    trained. Words are in clusters by frequency (adaptive softmax, Grave et al. 2017).

    Args:
        network: whose embedding and recurrent layers it trains.
        words: number of different word numbers, the frequent words first.
    """

    def __init__(self, network: RecurrentNetwork, words: int) -> None:
        super().__init__()
        self.network = network
        self.embeddings = [network.embedding]
        self.size = network.recurrent.hidden_size
        self.backward_too = network.recurrent.bidirectional
        self.layers = 1 if self.backward_too else None
        cutoffs = sorted({words // share for share in SHARES} - {0})
        # The last cluster has a feature at least.
        narrowing = min(NARROWING, self.size ** (1 / (len(cutoffs) + 1)))
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

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Return the mean cross-entropy of all guesses, in nats a word.

        Args:
            ids: word numbers ``(batch, time)``, padded at the end.
            lengths: tokens of each text ``(batch,)``, int64.
        """
        outputs = self.network.read_words(ids, lengths, self.layers)
        time = torch.arange(1, ids.shape[1], device=ids.device)
        inside = time < lengths[:, None]  # both words of a pair of neighbours
        guesses = [(outputs[:, :-1, : self.size], ids[:, 1:])]
        if self.backward_too:
            guesses.append((outputs[:, 1:, self.size :], ids[:, :-1]))
        losses = [
            loss_of_all(head, states, targets.long(), inside)  # type: ignore[arg-type]
            if ids.is_cuda
            else head(states[inside], targets[inside].long()).loss
            for head, (states, targets) in zip(self.heads, guesses, strict=True)
        ]
        return torch.stack(losses).mean()


def loss_of_all(
    head: nn.AdaptiveLogSoftmaxWithLoss, states: Tensor, targets: Tensor, inside: Tensor
) -> Tensor:
    """Return the mean loss of a head, with no shape that depends on the words.

    The head itself asks how many words of each cluster there are, and a GPU's step would wait for
    the answer. Here each cluster guesses at all places: more work, but one graph can hold it.

    Args:
        head: an adaptive softmax.
        states: what the head guesses by ``(batch, time, features)``.
        targets: word numbers ``(batch, time)``, int64.
        inside: which of the places count ``(batch, time)``.
    """
    states = states.flatten(0, 1)
    frequent = targets.masked_fill(~inside, IGNORED)  # words, and in place of the others clusters
    total = torch.zeros((), device=states.device)
    for number, (start, end) in enumerate(pairwise(head.cutoffs)):
        rare = inside & (start <= targets) & (targets < end)
        frequent = frequent.masked_fill(rare, head.shortlist_size + number)
        within = (targets - start).masked_fill(~rare, IGNORED)
        total = total + cross_entropy(head.tail[number](states), within.flatten(), reduction="sum")
    total = total + cross_entropy(head.head(states), frequent.flatten(), reduction="sum")
    return total / inside.sum()
