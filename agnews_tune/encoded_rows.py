"""What ``fit`` was given, as word numbers, and a hash that tells it from anything else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agnews_tune.errors import CorpusError
from agnews_tune.hyperparameters import Preprocessing
from agnews_tune.inputs import LabelledTexts, SoftTargets, Texts, TrainingRows
from agnews_tune.text.encoded_corpus import EncodedSplit
from agnews_tune.text.encoding import (
    EncodedTexts,
    Tokenizer,
    build_vocabulary,
    check_words,
    encode,
)
from agnews_tune.text.vocabulary import Vocabulary


class EncodedRows(NamedTuple):
    """What ``fit`` trains on, and what it validates with.

    Attributes:
        train: texts and labels; their vocabulary is the network's.
        validation: texts and labels, or None.
        soft_targets: what is learnt of the training texts in place of their labels, or None.
    """

    train: EncodedSplit
    validation: EncodedSplit | None
    soft_targets: SoftTargets | None

    def fingerprint(self) -> str:
        """Return a hash of all texts, labels and the words that their numbers stand for."""
        parts = [self.train, *([self.validation] if self.validation else [])]
        arrays = [array for texts, labels in parts for array in (texts.ids, texts.offsets, labels)]
        return _hash(arrays, "\n".join(self.train.texts.vocabulary.tokens))

    def soft_fingerprint(self) -> str:
        """Return a hash of the soft targets."""
        return _hash([] if self.soft_targets is None else [self.soft_targets])


def _hash(arrays: Iterable[npt.NDArray[Any]], words: str = "") -> str:
    digest = hashlib.sha256(words.encode())
    for array in arrays:
        digest.update(f"{array.dtype} {array.shape} ".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def encode_rows(rows: TrainingRows, preprocessing: Preprocessing) -> EncodedRows:
    """Learn the words of checked training texts, and number those of all texts.

    Texts that are encoded already stay as they are.

    Raises:
        CorpusError: no word of the training texts is known.

    Warns:
        CorpusWarning: as ``check_words``.
    """
    texts, _ = rows.train
    if isinstance(texts, EncodedTexts):
        vocabulary = texts.vocabulary
    else:
        vocabulary = build_vocabulary(texts, Tokenizer(preprocessing))

    def split(labelled: LabelledTexts) -> EncodedSplit:
        return EncodedSplit(as_encoded(labelled[0], vocabulary, preprocessing), labelled[1])

    train = split(rows.train)
    if train.texts is not texts:  # encoded ones were checked when they were made
        check_words(train.texts, preprocessing.min_count)
    return EncodedRows(
        train, split(rows.validation) if rows.validation else None, rows.soft_targets
    )


def as_encoded(texts: Texts, vocabulary: Vocabulary, preprocessing: Preprocessing) -> EncodedTexts:
    """Return the word numbers of texts; encoded ones stay as they are.

    Raises:
        CorpusError: their numbers stand for other words.
    """
    if isinstance(texts, EncodedTexts):
        if texts.vocabulary != vocabulary:
            raise CorpusError(
                "encoded texts must have the vocabulary that the model was trained with; received "
                "another one: give the texts themselves, or train the model again"
            )
        return texts
    return encode(texts, vocabulary, Tokenizer(preprocessing))
