"""Texts become word numbers: normalise, tokenise with NLTK, count the words, look them up."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from agnews_tune.errors import CorpusError, RecordError
from agnews_tune.files import write_text
from agnews_tune.hyperparameters import Preprocessing

SPECIAL_TOKENS = ("<pad>", "<unk>", "<bos>", "<eos>")
PAD, UNK, BOS, EOS = range(len(SPECIAL_TOKENS))

# Half of a surrogate pair is no character, and UTF-8 cannot hold it.
_SURROGATES = dict.fromkeys(map(chr, range(0xD800, 0xE000)), "\N{REPLACEMENT CHARACTER}")
_PUNCTUATION = {"space": " ", "remove": ""}
_BLOCK = 10_000  # chunks in one call of NLTK, which gives up after some seconds
_REMEMBERED_WORDS = 2**17


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
        self._normalize = lru_cache(_REMEMBERED_WORDS)(_load_normalizer(preprocessing.normalizer))

    def __call__(self, text: str) -> list[str]:
        """Return the words of a text; none is empty or holds white space."""
        chunks = self.split(text)
        tokens = self.tokenize(chunks)
        return [token for chunk in chunks for token in tokens[chunk]]

    def split(self, text: str) -> list[str]:
        """Return the chunks between white space, in lower case and without ASCII punctuation."""
        return text.lower().translate(self._replacements).split()

    def tokenize(self, chunks: Iterable[str]) -> dict[str, list[str]]:
        """Return the words of each different chunk; of most it is the chunk alone."""
        distinct = list(dict.fromkeys(chunks))
        tokens: dict[str, list[str]] = {}
        for start in range(0, len(distinct), _BLOCK):
            tokens |= self._tokenize_block(distinct[start : start + _BLOCK])
        return tokens

    def _tokenize_block(self, chunks: list[str]) -> dict[str, list[str]]:
        word_tokenize = _load_word_tokenize()
        # One call for all is 25 times as fast as one for each. What it leaves whole is one word.
        whole = set(word_tokenize(" ".join(chunks)))
        split = {chunk: [chunk] if chunk in whole else word_tokenize(chunk) for chunk in chunks}
        return {chunk: self._normalize_all(tokens) for chunk, tokens in split.items()}

    def _normalize_all(self, tokens: list[str]) -> list[str]:
        # A stem can be empty: Snowball takes quotation marks and a possessive s away.
        return [normal for token in tokens if (normal := self._normalize(token))]


@cache
def _load_word_tokenize() -> Callable[[str], list[str]]:
    from nltk.tokenize import NLTKWordTokenizer

    tokenize: Callable[[str], list[str]] = NLTKWordTokenizer().tokenize
    return tokenize


def _load_normalizer(name: str) -> Callable[[str], str]:
    if name == "stem":
        return _load_stemmer()
    if name == "lemma":
        return _load_lemmatizer()
    return str  # gives a token back as it is


def _load_stemmer() -> Callable[[str], str]:
    from nltk.stem.snowball import EnglishStemmer

    stem: Callable[[str], str] = EnglishStemmer().stem
    return stem


def _load_lemmatizer() -> Callable[[str], str]:
    from nltk.corpus import wordnet
    from nltk.stem import WordNetLemmatizer

    try:
        wordnet.ensure_loaded()
    except (LookupError, OSError) as error:
        raise CorpusError(
            "normalizer 'lemma' needs NLTK's WordNet, and it is not complete on this machine; "
            "get it with: python -m nltk.downloader wordnet"
        ) from error
    lemmatize: Callable[[str], str] = WordNetLemmatizer().lemmatize
    return lemmatize


@dataclass(frozen=True)
class Vocabulary:
    """The words that a network knows; a word's number is its place.

    Args:
        tokens: the special tokens, then the kept words by falling count, then by alphabet.
    """

    tokens: tuple[str, ...]

    @classmethod
    def from_counts(cls, counts: Mapping[str, int], min_count: int) -> Vocabulary:
        """Keep the words that were seen more than ``min_count`` times.

        Args:
            counts: how often each word was seen.
            min_count: a word with this count or a lower one is left out.
        """
        kept = [token for token, count in counts.items() if count > min_count]
        kept.sort(key=lambda token: (-counts[token], token))
        return cls((*SPECIAL_TOKENS, *kept))

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def index(self) -> dict[str, int]:
        """The number of each token."""
        return {token: number for number, token in enumerate(self.tokens)}

    def save(self, path: Path) -> None:
        """Write one token a line, as UTF-8."""
        write_text(path, "".join(f"{token}\n" for token in self.tokens))

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        """Read what ``save`` wrote.

        Raises:
            RecordError: if the file cannot be read or is not what ``save`` writes.
        """
        try:
            text = path.read_bytes().decode()
        except OSError as error:
            raise _damaged(path, "a file that can be read", error.strerror) from error
        except UnicodeDecodeError as error:
            raise _damaged(path, "UTF-8 text", f"byte {error.start} that is none") from error
        *tokens, rest = text.split("\n")
        if rest:
            raise _damaged(path, "a line break at the end", repr(rest))
        _check_tokens(path, tokens)
        return cls(tuple(tokens))


def _check_tokens(path: Path, tokens: list[str]) -> None:
    special = tokens[: len(SPECIAL_TOKENS)]
    if special != list(SPECIAL_TOKENS):
        expected = ", ".join(SPECIAL_TOKENS) + " as the first four lines"
        raise _damaged(path, expected, ", ".join(map(repr, special)) or "an empty file")
    seen: set[str] = set()
    for line, token in enumerate(tokens, start=1):
        if token.split() != [token]:
            raise _damaged(path, "one word a line", f"{token!r} in line {line}")
        if token in seen:
            raise _damaged(path, "each word once", f"{token!r} again in line {line}")
        seen.add(token)


def _damaged(path: Path, expected: str, received: str | None) -> RecordError:
    return RecordError(
        f"{path}: damaged vocabulary: expected {expected}; received {received}; "
        "save the model again"
    )


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
    for chunk, tokens in tokenizer.tokenize(chunks).items():
        for token in tokens:
            counts[token] += chunks[chunk]
    return Vocabulary.from_counts(counts, tokenizer.preprocessing.min_count)


def encode(texts: Sequence[str], vocabulary: Vocabulary, tokenizer: Tokenizer) -> EncodedTexts:
    """Return the numbers of the words of each text; a word that is not kept is ``<unk>``.

    Args:
        texts: any texts, empty ones included.
        vocabulary: the words that have a number.
        tokenizer: splits the texts into words; its preprocessing holds ``max_length``.
    """
    max_words = tokenizer.preprocessing.max_length - 2  # <bos> and <eos> count too
    chunks = tokenizer.tokenize(chain.from_iterable(map(tokenizer.split, texts)))
    index = vocabulary.index
    numbers = {
        chunk: [index.get(token, UNK) for token in tokens] for chunk, tokens in chunks.items()
    }
    ids: list[int] = []
    offsets = [0]
    for text in texts:
        words = [number for chunk in tokenizer.split(text) for number in numbers[chunk]]
        ids += (BOS, *words[:max_words], EOS)
        offsets.append(len(ids))
    return EncodedTexts(np.array(ids, np.int32), np.array(offsets, np.int64), vocabulary)
