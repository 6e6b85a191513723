"""Sources, their splits and fingerprints."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import AG_NEWS, needs_ag_news

from agnews_tune.corpus.checks import find_classes
from agnews_tune.corpus.files import AG_NEWS_LABELS
from agnews_tune.corpus.loading import load_corpus
from agnews_tune.corpus.splits import Corpus, Split
from agnews_tune.corpus.tables import Table
from agnews_tune.errors import CorpusError, CorpusWarning, HyperparameterError

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def write_rows(name: str, counts: dict[str, int], start: int = 0) -> str:
    """Write so many rows of each label, in turns, with a different text each."""
    labels = [label for label, count in counts.items() for _ in range(count)]
    rows = [f"{label} text {number},{label}\n" for number, label in enumerate(labels, start)]
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text("text,label\n" + "".join(rows))
    return name


def counts_of(split: Split) -> list[int]:
    return np.bincount(split.labels).tolist()


def error_of(source: str | Path, **options) -> str:
    with pytest.raises(CorpusError) as caught:
        load_corpus(source, **options)
    return str(caught.value)


# Sources


def test_demo_corpus_needs_nothing():
    """The built-in corpus has the classes of AG News and says that it is the demo."""
    corpus = load_corpus("demo")
    assert (corpus.name, corpus.label_names) == ("demo", AG_NEWS_LABELS)
    assert len(corpus.train.texts) + len(corpus.validation.texts) == 10 * len(
        corpus.validation.texts
    )


def test_folder_keeps_its_test_rows_apart():
    """A tenth of train becomes validation, and test stays as it is."""
    write_rows("fruit/train.csv", {"apple": 60, "pear": 40})
    write_rows("fruit/test.csv", {"apple": 3, "pear": 4}, start=100)
    corpus = load_corpus("fruit")
    assert (corpus.name, corpus.label_names) == ("fruit", ("apple", "pear"))
    assert list(map(counts_of, (corpus.train, corpus.validation, corpus.test))) == [
        [54, 36],
        [6, 4],
        [3, 4],
    ]
    assert corpus.test.texts[0] == "apple text 100"


def test_splits_unpack_into_texts_and_labels_that_belong_together():
    """What fit() and evaluate() take, with names in every part."""
    corpus = load_corpus(write_rows("fruit.csv", {"apple": 60, "pear": 40}))
    for part in (corpus.train, corpus.validation, corpus.test):
        texts, labels = part
        assert [text.split()[0] for text in texts] == [labels.names[label] for label in labels]


def test_single_file_gives_a_tenth_to_test_and_then_a_tenth_to_validation():
    """Test rows are cut first, both stratified, and no row is in two parts."""
    corpus = load_corpus(write_rows("fruit.csv", {"apple": 120, "pear": 80}))
    parts = (corpus.train, corpus.validation, corpus.test)
    assert corpus.name == "fruit.csv"
    assert list(map(counts_of, parts)) == [[97, 65], [11, 7], [12, 8]]
    assert len({text for part in parts for text in part.texts}) == 200


def test_path_may_be_a_path_object():
    """A pathlib path is as good as its text."""
    source = write_rows("fruit.csv", {"apple": 60, "pear": 40})
    assert load_corpus(source).fingerprint == load_corpus(Path(source)).fingerprint


def test_current_folder_is_called_by_its_name():
    """The name is for people, so a dot is no name."""
    write_rows("train.csv", {"apple": 60, "pear": 40})
    write_rows("test.csv", {"apple": 3, "pear": 4}, start=100)
    assert load_corpus(".").name == Path.cwd().name


@needs_ag_news
def test_real_ag_news_is_read_whole():
    """Every row is in one split, in exact proportion, and none of test is in train."""
    corpus = load_corpus(AG_NEWS, label_names=AG_NEWS_LABELS)
    assert (corpus.name, corpus.label_names) == ("ag_news", AG_NEWS_LABELS)
    assert [len(part.texts) for part in (corpus.train, corpus.validation, corpus.test)] == [
        77_407,
        5_000,
        7_600,
    ]
    assert counts_of(corpus.validation) == [1258, 1244, 1234, 1264]
    assert counts_of(corpus.test) == [1900] * 4
    assert corpus.fingerprint == "3ee0544f20316d4c"


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("agnews", " (did you mean 'ag_news'?)"),
        ("Demo", " (did you mean 'demo'?)"),
        ("data/train.csv", ""),
        ("", ""),
        ("a" * 300, ""),  # longer than a file's name can be
        ("a\0b", ""),
    ],
)
def test_unknown_source_is_refused(source, hint):
    """Neither a name nor a path: all that a source can be is listed."""
    assert error_of(source) == (
        "the source must be 'ag_news', 'demo', 'hub:<owner>/<name>' or the path of a file or "
        f"folder; received {source!r}, which is none of these in {Path.cwd()}{hint}"
    )


def test_hub_source_without_owner_is_refused():
    """The hub is asked for nothing that it cannot have."""
    assert error_of("hub:ag_news") == (
        "a hub source must be 'hub:<owner>/<name>'; received 'hub:ag_news'"
    )


# Labels and rows that cannot be trained on


def test_given_label_names_name_the_numbers():
    """A grid file may say what the numbers of a data file mean."""
    source = write_rows("fruit.csv", {"0": 60, "1": 40})
    assert load_corpus(source).label_names == ("0", "1")
    assert load_corpus(source, label_names=["apple", "pear"]).label_names == ("apple", "pear")


@pytest.mark.parametrize(
    ("labels", "default_names", "expected"),
    [
        (("0", "1"), ("pear", "apple"), ("pear", "apple")),
        (("0", "1"), ("pear", "apple", "plum"), ("0", "1")),
        (("apple", "pear"), ("pear", "apple"), ("pear", "apple")),
        (("apple", "pear"), ("yes", "no"), ("apple", "pear")),
        (("apple", "pear"), ("pear", "apple", "plum"), ("apple", "pear")),
        (("apple", "pear", "plum"), ("pear", "apple"), ("apple", "pear", "plum")),
    ],
)
def test_default_names_hold_where_they_fit(labels, default_names, expected):
    """Numbers of as many classes are named, and names are put in that order."""
    source = write_rows("fruit.csv", dict.fromkeys(labels, 50))
    corpus = load_corpus(source, default_names=default_names)

    assert expected == corpus.label_names


def test_misspelt_default_name_is_no_class():
    """A few rows with another label than the names that all others have are listed."""
    source = write_rows("fruit.csv", {"apple": 50, "pear": 50, "paer": 2})
    assert error_of(source, default_names=("apple", "pear")) == (
        "fruit.csv: 2 faulty rows\n"
        "  line 102: label must be one of 'apple', 'pear' or a whole number from 0 to 1; received "
        "'paer' (did you mean 'pear'?)\n"
        "  line 103: label must be one of 'apple', 'pear' or a whole number from 0 to 1; received "
        "'paer' (did you mean 'pear'?)\n"
        "Correct these rows or remove them"
    )


def test_default_names_do_not_replace_those_of_the_source():
    """The built-in corpus numbers its labels, and says what the numbers mean."""
    assert AG_NEWS_LABELS == load_corpus("demo", default_names=("a", "b", "c", "d")).label_names


def test_one_class_alone_is_refused():
    """There is nothing to tell apart."""
    assert error_of(write_rows("fruit.csv", {"apple": 100})) == (
        "fruit.csv: every row has label 'apple'; expected rows of at least two labels"
    )


def test_label_name_without_rows_is_refused():
    """A class that is never seen cannot be learnt."""
    source = write_rows("fruit.csv", {"apple": 60, "pear": 40})
    assert error_of(source, label_names=["apple", "pear", "plum", "fig"]) == (
        "fruit.csv: no row has label 'plum', 'fig'; expected rows of every label. "
        "Add such rows, or leave the label out of the label names"
    )


def test_test_label_that_train_has_not_is_refused():
    """Test rows of a class that train never shows are a fault of the test file."""
    write_rows("fruit/train.csv", {"apple": 60, "pear": 40})
    write_rows("fruit/test.csv", {"apple": 1, "pears": 1}, start=100)
    assert error_of("fruit") == (
        "fruit/test.csv: 1 faulty row\n"
        "  line 3: label must be one of 'apple', 'pear'; received 'pears' (did you mean 'pear'?)\n"
        "Correct these rows or remove them"
    )


def test_test_file_without_rows_is_refused():
    """No figure comes from no row."""
    write_rows("fruit/train.csv", {"apple": 60, "pear": 40})
    write_rows("fruit/test.csv", {})
    assert error_of("fruit") == ("fruit/test.csv has no rows; expected rows of at least two labels")


def test_class_too_rare_for_validation_is_refused():
    """A model cannot be selected on rows that lack a class."""
    assert error_of(write_rows("fruit.csv", {"apple": 98, "pear": 2})) == (
        "fruit.csv: validation, a tenth of train, must hold every label; "
        "received none of 'pear' (its rows: 9). Add such rows"
    )


def test_validation_rows_of_a_folder_are_taken():
    """Then none are cut from train, and the cache knows them from those of another file."""
    for part, rows, start in (("train", 60, 0), ("validation", 5, 200), ("test", 4, 300)):
        write_rows(f"fruit/{part}.csv", {"apple": rows, "pear": rows}, start)
    corpus = load_corpus("fruit")
    assert [[60, 60], [5, 5], [4, 4]] == [
        counts_of(split) for split in (corpus.train, corpus.validation, corpus.test)
    ]
    assert "apple text 200" == corpus.validation.texts[0]
    assert [10, 10] == counts_of(load_corpus("fruit", limit_train=20).train)
    write_rows("fruit/validation.csv", {"apple": 5, "pear": 5}, start=500)
    assert "apple text 500" == load_corpus("fruit").validation.texts[0]


def test_validation_file_without_a_class_is_refused():
    """It selects models, as rows that are cut from train do."""
    for part, pears in (("train", 60), ("validation", 0), ("test", 4)):
        write_rows(f"fruit/{part}.csv", {"apple": 60, "pear": pears})
    assert error_of("fruit") == (
        "fruit: validation must hold every label; received none of 'pear' (its rows: 60). Add "
        "such rows"
    )


def test_notes_beside_the_validation_rows_are_left_alone():
    """Of two files with rows nobody guesses which is meant."""
    for part in ("train", "validation", "test"):
        write_rows(f"fruit/{part}.csv", {"apple": 50, "pear": 50}, start=100 * len(part))
    Path("fruit/validation.txt").touch()
    assert 100 == len(load_corpus("fruit").validation.texts)
    shutil.copy("fruit/validation.csv", "fruit/validation.tsv")
    assert error_of("fruit") == (
        "folder fruit must hold at most one file validation.*; received validation.csv, "
        "validation.tsv"
    )


def test_labels_that_look_alike_are_named():
    """They are classes of their own, which is hardly meant."""
    source = write_rows("fruit.csv", {"apple": 30, "Apple": 30, "pear ": 30, "pear": 30, "fig": 30})
    with pytest.warns(CorpusWarning) as warned:
        load_corpus(source)
    assert [
        "fruit.csv: labels that differ in case or white space alone: 'Apple', 'apple', 'pear', "
        "'pear '"
    ] == [str(item.message) for item in warned]


def test_corpus_shows_no_text():
    """Ten thousand of them would fill a notebook."""
    corpus = load_corpus("demo")
    assert repr(corpus) == (
        "Corpus(name='demo', train=Split(7,200 texts), validation=Split(800 texts), "
        f"test=Split(2,000 texts), fingerprint={corpus.fingerprint!r})"
    )


# limit_train


def test_limit_train_keeps_so_many_rows_before_validation_is_cut():
    """Validation comes out of the rows that are kept; test is not touched."""
    source = write_rows("fruit.csv", {"apple": 120, "pear": 80})
    whole, limited = load_corpus(source), load_corpus(source, limit_train=100)
    assert [counts_of(limited.train), counts_of(limited.validation)] == [[54, 36], [6, 4]]
    assert whole.test.texts == limited.test.texts
    assert whole.fingerprint != limited.fingerprint


def test_limit_train_above_the_rows_keeps_all():
    """A limit is an upper bound."""
    source = write_rows("fruit.csv", {"apple": 120, "pear": 80})
    assert load_corpus(source).fingerprint == load_corpus(source, limit_train=1_000).fingerprint


def test_smaller_limit_keeps_rows_of_the_larger():
    """Growing the limit adds rows and takes none away."""
    source = write_rows("fruit.csv", {"apple": 120, "pear": 80})
    smaller, larger = (
        {*corpus.train.texts, *corpus.validation.texts}
        for corpus in (load_corpus(source, limit_train=limit) for limit in (50, 100))
    )
    assert smaller < larger


@pytest.mark.parametrize(("limit", "split"), [(10, "validation, a tenth of train,"), (1, "train")])
def test_limit_train_must_leave_every_class_a_row(limit, split):
    """The error names what lacks what and the remedy; train is looked at before validation."""
    source = write_rows("fruit.csv", {"apple": 120, "pear": 80})
    assert error_of(source, limit_train=limit) == (
        f"fruit.csv: {split} must hold every label; received none of 'pear' (its rows: 1). "
        "Raise limit_train or add such rows"
    )


@pytest.mark.parametrize("limit", [0, -5, 2.5])
def test_limit_train_must_be_a_whole_number_above_zero(limit):
    """A wrong limit is found before anything is read."""
    with pytest.raises(HyperparameterError) as caught:
        load_corpus("no such file", limit_train=limit)
    assert str(caught.value) == (
        f"limit_train must be a whole number of at least 1; received {limit!r}"
    )


@pytest.mark.parametrize("label_names", ["one", {"one"}, 3])
def test_label_names_have_an_order(label_names):
    """The letters of a name are no names, and a set is in another order each time."""
    with pytest.raises(CorpusError) as caught:
        load_corpus("no such file", label_names=label_names)
    assert str(caught.value) == (
        f"label_names must be a list of strings in order; received {label_names!r}"
    )


@pytest.mark.parametrize("kind", [np.array, pd.Index, tuple])
def test_arguments_may_be_of_numpy_or_pandas(kind):
    """Names and a limit become plain ones."""
    source = write_rows("fruit.csv", {"apple": 120, "pear": 80})
    corpus = load_corpus(source, label_names=kind(["pear", "apple"]), limit_train=np.int64(100))
    assert corpus.label_names == ("pear", "apple")
    assert [type(name) for name in corpus.label_names] == [str, str]
    assert len(corpus.train.texts) + len(corpus.validation.texts) == 100


# Test rows that are also in train


def test_test_rows_that_are_also_in_train_are_a_warning():
    """Case, spaces and punctuation make no other text; the warning points at its caller."""
    write_rows("fruit/train.csv", {"apple": 60, "pear": 40})
    rows = "Apple: TEXT-0!,apple\npear text 99,pear\nÄpple,apple\n...,pear\n"
    Path("fruit/test.csv").write_text("text,label\n" + rows, encoding="utf-8")
    with pytest.warns(CorpusWarning) as caught:
        load_corpus("fruit")
    assert [str(warning.message) for warning in caught] == [
        "fruit: test rows that are also in train or validation: 2 of 4; the test "
        "accuracy will be too high"
    ]
    assert caught[0].filename == __file__


def test_validation_rows_that_are_also_in_train_are_a_warning():
    """From one in 100 on; then a test row of that text is one that is in train too."""
    rows = [f"text {number % 97},{'ab'[number % 2]}" for number in range(400)]
    Path("fruit").mkdir()
    for part, chosen in (("train", rows[:300]), ("validation", rows[300:]), ("test", ["x,a"])):
        Path(f"fruit/{part}.csv").write_text("\n".join(["text,label", *chosen, "y,b"]))
    with pytest.warns(CorpusWarning) as caught:
        load_corpus("fruit")
    assert [str(warning.message) for warning in caught] == [
        "fruit: test rows that are also in train or validation: 1 of 2; the test "
        "accuracy will be too high",
        "fruit: validation rows that are also in train: 101 of 101; the validation accuracy will "
        "be too high, and a model that knows them by heart may look best",
    ]


def test_few_validation_rows_may_be_repeated():
    """Where train is cut, a few of those that stand there twice fall to validation."""
    rows = [f"text {number},{'ab'[number % 2]}" for number in range(500)]
    Path("fruit").mkdir()
    for part, chosen in (("train", rows[:299]), ("validation", rows[298:]), ("test", ["x,a"])):
        Path(f"fruit/{part}.csv").write_text("\n".join(["text,label", *chosen]))
    assert len(load_corpus("fruit").validation.texts) == 202


def test_texts_of_punctuation_alone_are_not_the_same_text():
    """Without letters or digits there is nothing to compare."""
    rows = "".join(f"{'!' * number},{number % 2}\n" for number in range(1, 41))
    Path("marks.csv").write_text("text,label\n" + rows)
    assert len(load_corpus("marks.csv").test.texts) == 4


def test_letters_of_every_script_are_compared():
    """Texts beyond ASCII are found again too, and told apart by their letters."""
    write_rows("fruit/train.csv", {"яблоко": 60, "груша": 40})
    Path("fruit/test.csv").write_text("text,label\n«Яблоко»: text 0,яблоко\nслива text 1,груша\n")
    with pytest.warns(CorpusWarning) as caught:
        load_corpus("fruit")
    assert [str(warning.message) for warning in caught] == [
        "fruit: test rows that are also in train or validation: 1 of 2; the test "
        "accuracy will be too high"
    ]


# The fingerprint


def corpus_of(rows: str, **options) -> Corpus:
    Path("rows.csv").write_text("text,label\n" + rows)
    return load_corpus("rows.csv", **options)


ROWS = "".join(f"text number {number},{number % 2}\n" for number in range(40))


def test_fingerprint_is_the_same_on_every_machine():
    """It is written into every record, so it must not depend on where it was computed."""
    assert corpus_of(ROWS).fingerprint == "1632237d67cfa0e6"
    assert load_corpus("demo").fingerprint == "58108d78fd35f0ac"


@pytest.mark.parametrize(
    "other",
    [
        {"rows": ROWS.replace("number 7,", "number 7!,")},
        {"rows": ROWS.replace("number 7,1\ntext number 8,0", "number 7,0\ntext number 8,1")},
        {"rows": ROWS, "label_names": ["no", "yes"]},
        {"rows": ROWS, "limit_train": 30},
    ],
    ids=["a text", "two labels", "the label names", "the split"],
)
def test_fingerprint_changes_with_the_corpus(other):
    """Whatever decides what a model sees decides the fingerprint."""
    assert corpus_of(ROWS).fingerprint != corpus_of(**other).fingerprint


def test_fingerprint_does_not_depend_on_the_format_or_name():
    """The same rows from another file are the same corpus."""
    Path("other.tsv").write_text("text\tlabel\n" + ROWS.replace(",", "\t"))
    assert corpus_of(ROWS).fingerprint == load_corpus("other.tsv").fingerprint


def test_name_that_is_not_utf8():
    """Old disks have such names; in records and reports they are readable."""
    name = os.fsdecode(b"fr\xfcchte.csv")
    Path(write_rows("fruit.csv", {"apple": 60, "pear": 40})).rename(name)
    corpus = load_corpus(name)

    assert "fr\ufffdchte.csv" == corpus.name


def test_very_many_classes_are_not_all_named():
    """A column of numbers in place of labels is told in a line that can be read."""
    rows = {f"class{number:03}": 1 for number in range(300)}
    error = error_of(write_rows("ids.csv", rows))

    assert error.count("'class") == 20
    assert " others" in error


def test_source_that_names_its_classes_by_numbers():
    """Its labels are numbers of classes; names that the caller gives go first."""
    table = Table("hub", "row", [1, 2], ["a", "b"], [0, 1], label_names=("1", "2"))

    assert [0, 1] == [find_classes(table).numbers[label] for label in ("0", "1")]
    assert 0 == find_classes(table, ["1", "2"]).numbers["1"]
