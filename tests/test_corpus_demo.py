"""The built-in corpus."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from agnews_tune.corpus import demo

TRAIN, TEST = demo.generate()
TEXTS = TRAIN[0] + TEST[0]


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def labels_by_bag_of_words(rows: demo.Rows) -> dict[tuple[str, ...], set[int]]:
    labels = defaultdict(set)
    for text, label in zip(*rows, strict=True):
        labels[tuple(sorted(words(text)))].add(label)
    return labels


@pytest.mark.parametrize(("rows", "size"), [(TRAIN, 8_000), (TEST, 2_000)])
def test_size_and_balance(rows: demo.Rows, size: int) -> None:
    """Each split has its stated size, and holds every class equally often."""
    texts, labels = rows

    assert size == len(texts)
    assert dict.fromkeys(range(len(demo.LABEL_NAMES)), size // 4) == Counter(labels)


def test_generate_is_deterministic() -> None:
    """The rows are the same on every call, on every machine, in every version of Python."""
    expected = "94921f7d1989f311aea81340a9ba960f7b57e74872d6033edec3e55b9693b31e"

    for _ in range(2):
        content = json.dumps(demo.generate()).encode()
        assert expected == hashlib.sha256(content).hexdigest()


def test_texts_are_distinct() -> None:
    """No text occurs twice, in a split or across splits, whatever its capitals and punctuation."""
    assert len(TEXTS) == len({" ".join(words(text)) for text in TEXTS})


def test_rows_are_shuffled() -> None:
    """The order of the classes, in which pairs are made, is not seen in the labels."""
    period = 2 * len(demo.CLASS_PAIRS)
    repeats = sum(a == b for a, b in zip(TRAIN[1], TRAIN[1][period:], strict=False))

    assert 0.2 < repeats / len(TRAIN[1]) < 0.3


def test_length() -> None:
    """A text has 8 to 40 words."""
    lengths = [len(text.split()) for text in TEXTS]

    assert min(lengths) >= 8
    assert max(lengths) <= 40


@pytest.mark.parametrize(
    "remnant",
    [" #39;s ", " quot;", "&lt;b&gt;...&lt;/b&gt;", "&lt;A HREF=", "\\", " (KLN) ", " OBN - ", "$"],
)
def test_style_of_the_news_wires(remnant: str) -> None:
    """HTML remnants, back-slashes, agency tags and sums of money occur in both splits."""
    for texts, _ in (TRAIN, TEST):
        assert sum(remnant in text for text in texts) >= 20


def test_every_slot_is_filled() -> None:
    """No brace of a template is left in a text."""
    assert not [text for text in TEXTS if "{" in text or "}" in text]


@pytest.mark.parametrize("rows", [TRAIN, TEST])
def test_word_order_decides_a_fifth_of_the_rows(rows: demo.Rows) -> None:
    """More than a fifth of the rows share their bag of words with a row of another class."""
    pairs = sum(len(labels) == 2 for labels in labels_by_bag_of_words(rows).values())

    assert 2 * pairs > 0.2 * len(rows[0])


def test_most_words_are_frequent() -> None:
    """Of the words in train, 97 % belong to a word seen more than 10 times, the usual min_count."""
    counts = Counter(word for text in TRAIN[0] for word in words(text))

    kept = sum(count for count in counts.values() if count > 10)
    assert kept > 0.97 * sum(counts.values())


def test_linear_bag_of_words_model() -> None:
    """A linear model that sees no word order is right in 80 to 93 % of the test rows."""
    vectorizer = TfidfVectorizer()
    model = LinearSVC(random_state=0).fit(vectorizer.fit_transform(TRAIN[0]), TRAIN[1])

    assert 0.80 < model.score(vectorizer.transform(TEST[0]), TEST[1]) < 0.93
