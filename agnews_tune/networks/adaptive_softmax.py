"""An adaptive softmax in a CUDA graph: no shape depends on which words a batch has."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from agnews_tune.text.encoding import EncodedTexts

MARGIN = 2  # room for so many times the words of a cluster that a batch has on average
IGNORED = -100  # the target where there is no word


class Rooms:
    """How many words of each cluster of rarer words a step has room for.

    torch's own loss asks how many there are, and each step of a GPU waits for the answer. With a
    room for each cluster a graph can hold the step; ``hold`` tells from the texts whether it will
    do for a batch, as it nearly always does.

    Args:
        cutoffs: ``LanguageModel.cutoffs``.
        texts: all that are trained on.

    Attributes:
        shares: room for each cluster, as a fraction of the places that are guessed.
    """

    def __init__(self, cutoffs: list[int], texts: EncodedTexts) -> None:
        ids, starts = texts.ids, texts.offsets[:-1]
        counts = [
            np.add.reduceat((start <= ids) & (ids < end), starts, dtype=np.int32)
            for start, end in pairwise(cutoffs)
        ]
        self._counts = np.stack(counts, axis=1)  # of each cluster's words (texts, clusters)
        self.shares = [min(1.0, MARGIN * share) for share in self._counts.sum(axis=0) / len(ids)]

    def hold(self, rows: npt.NDArray[np.int64], longest: int) -> bool:
        """Whether there is room for all words of a batch.

        Args:
            rows: numbers of its texts.
            longest: tokens of its longest text.
        """
        rooms = [room(share, len(rows) * (longest - 1)) for share in self.shares]
        return bool((self._counts[rows].sum(axis=0) <= rooms).all())


def room(share: float, places: int) -> int:
    """Return how many of these places a cluster may take that has room for such a share."""
    return math.ceil(share * places)


def loss_with_rooms(
    head: nn.AdaptiveLogSoftmaxWithLoss,
    states: Tensor,
    targets: Tensor,
    inside: Tensor,
    shares: list[float],
) -> Tensor:
    """Return the mean loss of a head; no shape depends on the words, and no step waits for them.

    Words for which there is no room are lost: ``Rooms.hold`` tells. Torch's own loss differs where
    a batch has no words of a cluster: the gradient is None there and zeros here, so that here
    Adam's moments and weight decay still move the cluster's weights.

    Args:
        head: of a language model.
        states: what it guesses by ``(places, features)``.
        targets: word numbers ``(places,)``, int64.
        inside: which of the places count ``(places,)``.
        shares: room for each cluster, as a fraction of the places.
    """
    frequent = targets.masked_fill(~inside, IGNORED)  # words, and clusters in place of the others
    total = torch.zeros((), device=states.device)
    clusters = zip(pairwise(head.cutoffs), shares, strict=True)
    for number, ((start, end), share) in enumerate(clusters):
        rare = inside & (start <= targets) & (targets < end)
        frequent = frequent.masked_fill(rare, head.shortlist_size + number)
        within = (targets - start).masked_fill(~rare, IGNORED)
        first = rare.byte().argsort(descending=True, stable=True)[: room(share, len(targets))]
        logits = head.tail[number](states.index_select(0, first))
        total = total + cross_entropy(logits, within[first], reduction="sum")
    total = total + cross_entropy(head.head(states), frequent, reduction="sum")
    return total / inside.sum()
