"""Evaluation: a logit a class for each text, in the order of the texts, and means over texts."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from agnews_tune.text.encoding import EncodedTexts
from agnews_tune.text.vocabulary import Vocabulary
from agnews_tune.training.batching import Batches, LabelledBatches
from agnews_tune.training.evaluation import evaluate, predict_logits

LENGTHS = (3, 9, 1, 4, 2)
CPU = torch.device("cpu")


class Longer(nn.Module):
    """Says of a text that it is of class 1, the more surely the longer it is."""

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Return 0 and the number of tokens; fail in training mode."""
        assert not self.training
        assert ids.shape[1] == lengths.max()
        return torch.stack([torch.zeros(len(ids)), lengths.float()], dim=1)


@pytest.fixture(params=[None, 5], ids=["one batch", "four batches"])
def batches(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Batches:
    """Texts in no order of length."""
    if request.param:
        monkeypatch.setattr(Batches.by_length, "__defaults__", (request.param,))
    offsets = np.cumsum([0, *LENGTHS])
    texts = EncodedTexts(np.zeros(offsets[-1], np.int32), offsets, Vocabulary.from_counts({}, 0))
    return Batches(texts, CPU)


def test_logits_are_in_the_order_of_the_texts(batches: Batches) -> None:
    """Whatever batches they were in."""
    expected = [[0, length] for length in LENGTHS]

    assert expected == predict_logits(Longer(), batches).tolist()


def test_figures_are_means_over_texts(batches: Batches) -> None:
    """Each text counts the same, in a small batch too."""
    labels = (0, 1, 1, 0, 1)
    figures = evaluate(Longer(), LabelledBatches(batches, torch.tensor(labels)))
    losses = [
        math.log(1 + math.exp(-length if label else length))
        for length, label in zip(LENGTHS, labels, strict=True)
    ]

    assert pytest.approx(sum(losses) / len(losses)) == figures["loss"]
    assert 3 / 5 == figures["accuracy"]
