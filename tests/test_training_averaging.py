"""The moving average of weights: closely at first, then by a fraction a step."""

import torch
from torch import nn

from agnews_tune.training.averaging import MovingAverage


def network(value: float) -> nn.Module:
    module = nn.Sequential(nn.Linear(2, 1), nn.GRU(2, 2))
    for weights in module.parameters():
        nn.init.constant_(weights, value)
    return module


def test_average_follows_the_weights() -> None:
    """The first weights are taken; from then on at most ``decay`` of the average stays."""
    average = MovingAverage(network(9.0), 0.25)
    expected = 1.0
    for step, value in enumerate((1.0, 2.0, 4.0, 8.0)):
        average.follow(network(value))
        left = min(0.25, (1 + step) / (10 + step))
        expected = left * expected + (1 - left) * value if step else value
        for weights in average.network.parameters():
            torch.testing.assert_close(weights, torch.full_like(weights, expected))

    assert 4 == average.steps


def test_network_is_left_alone() -> None:
    """The average is a copy; what is done to it does not reach the network."""
    followed = network(1.0)
    average = MovingAverage(followed, 0.5)
    average.follow(followed)
    nn.init.zeros_(average.network[0].weight)

    assert [1.0, 1.0] == followed[0].weight[0].tolist()
