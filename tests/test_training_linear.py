"""The linear model against scikit-learn's own pipeline over the same words."""

from collections import Counter
from itertools import chain, pairwise

import numpy as np
import pytest
from conftest import AG_NEWS, Stop, needs_ag_news
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from agnews_tune import Classifier, load_corpus
from agnews_tune.corpus.splits import Labels
from agnews_tune.errors import CorpusError, NotFittedError
from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.text.encoded_corpus import EncodedCorpus, encode_corpus
from agnews_tune.text.encoding import EncodedTexts

LINEAR = Hyperparameters(model="linear", min_count=1)


def terms(text: np.ndarray) -> list[str]:
    """Return words and pairs of an encoded text."""
    words = list(map(str, text))
    return [*words, *map(" ".join, pairwise(words))]


def split(texts: EncodedTexts) -> list[np.ndarray]:
    return np.split(texts.ids, texts.offsets[1:-1])


def pipeline(corpus: EncodedCorpus) -> Pipeline:
    """Fit scikit-learn's classes on the words of a corpus, without any code of this package."""
    texts = split(corpus.train.texts)
    counts = Counter(chain.from_iterable(map(terms, texts)))
    words = [str(number) for number in range(len(corpus.vocabulary))]
    pairs = [term for term, count in counts.items() if " " in term and count > LINEAR.min_count]
    weighting = TfidfVectorizer(analyzer=terms, vocabulary=words + pairs, sublinear_tf=True)
    return make_pipeline(weighting, LinearSVC(random_state=0)).fit(texts, corpus.train.labels)


def fitted(corpus: EncodedCorpus) -> Classifier:
    model = Classifier(**LINEAR.to_dict())
    model.fit(*corpus.train, verbose=0)
    return model


@pytest.fixture(scope="module")
def demo() -> EncodedCorpus:
    return encode_corpus(load_corpus("demo", limit_train=3000), LINEAR.preprocessing)


@pytest.fixture(scope="module")
def model(demo: EncodedCorpus) -> Classifier:
    return fitted(demo)


def test_scores_are_those_of_scikit_learn(demo: EncodedCorpus, model: Classifier) -> None:
    """Logarithms of the probabilities are its decision values times one factor, texts apart."""
    decisions = pipeline(demo).decision_function(split(demo.test.texts))
    logarithms = np.log(model.predict(demo.test.texts).astype(np.float64))
    ours = logarithms - logarithms.mean(axis=1, keepdims=True)
    theirs = decisions - decisions.mean(axis=1, keepdims=True)
    factor = (ours * theirs).sum() / (theirs**2).sum()

    assert factor > 1
    np.testing.assert_allclose(ours, factor * theirs, atol=1e-3)


def test_probabilities_are_worth_what_they_say(demo: EncodedCorpus, model: Classifier) -> None:
    """On unseen rows the answers are right as often as their probabilities promise."""
    probabilities = model.predict(demo.test.texts)
    right = probabilities.argmax(axis=1) == demo.test.labels

    assert probabilities.max(axis=1).mean() == pytest.approx(right.mean(), abs=0.03)


def test_two_classes_are_scored_like_many() -> None:
    """A machine for two classes has one row of weights; both get a probability."""
    corpus = load_corpus("demo", limit_train=1500)
    two = [part.labels < 2 for part in (corpus.train, corpus.test)]
    (texts, labels), (test_texts, test_labels) = (
        ([text for text, kept in zip(part.texts, rows, strict=True) if kept], part.labels[rows])
        for part, rows in zip((corpus.train, corpus.test), two, strict=True)
    )
    model = Classifier(model="linear", min_count=1)
    model.fit(texts, [str(label) for label in labels], verbose=0)
    answers = model.predict_classes(test_texts)

    assert ("0", "1") == model.label_names_
    assert np.mean([int(answer) for answer in answers] == test_labels) > 0.9
    np.testing.assert_allclose(model.predict(test_texts).sum(axis=1), 1, rtol=1e-5)


def test_class_without_training_rows_is_not_answered() -> None:
    """Training rows may lack a class; its rows cost much, not infinitely much."""
    texts = ["the cup was won", "shares fell on monday"] * 4
    model = Classifier(model="linear", min_count=0)
    model.fit(texts, Labels([0, 2] * 4, ("0", "1", "2")), verbose=0)

    assert ["0", "2"] == model.predict_classes(texts[:2])
    assert np.isfinite(model.evaluate(texts[:1], [1])["loss"])


def test_class_without_training_rows_is_never_the_likeliest() -> None:
    """Not even of words that speak against all others, which scores tell apart without a doubt."""
    words = ["cup", "shares", "chip"]
    texts = [f"{word} {word}{number % 4}" for word in words for number in range(40)]
    model = Classifier(model="linear", min_count=0)
    labels = Labels(np.repeat([1, 2, 3], 40), ("World", "Sports", "Business", "Sci/Tech"))
    model.fit(texts, labels, verbose=0)
    probabilities = model.predict([*texts, "else", "cup shares chip", "cup2 shares1 nothing"])

    assert (probabilities[:, 0] < probabilities[:, 1:].min(axis=1)).all()


def test_class_with_one_row_is_named() -> None:
    """Its score on rows without it cannot be learned from none."""
    model = Classifier(model="linear", min_count=0)
    with pytest.raises(CorpusError) as caught:
        model.fit(["a cup", "the cup", "shares"], ["Sports", "Sports", "Business"], verbose=0)

    assert (
        "model 'linear' needs at least 2 training rows of each class; class 'Business' has one"
        == str(caught.value)
    )


@pytest.mark.slow
@needs_ag_news
def test_it_reaches_the_known_accuracy_on_ag_news() -> None:
    """On all rows at hand it answers 92.4 % of the test rows."""
    corpus = load_corpus(str(AG_NEWS))
    encoded = encode_corpus(corpus, LINEAR.preprocessing)
    accuracy = fitted(encoded).evaluate(*encoded.test)["accuracy"]
    print(f"test accuracy {accuracy:.4f}")

    assert accuracy == pytest.approx(0.924, abs=0.004)


def test_interrupted_fit_leaves_no_network() -> None:
    """As long as it has no weights, there is none."""
    texts, labels = ["good film", "bad film", "bad plot", "bad end"], [0, 0, 1, 1]
    model = Classifier(model="linear", min_count=0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(texts, labels, callbacks=[Stop(0)], verbose=0)
    with pytest.raises(NotFittedError):
        model.predict(texts)


def test_class_of_one_text_leaves_the_earlier_model() -> None:
    """It is refused before anything is trained."""
    texts = ["good film", "bad film", "bad plot", "bad end"]
    model = Classifier(model="linear", min_count=0, seed=2**64 - 1)
    model.fit(texts, [0, 0, 1, 1], verbose=0)
    before = model.predict(texts)
    with pytest.raises(CorpusError):
        model.fit(texts, [0, 1, 1, 1], verbose=0)

    assert (4, 2) == before.shape
    assert np.array_equal(before, model.predict(texts))
