"""How many weights a network has, by a formula: to plan a run takes no network and no torch."""

from __future__ import annotations

from agnews_tune.hyperparameters import Hyperparameters

GATES = {"rnn": 1, "gru": 3, "lstm": 4}  # each a transformation of input and state, by the cell


def count_parameters(
    hyperparameters: Hyperparameters, words: int, classes: int, pairs: int = 0
) -> int:
    """Return the number of weights of what ``networks.network.make_network`` makes.

    Args:
        hyperparameters: its kind, and sizes and kinds of its layers.
        words: number of different word numbers.
        classes: number of logits.
        pairs: number of pairs of words that a linear one knows.
    """
    if hyperparameters.model == "linear":
        return _linear(words + pairs, classes)
    size = hyperparameters.hidden_dim
    directions = 2 if hyperparameters.bidirectional else 1
    gates = directions * GATES[hyperparameters.cell]
    total = (words + hyperparameters.bigram_buckets) * hyperparameters.embedding_dim
    features = hyperparameters.embedding_dim
    for _ in range(hyperparameters.num_layers):
        total += gates * (_linear(features, size) + _linear(size, size))
        features = directions * size
    poolings = hyperparameters.pooling.split("+")
    if "attention" in poolings:
        total += _linear(features, 1)
    features *= len(poolings)
    for _ in range(hyperparameters.linear_layers):
        total += _linear(features, size)
        features = size
    return total + _linear(features, classes)


def _linear(inputs: int, outputs: int) -> int:
    return (inputs + 1) * outputs  # a bias for each output
