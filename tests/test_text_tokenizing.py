"""What NLTK need not see is exactly what it would leave as it is."""

import re
import string
from pathlib import Path

import pyarrow.parquet
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from nltk.tokenize import NLTKWordTokenizer
from nltk.tokenize import word_tokenize as nltk_word_tokenize

from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.text.encoding import Tokenizer
from agnews_tune.text.tokenizing import is_one_word, word_tokenize

AG_NEWS = Path(__file__).parents[2] / "shared" / "ag_news"

CONTRACTIONS = [
    "".join(re.findall(r"\(([\w']+)\)", rule.pattern))  # of r"(?i)\b(can)(?#X)(not)\b": cannot
    for rule in (*NLTKWordTokenizer.CONTRACTIONS2, *NLTKWordTokenizer.CONTRACTIONS3)
]
NEIGHBOURS = ["gımme", "CANNOT", "wannA", "a", "ſ", "7", "²", "é", "\u0301", "’", "—", "…", "\0"]

any_chunk = st.text(st.characters(exclude_characters=string.punctuation)).filter(
    lambda text: text.split() == [text]
)
letters_and_digits = st.text(st.characters(categories=["L", "N"]), min_size=1)
like_contractions = st.lists(st.sampled_from([*CONTRACTIONS, *NEIGHBOURS]), min_size=1).map(
    lambda parts: "".join(parts).replace("'", "")
)


def nltk_words(text: str) -> list[str]:
    return nltk_word_tokenize(text, preserve_line=True)


@given(chunk=any_chunk | letters_and_digits | like_contractions)
@example("gımme")
@example("İ")
@example("cannots")
@example("“oil”")
def test_words_of_any_chunk(chunk: str) -> None:
    """Any chunk, ASCII or not, gives the words of NLTK; one that is kept from it gives itself."""
    assert [nltk_words(chunk)] == list(word_tokenize([chunk]))
    if is_one_word(chunk):
        assert [chunk] == nltk_words(chunk)


@given(chunks=st.lists(any_chunk | letters_and_digits | like_contractions))
def test_words_of_many_chunks(chunks: list[str]) -> None:
    """Chunks that NLTK sees and others keep their order, however often they come."""
    assert [nltk_words(chunk) for chunk in chunks] == list(word_tokenize(chunks))


def test_contractions() -> None:
    """Each word that NLTK's rules cut in two is left to them."""
    assert {"cannot", "gimme", "gonna", "gotta", "lemme", "wanna", "d'ye", "'tis"} < {*CONTRACTIONS}
    for word in CONTRACTIONS:
        assert 2 == len(nltk_words(f" {word}"))
        assert not is_one_word(word)
        assert not is_one_word(word.upper())


@pytest.mark.parametrize("chunk", ["oil", "3g", "naïve", "größe", "東京", "½"])
def test_letters_and_digits(chunk: str) -> None:
    """NLTK need not see letters and digits, of any script."""
    assert is_one_word(chunk)


@pytest.mark.parametrize("punctuation", ["space", "remove"])
def test_chunks_of_ag_news(punctuation: str) -> None:
    """Of all chunks of the real data NLTK leaves those whole that it need not see: nearly all."""
    files = [AG_NEWS / name for name in ("train.parquet", "test.parquet")]
    if missing := [file for file in files if not file.exists()]:
        pytest.skip(f"no real data: {missing[0]} is missing")
    tokenizer = Tokenizer(Hyperparameters(punctuation=punctuation).preprocessing)
    texts = [
        text for file in files for text in pyarrow.parquet.read_table(file)["text"].to_pylist()
    ]
    chunks = sorted({chunk for text in texts for chunk in tokenizer.split(text)})

    kept = [chunk for chunk in chunks if is_one_word(chunk)]

    assert len(chunks) - 10 < len(kept) < len(chunks)
    for start in range(0, len(kept), 10_000):
        block = kept[start : start + 10_000]
        assert block == nltk_words(" ".join(block))
    rest = [chunk for chunk in chunks if not is_one_word(chunk)]
    assert [nltk_words(chunk) for chunk in rest] == list(word_tokenize(rest))
