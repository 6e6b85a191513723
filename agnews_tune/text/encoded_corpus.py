"""A corpus as word numbers, made once for each preprocessing and kept in a cache on disk."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from agnews_tune.cache import Entry, find_entry, make_entry
from agnews_tune.corpus.splits import Corpus, Labels
from agnews_tune.errors import RecordError
from agnews_tune.hyperparameters import Preprocessing
from agnews_tune.text.encoding import (
    EncodedTexts,
    Tokenizer,
    build_vocabulary,
    check_words,
    encode,
)
from agnews_tune.text.vocabulary import Vocabulary

FORMAT = 2  # to be raised when the same texts give other numbers, or the files hold other arrays
KIND = "encoded"
VOCABULARY, OFFSETS, IDS = "vocabulary.txt", "offsets.npz", "ids.int32"


class EncodedSplit(NamedTuple):
    """One part of an encoded corpus; unpacks into ``fit(texts, labels)``."""

    texts: EncodedTexts
    labels: Labels


@dataclass(frozen=True, eq=False)
class EncodedCorpus:
    """A corpus whose texts have become the numbers of one vocabulary.

    Args:
        train: rows to fit on; the vocabulary holds their words alone.
        validation: rows to select models on.
        test: rows for the final figures alone.
    """

    train: EncodedSplit
    validation: EncodedSplit
    test: EncodedSplit

    @property
    def vocabulary(self) -> Vocabulary:
        """What the numbers of all three splits stand for."""
        return self.train.texts.vocabulary


def encode_corpus(corpus: Corpus, preprocessing: Preprocessing) -> EncodedCorpus:
    """Encode a corpus, or read what an earlier call made of the same texts.

    The numbers lie in the cache, which ``agnews_tune.cache`` describes, and are mapped from there.
    Where the cache cannot be written nothing is kept, and they are in memory.

    Args:
        corpus: its training texts decide the vocabulary.
        preprocessing: how texts become word numbers.

    Raises:
        CorpusError: if ``normalizer`` is ``lemma`` and NLTK finds no WordNet on this machine, or no
            word of the training texts is known.

    Warns:
        CorpusWarning: as ``check_words``.
    """
    key = _key(corpus, preprocessing)
    encoded = _read(find_entry(KIND, key))
    if encoded is None:
        made = _encode(corpus, preprocessing)
        encoded = _read(make_entry(KIND, key, partial(_write, encoded=made))) or made
    train, validation, test = encoded
    check_words(train, preprocessing.min_count)
    return EncodedCorpus(
        EncodedSplit(train, corpus.train.labels),
        EncodedSplit(validation, corpus.validation.labels),
        EncodedSplit(test, corpus.test.labels),
    )


def _encode(corpus: Corpus, preprocessing: Preprocessing) -> list[EncodedTexts]:
    tokenizer = Tokenizer(preprocessing)
    vocabulary = build_vocabulary(corpus.train.texts, tokenizer)
    return [
        encode(split.texts, vocabulary, tokenizer)
        for split in (corpus.train, corpus.validation, corpus.test)
    ]


def _key(corpus: Corpus, preprocessing: Preprocessing) -> str:
    decisive = [FORMAT, corpus.fingerprint, preprocessing._asdict(), version("nltk")]
    return hashlib.sha256(json.dumps(decisive).encode()).hexdigest()


def _write(folder: Path, encoded: list[EncodedTexts]) -> dict[str, Any]:
    encoded[0].vocabulary.save(folder / VOCABULARY)
    np.savez(folder / OFFSETS, *(texts.offsets for texts in encoded))
    with (folder / IDS).open("wb") as file:  # one file for all splits is one open file for the run
        for texts in encoded:
            texts.ids.tofile(file)
    return {}


def _read(entry: Entry | None) -> list[EncodedTexts] | None:
    if entry is None:
        return None
    try:
        vocabulary = Vocabulary.load(entry.folder / VOCABULARY)
        with np.load(entry.folder / OFFSETS) as arrays:
            offsets = list(arrays.values())
        ids = np.memmap(entry.folder / IDS, np.int32, "r").view(np.ndarray)
    except (OSError, RecordError):  # deleted since it was found
        return None
    ends = np.cumsum([offset[-1] for offset in offsets])
    return [
        EncodedTexts(part, offset, vocabulary)
        for part, offset in zip(np.split(ids, ends[:-1]), offsets, strict=True)
    ]
