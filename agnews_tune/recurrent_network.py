"""The network: word numbers and lengths in, one logit a class out. It knows no data."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from agnews_tune.hyperparameters import Hyperparameters

CELLS: dict[str, type[nn.RNN | nn.GRU | nn.LSTM]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class Embedding(nn.Embedding):
    """Vectors of words; on the meta device none are drawn, as torch would load its compiler."""

    def reset_parameters(self) -> None:
        """Draw the vectors from the standard normal distribution."""
        if not self.weight.is_meta:
            super().reset_parameters()


class RecurrentNetwork(nn.Module):
    """Embedding, recurrent layers, pooling over time, linear layers, projection to the classes.

    Args:
        hyperparameters: sizes and kinds of the layers.
        vocabulary_size: number of different word numbers.
        classes: number of logits.
        mixed: whether what bears it is calculated in bfloat16; weights and logits are float32.
    """

    def __init__(
        self,
        hyperparameters: Hyperparameters,
        vocabulary_size: int,
        classes: int,
        *,
        mixed: bool = False,
    ) -> None:
        super().__init__()
        self.mixed = mixed
        size = hyperparameters.hidden_dim
        self.mask_padding = hyperparameters.mask_padding
        self.poolings = hyperparameters.pooling.split("+")
        self.embedding = Embedding(vocabulary_size, hyperparameters.embedding_dim)
        self.recurrent = CELLS[hyperparameters.cell](
            hyperparameters.embedding_dim,
            size,
            num_layers=hyperparameters.num_layers,
            bidirectional=hyperparameters.bidirectional,
            batch_first=True,
        )
        head: list[nn.Module] = []
        features = size * (2 if hyperparameters.bidirectional else 1) * len(self.poolings)
        for _ in range(hyperparameters.linear_layers):
            head += [nn.Tanh(), nn.Linear(features, size), nn.Dropout(hyperparameters.dropout)]
            features = size
        self.head = nn.Sequential(*head, nn.Tanh(), nn.Linear(features, classes))

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Return the logits ``(batch, classes)``, float32.

        Args:
            ids: word numbers ``(batch, time)``, padded at the end.
            lengths: tokens of each text ``(batch,)``, int64, on the CPU.
        """
        if not self.mask_padding:
            lengths = torch.full_like(lengths, ids.shape[1])
        with torch.autocast(ids.device.type, torch.bfloat16, enabled=self.mixed):
            outputs = self._recur(
                self.embedding(ids), lengths
            )  # (batch, time, directions * hidden)
            lengths = lengths.to(outputs.device)
            pooled = [self._pool(pooling, outputs, lengths) for pooling in self.poolings]
            logits: Tensor = self.head(torch.cat(pooled, dim=1))
        return logits.float()

    def _recur(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        # One direction never sees the padding before a text's end; two do unless they are packed.
        if not (self.recurrent.bidirectional and self.mask_padding):
            outputs: Tensor = self.recurrent(embedded)[0]
            return outputs
        packed = pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.recurrent(packed)[0], batch_first=True)[0]

    def _pool(self, pooling: str, outputs: Tensor, lengths: Tensor) -> Tensor:
        if pooling == "last":
            return self._last(outputs, lengths)
        time = torch.arange(outputs.shape[1], device=outputs.device)
        padding = (time >= lengths[:, None])[:, :, None]  # (batch, time, 1)
        if pooling == "max":
            return outputs.masked_fill(padding, float("-inf")).max(dim=1).values
        return outputs.masked_fill(padding, 0.0).sum(dim=1) / lengths[:, None]

    def _last(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        rows = torch.arange(len(outputs), device=outputs.device)
        final = outputs[rows, lengths - 1]
        if not self.recurrent.bidirectional:
            return final
        size = self.recurrent.hidden_size  # the backward direction ends at the first token
        return torch.cat([final[:, :size], outputs[:, 0, size:]], dim=1)
