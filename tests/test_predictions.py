"""Predictions of a real small model as a table, JSON and CSV."""

import csv
import io
import json
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from programs import run_python

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
ESCAPE = "\x1b[2J"  # clears a screen
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


def test_table_of_many_classes() -> None:
    """The three most probable ones, as all of them would be wider than a terminal."""
    names = tuple(f"topic{number}" for number in range(30))
    probabilities = dict.fromkeys(names, 0.0) | {"topic3": 0.5, "topic29": 0.3, "topic10": 0.2}
    expected = [
        "class            second           third            text",
        "topic3   0.5000  topic29  0.3000  topic10  0.2000  a topic",
    ]

    assert expected == list(as_table([Prediction("a topic", "topic3", probabilities)], names))


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


@pytest.mark.parametrize("text", ["two\nlines", "two\rlines"])
def test_csv_quotes_a_line_break(text: str) -> None:
    """A text of two lines stays one field."""
    lines = list(as_csv([Prediction(text, "Sports", dict.fromkeys(NAMES, 0.5))], NAMES))

    assert f'"{text}",Sports,0.500000,0.500000,0.500000' == lines[1]
    assert [text, "Sports"] == list(csv.reader(io.StringIO("\n".join(lines), newline="")))[1][:2]


@pytest.mark.fault("texts")
def test_lines_that_are_not_utf8_are_told_once() -> None:
    """What cannot be read becomes U+FFFD; the first such line is named, a real U+FFFD is not."""
    lines = ["größer\n".encode(), "a \ufffd\r\n".encode(), b"\xff b\n", b"c \xfe"]
    with pytest.warns(CorpusWarning) as warned:
        texts = list(decode_lines(lines))

    assert ["größer", "a \ufffd", "\ufffd b", "c \ufffd"] == texts
    assert ["text 3 is not UTF-8: what cannot be read of it becomes '\ufffd'"] == [
        str(item.message) for item in warned
    ]


def test_byte_order_mark_is_no_part_of_the_first_text() -> None:
    """Editors put one before the first line; anywhere else it is a character."""
    assert ["cup", "\ufeffcup"] == list(decode_lines([b"\xef\xbb\xbfcup\n", b"\xef\xbb\xbfcup\n"]))


@pytest.mark.fault("texts")
def test_table_writes_no_control_characters(tiny_model: Classifier) -> None:
    """No text or class can move the cursor or ring the bell; JSON and CSV keep them."""
    answers = list(predict(tiny_model, ["a\x1b[2Jcup\0\a \t won"]))
    (_, line) = as_table(answers, NAMES)

    assert line.endswith("  a\ufffd[2Jcup\ufffd\ufffd won")
    assert "\x1b" not in "".join(as_table([Prediction("a", ESCAPE, {ESCAPE: 1.0})], (ESCAPE,)))
    assert "a\\u001b[2Jcup\\u0000\\u0007" in "".join(as_json(answers, NAMES))


@pytest.mark.fault("texts")
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"cup " * 2_500_000, id="10 MB"),
        pytest.param(b"x" * 10_000_000, id="10 MB in one word"),
        pytest.param(b"", id="empty"),
        pytest.param(b"!!! ... ???", id="punctuation"),
        pytest.param("🏆".encode(), id="emoji"),
        pytest.param(b"a\0b", id="NUL"),
        pytest.param(b"\xed\xa0\x80", id="lone surrogate"),
    ],
)
def test_any_line_has_an_answer(tiny_model: Classifier, text: bytes) -> None:
    """Whatever stands on a line, its probabilities add up to one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CorpusWarning)
        (answer,) = predict(tiny_model, decode_lines([text + b"\n"]))

    assert pytest.approx(1, abs=1e-5) == sum(answer.probabilities.values())


@pytest.mark.fault("texts")
@pytest.mark.parametrize("lines", [30_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_memory_stays_flat(tiny_model: Classifier, tmp_path: Path, lines: int) -> None:
    """Many lines, each with words of its own, take no more memory than few."""
    tiny_model.save(tmp_path / "model")
    memory = []
    for count in (1000, lines):
        path = tmp_path / f"{count}.txt"
        path.write_text("".join(f"w{n} x{n * 7} y{n * 13}-z{n} cup\n" for n in range(count)))
        program = (
            "import resource, sys; from agnews_tune.cli import main\n"
            "main(standalone_mode=False)\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
        )
        arguments = ("predict", "--model", tmp_path / "model", "--file", path, "--format", "csv")
        done = run_python(program, *arguments)
        assert count + 1 == done.stdout.count("\n")
        memory.append(int(done.stderr))

    assert memory[1] < memory[0] + 40_000  # kB, of some 480,000
