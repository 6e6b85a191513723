"""The network: pooling, and texts that do not see their neighbours."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
import torch

from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.recurrent_network import RecurrentNetwork

CLASSES = 4
CELLS = ("rnn", "gru", "lstm")
POOLINGS = ("max", "mean", "last", "mean+last", "max+mean")


def small(**values: object) -> RecurrentNetwork:
    torch.manual_seed(0)
    hyperparameters = Hyperparameters(embedding_dim=5, hidden_dim=6, **values)
    return RecurrentNetwork(hyperparameters, vocabulary_size=20, classes=CLASSES).eval()


def test_vectors_are_drawn_as_in_torch() -> None:
    """A seed gives the word vectors that torch's own embedding has with it."""
    network = small()
    torch.manual_seed(0)

    assert torch.equal(torch.nn.Embedding(20, 5).weight, network.embedding.weight)


def test_a_network_without_memory_does_not_load_the_compiler() -> None:
    """What a model folder is read into needs none of torch's compiler, which loads as long."""
    program = (
        "import sys\n"
        "import torch\n"
        "from agnews_tune.hyperparameters import Hyperparameters\n"
        "from agnews_tune.recurrent_network import RecurrentNetwork\n"
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
