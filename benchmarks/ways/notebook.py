"""The notebook that this program began as: one text at a time, random batches, plain Adam."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from agnews_tune.text.vocabulary import BOS, EOS, PAD, UNK
from benchmarks.ways.plain_network import PlainNetwork
from benchmarks.workload import Workload

_PUNCTUATION = str.maketrans(dict.fromkeys("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", " "))


class _Headlines(Dataset[tuple[list[int], int]]):
    """Tokenises a text each time that it is fetched."""

    def __init__(self, work: Workload) -> None:
        from nltk.tokenize import word_tokenize

        self.texts = work.texts
        self.labels = work.labels.tolist()
        self.index = work.encoded.vocabulary.index
        self.max_words = work.hyperparameters.max_length - 2
        self.tokenize = word_tokenize

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, row: int) -> tuple[list[int], int]:
        text = self.texts[row].lower().translate(_PUNCTUATION)
        words = self.tokenize(text, preserve_line=True)[: self.max_words]
        return [BOS, *(self.index.get(word, UNK) for word in words), EOS], self.labels[row]


def _collate(rows: list[tuple[list[int], int]]) -> tuple[Tensor, Tensor, Tensor]:
    lengths = [len(ids) for ids, _ in rows]
    longest = max(lengths)
    padded = [ids + [PAD] * (longest - len(ids)) for ids, _ in rows]
    return torch.tensor(padded), torch.tensor(lengths), torch.tensor([label for _, label in rows])


def prepare_notebook(work: Workload) -> Callable[[], object]:
    """Return a pass: a number is asked for at each step."""
    loader = DataLoader(
        _Headlines(work), work.hyperparameters.batch_size, shuffle=True, collate_fn=_collate
    )
    network = PlainNetwork(work).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=work.hyperparameters.learning_rate)

    def run() -> None:
        losses = []
        for ids, lengths, labels in loader:
            logits = network(ids.to(work.device), lengths.to(work.device))
            loss = functional.cross_entropy(logits, labels.to(work.device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())

    return run
