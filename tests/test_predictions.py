"""Predictions of a real small model as a table, JSON and CSV."""

import csv
import io
import json
from collections.abc import Iterator

import numpy as np
import pytest

from agnews_tune import Classifier
from agnews_tune.errors import CorpusWarning
from agnews_tune.predictions import (
    BATCH,
    FORMATS,
    Prediction,
    as_csv,
    as_json,
    as_table,
    decode_lines,
    predict,
)

NAMES = ("Business", "Sci/Tech", "Sports")
TEXTS = ["the striker scored twice", 'a "chip",\nin two lines', "größer", ""]
MADE = [
    Prediction("Shares fell", "Business", {"Business": 0.75, "Sci/Tech": 0.2, "Sports": 0.05}),
    Prediction(
        'A "new" chip,\n\tmade  of ' + "x" * 60,
        "Sci/Tech",
        {"Business": 0.1234567, "Sci/Tech": 0.8765433, "Sports": 0.0},
    ),
    Prediction("größer", "Sports", {"Business": 0.0, "Sci/Tech": 0.0, "Sports": 1.0}),
]


def test_predictions_are_those_of_the_model(tiny_model: Classifier) -> None:
    """Each text comes with the most probable class and all probabilities by name."""
    answers = list(predict(tiny_model, TEXTS))
    rows = tiny_model.predict(TEXTS)

    assert TEXTS == [answer.text for answer in answers]
    assert tiny_model.predict_classes(TEXTS) == [answer.label for answer in answers]
    for answer, row in zip(answers, rows, strict=True):
        assert dict(zip(NAMES, row.tolist(), strict=True)) == answer.probabilities


def test_batches_stay_in_order(tiny_model: Classifier) -> None:
    """More texts than one batch holds are read a batch at a time and answered in their order."""
    words = ["striker", "shares", "comet", "keeper"]
    texts = [" ".join(words[: 1 + row % 4]) for row in range(2 * BATCH + 3)]
    read: list[str] = []

    def reading() -> Iterator[str]:
        for text in texts:
            read.append(text)
            yield text

    answers = predict(tiny_model, reading())
    first = next(answers)

    assert BATCH == len(read)
    everything = [first, *answers]
    assert texts == [answer.text for answer in everything]
    np.testing.assert_allclose(
        tiny_model.predict(texts),
        [list(answer.probabilities.values()) for answer in everything],
        atol=1e-6,
    )


def test_no_text_gives_no_prediction(tiny_model: Classifier) -> None:
    """Nothing asked, nothing answered."""
    assert [] == list(predict(tiny_model, []))


def test_table() -> None:
    """Class, probability of each class, and the start of the text in one line."""
    expected = [
        "class     Business  Sci/Tech  Sports  text",
        "Business    0.7500    0.2000  0.0500  Shares fell",
        'Sci/Tech    0.1235    0.8765  0.0000  A "new" chip, made of ' + "x" * 35 + "...",
        "Sports      0.0000    0.0000  1.0000  größer",
    ]

    assert expected == list(as_table(MADE, NAMES))


def test_table_of_short_names() -> None:
    """Columns are as wide as their figures, where names are shorter."""
    one = Prediction("text", "no", {"no": 0.75, "yes": 0.25})
    expected = ["class      no     yes  text", "no     0.7500  0.2500  text"]

    assert expected == list(as_table([one], ("no", "yes")))


def test_json() -> None:
    """One object a line; together the lines are one JSON array."""
    expected = [
        '[{"text": "Shares fell", "class": "Business", '
        '"probabilities": {"Business": 0.75, "Sci/Tech": 0.2, "Sports": 0.05}}',
        ',{"text": "A \\"new\\" chip,\\n\\tmade  of ' + "x" * 60 + '", "class": "Sci/Tech", '
        '"probabilities": {"Business": 0.123457, "Sci/Tech": 0.876543, "Sports": 0.0}}',
        ',{"text": "gr\\u00f6\\u00dfer", "class": "Sports", '
        '"probabilities": {"Business": 0.0, "Sci/Tech": 0.0, "Sports": 1.0}}',
        "]",
    ]

    assert expected == list(as_json(MADE, NAMES))


def test_csv() -> None:
    """One row a text, quoted where it must be, one column a class."""
    expected = [
        "text,class,Business,Sci/Tech,Sports",
        "Shares fell,Business,0.750000,0.200000,0.050000",
        '"A ""new"" chip,\n\tmade  of ' + "x" * 60 + '",Sci/Tech,0.123457,0.876543,0.000000',
        "größer,Sports,0.000000,0.000000,1.000000",
    ]

    assert expected == list(as_csv(MADE, NAMES))


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("table", "class     Business  Sci/Tech  Sports  text"),
        ("json", "[]"),
        ("csv", "text,class,Business,Sci/Tech,Sports"),
    ],
)
def test_formats_of_no_prediction(form: str, expected: str) -> None:
    """Each format stays valid without a row."""
    assert [expected] == list(FORMATS[form]([], NAMES))


def test_formats_of_a_real_model_can_be_read_back(tiny_model: Classifier) -> None:
    """JSON and CSV hold every text as it was given, with probabilities to six digits."""
    answers = list(predict(tiny_model, TEXTS))
    objects = json.loads("\n".join(as_json(answers, NAMES)))
    rows = list(csv.DictReader(io.StringIO("\n".join(as_csv(answers, NAMES)), newline="")))

    assert 1 + len(TEXTS) == len(list(as_table(answers, NAMES)))
    for answer, entry, row in zip(answers, objects, rows, strict=True):
        assert (answer.text, answer.label) == (entry["text"], entry["class"])
        assert (answer.text, answer.label) == (row["text"], row["class"])
        for name, probability in answer.probabilities.items():
            assert pytest.approx(probability, abs=1e-6) == entry["probabilities"][name]
            assert pytest.approx(probability, abs=1e-6) == float(row[name])


def test_csv_quotes_a_line_break() -> None:
    """A text of two lines stays one field."""
    lines = as_csv([Prediction("two\nlines", "Sports", dict.fromkeys(NAMES, 0.5))], NAMES)

    assert ["two\nlines", "Sports"] == list(csv.reader(io.StringIO("\n".join(lines))))[1][:2]


def test_lines_that_are_not_utf8_are_told_once() -> None:
    """What cannot be read becomes U+FFFD; the first such line is named, a real U+FFFD is not."""
    lines = ["größer\n".encode(), "a \ufffd\r\n".encode(), b"\xff b\n", b"c \xfe"]
    with pytest.warns(CorpusWarning) as warned:
        texts = list(decode_lines(lines))

    assert ["größer", "a \ufffd", "\ufffd b", "c \ufffd"] == texts
    assert ["text 3 is not UTF-8: what cannot be read of it becomes '\ufffd'"] == [
        str(item.message) for item in warned
    ]
