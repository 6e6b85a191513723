"""Losses of training against what they are by hand."""

import pytest
import torch
from torch.nn import functional

from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.networks.recurrent import RecurrentNetwork
from agnews_tune.training.losses import training_loss

IDS = torch.tensor([[2, 7, 9, 3], [2, 5, 3, 0]], dtype=torch.int32)
LENGTHS = torch.tensor([4, 3])
LABELS = torch.tensor([1, 0])


def make(**values: object) -> tuple[RecurrentNetwork, Hyperparameters]:
    torch.manual_seed(0)
    hyperparameters = Hyperparameters(
        cell="gru", embedding_dim=5, hidden_dim=6, dropout=0, **values
    )
    return RecurrentNetwork(hyperparameters, vocabulary_size=20, classes=3), hyperparameters


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_plain_loss_is_cross_entropy(smoothing: float) -> None:
    """With smoothed labels where these are wanted; nothing is read twice."""
    network, hyperparameters = make(label_smoothing=smoothing)
    loss, logits = training_loss(network, hyperparameters, IDS, LENGTHS, LABELS)
    expected = functional.cross_entropy(network(IDS, LENGTHS), LABELS, label_smoothing=smoothing)

    assert torch.equal(expected, loss)
    assert torch.equal(network(IDS, LENGTHS), logits)


@pytest.mark.parametrize("norm", [0.0, 0.5])
def test_probabilities_are_learnt_like_classes(norm: float) -> None:
    """Those of one class alone give the loss of that class."""
    network, hyperparameters = make(adversarial_norm=norm)
    certain = functional.one_hot(LABELS, 3).float()
    loss, _ = training_loss(network, hyperparameters, IDS, LENGTHS, certain)
    expected, _ = training_loss(network, hyperparameters, IDS, LENGTHS, LABELS)

    torch.testing.assert_close(expected, loss)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_worst_shift_by_hand(bidirectional: bool) -> None:
    """Each text is shifted by the norm, where its own loss grows; the loss is the mean of both."""
    network, hyperparameters = make(adversarial_norm=0.5, bidirectional=bidirectional)
    loss, logits = training_loss(network, hyperparameters, IDS, LENGTHS, LABELS)
    worst = []
    for text in range(2):
        still = torch.zeros(1, LENGTHS[text], 5, requires_grad=True)
        alone = IDS[text : text + 1, : LENGTHS[text]], LENGTHS[text : text + 1]
        own = functional.cross_entropy(network(*alone, still), LABELS[text : text + 1])
        (uphill,) = torch.autograd.grad(own, still)
        shifted = network(*alone, 0.5 * uphill / uphill.norm())
        worst.append(functional.cross_entropy(shifted, LABELS[text : text + 1]))
        assert worst[-1] > own
    expected = (functional.cross_entropy(logits, LABELS) + sum(worst) / 2) / 2

    torch.testing.assert_close(expected, loss)


def test_gradient_takes_the_shift_as_given() -> None:
    """It is that of the mean of both losses, not of how the shift came about."""
    network, hyperparameters = make(adversarial_norm=0.5)
    loss, _ = training_loss(network, hyperparameters, IDS, LENGTHS, LABELS)
    weights = list(network.parameters())
    found = torch.autograd.grad(loss, weights)
    still = torch.zeros(2, 4, 5, requires_grad=True)
    own = functional.cross_entropy(network(IDS, LENGTHS, still), LABELS)
    (uphill,) = torch.autograd.grad(own, still, retain_graph=True)
    shift = 0.5 * uphill / uphill.norm(dim=(1, 2), keepdim=True)
    both = (own + functional.cross_entropy(network(IDS, LENGTHS, shift), LABELS)) / 2

    torch.testing.assert_close(torch.autograd.grad(both, weights), found)


def test_a_loss_without_slope_shifts_nothing() -> None:
    """It does not become a division by zero."""
    network, hyperparameters = make(adversarial_norm=0.5)
    with torch.no_grad():
        for weights in network.head.parameters():
            weights.zero_()
    loss, _ = training_loss(network, hyperparameters, IDS, LENGTHS, LABELS)

    torch.testing.assert_close(torch.tensor(3.0).log(), loss.detach())
