"""A language model guesses words from one side alone, and trains what it shares."""

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.networks.language_model import LanguageModel
from agnews_tune.networks.recurrent import RecurrentNetwork

WORDS = 40
ONE_DIRECTION = {"num_layers": 2}
KINDS = [
    {},
    {"cell": "lstm", **ONE_DIRECTION},
    {"bidirectional": True},
    {"bidirectional": True, "num_layers": 2, "bigram_buckets": 50},
]


def language(**values: object) -> LanguageModel:
    torch.manual_seed(0)
    settings = {"cell": "gru", "embedding_dim": 5, "hidden_dim": 6, "pretrain_epochs": 1}
    hyperparameters = Hyperparameters(**settings | values)
    return LanguageModel(RecurrentNetwork(hyperparameters, WORDS, 3), WORDS)


def by_hand(model: LanguageModel, text: list[int]) -> Tensor:
    """Return the loss of one text, word by word."""
    ids, lengths = torch.tensor([text]), torch.tensor([len(text)])
    states = model.network.read_words(ids, lengths, model.layers)[0]
    forward, backward = states[:, : model.size], states[:, model.size :]
    losses = []
    for head, sides in zip(model.heads, (forward, backward), strict=False):
        guesses = head.log_prob(sides)
        losses += [
            -guesses[place, after] if head is model.heads[0] else -guesses[place + 1, before]
            for place, (before, after) in enumerate(pairwise(text))
        ]
    return torch.stack(losses).mean()


@pytest.mark.parametrize("values", KINDS)
def test_loss_is_that_of_each_neighbour(values: dict[str, object]) -> None:
    """Forward states guess the next word, backward ones the word before; padding is no word."""
    model = language(**values).eval()
    texts = [[2, 5, 9, 3], [2, 30, 8, 11, 39, 4, 3]]
    ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(text) for text in texts], batch_first=True)
    words = [len(text) - 1 for text in texts]
    expected = sum(by_hand(model, text) * count for text, count in zip(texts, words, strict=True))

    torch.testing.assert_close(model(ids, torch.tensor([4, 7])), expected / sum(words))


def test_dropout_of_training_by_labels_is_not_its_own() -> None:
    """It sees all words with all their features."""
    dropping = {"word_dropout": 0.5, "embedding_dropout": 0.5, "locked_dropout": 0.5}
    model = language(bidirectional=True, **dropping)
    ids, lengths = torch.tensor([[2, 30, 8, 11, 39, 4, 3]]), torch.tensor([7])

    assert torch.equal(model.train()(ids, lengths), model.eval()(ids, lengths))


@pytest.mark.parametrize("values", KINDS)
def test_its_own_dropout_is_locked(values: dict[str, object]) -> None:
    """Vectors and outputs lack the same features at all times, but not when it is measured."""
    model = language(pretrain_dropout=0.5, **values).train()
    network = model.network
    ids, lengths = torch.tensor([[2, 30, 8, 11, 39, 4, 3]]), torch.tensor([7])
    outputs = network.read_words(ids, lengths, model.layers)
    outputs.sum().backward()
    plain = model.eval().network.read_words(ids, lengths, model.layers)

    for states in (outputs[0], network.embedding.weight.grad[ids[0]]):
        dropped = states == 0
        assert torch.equal(dropped.any(dim=0), dropped.all(dim=0))
        assert 0 < dropped.any(dim=0).sum() < states.shape[1]
    assert (plain != 0).all()


@pytest.mark.parametrize("values", KINDS)
def test_no_state_knows_the_word_that_it_guesses(values: dict[str, object]) -> None:
    """Another last word changes no forward state before it; another first, no backward one."""
    model = language(**values).eval()
    lengths = torch.tensor([5])
    text = torch.tensor([[2, 5, 9, 7, 3]])
    last, first = text.clone(), text.clone()
    last[0, 4], first[0, 0] = 30, 31
    states, other_last, other_first = (
        model.network.read_words(ids, lengths, model.layers)[0] for ids in (text, last, first)
    )

    torch.testing.assert_close(states[:4, : model.size], other_last[:4, : model.size])
    torch.testing.assert_close(states[1:, model.size :], other_first[1:, model.size :])


@pytest.mark.parametrize("values", KINDS)
def test_it_trains_word_vectors_and_layers(values: dict[str, object]) -> None:
    """All weights that it names get a gradient; of two directions only the first layer does."""
    model = language(**values)
    ids = torch.randint(4, WORDS, (8, 12))
    model(ids, torch.full((8,), 12)).backward()
    (trained,) = model.groups()
    network = model.network

    assert all(weight.grad is not None for weight in trained)
    assert {id(weight) for weight in model.parameters() if weight.grad is not None} == {
        id(weight) for weight in trained
    }
    assert network.head[1].weight.grad is None
    assert network.recurrent.weight_hh_l0.grad is not None
    assert (2 if values.get("bidirectional") else 1) == len(model.heads)


@pytest.mark.parametrize("size", [1, 4, 16, 33])
@pytest.mark.parametrize("words", [2, 3, 7, 40, 1000])
def test_networks_and_vocabularies_of_any_size(words: int, size: int) -> None:
    """Before training no word is preferred to the others of its cluster, and no cluster either."""
    torch.manual_seed(0)
    hyperparameters = Hyperparameters(embedding_dim=4, hidden_dim=size, pretrain_epochs=1)
    model = LanguageModel(RecurrentNetwork(hyperparameters, words, 2), words)
    loss = model(torch.randint(0, words, (64, 9)), torch.full((64,), 9)).item()
    first, *ends = model.heads[0].cutoffs
    sizes = [end - start for start, end in pairwise([first, *ends])]
    expected = math.log(first + len(sizes))
    expected += sum(size / words * math.log(size) for size in sizes)

    assert loss == pytest.approx(expected, abs=0.4)
