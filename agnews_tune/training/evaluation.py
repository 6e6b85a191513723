"""What a network answers to texts, and how often it is right; nothing here trains."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from agnews_tune.training.batching import Batches, LabelledBatches


def evaluate(network: nn.Module, data: LabelledBatches) -> dict[str, float]:
    """Return ``loss`` (mean cross-entropy in nats) and ``accuracy`` (fraction)."""
    return measure(predict_logits(network, data.batches), data.labels)


def measure(logits: Tensor, labels: Tensor) -> dict[str, float]:
    """Return what ``evaluate`` does, of logits ``(texts, classes)`` and class numbers."""
    correct = logits.argmax(dim=1) == labels
    return {
        "loss": functional.cross_entropy(logits, labels).item(),
        "accuracy": correct.sum().item() / len(correct),
    }


def predict_logits(network: nn.Module, batches: Batches) -> Tensor:
    """Return the logits of at least one text ``(texts, classes)``, on the device."""
    network.eval()
    with torch.inference_mode():
        parts = [(batch.rows, network(batch.ids, batch.lengths)) for batch in batches.by_length()]
        rows, logits = (torch.cat(column) for column in zip(*parts, strict=True))
        ordered = torch.empty_like(logits)
        ordered[rows] = logits
        return ordered
