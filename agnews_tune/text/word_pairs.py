"""Pairs of neighbouring words, each as one number; known without torch, to plan a run."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from agnews_tune.text.encoding import EncodedTexts


def frequent_pairs(texts: EncodedTexts, min_count: int) -> npt.NDArray[np.int64]:
    """Return the pairs that stand in ``texts`` more than ``min_count`` times, as words do.

    Args:
        texts: the training texts; ``<bos>``, ``<eos>`` and ``<unk>`` are words here too.
        min_count: a pair with this count or a lower one is left out.

    Returns:
        ``first * vocabulary size + second`` of each pair, ascending.
    """
    first, second = texts.ids[:-1].astype(np.int64), texts.ids[1:]
    within = np.ones(len(first), bool)
    within[texts.offsets[1:-1] - 1] = False  # the last word of a text and the first of the next
    codes, counts = np.unique((first * len(texts.vocabulary) + second)[within], return_counts=True)
    frequent: npt.NDArray[np.int64] = codes[counts > min_count]
    return frequent
