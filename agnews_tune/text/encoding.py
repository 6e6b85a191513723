"""Texts become word numbers: normalise, tokenise with NLTK, count the words, look them up."""

from __future__ import annotations

import string
import warnings
from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count, pairwise

import numpy as np
import numpy.typing as npt

from agnews_tune.errors import CorpusError, CorpusWarning
from agnews_tune.hyperparameters import Preprocessing
from agnews_tune.text.tokenizing import load_normalizer, word_tokenize
from agnews_tune.text.vocabulary import BOS, EOS, SPECIAL_TOKENS, UNK, Vocabulary

# Half of a surrogate pair is no character, and UTF-8 cannot hold it.
_SURROGATES = dict.fromkeys(map(chr, range(0xD800, 0xE000)), "\N{REPLACEMENT CHARACTER}")
_PUNCTUATION = {"space": " ", "remove": ""}
_BLOCK = 2**21  # characters of the texts that are encoded together
_SHOWING = 2**20  # tokens that show whether words are known; more need not be read from the disk


class Tokenizer:
    """Splits a text into words.

    The text becomes lower case and loses its ASCII punctuation; then follow NLTK's
    ``word_tokenize`` and the normalizer. Without punctuation no rule of NLTK reaches across white
    space, so the chunks between white space are tokenised apart from their texts, each once.

    Args:
        preprocessing: of these, ``punctuation`` and ``normalizer`` decide the words.

    Raises:
        CorpusError: if ``normalizer`` is ``lemma`` and NLTK finds no WordNet on this machine.
    """

    def __init__(self, preprocessing: Preprocessing) -> None:
        self.preprocessing = preprocessing
        punctuation = dict.fromkeys(string.punctuation, _PUNCTUATION[preprocessing.punctuation])
        self._replacements = str.maketrans(punctuation | _SURROGATES)
        self._normalize = load_normalizer(preprocessing.normalizer)

    def __call__(self, text: str) -> list[str]:
        """Return the words of a text; none is empty or holds white space."""
        return list(chain.from_iterable(self.tokenize(self.split(text))))

    def split(self, text: str) -> list[str]:
        """Return the chunks between white space, in lower case and without ASCII punctuation."""
        return text.lower().translate(self._replacements).split()

    def tokenize(self, chunks: Collection[str]) -> Iterator[list[str]]:
        """Yield the words of each chunk; of most it is the chunk alone."""
        return map(self._normalize, word_tokenize(chunks))


@dataclass(frozen=True, eq=False)
class EncodedTexts:
    """Texts as the numbers of their words, one text after the other.

    Each text is ``<bos>``, its words and ``<eos>``. Its last number is ``<eos>`` even where the
    text was cut to ``max_length``.

    Args:
        ids: int32 (tokens,), numbers into ``vocabulary``.
        offsets: int64 (texts + 1,); text ``i`` is ``ids[offsets[i]:offsets[i + 1]]``.
        vocabulary: what the numbers stand for.
    """

    ids: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    vocabulary: Vocabulary

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each text, ``<bos>`` and ``<eos>`` included; int64 (texts,)."""
        return np.diff(self.offsets)


def build_vocabulary(texts: Iterable[str], tokenizer: Tokenizer) -> Vocabulary:
    """Return the words that stand in ``texts`` more than ``min_count`` times.

    Args:
        texts: the training texts.
        tokenizer: splits them into words; its preprocessing holds ``min_count``.
    """
    chunks = Counter(chain.from_iterable(map(tokenizer.split, texts)))
    counts: Counter[str] = Counter()
    for words, times in zip(tokenizer.tokenize(chunks), chunks.values(), strict=True):
        for word in words:
            counts[word] += times
    return Vocabulary.from_counts(counts, tokenizer.preprocessing.min_count)


def encode(texts: Sequence[str], vocabulary: Vocabulary, tokenizer: Tokenizer) -> EncodedTexts:
    """Return the numbers of the words of each text; a word that is not kept is ``<unk>``.

    Args:
        texts: any texts, empty ones included; they are gone through once, a few at a time.
        vocabulary: the words that have a number.
        tokenizer: splits the texts into words; its preprocessing holds ``max_length``.
    """
    max_words = tokenizer.preprocessing.max_length - 2  # <bos> and <eos> count too
    ids, offsets = array("i"), array("q", [0])  # a list takes 36 bytes a token, an array 4
    for block in _blocks(texts):
        for words in _number_words(block, vocabulary.index, tokenizer):
            ids.append(BOS)
            ids.frombytes(words[:max_words].tobytes())
            ids.append(EOS)
            offsets.append(len(ids))
    return EncodedTexts(np.frombuffer(ids, np.int32), np.frombuffer(offsets, np.int64), vocabulary)


def check_words(texts: EncodedTexts, min_count: int) -> None:
    """See that a network knows the words of its training texts.

    Raises:
        CorpusError: it knows none.

    Warns:
        CorpusWarning: it does not know most of them, as far as the first texts show.
    """
    if len(texts.vocabulary) == len(SPECIAL_TOKENS):
        raise CorpusError(
            f"no word stands more than {min_count} times in the training texts, so that there is "
            "nothing to learn from: take a lower min_count, or more texts"
        )
    first = texts.ids[:_SHOWING]
    known, unknown = np.count_nonzero(first > EOS), np.count_nonzero(first == UNK)
    if unknown > known:
        warnings.warn(
            f"{unknown / (known + unknown):.0%} of the words in the training texts are not known, "
            f"as they stand there at most {min_count} times: take a lower min_count, or more texts",
            CorpusWarning,
            stacklevel=3,
        )


def _blocks(texts: Iterable[str]) -> Iterator[list[str]]:
    block: list[str] = []
    size = 0
    for text in texts:
        block.append(text)
        size += len(text)
        if size >= _BLOCK:
            yield block
            block, size = [], 0
    yield block


def _number_words(
    texts: list[str], index: Mapping[str, int], tokenizer: Tokenizer
) -> Iterator[npt.NDArray[np.int32]]:
    places: defaultdict[str, int] = defaultdict(count().__next__)  # of each different chunk
    chunks, ends = array("q"), [0]
    for text in texts:
        chunks.extend(map(places.__getitem__, tokenizer.split(text)))
        ends.append(len(chunks))
    numbers, offsets = array("i"), array("q", [0])  # words of each different chunk
    for words in tokenizer.tokenize(places):
        numbers.extend([index.get(word, UNK) for word in words])
        offsets.append(len(numbers))
    taken, taken_offsets = _take_rows(np.array(numbers), np.array(offsets), np.array(chunks))
    for start, end in pairwise(taken_offsets[ends].tolist()):
        yield taken[start:end]


def _take_rows(
    values: npt.NDArray[np.int32], offsets: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Return some rows, one after the other, and their offsets.

    Args:
        values: all rows, one after the other.
        offsets: row ``i`` is ``values[offsets[i]:offsets[i + 1]]``.
        rows: which ones.
    """
    lengths = np.diff(offsets)[rows]
    taken_offsets = np.concatenate([[0], np.cumsum(lengths)])
    shifts = np.repeat(offsets[rows] - taken_offsets[:-1], lengths)
    return values[np.arange(len(shifts)) + shifts], taken_offsets
