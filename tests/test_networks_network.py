"""Hyperparameters say which kind of network there is."""

import torch

from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.networks.linear import LinearNetwork
from agnews_tune.networks.network import make_network
from agnews_tune.networks.recurrent import RecurrentNetwork


def test_model_decides_the_kind() -> None:
    """Both take the same ids and lengths and give one logit a class."""
    ids, lengths = torch.tensor([[2, 5, 3]]), torch.tensor([3])
    for model, kind in (("recurrent", RecurrentNetwork), ("linear", LinearNetwork)):
        network = make_network(Hyperparameters(model=model), 9, 4, pairs=2)

        assert kind is type(network)
        assert (1, 4) == network(ids, lengths).shape
