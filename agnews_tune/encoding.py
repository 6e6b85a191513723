"""A corpus as word numbers, made once for each preprocessing and kept in a cache on disk."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np

from agnews_tune.files import replacing
from agnews_tune.hyperparameters import Preprocessing
from agnews_tune.splits import Corpus, Labels
from agnews_tune.text import EncodedTexts, Tokenizer, Vocabulary, build_vocabulary, encode

FORMAT = 1  # to be raised when the same texts give other numbers, or the file holds other arrays

_SPLITS = ("train", "validation", "test")
_NO_FOLDER = (OSError, RuntimeError)  # RuntimeError: the user has no home
_NO_CACHE_FILE = (*_NO_FOLDER, EOFError, LookupError, ValueError, BadZipFile)


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

    The cache is the folder ``$AGNEWS_TUNE_CACHE``, else ``agnews-tune`` in ``$XDG_CACHE_HOME`` or
    in ``~/.cache``. It may be deleted at any time. Where it cannot be written nothing is kept.

    Args:
        corpus: its training texts decide the vocabulary.
        preprocessing: how texts become word numbers.

    Raises:
        CorpusError: if ``normalizer`` is ``lemma`` and NLTK finds no WordNet on this machine.
    """
    key = _key(corpus, preprocessing)
    encoded = _read(key)
    if encoded is None:
        encoded = _encode(corpus, preprocessing)
        _write(key, encoded)
    return EncodedCorpus(
        EncodedSplit(encoded["train"], corpus.train.labels),
        EncodedSplit(encoded["validation"], corpus.validation.labels),
        EncodedSplit(encoded["test"], corpus.test.labels),
    )


def _encode(corpus: Corpus, preprocessing: Preprocessing) -> dict[str, EncodedTexts]:
    tokenizer = Tokenizer(preprocessing)
    vocabulary = build_vocabulary(corpus.train.texts, tokenizer)
    return {split: encode(getattr(corpus, split).texts, vocabulary, tokenizer) for split in _SPLITS}


def _key(corpus: Corpus, preprocessing: Preprocessing) -> str:
    decisive = [FORMAT, corpus.fingerprint, preprocessing._asdict(), version("nltk")]
    return hashlib.sha256(json.dumps(decisive).encode()).hexdigest()


def _cache_file(key: str) -> Path:
    environment = os.environ
    if folder := environment.get("AGNEWS_TUNE_CACHE"):
        cache = Path(folder)
    elif folder := environment.get("XDG_CACHE_HOME"):
        cache = Path(folder, "agnews-tune")
    else:
        cache = Path.home() / ".cache" / "agnews-tune"
    return cache / "encoded" / f"{key}.npz"


def _read(key: str) -> dict[str, EncodedTexts] | None:
    try:
        with _cache_file(key).open("rb") as file:
            arrays = np.load(file, allow_pickle=False)
            if str(arrays["key"]) != key:
                return None
            vocabulary = Vocabulary(tuple(bytes(arrays["vocabulary"]).decode().split("\n")))
            return {
                split: EncodedTexts(arrays[f"{split}_ids"], arrays[f"{split}_offsets"], vocabulary)
                for split in _SPLITS
            }
    except _NO_CACHE_FILE:
        return None


def _write(key: str, encoded: dict[str, EncodedTexts]) -> None:
    tokens = "\n".join(encoded["train"].vocabulary.tokens).encode()
    arrays: dict[str, Any] = {"key": np.array(key), "vocabulary": np.frombuffer(tokens, np.uint8)}
    for split, texts in encoded.items():
        arrays |= {f"{split}_ids": texts.ids, f"{split}_offsets": texts.offsets}
    with (
        suppress(*_NO_FOLDER),
        replacing(_cache_file(key)) as temporary,
        temporary.open("wb") as file,
    ):
        np.savez(file, **arrays)
