"""A loss whose shapes tell nothing of the words, against that of torch."""

import numpy as np
import pytest
import torch

from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.networks.adaptive_softmax import MARGIN, Rooms, loss_with_rooms, room
from agnews_tune.networks.language_model import LanguageModel
from agnews_tune.networks.recurrent import RecurrentNetwork
from agnews_tune.text.encoding import EncodedTexts
from agnews_tune.text.vocabulary import Vocabulary

TEXTS, PLACES = 16, 9


def language_model(words: int) -> LanguageModel:
    torch.manual_seed(0)
    hyperparameters = Hyperparameters(embedding_dim=4, hidden_dim=8, pretrain_epochs=1)
    return LanguageModel(RecurrentNetwork(hyperparameters, words, 2), words)


def encode(texts: list[list[int]], words: int) -> EncodedTexts:
    offsets = np.cumsum([0, *map(len, texts)])
    ids = np.array([number for text in texts for number in text], dtype=np.int32)
    return EncodedTexts(ids, offsets, Vocabulary(tuple(map(str, range(words)))))


@pytest.mark.parametrize("words", [2, 3, 40, 1000])
def test_loss_and_gradients_are_those_of_torch(words: int) -> None:
    """Where there is room for all words; rooms that are as large as that are enough."""
    model = language_model(words)
    (head,) = model.heads
    targets = torch.randint(0, words, (TEXTS * PLACES,))
    inside = torch.rand(TEXTS * PLACES) < 0.7
    states = torch.randn(TEXTS * PLACES, 8, requires_grad=True)
    given = [states, *head.parameters()]
    expected = head(states[inside], targets[inside]).loss
    counts, _ = np.histogram(targets[inside], bins=model.cutoffs)
    counts[-1] -= (targets[inside] == words).sum()
    shares = [count / len(targets) for count in counts]
    received = loss_with_rooms(head, states, targets, inside, shares)

    torch.testing.assert_close(received, expected)
    torch.testing.assert_close(
        torch.autograd.grad(received, given), torch.autograd.grad(expected, given)
    )


def test_language_model_with_rooms_guesses_the_same() -> None:
    """In both directions, padding left out."""
    torch.manual_seed(0)
    hyperparameters = Hyperparameters(hidden_dim=8, bidirectional=True, pretrain_epochs=1)
    model = LanguageModel(RecurrentNetwork(hyperparameters, 40, 2), 40)
    ids, lengths = torch.randint(0, 40, (4, 9)), torch.tensor([9, 2, 5, 7])

    torch.testing.assert_close(model(ids, lengths, [1.0] * 3), model(ids, lengths))


def test_room_is_twice_what_the_texts_have_on_average() -> None:
    """Of the words 0 to 39 those from 2, 6 and 20 on begin a cluster."""
    model = language_model(40)
    rooms = Rooms(
        model.cutoffs, encode([[0, 1, 0, 7], [0, 1, 1, 1, 1, 3], [0, 25, 6, 1, 0, 1]], 40)
    )

    assert [2, 6, 20, 40] == model.cutoffs
    assert [MARGIN * share / 16 for share in (1, 2, 1)] == rooms.shares


def test_a_batch_is_held_where_all_its_words_have_room() -> None:
    """The room grows with the longest text and the number of texts."""
    texts = [[0, 1, 0, 1, 1, 25], [0, 25, 26, 25, 1, 1], [0, 1, 0, 1, 1, 1], [1] * 14]
    rooms = Rooms(language_model(40).cutoffs, encode(texts, 40))

    assert [0, 0, MARGIN * 4 / 32] == rooms.shares
    assert 2 == room(rooms.shares[-1], 1 * (6 - 1))
    assert rooms.hold(np.array([0]), 6)
    assert not rooms.hold(np.array([1]), 6)
    assert rooms.hold(np.array([1, 3]), 14)
    assert rooms.hold(np.array([0, 1, 2]), 6)
    assert not rooms.hold(np.array([0, 1]), 6)
