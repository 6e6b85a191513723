"""A linear model as a network: word numbers and lengths in, one logit a class out."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class LinearNetwork(nn.Module):
    """TF-IDF of words and of pairs of neighbouring words, times one weight for each and each class.

    A text is a vector of ``(1 + log count) * idf`` of its words and pairs, of length 1, as
    scikit-learn's ``TfidfVectorizer(sublinear_tf=True)`` makes it. It has no gradient to follow:
    ``agnews_tune.training.linear`` sets its weights.

    Args:
        words: number of different word numbers.
        pairs: ``first * words + second`` of each pair that it knows ``(pairs,)``, int64, ascending.
        classes: number of logits.

    Attributes:
        pairs: as given.
        idf: inverse document frequencies, of the words and then of the pairs.
        weights: of the words and then of the pairs ``(words + pairs, classes)``.
        bias: ``(classes,)``.
    """

    pairs: Tensor
    idf: Tensor

    def __init__(self, words: int, pairs: Tensor, classes: int) -> None:
        super().__init__()
        self.words = words
        features = words + len(pairs)
        self.register_buffer("pairs", pairs)
        self.register_buffer("idf", torch.ones(features))
        self.weights = nn.EmbeddingBag.from_pretrained(
            torch.zeros(features, classes), freeze=False, mode="sum"
        )
        self.bias = nn.Parameter(torch.zeros(classes))

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Return the logits ``(batch, classes)``, float32.

        Args:
            ids: word numbers ``(batch, time)``, padded at the end.
            lengths: tokens of each text ``(batch,)``, int64.
        """
        rows, features, counts = self.count(ids, lengths)
        values = (1 + counts.float().log()) * self.idf[features]
        squares = torch.zeros(len(ids), device=ids.device).index_add(0, rows, values**2)
        starts = torch.searchsorted(rows, torch.arange(len(ids), device=ids.device))
        values = values / squares.sqrt()[rows]
        scores: Tensor = self.weights(features, starts, per_sample_weights=values)
        return scores + self.bias

    def count(self, ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return how often each word and each known pair stands in each text.

        Args:
            ids: word numbers ``(batch, time)``, padded at the end.
            lengths: tokens of each text ``(batch,)``, int64.

        Returns:
            The row, the number among words and pairs, and the count of each, rows ascending; int64.
        """
        words = ids.long()
        inside = torch.arange(ids.shape[1], device=ids.device) < lengths[:, None]
        codes = words[:, :-1] * self.words + words[:, 1:]
        places = torch.searchsorted(self.pairs, codes)
        known = functional.pad(self.pairs, (0, 1), value=-1)[places] == codes
        features = torch.cat([words, self.words + places], dim=1)
        counted = torch.cat([inside, inside[:, 1:] & known], dim=1)
        rows = torch.arange(len(ids), device=ids.device)[:, None]
        size = len(self.idf) + 1  # a pair past the last one is left out only below
        keys, counts = torch.unique((rows * size + features)[counted], return_counts=True)
        return keys // size, keys % size, counts
