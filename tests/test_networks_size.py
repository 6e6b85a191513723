"""The number of weights: the formula gives what the network has."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from agnews_tune.hyperparameters import CELLS, POOLINGS, Hyperparameters
from agnews_tune.networks.network import make_network
from agnews_tune.networks.size import count_parameters

# Each experiment of the published table as its difference from the baseline.
PUBLISHED = {
    "rnn-max": {},
    "rnn-mean": {"pooling": "mean"},
    "gru-max": {"cell": "gru"},
    "gru-mean": {"cell": "gru", "pooling": "mean"},
    "lstm-max": {"cell": "lstm"},
    "lstm-mean": {"cell": "lstm", "pooling": "mean"},
    "gru-3layer": {"cell": "gru", "num_layers": 3},
    "lstm-3layer": {"cell": "lstm", "num_layers": 3},
    "gru-3layer-bidirectional": {"cell": "gru", "num_layers": 3, "bidirectional": True},
    "lstm-3layer-bidirectional": {"cell": "lstm", "num_layers": 3, "bidirectional": True},
    "emb64": {"cell": "gru", "num_layers": 3, "bidirectional": True, "embedding_dim": 64},
    "dropout0.3": {"cell": "gru", "num_layers": 3, "bidirectional": True, "dropout": 0.3},
    "3linear": {"cell": "gru", "num_layers": 3, "bidirectional": True, "linear_layers": 3},
    "10epochs": {"cell": "lstm", "num_layers": 3, "epochs": 10},
}


def built(hyperparameters: Hyperparameters, words: int, classes: int, pairs: int = 0) -> int:
    """Return the number of weights of the network itself."""
    with torch.device("meta"):
        network = make_network(hyperparameters, words, classes, pairs=pairs)
    return sum(weights.numel() for weights in network.parameters())


def test_baseline_has_the_published_number_of_parameters() -> None:
    """The baseline over 14,000 words has exactly the weights of the published formula."""
    words = 14_000
    expected = 256 * words + (256 * 256 + 256 * 256 + 2 * 256) + (256 * 256 + 256) + (256 * 4 + 4)

    assert expected == count_parameters(Hyperparameters(), words, 4)


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_of_the_published_networks(name: str) -> None:
    """Each published network has as many weights as the formula says."""
    hyperparameters = Hyperparameters.from_dict(PUBLISHED[name])

    assert built(hyperparameters, 14_000, 4) == count_parameters(hyperparameters, 14_000, 4)


@given(
    st.builds(
        Hyperparameters,
        cell=st.sampled_from(CELLS),
        pooling=st.permutations(POOLINGS).flatmap(
            lambda names: st.integers(1, len(names)).map(lambda end: "+".join(names[:end]))
        ),
        embedding_dim=st.integers(1, 20),
        hidden_dim=st.integers(1, 20),
        num_layers=st.integers(1, 4),
        bidirectional=st.booleans(),
        linear_layers=st.integers(1, 4),
        bigram_buckets=st.integers(0, 9),
        locked_dropout=st.sampled_from([0.0, 0.3]),
    ),
    st.integers(1, 50),
    st.integers(2, 9),
)
def test_parameters_of_any_network(
    hyperparameters: Hyperparameters, words: int, classes: int
) -> None:
    """So has one of any kind and size."""
    expected = built(hyperparameters, words, classes)

    assert expected == count_parameters(hyperparameters, words, classes)


@given(st.integers(1, 50), st.integers(0, 50), st.integers(2, 9))
def test_parameters_of_a_linear_network(words: int, pairs: int, classes: int) -> None:
    """It has a weight for each word, pair and class, and a bias."""
    linear = Hyperparameters(model="linear")
    expected = built(linear, words, classes, pairs)

    assert expected == count_parameters(linear, words, classes, pairs)
