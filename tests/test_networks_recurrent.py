"""The network: pooling, and texts that do not see their neighbours."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.networks.layers import read_layers
from agnews_tune.networks.one_direction import LSTM_FEATURES
from agnews_tune.networks.recurrent import RecurrentNetwork

CLASSES = 4
CELLS = ("rnn", "gru", "lstm")
POOLINGS = ("max", "mean", "last", "attention", "mean+last", "max+mean+attention")


def small(**values: object) -> RecurrentNetwork:
    torch.manual_seed(0)
    hyperparameters = Hyperparameters(**{"embedding_dim": 5, "hidden_dim": 6, **values})
    return RecurrentNetwork(hyperparameters, vocabulary_size=20, classes=CLASSES).eval()


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """What layers of networks have read, in turn."""
    vectors = []

    def noted(layers: nn.RNNBase, inputs: Tensor, *others: Tensor) -> Tensor:
        vectors.append(inputs)
        return read_layers(layers, inputs, *others)

    monkeypatch.setattr("agnews_tune.networks.recurrent.read_layers", noted)
    return vectors


def test_vectors_are_drawn_as_in_torch() -> None:
    """A seed gives the word vectors that torch's own embedding has with it, times their std."""
    network, narrow = small(), small(embedding_std=0.25)
    torch.manual_seed(0)
    drawn = torch.nn.Embedding(20, 5).weight

    assert torch.equal(drawn, network.embedding.weight)
    assert torch.equal(0.25 * drawn, narrow.embedding.weight)
    assert torch.equal(network.recurrent.weight_ih_l0, narrow.recurrent.weight_ih_l0)


def test_a_network_without_memory_does_not_load_the_compiler() -> None:
    """What a model folder is read into needs none of torch's compiler, which loads as long."""
    program = (
        "import sys\n"
        "import torch\n"
        "from agnews_tune.hyperparameters import Hyperparameters\n"
        "from agnews_tune.networks.recurrent import RecurrentNetwork\n"
        "for cell in ('rnn', 'gru', 'lstm'):\n"
        "    with torch.device('meta'):\n"
        "        RecurrentNetwork(Hyperparameters(cell=cell), 9, 4)\n"
        "print('torch._dynamo' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )

    assert "False\n" == done.stdout


@pytest.mark.parametrize(
    ("cell", "pooling", "bidirectional"), list(itertools.product(CELLS, POOLINGS, (False, True)))
)
def test_logits_do_not_depend_on_neighbours(cell: str, pooling: str, bidirectional: bool) -> None:
    """A text has the same logits alone and padded beside a longer one."""
    network = small(cell=cell, pooling=pooling, bidirectional=bidirectional, num_layers=2)
    short, long = [2, 7, 3], [2, 9, 8, 11, 5, 4, 3]
    alone = network(torch.tensor([short]), torch.tensor([3]))
    together = network(torch.tensor([short + [0] * 4, long]), torch.tensor([3, 7]))

    np.testing.assert_allclose(
        alone[0].detach().numpy(), together[0].detach().numpy(), rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("pooling", POOLINGS)
def test_unmasked_padding_is_read(pooling: str) -> None:
    """With mask_padding off the padding changes the logits, as in the original notebook."""
    network = small(cell="gru", pooling=pooling, mask_padding=False)
    alone = network(torch.tensor([[2, 7, 3]]), torch.tensor([3]))
    padded = network(torch.tensor([[2, 7, 3, 0, 0]]), torch.tensor([3]))

    assert not torch.allclose(alone, padded, atol=1e-5)


def test_a_language_model_reads_unmasked_padding_too() -> None:
    """The padding behind a text reaches the backward direction."""
    network = small(cell="gru", bidirectional=True, mask_padding=False)
    ids, lengths = torch.tensor([[2, 7, 3, 0, 0], [2, 7, 3, 4, 5]]), torch.tensor([3, 5])
    expected = network.recurrent(network.embedding(ids))[0]

    torch.testing.assert_close(expected, network.read_words(ids, lengths))


@pytest.mark.parametrize("bidirectional", [False, True])
def test_last_pooling_is_the_final_state_of_each_direction(bidirectional: bool) -> None:
    """The output pooled by ``last`` equals the final state that torch itself returns."""
    network = small(cell="gru", pooling="last", bidirectional=bidirectional)
    embedded = network.embedding(torch.tensor([[2, 7, 9, 3]]))
    outputs, states = network.recurrent(embedded)
    expected = states.transpose(0, 1).reshape(1, -1)  # (batch, directions * hidden)

    torch.testing.assert_close(expected, network._pool("last", outputs, torch.tensor([4])))


def test_max_and_mean_pooling_by_hand() -> None:
    """Max and mean look at the tokens of a text alone."""
    network = small()
    outputs = torch.tensor([[[1.0, -4.0], [3.0, -2.0], [100.0, 100.0]]])  # the third is padding
    lengths = torch.tensor([2])

    assert [[3.0, -2.0]] == network._pool("max", outputs, lengths).tolist()
    assert [[2.0, -3.0]] == network._pool("mean", outputs, lengths).tolist()


def test_attention_pooling_is_a_mean_by_learned_weights() -> None:
    """Weights are the softmax of a linear score over the tokens of a text alone."""
    network = small(pooling="attention")
    outputs = torch.randn(1, 3, 6)  # the third is padding
    weights = network.attention(outputs[0, :2]).softmax(dim=0)
    expected = (weights * outputs[0, :2]).sum(dim=0, keepdim=True)

    torch.testing.assert_close(expected, network._pool("attention", outputs, torch.tensor([2])))


@pytest.mark.parametrize("bidirectional", [False, True])
def test_locked_dropout_drops_the_same_outputs_at_all_times(
    read: list[Tensor], bidirectional: bool
) -> None:
    """It follows each layer; in the other texts of a batch other ones are dropped."""
    network = small(cell="gru", num_layers=2, bidirectional=bidirectional, locked_dropout=0.5)
    pooled = []
    network.head.register_forward_hook(lambda _head, inputs, _outputs: pooled.append(inputs[0]))
    network.train()(torch.randint(4, 20, (2, 7)), torch.tensor([7, 7]))
    dropped = read[1] == 0  # (batch, time, features)

    assert 0.1 < dropped.float().mean() < 0.9
    assert (dropped == dropped[:, :1]).all()
    assert not torch.equal(dropped[0], dropped[1])
    assert 0.1 < (pooled[0] == 0).float().mean() < 0.9


@pytest.mark.parametrize("locked", [0.0, 0.5])
def test_layers_of_their_own_calculate_the_same(locked: float) -> None:
    """Locked dropout takes the layers apart; without training the logits are torch's own."""
    together, apart = (
        small(cell="lstm", num_layers=3, locked_dropout=drop) for drop in (0, locked)
    )
    weights = together.state_dict()
    for name in apart.state_dict():
        number = int(name.split(".")[1]) + 1 if name.startswith("further") else 0
        source = f"recurrent.{name.split('.')[-1][:-1]}{number}" if "_l0" in name else name
        apart.state_dict()[name].copy_(weights[source])
    ids, lengths = torch.randint(4, 20, (2, 7)), torch.tensor([7, 5])

    assert (0 if locked == 0 else 2) == len(apart.further)
    torch.testing.assert_close(together(ids, lengths), apart(ids, lengths))


def test_bigrams_are_added_to_their_second_word() -> None:
    """At first their vectors are zeros; a pair has the same one wherever it stands."""
    network, plain = small(bigram_buckets=1000), small()
    ids, lengths = torch.tensor([[2, 5, 6, 5, 6, 7]]), torch.tensor([6])

    torch.testing.assert_close(plain(ids, lengths), network(ids, lengths))

    with torch.no_grad():
        network.bigrams.weight.normal_()
    added = (network._embed(ids) - network.embedding(ids))[0]

    assert torch.equal(torch.zeros(5), added[0])
    torch.testing.assert_close(added[2], added[4])
    assert 4 == len({tuple(vector) for vector in added[[1, 2, 3, 5]].tolist()})


def test_pairs_are_spread_over_the_buckets() -> None:
    """Pairs of the most frequent words, which have the lowest numbers, fill them evenly."""
    buckets, words = 5000, 100
    network = RecurrentNetwork(Hyperparameters(bigram_buckets=buckets), words, CLASSES)
    seen = set()
    network.bigrams.register_forward_hook(
        lambda _layer, ids, _out: seen.update(ids[0].flatten().tolist())
    )
    first = torch.arange(words).repeat_interleave(words)
    network._embed(torch.stack([first, torch.arange(words).repeat(words)], dim=1))

    assert len(seen) > 0.95 * buckets * (1 - np.exp(-(words**2) / buckets))


def test_word_dropout_drops_whole_words(read: list[Tensor]) -> None:
    """The vectors of some words are zeros, those of the others keep their expected sum."""
    network = small(word_dropout=0.5)
    ids = torch.randint(4, 20, (8, 50))
    network.train()(ids, torch.full((8,), 50))
    dropped = (read[0] == 0).all(dim=2)

    assert 0.4 < dropped.float().mean() < 0.6
    torch.testing.assert_close(read[0][~dropped], 2 * network.embedding(ids)[~dropped])


def test_embedding_dropout_drops_the_same_features_of_all_words(read: list[Tensor]) -> None:
    """In one text some features are zero for all words, in another one other features."""
    network = small(embedding_dropout=0.5)
    network.train()(torch.randint(4, 20, (40, 6)), torch.full((40,), 6))
    dropped = read[0] == 0

    assert (dropped == dropped[:, :1]).all()
    assert 0.35 < dropped.float().mean() < 0.65
    assert len({tuple(row) for row in dropped[:, 0].tolist()}) > 10


def test_nothing_is_dropped_outside_of_training() -> None:
    """Measured logits are those of a network without dropout."""
    ids, lengths = torch.randint(4, 20, (2, 7)), torch.tensor([7, 5])
    dropping = small(word_dropout=0.5, embedding_dropout=0.5, locked_dropout=0.5, dropout=0.5)

    assert torch.equal(small()(ids, lengths), dropping(ids, lengths))


@pytest.mark.parametrize(
    ("settings", "training", "expected"),
    [
        ({}, True, True),
        ({"num_layers": 2, "bidirectional": True}, True, True),
        ({"locked_dropout": 0.5, "num_layers": 2}, True, True),
        ({"embedding_dropout": 0.5}, True, False),
        ({"embedding_dropout": 0.5}, False, True),
        ({"word_dropout": 0.5}, True, False),
        ({"word_dropout": 0.5}, False, True),
        ({"bigram_buckets": 9}, True, False),
        ({"cell": "lstm", "embedding_dim": LSTM_FEATURES // 2}, True, True),
        ({"cell": "lstm", "embedding_dim": LSTM_FEATURES // 2 - 1}, True, False),
        ({"cell": "lstm", "embedding_dim": LSTM_FEATURES // 2}, False, False),
    ],
)
def test_each_word_is_read_once_where_it_is_the_same_everywhere(
    settings: dict[str, object], training: bool, expected: bool, read: list[Tensor]
) -> None:
    """What makes two vectors of one word differ is not lost; a small LSTM would lose time."""
    network = small(**{"cell": "gru", **settings}).train(training)
    ids, lengths = torch.tensor([[7, 4, 7, 0], [5, 7, 4, 4]]), torch.tensor([3, 4])
    features = network.embedding.embedding_dim
    network(ids, lengths)
    first, *_ = read
    read.clear()
    network(ids, lengths, torch.zeros(2, 4, features))

    assert ((4, features) if expected else (2, 4, features)) == first.shape
    assert (2, 4, features) == read[0].shape, "a shift makes vectors of one word differ"


def test_dropout_follows_each_linear_layer() -> None:
    """The head is tanh, linear, dropout as often as asked, then tanh and the projection."""
    names = [type(layer).__name__ for layer in small(linear_layers=2).head]

    assert ["Tanh", "Linear", "Dropout"] * 2 + ["Tanh", "Linear"] == names
