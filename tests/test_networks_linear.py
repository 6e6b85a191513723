"""A linear model as a network: what it counts, and texts that do not see their neighbours."""

import pytest
import torch
from torch import Tensor

from agnews_tune.networks.linear import LinearNetwork

WORDS, CLASSES = 10, 3
PAIRS = torch.tensor([4 * WORDS + 5, 5 * WORDS + 4, 9 * WORDS + 9])
TEXT = [2, 4, 5, 4, 5, 3]


def network(pairs: Tensor = PAIRS) -> LinearNetwork:
    """Return one with other numbers for each word and pair."""
    made = LinearNetwork(WORDS, pairs, CLASSES)
    random = torch.Generator().manual_seed(0)
    made.idf.uniform_(1, 5, generator=random)
    with torch.no_grad():
        made.weights.weight.normal_(generator=random)
        made.bias.normal_(generator=random)
    return made


def batch(*texts: list[int]) -> tuple[Tensor, Tensor]:
    lengths = torch.tensor([len(text) for text in texts])
    rows = [torch.tensor(text, dtype=torch.int32) for text in texts]
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True), lengths


def test_words_and_known_pairs_are_counted_apart() -> None:
    """Each word of a text counts, and of its pairs those that the network knows."""
    rows, features, counts = network().count(*batch([2, 3], TEXT))
    counted = list(zip(rows.tolist(), features.tolist(), counts.tolist(), strict=True))

    first = [(0, 2, 1), (0, 3, 1)]
    second = [(1, 2, 1), (1, 3, 1), (1, 4, 2), (1, 5, 2), (1, WORDS, 2), (1, WORDS + 1, 1)]
    assert [*first, *second] == counted


def test_logits_follow_the_formula() -> None:
    """Counts become (1 + log count) * idf, of length 1 together, times the weights."""
    linear = network()
    counts = {2: 1, 3: 1, 4: 2, 5: 2, WORDS: 2, WORDS + 1: 1}
    features = torch.tensor(list(counts))
    values = (1 + torch.tensor(list(counts.values())).log()) * linear.idf[features]
    expected = values / values.norm() @ linear.weights.weight[features] + linear.bias

    torch.testing.assert_close(linear(*batch(TEXT)), expected[None])


@pytest.mark.parametrize("pairs", [PAIRS, PAIRS[:0]], ids=["with pairs", "without"])
def test_texts_do_not_see_their_neighbours(pairs: Tensor) -> None:
    """A text has the same logits alone and padded beside a longer one, also one without words."""
    linear = network(pairs)
    texts = ([2, 3], TEXT, [2, 9, 9, 3], [2])

    alone = torch.cat([linear(*batch(text)) for text in texts])

    torch.testing.assert_close(linear(*batch(*texts)), alone)
