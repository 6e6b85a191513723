"""The network that hyperparameters describe."""

from __future__ import annotations

import torch

from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.networks.linear import LinearNetwork
from agnews_tune.networks.recurrent import RecurrentNetwork

Network = RecurrentNetwork | LinearNetwork


def make_network(
    hyperparameters: Hyperparameters,
    words: int,
    classes: int,
    *,
    pairs: int = 0,
) -> Network:
    """Return a network with its first weights.

    Args:
        hyperparameters: its kind, and sizes and kinds of its layers.
        words: number of different word numbers.
        classes: number of logits.
        pairs: number of pairs of words that a linear one knows.
    """
    if hyperparameters.model == "linear":
        return LinearNetwork(words, torch.zeros(pairs, dtype=torch.int64), classes)
    return RecurrentNetwork(hyperparameters, words, classes)
