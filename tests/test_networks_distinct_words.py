"""Recurrent layers that multiply each word once: what torch's own give, and when."""

import pytest
import torch
from torch import Tensor, nn

from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.networks.distinct_words import LSTM_FEATURES, read_distinct_words
from agnews_tune.networks.recurrent import RecurrentNetwork

IDS = torch.tensor([[3, 1, 3, 0], [2, 3, 1, 1]])
LENGTHS = torch.tensor([3, 4])


def plain(layers: nn.RNNBase, embedding: nn.Embedding, ids: Tensor) -> Tensor:
    outputs: Tensor = layers(embedding(ids))[0]
    return outputs


@pytest.mark.parametrize("cell", [nn.RNN, nn.GRU, nn.LSTM])
@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize("time", [1, 4])
def test_outputs_and_gradients_are_those_of_torch(
    cell: type[nn.RNN | nn.GRU | nn.LSTM], num_layers: int, time: int
) -> None:
    """Of each word of each text, and of each weight."""
    torch.manual_seed(0)
    embedding = nn.Embedding(5, 6).double()
    layers = cell(6, 7, num_layers, batch_first=True).double()
    weights = [*embedding.parameters(), *layers.parameters()]
    factors = torch.randn(2, time, 7).double()
    found = []
    for read in (plain, read_distinct_words):
        outputs = read(layers, embedding, IDS[:, :time])  # type: ignore[operator]
        found.append([outputs, *torch.autograd.grad((factors * outputs).sum(), weights)])

    assert (2, time, 7) == found[1][0].shape
    torch.testing.assert_close(found[1], found[0], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("settings", "training", "expected"),
    [
        ({}, True, True),
        ({"num_layers": 2}, True, True),
        ({"embedding_dropout": 0.5}, True, False),
        ({"embedding_dropout": 0.5}, False, True),
        ({"word_dropout": 0.5}, True, False),
        ({"locked_dropout": 0.5}, True, False),
        ({"locked_dropout": 0.5}, False, True),
        ({"locked_dropout": 0.5, "num_layers": 2}, False, False),
        ({"bigram_buckets": 9}, True, False),
        ({"bidirectional": True}, True, False),
        ({"cell": "gru"}, True, True),
        ({"cell": "gru", "num_layers": 2}, False, True),
        ({"cell": "lstm", "embedding_dim": LSTM_FEATURES // 2}, True, True),
        ({"cell": "lstm", "embedding_dim": LSTM_FEATURES // 2 - 1}, True, False),
        ({"cell": "lstm", "embedding_dim": LSTM_FEATURES // 2}, False, False),
    ],
)
def test_only_words_that_are_the_same_everywhere(
    settings: dict[str, object], training: bool, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What makes two vectors of one word differ is not lost, nor what changes a layer's outputs."""
    values = {"cell": "rnn", "embedding_dim": 6, "hidden_dim": 7, **settings}
    chosen = Hyperparameters(**values)  # type: ignore[arg-type]
    network = RecurrentNetwork(chosen, 5, 4).train(training)
    used = []

    def noted(*parts: object) -> Tensor:
        used.append(parts)
        return read_distinct_words(*parts)  # type: ignore[arg-type]

    monkeypatch.setattr("agnews_tune.networks.recurrent.read_distinct_words", noted)
    network(IDS, LENGTHS)
    network(IDS, LENGTHS, torch.zeros(2, 4, chosen.embedding_dim))

    assert expected == bool(used)
    assert len(used) <= 1, "a shift makes vectors of one word differ"
