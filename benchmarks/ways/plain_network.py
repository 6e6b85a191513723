"""The network of the other ways, put together from torch's modules as their users would do it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from agnews_tune.networks.recurrent import CELLS
from benchmarks.workload import Workload


class PlainNetwork(nn.Module):
    """Does what a RecurrentNetwork of one layer, one direction and max pooling does.

    Its weights have the same names.

    Args:
        work: says the sizes and the device.
    """

    def __init__(self, work: Workload) -> None:
        super().__init__()
        chosen = work.hyperparameters
        size = chosen.hidden_dim
        torch.manual_seed(0)
        self.embedding = nn.Embedding(len(work.encoded.vocabulary), chosen.embedding_dim)
        self.recurrent = CELLS[chosen.cell](chosen.embedding_dim, size, batch_first=True)
        self.head = nn.Sequential(
            nn.Tanh(),
            nn.Linear(size, size),
            nn.Dropout(chosen.dropout),
            nn.Tanh(),
            nn.Linear(size, len(work.label_names)),
        )
        self.to(work.device)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Return the logits ``(batch, classes)`` of word numbers ``(batch, time)``."""
        outputs = self.recurrent(self.embedding(ids))[0]
        padding = torch.arange(ids.shape[1], device=ids.device) >= lengths[:, None]
        pooled = outputs.masked_fill(padding[:, :, None], float("-inf")).max(dim=1).values
        logits: Tensor = self.head(pooled)
        return logits
