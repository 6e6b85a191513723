"""A plain PyTorch loop over encoded rows, as a good engineer would write it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset

from benchmarks.ways.plain_network import PlainNetwork
from benchmarks.workload import Workload

EncodedRow = tuple[Tensor, Tensor]


class EncodedRows(Dataset[EncodedRow]):
    """Word numbers ``(time,)`` and label ``()`` of each row."""

    def __init__(self, work: Workload) -> None:
        lengths: list[int] = work.encoded.lengths.tolist()
        self.texts = torch.tensor(work.encoded.ids).split(lengths)
        self.labels = work.labels

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, row: int) -> EncodedRow:
        return self.texts[row], self.labels[row]


def collate(rows: list[EncodedRow]) -> tuple[Tensor, Tensor, Tensor]:
    """Return padded word numbers ``(batch, time)``, lengths and labels ``(batch,)``."""
    texts, labels = zip(*rows, strict=True)
    lengths = torch.tensor([len(text) for text in texts])
    return pad_sequence(list(texts), batch_first=True), lengths, torch.stack(list(labels))


def prepare_dataloader(work: Workload) -> Callable[[], object]:
    """Return a pass: random batches, fused Adam, the loss summed on the device."""
    on_gpu = work.device.type == "cuda"
    loader = DataLoader(
        EncodedRows(work),
        work.hyperparameters.batch_size,
        shuffle=True,
        collate_fn=collate,
        pin_memory=on_gpu,
    )
    network = PlainNetwork(work).train()
    optimizer = torch.optim.Adam(
        network.parameters(), lr=work.hyperparameters.learning_rate, fused=True
    )

    def run() -> None:
        loss_sum = torch.zeros((), device=work.device)
        for ids, lengths, labels in loader:
            logits = network(
                ids.to(work.device, non_blocking=True), lengths.to(work.device, non_blocking=True)
            )
            loss = functional.cross_entropy(logits, labels.to(work.device, non_blocking=True))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_sum += loss.detach()
        loss_sum.item()

    return run
