"""The network: parameter counts, pooling, and texts that do not see their neighbours."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
import torch

from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.network import RecurrentNetwork, count_parameters

CLASSES = 4
CELLS = ("rnn", "gru", "lstm")
POOLINGS = ("max", "mean", "last", "mean+last", "max+mean")

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


def small(**values: object) -> RecurrentNetwork:
    torch.manual_seed(0)
    hyperparameters = Hyperparameters(embedding_dim=5, hidden_dim=6, **values)
    return RecurrentNetwork(hyperparameters, vocabulary_size=20, classes=CLASSES).eval()


def formula(hyperparameters: Hyperparameters, words: int) -> int:
    """Count the weights by hand: embedding, gates of each layer and direction, head, projection."""
    gates = {"rnn": 1, "gru": 3, "lstm": 4}[hyperparameters.cell]
    directions = 2 if hyperparameters.bidirectional else 1
    size = hyperparameters.hidden_dim
    total = words * hyperparameters.embedding_dim
    inputs = hyperparameters.embedding_dim
    for _ in range(hyperparameters.num_layers):
        total += directions * gates * (inputs * size + size * size + 2 * size)
        inputs = directions * size
    inputs *= len(hyperparameters.pooling.split("+"))
    for _ in range(hyperparameters.linear_layers):
        total += inputs * size + size
        inputs = size
    return total + inputs * CLASSES + CLASSES


def test_baseline_has_the_published_number_of_parameters() -> None:
    """The baseline over 14,000 words has exactly the weights of the published formula."""
    words = 14_000
    expected = 256 * words + (256 * 256 + 256 * 256 + 2 * 256) + (256 * 256 + 256) + (256 * 4 + 4)

    assert expected == count_parameters(Hyperparameters(), words, CLASSES)


def test_vectors_are_drawn_as_in_torch() -> None:
    """A seed gives the word vectors that torch's own embedding has with it."""
    network = small()
    torch.manual_seed(0)

    assert torch.equal(torch.nn.Embedding(20, 5).weight, network.embedding.weight)


def test_counting_does_not_load_the_compiler() -> None:
    """A network without memory needs none of torch's compiler, which loads as long as torch."""
    program = (
        "import sys\n"
        "from agnews_tune.hyperparameters import Hyperparameters\n"
        "from agnews_tune.network import count_parameters\n"
        "for cell in ('rnn', 'gru', 'lstm'):\n"
        "    count_parameters(Hyperparameters(cell=cell), 9, 4)\n"
        "print('torch._dynamo' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )

    assert "False\n" == done.stdout


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_of_the_published_networks(name: str) -> None:
    """Each published network has the weights that the formula gives, counted and built."""
    hyperparameters = Hyperparameters.from_dict(PUBLISHED[name])
    network = RecurrentNetwork(hyperparameters, 100, CLASSES)

    assert formula(hyperparameters, 100) == count_parameters(hyperparameters, 100, CLASSES)
    assert formula(hyperparameters, 100) == sum(item.numel() for item in network.parameters())


@pytest.mark.parametrize("pooling", POOLINGS)
def test_parameters_of_joined_poolings(pooling: str) -> None:
    """A concatenation of poolings widens the first linear layer."""
    hyperparameters = Hyperparameters(pooling=pooling, bidirectional=True)

    assert formula(hyperparameters, 50) == count_parameters(hyperparameters, 50, CLASSES)


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


def test_dropout_follows_each_linear_layer() -> None:
    """The head is tanh, linear, dropout as often as asked, then tanh and the projection."""
    names = [type(layer).__name__ for layer in small(linear_layers=2).head]

    assert ["Tanh", "Linear", "Dropout"] * 2 + ["Tanh", "Linear"] == names
