"""The exponential moving average of a network's weights."""

from __future__ import annotations

import copy
from typing import Generic, TypeVar

from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

Network = TypeVar("Network", bound=nn.Module)


class MovingAverage(Generic[Network]):
    """A copy of a network whose weights follow those of the network.

    While few steps are done they follow closely, or the first weights would stay long. Steps are
    counted here and not on the GPU, where torch's ``AveragedModel`` waits for its count each time.

    Args:
        network: is copied.
        decay: what a step leaves of the average, at most.

    Attributes:
        network: the copy.
        steps: how many it has followed.
    """

    def __init__(self, network: Network, decay: float) -> None:
        self.network = copy.deepcopy(network)
        self.decay = decay
        self.steps = 0
        for layer in self.network.modules():
            if isinstance(layer, nn.RNNBase):
                layer.flatten_parameters()  # those of a copy lie in many places

    def follow(self, network: Network) -> None:
        """Move towards the present weights of the network; the first time, take them."""
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps)) if self.steps else 0.0
        mix = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        mix(list(self.network.parameters()), list(network.parameters()), self.steps)
        self.steps += 1
