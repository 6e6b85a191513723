"""The rows and the network that every way of training gets."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from agnews_tune import Classifier
from agnews_tune.corpus.splits import Corpus, Labels
from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.networks.recurrent import RecurrentNetwork
from agnews_tune.text.encoded_corpus import EncodedCorpus
from agnews_tune.text.encoding import EncodedTexts


@dataclass(frozen=True)
class Workload:
    """One pass over some rows with one network.

    Attributes:
        hyperparameters: of the network and its training.
        texts: the rows.
        encoded: the same rows as word numbers; their vocabulary is that of the whole corpus.
        labels: class numbers ``(rows,)``, int64, on the CPU.
        label_names: of the classes.
        device: where to train.
    """

    hyperparameters: Hyperparameters
    texts: list[str]
    encoded: EncodedTexts
    labels: Tensor
    label_names: tuple[str, ...]
    device: torch.device

    @classmethod
    def of(
        cls,
        corpus: Corpus,
        encoded: EncodedCorpus,
        hyperparameters: Hyperparameters,
        rows: int,
        device: torch.device,
    ) -> Workload:
        """Take the first training rows of a corpus."""
        texts, labels = encoded.train
        rows = min(rows, len(texts))
        offsets = texts.offsets[: rows + 1]
        return cls(
            hyperparameters,
            list(corpus.train.texts[:rows]),
            EncodedTexts(texts.ids[: offsets[-1]], offsets, texts.vocabulary),
            torch.tensor(labels[:rows]),
            corpus.label_names,
            device,
        )

    @property
    def named_labels(self) -> Labels:
        """The labels as ``fit`` takes them."""
        return Labels(self.labels.numpy(), self.label_names)

    def build_classifier(self) -> Classifier:
        """Return a Classifier that trains for one epoch."""
        settings = self.hyperparameters.to_dict() | {"epochs": 1}
        return Classifier(**settings, device=str(self.device))

    def build_network(self) -> RecurrentNetwork:
        """Return a new network on the device."""
        torch.manual_seed(0)
        return RecurrentNetwork(
            self.hyperparameters, len(self.encoded.vocabulary), len(self.label_names)
        ).to(self.device)

    def synchronize(self) -> None:
        """Wait for what the device still has to do."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
