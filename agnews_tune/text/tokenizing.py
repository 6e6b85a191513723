"""The words that NLTK makes of a text's chunks: the only importer of nltk, where it is needed."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from functools import cache, lru_cache

from agnews_tune.errors import CorpusError

# The words without an apostrophe that NLTK's lists of contractions cut in two.
_CONTRACTION = re.compile("cannot|gimme|gonna|gotta|lemme|wanna", re.IGNORECASE)
_BLOCK = 10_000  # chunks in one call of NLTK, which gives up after some seconds
_REMEMBERED_WORDS = 2**17

Normalizer = Callable[[list[str]], list[str]]


def word_tokenize(chunks: Collection[str]) -> Iterator[list[str]]:
    """Yield the words of each chunk, as NLTK's ``word_tokenize`` gives them.

    Args:
        chunks: without white space and ASCII punctuation.
    """
    rest = list(dict.fromkeys(chunk for chunk in chunks if not is_one_word(chunk)))
    words: dict[str, list[str]] = {}
    for start in range(0, len(rest), _BLOCK):
        words |= _tokenize_block(rest[start : start + _BLOCK])
    for chunk in chunks:
        yield words.get(chunk, [chunk])


def is_one_word(chunk: str) -> bool:
    """Return whether none of NLTK's rules can touch a chunk.

    They act on marks, and on a few contractions between two boundaries of words. Letters and digits
    have no boundary among them, so there a contraction must be the whole chunk.
    """
    return chunk.isalnum() and not _CONTRACTION.fullmatch(chunk)


def _tokenize_block(chunks: list[str]) -> dict[str, list[str]]:
    tokenize = _load_word_tokenize()
    # One call for all is 25 times as fast as one for each. What it leaves whole is one word.
    whole = set(tokenize(" ".join(chunks)))
    return {chunk: [chunk] if chunk in whole else tokenize(chunk) for chunk in chunks}


@cache
def _load_word_tokenize() -> Callable[[str], list[str]]:
    from nltk.tokenize import NLTKWordTokenizer

    tokenize: Callable[[str], list[str]] = NLTKWordTokenizer().tokenize
    return tokenize


@cache
def load_normalizer(name: str) -> Normalizer:
    """Return what makes normal words of words: ``none``, ``stem`` or ``lemma``.

    It remembers what it has made.

    Raises:
        CorpusError: if it is ``lemma`` and NLTK finds no WordNet on this machine.
    """
    if name == "stem":
        return _normalizer(_load_stemmer())
    if name == "lemma":
        return _normalizer(_load_lemmatizer())
    return list


def _normalizer(normalize: Callable[[str], str]) -> Normalizer:
    remembered = lru_cache(_REMEMBERED_WORDS)(normalize)
    # A stem can be empty: Snowball takes quotation marks and a possessive s away.
    return lambda words: [normal for word in words if (normal := remembered(word))]


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
