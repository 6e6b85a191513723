"""skorch's NeuralNetClassifier over encoded rows."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from benchmarks.ways.dataloader import EncodedRow, EncodedRows, collate
from benchmarks.ways.plain_network import PlainNetwork
from benchmarks.workload import Workload


def _collate_for_skorch(rows: list[EncodedRow]) -> tuple[dict[str, Tensor], Tensor]:
    ids, lengths, labels = collate(rows)
    return {"ids": ids, "lengths": lengths}, labels


def prepare_skorch(work: Workload) -> Callable[[], object]:
    """Return a pass: one epoch of ``partial_fit`` without its own validation."""
    from skorch import NeuralNetClassifier

    net = NeuralNetClassifier(
        PlainNetwork(work),
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        optimizer__fused=True,
        lr=work.hyperparameters.learning_rate,
        batch_size=work.hyperparameters.batch_size,
        max_epochs=1,
        iterator_train__shuffle=True,
        iterator_train__collate_fn=_collate_for_skorch,
        train_split=None,
        classes=list(range(len(work.label_names))),
        verbose=0,
        device=str(work.device),
    ).initialize()
    rows = EncodedRows(work)
    return lambda: net.partial_fit(rows)
