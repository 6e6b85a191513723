"""Pairs of neighbouring words: which are frequent, and that none reaches over a text's end."""

from collections import Counter
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agnews_tune.text.encoding import EncodedTexts
from agnews_tune.text.vocabulary import Vocabulary
from agnews_tune.text.word_pairs import frequent_pairs

WORDS = 6


def encoded(texts: list[list[int]]) -> EncodedTexts:
    offsets = np.cumsum([0, *map(len, texts)])
    ids = np.concatenate([np.array(text, np.int32) for text in texts])
    return EncodedTexts(ids, offsets, Vocabulary(tuple(map(str, range(WORDS)))))


def test_a_pair_counts_as_often_as_it_stands_there() -> None:
    """Also within one text; with as many as min_count it is left out."""
    texts = encoded([[2, 4, 5, 4, 5, 3], [2, 4, 3]])

    assert [2 * WORDS + 4, 4 * WORDS + 5] == frequent_pairs(texts, 1).tolist()
    assert [] == frequent_pairs(texts, 2).tolist()


def test_words_of_two_texts_are_no_pair() -> None:
    """What ends one text and what starts the next are not neighbours."""
    assert 3 * WORDS + 2 not in frequent_pairs(encoded([[2, 3]] * 9), 0).tolist()


@given(st.lists(st.lists(st.integers(0, WORDS - 1), min_size=1), min_size=1), st.integers(0, 3))
def test_pairs_of_any_texts(texts: list[list[int]], min_count: int) -> None:
    """They are those that a loop over the texts counts, in ascending order."""
    counts = Counter(first * WORDS + second for text in texts for first, second in pairwise(text))
    expected = sorted(pair for pair, count in counts.items() if count > min_count)

    assert expected == frequent_pairs(encoded(texts), min_count).tolist()
