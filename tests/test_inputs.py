"""Texts and labels that a user hands over: what is taken and what is refused."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from agnews_tune.corpus.splits import Labels
from agnews_tune.errors import CorpusError, HyperparameterError
from agnews_tune.hyperparameters import as_plain
from agnews_tune.inputs import (
    as_labels,
    as_soft_targets,
    check_classes,
    check_labelled,
    check_texts,
    hold_out,
)
from agnews_tune.text.encoding import EncodedTexts
from agnews_tune.text.vocabulary import Vocabulary

NAMES = ("calm", "urgent")


def encoded(texts: int) -> EncodedTexts:
    ids, offsets = np.zeros(texts, np.int32), np.arange(texts + 1)
    return EncodedTexts(ids, offsets, Vocabulary(("<pad>", "<unk>", "<bos>", "<eos>")))


@pytest.mark.parametrize(
    ("texts", "unfit"),
    [
        (["one"], ["one", 2]),
        (("one", ""), ("one", 2)),
        (np.array(["one"]), np.array(["one", 2], object)),
        (pd.Series(["one"], index=["row"]), pd.Series(["one", 2], index=["row", "other"])),
    ],
    ids=["list", "tuple", "array", "column"],
)
def test_sequences_of_texts_are_fine(texts: object, unfit: object) -> None:
    """Lists, tuples, arrays and columns of texts are taken, empty texts too, and nothing else."""
    assert check_texts(texts) is None
    with pytest.raises(CorpusError) as caught:
        check_texts(unfit)

    assert "texts[1] must be a text; received 2" == str(caught.value)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ("one", "texts must be a list of texts; received one text: put it in a list"),
        (None, "texts must be a list of texts; received None"),
        (3, "texts must be a list of texts; received 3"),
        ({"one"}, "texts must be a list of texts; received {'one'}"),
        ({"one": 1}, "texts must be a list of texts; received {'one': 1}"),
        ([], "texts must hold at least one text; received none"),
        (encoded(0), "texts must hold at least one text; received none"),
        (["one", None], "texts[1] must be a text; received None"),
        ([b"one"], "texts[0] must be a text; received b'one'"),
        (
            pd.DataFrame({"text": ["one", "two"]}),
            "texts must be a list of texts; received a table of shape (2, 1): give its column of "
            "texts",
        ),
    ],
)
def test_what_is_no_list_of_texts_is_refused(texts: object, expected: str) -> None:
    """The message names the place of the first value that is no text."""
    with pytest.raises(CorpusError) as caught:
        check_texts(texts)

    assert expected == str(caught.value)


@pytest.mark.parametrize(
    ("labels", "known", "numbers", "names"),
    [
        (["urgent", "calm", "urgent"], None, [1, 0, 1], NAMES),
        (["calm", "calm"], ("urgent", "calm"), [1, 1], ("urgent", "calm")),
        (np.array(["b", "a"]), None, [1, 0], ("a", "b")),
        ([2, 0], None, [1, 0], ("0", "2")),
        (np.array([10, 9, -1]), None, [2, 1, 0], ("-1", "9", "10")),
        ([10**12, 1], None, [1, 0], ("1", "1000000000000")),
        ([2, 1], ("1", "2"), [1, 0], ("1", "2")),
        (np.array([1, 0], np.uint8), NAMES, [1, 0], NAMES),
        (pd.Series([2, 1], dtype=object), None, [1, 0], ("1", "2")),
        (Labels([1, 0], NAMES), None, [1, 0], NAMES),
        (Labels([1, 0], NAMES), NAMES, [1, 0], NAMES),
        (Labels([1, 0], NAMES), ("urgent", "other", "calm"), [0, 2], ("urgent", "other", "calm")),
    ],
)
def test_labels_become_class_numbers(
    labels: object, known: tuple[str, ...] | None, numbers: list[int], names: tuple[str, ...]
) -> None:
    """Names are looked up, numbers too where names are numbers, other Labels go by name."""
    found = as_labels(labels, known)

    assert numbers == found.tolist()
    assert names == found.names
    assert (Labels, np.int64) == (type(found), found.dtype)


UNICODE = "must be valid Unicode; received"
LIST = "labels must be a list of class names or of class numbers, one a text; received"


@pytest.mark.parametrize(
    ("labels", "known", "rows", "expected"),
    [
        ([], None, None, f"{LIST} float64 of shape (0,)"),
        ([0.5, 1.0], None, None, f"{LIST} float64 of shape (2,)"),
        ([0.0, 1.0], None, None, f"{LIST} float64 of shape (2,): give labels.astype(int)"),
        ([True, False], None, None, f"{LIST} bool of shape (2,): give labels.astype(int)"),
        (np.eye(2), None, None, f"{LIST} float64 of shape (2, 2): give its argmax(axis=1)"),
        ([None, "a", "b"], None, None, f"{LIST} None as labels[0] among names"),
        (pd.Series([None, 1, 2], dtype=object), None, None, f"{LIST} None as labels[0]"),
        ([2**70, 1], None, None, f"{LIST} {2**70} as labels[0]"),
        (pd.Series(["a", 1], dtype=object), None, None, f"{LIST} 1 as labels[1] among names"),
        ([0, 2], ("01", "02"), None, "labels must be class numbers from 0 to 1; received 2"),
        (["a", float("nan")], None, None, f"{LIST} nan as labels[1] among names"),
        (["a", 1], None, None, f"{LIST} 1 as labels[1] among names"),
        ([[0], [1]], None, None, f"{LIST} int64 of shape (2, 1)"),
        (1, None, None, f"{LIST} int64 of shape ()"),
        (None, None, None, f"{LIST} object of shape ()"),
        ([[0], [0, 1]], None, None, f"{LIST} lists of different lengths"),
        (["calm\ud800", "urgent"], None, None, f"a class name {UNICODE} 'calm\\ud800'"),
        ([0, 1], None, 3, "labels must be as many as the texts, 3; received 2"),
        (Labels([0], NAMES), None, 2, "labels must be as many as the texts, 2; received 1"),
        ([0, 2], NAMES, None, "labels must be class numbers from 0 to 1; received 2"),
        ([0, -1, 1], NAMES, None, "labels must be class numbers from 0 to 1; received -1"),
        ([0, 1], ("1", "2"), None, "unknown label name '0'; expected one of '1', '2'"),
        (
            ["calm", "urgnt"],
            NAMES,
            None,
            "unknown label name 'urgnt'; expected one of 'calm', 'urgent' (did you mean 'urgent'?)",
        ),
        (
            Labels([0], ("sport",)),
            NAMES,
            None,
            "unknown label name 'sport'; expected one of 'calm', 'urgent'",
        ),
    ],
)
def test_unfit_labels_are_refused(
    labels: object, known: tuple[str, ...] | None, rows: int | None, expected: str
) -> None:
    """The message says what was expected and shows the first label that is wrong."""
    with pytest.raises(CorpusError) as caught:
        as_labels(labels, known, rows)

    assert expected == str(caught.value)


def test_probabilities_of_float16_are_soft_targets() -> None:
    """They need not sum to 1 to the last digit; what comes back is a copy."""
    given = np.array([[1 / 3, 2 / 3], [0, 1]], np.float16)
    taken = as_soft_targets(given, Labels([0, 1], NAMES))
    given[:] = 0

    assert np.float32 == taken.dtype
    np.testing.assert_allclose(taken, [[1 / 3, 2 / 3], [0, 1]], rtol=1e-3)


SHAPE = "soft_targets must be numbers of shape (texts, classes), here (2, 2); received"


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ([[1, 0]], f"{SHAPE} shape (1, 2)"),
        ([0.5, 0.5], f"{SHAPE} shape (2,)"),
        ([["a", "b"], ["c", "d"]], f"{SHAPE} list"),
        ([[1, 0], [1]], f"{SHAPE} list"),
        (
            [[1, 0], [0.5, 0.6]],
            "soft_targets[1] must be probabilities that sum to 1; received [0.5, 0.6]",
        ),
        (
            [[1.5, -0.5], [1, 0]],
            "soft_targets[0] must be probabilities that sum to 1; received [1.5, -0.5]",
        ),
        (
            [[1, 0], [np.nan, 1]],
            "soft_targets[1] must be probabilities that sum to 1; received [nan, 1]",
        ),
    ],
)
def test_unfit_soft_targets_are_refused(targets: object, expected: str) -> None:
    """The message shows the first row that is wrong."""
    with pytest.raises(CorpusError) as caught:
        as_soft_targets(targets, Labels([0, 1], NAMES))

    assert expected == str(caught.value)


def test_one_class_is_too_few() -> None:
    """Labels of one class teach nothing, whatever classes are known."""
    several = Labels([0, 1], NAMES)
    with pytest.raises(CorpusError) as caught:
        check_classes(Labels([1, 1], NAMES))

    assert "labels must be of at least two classes; received 'urgent' alone" == str(caught.value)
    assert check_classes(several) is None


@pytest.mark.parametrize("kind", [list, pd.Series])
def test_held_out_rows_are_stratified(kind: type) -> None:
    """Each class gives its share, each row is on one side, and texts keep their labels."""
    texts = [f"text {row}" for row in range(30)]
    labels = Labels([row % 3 == 0 for row in range(30)], NAMES)
    given = pd.Series(texts, index=range(30)[::-1]) if kind is pd.Series else texts
    train, validation = hold_out(given, labels, 0.2)

    assert (24, 6) == (len(train.texts), len(validation.texts))
    assert [16, 8] == np.bincount(train.labels).tolist()
    assert [4, 2] == np.bincount(validation.labels).tolist()
    assert sorted(texts) == sorted(train.texts + validation.texts)
    for split in (train, validation):
        assert NAMES == split.labels.names
        assert split.labels.tolist() == [labels[texts.index(text)] for text in split.texts]


@pytest.mark.parametrize("fraction", [0, 1, 1.5, -0.1, 0.1, 0.9, "0.5", np.float32(0.1)])
def test_fraction_leaves_rows_on_both_sides(fraction: Any) -> None:
    """Where a side would be empty, the message says so."""
    with pytest.raises(HyperparameterError) as caught:
        hold_out(["a", "b", "c", "d"], Labels([0, 1, 0, 1], NAMES), fraction)

    assert str(caught.value) == (
        "validation_split must be a fraction above 0 and below 1 that leaves rows on both sides; "
        f"received {as_plain(fraction)!r} of 4 rows; or give validation_data"
    )


def test_encoded_texts_cannot_be_split() -> None:
    """Their vocabulary has seen the rows that would be held out."""
    with pytest.raises(HyperparameterError) as caught:
        hold_out(encoded(2), Labels([0, 1], NAMES), 0.5)

    assert str(caught.value) == (
        "validation_split needs plain texts; received encoded ones: give validation_data"
    )


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["a"], "labels must be as many as the texts, 1; received 2"),
        (["a", "b", "c"], "labels must be as many as the texts, 3; received 2"),
        (["a", 2], "texts[1] must be a text; received 2"),
        ("ab", "texts must be a list of texts; received one text: put it in a list"),
    ],
)
def test_texts_must_fit_their_labels(texts: object, expected: str) -> None:
    """Texts that do not fit the labels are refused, not cut to size."""
    with pytest.raises(CorpusError) as caught:
        check_labelled(texts, Labels([0, 1], NAMES))

    assert expected == str(caught.value)


def test_object_arrays_of_names_are_names() -> None:
    """As pandas hands its strings over."""
    labels = as_labels(np.array(["urgent", "calm"], dtype=object))

    assert (["calm", "urgent"], [1, 0]) == (list(labels.names), labels.tolist())
