import pickle
import shutil
import string
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from conftest import AG_NEWS
from hypothesis import example, given
from hypothesis import strategies as st
from nltk.tokenize import word_tokenize
from programs import loaded_after, run_python

from agnews_tune.errors import CorpusError, CorpusWarning
from agnews_tune.hyperparameters import Hyperparameters, Preprocessing
from agnews_tune.text.encoding import (
    EncodedTexts,
    Tokenizer,
    build_vocabulary,
    check_words,
    encode,
)
from agnews_tune.text.tokenizing import load_normalizer
from agnews_tune.text.vocabulary import BOS, EOS, SPECIAL_TOKENS, UNK, Vocabulary

WORDNET = Path("/usr/share/wordnet")

WORDS_THAT_RULES_TOUCH = """
    cannot gonna wanna gimme gotta lemme more'n d'ye 'tis 'twas whaddya whatcha don't Gonna CANNOT
    gıMME İstanbul ΟΔΟΣ ΣΑΣ.Α ß ſ K naïve « » “ ” „ ‘ ’ ‛ ‚ ′ ʼ ' " `` '' - -- – — ― ‒ … ... .
    , : ; ? ! * / \\ < > <pad> #39; 3.14 1,000 U.S. a b 's
"""
RARE_CHARACTERS = "\ud800 \udfff \0 \u200b \ufeff \u00ad \u0301 \u0307 \ufb01"
WHITE_SPACE = " \n\t\r\v\f\x1c\x1d\x1e\x1f\x85\u00a0\u1680\u2003\u2028\u2029\u202f\u3000"

any_text = st.text(st.characters())
text_that_rules_touch = st.lists(
    st.sampled_from([*WORDS_THAT_RULES_TOUCH.split(), *RARE_CHARACTERS.split(" "), *WHITE_SPACE])
).map("".join)


def preprocessing(**changes) -> Preprocessing:
    return Hyperparameters(**{"min_count": 0, **changes}).preprocessing


def normalized(text: str, punctuation: str) -> str:
    replacement = {"space": " ", "remove": ""}[punctuation]
    characters = [
        "\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text
    ]
    return "".join(
        replacement if character in string.punctuation else character
        for character in "".join(characters).lower()
    )


def nltk_tokens(text: str, punctuation: str) -> list[str]:
    return word_tokenize(normalized(text, punctuation), preserve_line=True)


def number_plainly(
    texts: Sequence[str], vocabulary: Vocabulary, tokenizer: Tokenizer
) -> list[list[int]]:
    most = tokenizer.preprocessing.max_length - 2
    number_of = {token: number for number, token in enumerate(vocabulary.tokens)}
    return [
        [BOS, *[number_of.get(word, UNK) for word in tokenizer(text)][:most], EOS] for text in texts
    ]


def rows_of(encoded: EncodedTexts) -> list[list[int]]:
    return [row.tolist() for row in np.split(encoded.ids, encoded.offsets[1:-1])]


class MadeWhenAskedFor(Sequence[str]):
    """Texts of 61 words, of which the first is in no other text."""

    def __init__(self, rows: int) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, row: int) -> str:
        if row >= self.rows:
            raise IndexError(row)
        return f"x{row} {'oil prices cannot ' * 15}"


@pytest.fixture(scope="module")
def ag_news_texts() -> list[str]:
    if not AG_NEWS.is_dir():
        pytest.skip(f"no real data: {AG_NEWS} is missing")
    return pyarrow.parquet.read_table(AG_NEWS / "test.parquet")["text"].to_pylist()


class TestTokenizer:
    @pytest.mark.parametrize(
        ("punctuation", "expected"),
        [
            ("space", ["the", "u", "s", "can", "not", "e", "mail", "t"]),
            ("remove", ["the", "us", "can", "not", "email", "t"]),
        ],
    )
    def test_punctuation(self, punctuation, expected):
        """ASCII punctuation becomes spaces or goes, before NLTK sees the text."""
        tokenizer = Tokenizer(preprocessing(punctuation=punctuation))

        assert expected == tokenizer("The U.S. cannot e-mail; 'T ...")

    @pytest.mark.parametrize("punctuation", ["space", "remove"])
    @given(text=any_text | text_that_rules_touch)
    @example("wanna\x1cgo wanna\u2028go wanna")
    @example("gıMME İ's “cannot” ‘lemme’—gonna…")
    @example("ΟΔΟΣ.ΟΔΟΣ ΟΔΟΣ")
    def test_equals_nltk_on_any_text(self, punctuation, text):
        """Any text at all gives exactly the tokens of NLTK's word_tokenize."""
        tokenizer = Tokenizer(preprocessing(punctuation=punctuation))

        assert nltk_tokens(text, punctuation) == tokenizer(text)

    def test_many_words(self):
        """More words than go through NLTK at once lose nothing."""
        words = [f"w{number}" for number in range(25_000)]
        tokenizer = Tokenizer(preprocessing())

        assert [*words, "can", "not"] == tokenizer(" ".join([*words, "cannot"]))

    def test_half_a_surrogate_pair(self):
        """Half of a surrogate pair becomes the replacement character, which UTF-8 can hold."""
        assert ["oil\ufffd", "up"] == Tokenizer(preprocessing())("Oil\ud83d up")

    def test_nul(self):
        """A NUL is a character like any other."""
        assert ["oil\0", "up"] == Tokenizer(preprocessing())("Oil\0 up")

    def test_stem(self):
        """The stem normalizer is NLTK's Snowball stemmer for English."""
        tokenizer = Tokenizer(preprocessing(normalizer="stem"))

        assert ["price", "fall", "quick", "can", "not"] == tokenizer("Prices fall quickly: cannot")

    def test_stems_are_remembered(self):
        """Tokenizers share them: a fit and each prediction have their own."""
        assert load_normalizer("stem") is load_normalizer("stem")

    def test_empty_stem(self):
        """A token of which the stemmer leaves nothing is left out."""
        assert ["oil"] == Tokenizer(preprocessing(normalizer="stem"))("‛‛s oil")

    @pytest.mark.parametrize("punctuation", ["space", "remove"])
    @pytest.mark.parametrize("normalizer", ["none", "stem"])
    @given(text=any_text | text_that_rules_touch)
    def test_tokens_are_words(self, punctuation, normalizer, text):
        """No token is empty, holds white space or equals a special token."""
        tokens = Tokenizer(preprocessing(punctuation=punctuation, normalizer=normalizer))(text)

        assert tokens == " ".join(tokens).split()
        assert not set(SPECIAL_TOKENS) & set(tokens)

    def test_lemma(self, tmp_path):
        """The lemma normalizer is NLTK's WordNet lemmatizer for nouns."""
        if not WORDNET.exists():
            pytest.skip(f"no WordNet: {WORDNET} is missing (Debian's package wordnet-base)")
        folder = tmp_path / "corpora" / "wordnet"
        shutil.copytree(WORDNET, folder)
        for name in ("lexnames", "index.sense"):  # NLTK opens them, but lemmas need none of them
            (folder / name).touch()

        done = run_python(
            "import sys, nltk\n"
            "from agnews_tune.hyperparameters import Hyperparameters\n"
            "from agnews_tune.text.encoding import Tokenizer\n"
            "nltk.data.path[:] = sys.argv[1:]\n"
            "tokenizer = Tokenizer(Hyperparameters(normalizer='lemma').preprocessing)\n"
            "print(tokenizer('Geese and prices falling: cannot qwertys'))\n",
            tmp_path,
        )

        assert "['goose', 'and', 'price', 'falling', 'can', 'not', 'qwertys']\n" == done.stdout

    @pytest.mark.parametrize("incomplete", [False, True])
    def test_lemma_without_wordnet(self, incomplete, tmp_path):
        """Without WordNet, or with half of it, the constructor says in one line how to get it."""
        if incomplete:
            (tmp_path / "corpora" / "wordnet").mkdir(parents=True)

        done = run_python(
            "import sys, nltk\n"
            "from agnews_tune.errors import CorpusError\n"
            "from agnews_tune.hyperparameters import Hyperparameters\n"
            "from agnews_tune.text.encoding import Tokenizer\n"
            "nltk.data.path[:] = sys.argv[1:]\n"
            "try:\n"
            "    Tokenizer(Hyperparameters(normalizer='lemma').preprocessing)\n"
            "except CorpusError as error:\n"
            "    print(error)\n",
            tmp_path,
        )

        assert (
            "normalizer 'lemma' needs NLTK's WordNet, and it is not complete on this machine; "
            "get it with: python -m nltk.downloader wordnet\n"
        ) == done.stdout

    def test_import_is_light(self):
        """Importing the module, or building a tokenizer, does not load NLTK."""
        program = (
            "from agnews_tune.hyperparameters import Hyperparameters\n"
            "from agnews_tune.text.encoding import Tokenizer\n"
            "Tokenizer(Hyperparameters().preprocessing)\n"
        )

        assert {"numpy"} == loaded_after(program)


class TestBuildVocabulary:
    def test_counts_tokens(self):
        """Tokens are counted over all texts, also where NLTK makes two of one word."""
        texts = ["Cannot: oil", "can't OIL", "not oil"]

        vocabulary = build_vocabulary(texts, Tokenizer(preprocessing(min_count=1)))

        assert (*SPECIAL_TOKENS, "oil", "can", "not") == vocabulary.tokens

    def test_no_texts(self):
        """Without texts there are the special tokens alone."""
        assert SPECIAL_TOKENS == build_vocabulary([], Tokenizer(preprocessing())).tokens

    def test_special_word_in_a_text(self):
        """A text that spells a special token gives an ordinary word."""
        vocabulary = build_vocabulary(["<pad> <PAD>"], Tokenizer(preprocessing()))

        assert (*SPECIAL_TOKENS, "pad") == vocabulary.tokens

    @given(text=any_text | text_that_rules_touch)
    def test_words_come_back_from_the_file(self, text, tmp_path_factory):
        """The words of any text come back from the file as they were."""
        path = tmp_path_factory.mktemp("model") / "vocabulary.txt"
        vocabulary = build_vocabulary([text], Tokenizer(preprocessing()))

        vocabulary.save(path)

        assert vocabulary == Vocabulary.load(path)


class TestEncode:
    vocabulary = Vocabulary.from_counts({"oil": 3, "can": 2, "not": 1}, 0)

    def encode(self, *texts: str, **changes) -> EncodedTexts:
        return encode(texts, self.vocabulary, Tokenizer(preprocessing(**changes)))

    def test_numbers(self):
        """Each text is <bos>, the numbers of its words and <eos>; unknown words are <unk>."""
        encoded = self.encode("Oil cannot rise.", "oil", "")

        assert [BOS, 4, 5, 6, UNK, EOS, BOS, 4, EOS, BOS, EOS] == encoded.ids.tolist()
        assert [0, 6, 9, 11] == encoded.offsets.tolist()
        assert [6, 3, 2] == encoded.lengths.tolist()
        assert 3 == len(encoded)
        assert self.vocabulary is encoded.vocabulary

    def test_types(self):
        """Ids are int32; offsets and lengths are int64."""
        encoded = self.encode("oil")

        expected = [np.int32, np.int64, np.int64]
        assert expected == [encoded.ids.dtype, encoded.offsets.dtype, encoded.lengths.dtype]

    @pytest.mark.parametrize(
        ("max_length", "expected"),
        [(3, [BOS, 4, EOS]), (4, [BOS, 4, 5, EOS]), (5, [BOS, 4, 5, 6, EOS])],
    )
    def test_max_length(self, max_length, expected):
        """A text is cut to max_length numbers, the last of which is <eos>."""
        assert expected == self.encode("oil cannot", max_length=max_length).ids.tolist()

    def test_no_texts(self):
        """No texts give no numbers and one offset."""
        encoded = self.encode()

        assert 0 == len(encoded)
        assert [] == encoded.ids.tolist()
        assert [0] == encoded.offsets.tolist()
        assert [] == encoded.lengths.tolist()

    @pytest.mark.parametrize("normalizer", ["none", "stem"])
    @given(
        texts=st.lists(any_text | text_that_rules_touch, min_size=1), max_length=st.integers(3, 9)
    )
    @example(["", "‛‛s oil", "", "cannot ‛‛s"], 3)
    def test_equals_a_plain_loop(self, normalizer, texts, max_length):
        """Any texts give the numbers of their words, also where a chunk has two words or none."""
        tokenizer = Tokenizer(preprocessing(normalizer=normalizer, max_length=max_length))
        vocabulary = build_vocabulary(texts[::2], tokenizer)

        expected = number_plainly(texts, vocabulary, tokenizer)
        assert expected == rows_of(encode(texts, vocabulary, tokenizer))

    def test_any_sequence_of_any_size(self):
        """Texts need not be a list, and may be more than are encoded together."""
        texts = MadeWhenAskedFor(10_000)  # 2.9 million characters
        tokenizer = Tokenizer(preprocessing(max_length=12))
        vocabulary = build_vocabulary(["x9876 oil can prices"], tokenizer)

        expected = number_plainly(texts, vocabulary, tokenizer)
        assert expected == rows_of(encode(texts, vocabulary, tokenizer))

    def test_memory(self):
        """Each token more takes little more than the 4 bytes of its number."""
        peaks, tokens = [], []
        for rows in (15_000, 30_000):
            tracemalloc.start()
            encoded = encode(MadeWhenAskedFor(rows), self.vocabulary, Tokenizer(preprocessing()))
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            tokens.append(len(encoded.ids))

        assert (peaks[1] - peaks[0]) / (tokens[1] - tokens[0]) < 6

    @pytest.mark.parametrize("punctuation", ["space", "remove"])
    def test_equals_nltk_on_ag_news(self, punctuation, ag_news_texts):
        """Real headlines give exactly the tokens of NLTK's word_tokenize, in order."""
        tokenizer = Tokenizer(preprocessing(punctuation=punctuation))
        vocabulary = build_vocabulary(ag_news_texts, tokenizer)

        encoded = encode(ag_news_texts, vocabulary, tokenizer)

        words = np.array(vocabulary.tokens, dtype=object)[encoded.ids]
        texts = np.split(words, encoded.offsets[1:-1])
        for text, received in zip(ag_news_texts, texts, strict=True):
            assert ["<bos>", *nltk_tokens(text, punctuation), "<eos>"] == received.tolist()

    def test_pickle(self):
        """The arrays are pickled out of band, so that processes can share their memory."""
        encoded = self.encode("oil cannot")
        buffers: list[pickle.PickleBuffer] = []

        pickled = pickle.dumps(encoded, protocol=5, buffer_callback=buffers.append)
        copy = pickle.loads(pickled, buffers=buffers)

        assert [encoded.ids.nbytes, encoded.offsets.nbytes] == [
            memoryview(buffer).nbytes for buffer in buffers
        ]
        assert encoded.ids.tolist() == copy.ids.tolist()
        assert encoded.vocabulary == copy.vocabulary


class TestWords:
    """Whether a network knows the words of its training texts."""

    def check(self, min_count: int, texts: Sequence[str]) -> None:
        tokenizer = Tokenizer(preprocessing(min_count=min_count))
        check_words(encode(texts, build_vocabulary(texts, tokenizer), tokenizer), min_count)

    def test_none_known(self):
        """There is nothing to learn, and a word on how to have it."""
        with pytest.raises(CorpusError) as caught:
            self.check(2, ["oil up", "oil down"])

        assert str(caught.value) == (
            "no word stands more than 2 times in the training texts, so that there is nothing to "
            "learn from: take a lower min_count, or more texts"
        )

    def test_most_unknown(self):
        """Three of five words stand once."""
        with pytest.warns(CorpusWarning) as warned:
            self.check(1, ["oil up", "oil down now"])

        assert [
            "60% of the words in the training texts are not known, as they stand there at most 1 "
            "times: take a lower min_count, or more texts"
        ] == [str(item.message) for item in warned]

    def test_most_known(self, recwarn):
        """That is as it should be."""
        self.check(1, ["oil up", "oil up now"])

        assert [] == list(recwarn)
