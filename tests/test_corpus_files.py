"""Files in every form -> rows, and what each kind of bad file is told."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agnews_tune.corpus.checks import check_rows, find_classes
from agnews_tune.corpus.files import AG_NEWS_LABELS, read_file, read_path
from agnews_tune.corpus.parquet import PART
from agnews_tune.errors import CorpusError

LABEL_NAMES = ("red", "green", "blue")
ROWS = [("Rain in the hills", 0), ("The Herons win 2-1", 1), ('Shares "soar", says firm', 2)]


pytestmark = pytest.mark.usefixtures("in_empty_folder")


def write(name: str, content: str | bytes) -> Path:
    path = Path(name)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def write_rows(path: Path, rows: list[tuple[str, int]]) -> None:
    texts, labels = [text for text, _ in rows], [label for _, label in rows]
    if path.suffix == ".parquet":
        import pyarrow as pa
        from pyarrow import parquet

        parquet.write_table(pa.table({"text": texts, "label": labels}), path)
    elif path.suffix == ".jsonl":
        lines = (json.dumps({"text": text, "label": label}) for text, label in rows)
        path.write_text("\n".join(lines), encoding="utf-8")
    else:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writerows([("text", "label"), *rows])


def read_rows(path: Path, label_names=LABEL_NAMES) -> list[tuple[str, int]]:
    table = read_file(path)
    return list(zip(*check_rows(table, find_classes(table, label_names)), strict=True))


def error_of(path: Path, label_names=LABEL_NAMES) -> str:
    with pytest.raises(CorpusError) as caught:
        read_rows(path, label_names)
    return str(caught.value)


# Python 3.10 has no NUL in CSV.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")).filter(str.strip)


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl", ".parquet"])
@settings(deadline=None)  # the first example imports pyarrow
@given(rows=st.lists(st.tuples(texts, st.integers(0, 2)), min_size=1))
def test_any_rows_come_back_as_they_were_written(ending, rows, tmp_path_factory):
    """Quotes, separators, line ends and every other character survive in each format."""
    path = tmp_path_factory.getbasetemp() / f"rows{ending}"
    write_rows(path, rows)
    assert rows == read_rows(path)


@settings(deadline=None)
@given(rows=st.lists(texts, min_size=1))
def test_unescaped_json_comes_back_as_it_was_written(rows, tmp_path_factory):
    """JSON lines end at a line feed alone, not at the line ends that Unicode adds."""
    path = tmp_path_factory.getbasetemp() / "unescaped.json"
    lines = (json.dumps({"text": text, "label": 0}, ensure_ascii=False) for text in rows)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert [(text, 0) for text in rows] == read_rows(path)


def test_title_and_description_are_joined_by_a_space():
    """Without a column text, title and description make it up."""
    path = write("train.csv", "description,label,title\ntwo three,1,One\n")
    assert read_rows(path) == [("One two three", 1)]


def test_title_and_description_are_joined_in_json_and_parquet():
    """The other formats follow the same rule."""
    import pyarrow as pa
    from pyarrow import parquet

    row = {"title": "One", "description": "two three", "label": 1}
    path = write("train.json", json.dumps(row))
    parquet.write_table(pa.Table.from_pylist([row]), "train.parquet")
    assert read_rows(path) == [("One two three", 1)]
    assert read_rows(Path("train.parquet")) == [("One two three", 1)]


def test_text_wins_over_title_and_extra_columns_are_ignored():
    """A column text is the whole text, whatever stands beside it."""
    path = write("train.csv", "id,title,text,label,description\n7,no,yes,0,no\n")
    assert read_rows(path) == [("yes", 0)]


def test_classic_ag_news_csv_is_known_by_its_first_row():
    """Without header, classes count from 1 and carry the names of AG News."""
    path = write("train.csv", '"4","Title","Its ""text"""\n"1","Other","words"\n')
    assert read_file(path).label_names == AG_NEWS_LABELS
    assert read_rows(path, None) == [('Title Its "text"', 3), ("Other words", 0)]


def test_classic_ag_news_csv_may_have_its_header():
    """Copies that are passed around name the columns."""
    path = write("train.csv", "Class Index,Title,Description\n3,Oil,falls\n4,Chip,grows\n")
    assert read_file(path).label_names == AG_NEWS_LABELS
    assert read_rows(path, None) == [("Oil falls", 2), ("Chip grows", 3)]


def test_classic_class_beyond_four_is_refused():
    """A class that AG News has not is named with its line, in the file's own numbers."""
    path = write("train.csv", "1,a,b\n0,a,b\n2,a,b\n5,a,b\n")
    assert error_of(path, None) == (
        "train.csv: 2 faulty rows\n"
        "  line 2: class must be a whole number from 1 to 4; received '0'\n"
        "  line 4: class must be a whole number from 1 to 4; received '5'\n"
        "Correct these rows or remove them"
    )


def test_byte_order_mark_and_windows_line_ends_are_fine():
    """Files as Excel and Notepad save them are read like any other."""
    csv_path = write("train.csv", b"\xef\xbb\xbftext,label\r\none,1\r\n\r\ntwo,2\r\n")
    json_path = write("train.jsonl", b'\xef\xbb\xbf{"text": "one", "label": 1}\r\n\r\n')
    assert read_rows(csv_path) == [("one", 1), ("two", 2)]
    assert read_rows(json_path) == [("one", 1)]


def test_field_of_a_million_characters_is_read():
    """Python's own limit of 131,072 characters a field does not apply."""
    text = "long " * 200_000
    assert [(text, 0)] == read_rows(write("train.csv", f"text,label\n{text},0\n"))


def test_folder_gives_train_and_test_rows():
    """The two files of a folder may be of different kinds."""
    Path("data").mkdir()
    write_rows(Path("data/train.tsv"), ROWS)
    write_rows(Path("data/test.parquet"), ROWS[:2])
    train, test, validation = read_path(Path("data"))
    assert validation is None
    assert (len(train.texts), train.name) == (3, "data/train.tsv")
    assert (len(test.texts), test.name) == (2, "data/test.parquet")


@pytest.mark.parametrize("name", ["validation.csv", "valid.csv", "val.tsv", "dev.jsonl"])
def test_folder_gives_validation_rows(name):
    """Whatever usual name they have; two of these are one too many."""
    Path("data").mkdir()
    for part in ("train.csv", "test.csv", name):
        write_rows(Path("data") / part, ROWS)
    *_, validation = read_path(Path("data"))
    assert (len(validation.texts), validation.name) == (3, f"data/{name}")
    write_rows(Path("data/validation.parquet"), ROWS)
    names = ", ".join(sorted(["validation.parquet", name]))
    with pytest.raises(CorpusError) as caught:
        read_path(Path("data"))
    assert str(caught.value) == (
        f"folder data must hold at most one file validation.*; received {names}"
    )


def test_single_file_gives_no_test_rows():
    """A file alone is train; who asked for it cuts test rows from it."""
    path = write("all.csv", "text,label\none,1\n")
    assert (read_file(path), None, None) == read_path(path)


def test_folder_without_test_file_is_refused():
    """A folder must say which rows are test rows."""
    Path("data").mkdir()
    write_rows(Path("data/train.csv"), ROWS)
    with pytest.raises(CorpusError) as caught:
        read_path(Path("data"))
    assert str(caught.value) == "folder data must hold one file test.*; received none"


def test_folder_with_two_train_files_is_refused():
    """Nobody guesses which of two files is meant."""
    Path("data").mkdir()
    for name in ("train.csv", "train.jsonl", "test.csv"):
        write_rows(Path("data") / name, ROWS)
    with pytest.raises(CorpusError) as caught:
        read_path(Path("data"))
    assert str(caught.value) == (
        "folder data must hold one file train.*; received train.csv, train.jsonl"
    )


BAD_FILES = {
    "unknown ending": (
        "train.cvs",
        "text,label\n",
        "train.cvs must end in .csv, .tsv, .jsonl, .json, .parquet; received '.cvs' "
        "(did you mean '.csv'?)",
    ),
    "no ending": (
        "train",
        "text,label\n",
        "train must end in .csv, .tsv, .jsonl, .json, .parquet; received ''",
    ),
    "missing column": (
        "train.csv",
        "text,lable\none,1\n",
        "train.csv must have the columns 'text' and 'label', or 'title', 'description' and "
        "'label', once each; received 'text', 'lable' (did you mean 'label'?)",
    ),
    "title without description": (
        "train.tsv",
        "title\tlabel\none\t1\n",
        "train.tsv must have the columns 'text' and 'label', or 'title', 'description' and "
        "'label', once each; received 'title', 'label'",
    ),
    "column twice": (
        "train.csv",
        "text,label,label\none,1,1\n",
        "train.csv must have the columns 'text' and 'label', or 'title', 'description' and "
        "'label', once each; received 'text', 'label', 'label'",
    ),
    "missing key": (
        "train.json",
        '{"Text": "one", "label": 1}\n',
        "train.json must have the columns 'text' and 'label', or 'title', 'description' and "
        "'label', once each; received 'Text' (did you mean 'text'?), 'label'",
    ),
    "empty file": (
        "train.csv",
        "",
        "train.csv has no rows; expected rows of at least two labels",
    ),
    "header alone": (
        "train.csv",
        "text,label\n",
        "train.csv has no rows; expected rows of at least two labels",
    ),
    "empty json": (
        "train.jsonl",
        "\n\n",
        "train.jsonl has no rows; expected rows of at least two labels",
    ),
    "empty text": (
        "train.csv",
        'text,label\none,1\n,2\n" \t ",0\n',
        "train.csv: 2 faulty rows\n"
        "  line 3: text must not be empty; received ''\n"
        "  line 4: text must not be empty; received ' \\t '\n"
        "Correct these rows or remove them",
    ),
    "wrong number of fields": (
        "train.csv",
        "text,label\none,1\ntwo, three,2\nfour\n",
        "train.csv: 2 faulty rows\n"
        "  line 3: must have 2 fields; received 3\n"
        "  line 4: must have 2 fields; received 1\n"
        "Correct these rows or remove them",
    ),
    "line numbers after a text of several lines": (
        "train.csv",
        'text,label\n"one\ntwo\nthree",1\n"four\n",9\n,1\n',
        "train.csv: 2 faulty rows\n"
        "  line 5: label must be one of 'red', 'green', 'blue' or a whole number from 0 to 2; "
        "received '9'\n"
        "  line 7: text must not be empty; received ''\n"
        "Correct these rows or remove them",
    ),
    "quote that is not doubled": (
        "train.csv",
        'text,label\n"one" two,1\nthree,x\n',
        "train.csv: 2 faulty rows\n"
        "  line 2: quotes must be closed, and doubled inside quotes: ',' expected after '\"'\n"
        "  line 3: label must be one of 'red', 'green', 'blue' or a whole number from 0 to 2; "
        "received 'x'\n"
        "Correct these rows or remove them",
    ),
    "quote that is not closed": (
        "train.csv",
        'text,label\none,1\n"two,2\nthree,0\n',
        "train.csv: 1 faulty row\n"
        "  line 3: quotes must be closed, and doubled inside quotes: unexpected end of data\n"
        "Correct these rows or remove them",
    ),
    "not utf-8": (
        "train.csv",
        b"text,label\none,1\ncaf\xe9,2\n,0\n",
        "train.csv: 2 faulty rows\n"
        "  line 3: must be UTF-8; received 0xe9 as byte 4\n"
        "  line 4: text must not be empty; received ''\n"
        "Correct these rows or remove them",
    ),
    "utf-16": (
        "train.csv",
        "text,label\none,1\n".encode("utf-16"),
        "train.csv: 1 faulty row\n"
        "  line 1: must be UTF-8; received 0xff as byte 1\n"
        "Correct these rows or remove them",
    ),
    "json that is not utf-8": (
        "train.jsonl",
        b'{"text": "one", "label": 1}\n{"text": "caf\xe9", "label": 1}\n',
        "train.jsonl: 1 faulty row\n"
        "  line 2: must be UTF-8; received 0xe9 as byte 14\n"
        "Correct these rows or remove them",
    ),
    "json of other kinds": (
        "train.jsonl",
        '{"text": "one", "label": 1}\n[1, 2]\n{"text": \n{"text": "two"}\n'
        '{"text": null, "label": 2}\n{"text": 7, "label": 2}\n',
        "train.jsonl: 5 faulty rows\n"
        "  line 2: must be one JSON object; received '[1, 2]'\n"
        "  line 3: must be one JSON object; received '{\"text\":'\n"
        "  line 4: must have 'label'; received 'text'\n"
        "  line 5: text must be a string; received None\n"
        "  line 6: text must be a string; received 7\n"
        "Correct these rows or remove them",
    ),
    "json array": (
        "train.json",
        '\n [\n{"text": "one", "label": 1},\n{"text": "two", "label": 0}]',
        "train.json must hold one JSON object a line; received a JSON array; write each of its "
        "elements in a line, as pandas does with to_json(orient='records', lines=True)",
    ),
    "deep json": (
        "train.json",
        '{"text": ' + "[" * 200_000,
        "train.json: 1 faulty row\n"
        "  line 1: must be one JSON object; received '{\"text\": [[[...[[[[[[[[[[[[['\n"
        "Correct these rows or remove them",
    ),
    "description that is null": (
        "train.json",
        '{"title": "one", "description": null, "label": 1}',
        "train.json: 1 faulty row\n"
        "  line 1: text must be a string; received None\n"
        "Correct these rows or remove them",
    ),
    "half a surrogate pair": (
        "train.json",
        '{"text": "one \\ud83d", "label": 1}',
        "train.json: 1 faulty row\n"
        "  line 1: text must be valid Unicode; received the lone surrogate '\\ud83d'\n"
        "Correct these rows or remove them",
    ),
    "text and label": (
        "train.csv",
        "text,label\n,grene\n",
        "train.csv: 1 faulty row\n"
        "  line 2: text must not be empty; received ''; label must be one of 'red', 'green', "
        "'blue' or a whole number from 0 to 2; received 'grene' (did you mean 'green'?)\n"
        "Correct these rows or remove them",
    ),
    "more than five": (
        "train.csv",
        "text,label\n" + "one,3\n" * 1_239,
        "train.csv: 1,239 faulty rows\n"
        + "".join(
            f"  line {line}: label must be one of 'red', 'green', 'blue' or a whole number from "
            "0 to 2; received '3'\n"
            for line in range(2, 7)
        )
        + "  and 1,234 more\n"
        "Correct these rows or remove them",
    ),
    "not parquet": (
        "train.parquet",
        "text,label\none,1\n",
        "train.parquet is not a Parquet file, or is damaged; write it anew",
    ),
    "empty parquet": (
        "train.parquet",
        "",
        "train.parquet is not a Parquet file, or is damaged; write it anew",
    ),
}


@pytest.mark.parametrize("fault", BAD_FILES)
def test_bad_file_is_refused_with_its_faults(fault):
    """One error names the file, its first five faulty rows, what was expected and what to do."""
    name, content, expected = BAD_FILES[fault]
    assert expected == error_of(write(name, content))


def test_parquet_rows_are_counted_from_one():
    """A Parquet file has no lines, so its faults are named by row."""
    import pyarrow as pa
    from pyarrow import parquet

    columns = {"text": ["one", None, "three", "four"], "label": [0, 1, None, 3]}
    parquet.write_table(pa.table(columns), "train.parquet")
    assert error_of(Path("train.parquet")) == (
        "train.parquet: 3 faulty rows\n"
        "  row 2: text must be a string; received None\n"
        "  row 3: label must be one of 'red', 'green', 'blue' or a whole number from 0 to 2; "
        "received None\n"
        "  row 4: label must be one of 'red', 'green', 'blue' or a whole number from 0 to 2; "
        "received 3\n"
        "Correct these rows or remove them"
    )


def test_parquet_that_is_cut_short_is_refused():
    """Half a download is not read as half the rows."""
    path = Path("train.parquet")
    write_rows(path, ROWS * 100)
    path.write_bytes(path.read_bytes()[:-200])
    assert error_of(path) == "train.parquet is not a Parquet file, or is damaged; write it anew"


def test_parquet_with_a_damaged_page_is_refused():
    """Damage that shows only as the rows are read is told like any other."""
    path = Path("train.parquet")
    write_rows(path, [(f"row {number}", number % 3) for number in range(50_000)])
    content = path.read_bytes()
    middle = len(content) // 4
    path.write_bytes(content[:middle] + bytes(1_000) + content[middle + 1_000 :])
    assert error_of(path) == "train.parquet is not a Parquet file, or is damaged; write it anew"


def test_parquet_that_is_gone_is_named_with_the_reason():
    """What the disk says is no damage of the file."""
    path = Path("train.parquet")
    assert error_of(path) == "train.parquet cannot be read: No such file or directory"


def test_parquet_is_read_in_parts():
    """Rows keep their order and their numbers from one part to the next."""
    path = Path("train.parquet")
    rows = [(f"row {number}", number % 3) for number in range(2 * PART + 7)]
    write_rows(path, rows)
    assert rows == read_rows(path)
    write_rows(path, [*rows, ("", 0)])
    assert error_of(path) == (
        "train.parquet: 1 faulty row\n"
        "  row 2008: text must not be empty; received ''\n"
        "Correct these rows or remove them"
    )


PEAK = """
import re
from pathlib import Path
from agnews_tune.corpus.checks import check_rows, find_classes
from agnews_tune.corpus.files import read_file

def peak(name):
    table = read_file(Path(name))
    texts, labels = check_rows(table, find_classes(table))
    assert len(labels) == sum(1 for text in texts)
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) // 1000

print(-peak("few.parquet") + peak("many.parquet"))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_parquet_is_never_whole_in_memory():
    """Twenty times as many rows take hardly more memory; their texts alone are 200 MB."""
    import pyarrow as pa
    from pyarrow import parquet

    random = Random(0)  # its texts are as large in the file
    for name, rows in (("few", 10_000), ("many", 200_000)):
        texts = [random.randbytes(500).hex() for _ in range(rows)]
        columns = {"text": texts, "label": [0, 1] * (rows // 2)}
        parquet.write_table(pa.table(columns), f"{name}.parquet")
    done = subprocess.run([sys.executable, "-c", PEAK], check=True, capture_output=True, text=True)
    assert int(done.stdout) < 100


def test_parquet_with_text_that_is_not_utf8_is_refused():
    """Parquet promises UTF-8 and does not check it."""
    import pyarrow as pa
    from pyarrow import parquet

    column = pa.array([b"caf\xe9"]).view(pa.string())
    parquet.write_table(pa.table({"text": column, "label": [0]}), "train.parquet")
    assert error_of(Path("train.parquet")) == (
        "train.parquet is not a Parquet file, or is damaged; write it anew"
    )


def test_parquet_without_label_is_refused():
    """The columns that are there are listed."""
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(pa.table({"text": ["one"], "labels": [0]}), "train.parquet")
    assert error_of(Path("train.parquet")) == (
        "train.parquet must have the columns 'text' and 'label', or 'title', 'description' and "
        "'label', once each; received 'text', 'labels' (did you mean 'label'?)"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that fails on reading")
def test_file_that_cannot_be_read_is_named_with_the_reason():
    """A failing disk is not a fault of the rows."""
    Path("train.csv").symlink_to("/proc/self/mem")
    assert error_of(Path("train.csv")) == "train.csv cannot be read: Input/output error"


def test_names_in_the_file_are_the_classes_in_alphabetical_order():
    """Without label names, the names that stand in train are the classes."""
    path = write("train.csv", "text,label\none,red\ntwo,blue\nthree,red\n")
    assert find_classes(read_file(path)).names == ("blue", "red")
    assert read_rows(path, None) == [("one", 1), ("two", 0), ("three", 1)]


def test_numbers_in_the_file_are_the_classes():
    """Without label names, a class is called by its number, be it text or number in JSON."""
    path = write("train.json", '{"text": "a", "label": "1"}\n{"text": "b", "label": 0}\n')
    assert find_classes(read_file(path)).names == ("0", "1")
    assert read_rows(path, None) == [("a", 1), ("b", 0)]


def test_label_names_that_look_like_numbers_are_names_first():
    """A name that is given comes before a number that is counted."""
    path = write("train.csv", "text,label\none,1\ntwo,2\n")
    assert read_rows(path, ("1", "2")) == [("one", 0), ("two", 1)]


BAD_LABELS = {
    "name among numbers": (
        "one,0\ntwo,1\nthree,x\nfour,-1\nfive,1.0\nsix,\nseven,1\neight,0\n",
        "train.csv: 4 faulty rows\n"
        "  line 4: label must be a whole number from 0 to 1; received 'x'\n"
        "  line 5: label must be a whole number from 0 to 1; received '-1'\n"
        "  line 6: label must be a whole number from 0 to 1; received '1.0'\n"
        "  line 7: label must be a whole number from 0 to 1; received ''\n"
        "Correct these rows or remove them",
    ),
    "number among names": (
        "one,red\ntwo,blue\nthree,1\nfour,red\nfive, \n",
        "train.csv: 2 faulty rows\n"
        "  line 4: label must be one of 'blue', 'red'; received '1'\n"
        "  line 6: label must be one of 'blue', 'red'; received ' '\n"
        "Correct these rows or remove them",
    ),
    "gap": (
        "one,0\ntwo,3\nthree,1\nfour,3\n",
        "train.csv: labels must be numbered from 0 without a gap; no row has label 2, and line 3 "
        "has label 3. Correct the numbers or write names",
    ),
    "counted from one": (
        "one,1\ntwo,2\n",
        "train.csv: labels must be numbered from 0 without a gap; no row has label 0, and line 3 "
        "has label 2. Correct the numbers or write names",
    ),
    "no label at all": (
        "one,\n",
        "train.csv: 1 faulty row\n"
        "  line 2: label must be a whole number or a name; received ''\n"
        "Correct these rows or remove them",
    ),
}


@pytest.mark.parametrize("fault", BAD_LABELS)
def test_labels_of_no_known_name_are_refused(fault):
    """Where the file itself says what its labels are, it must not contradict itself."""
    rows, expected = BAD_LABELS[fault]
    assert expected == error_of(write("train.csv", "text,label\n" + rows), None)


def test_labels_of_other_kinds_are_refused():
    """A label is a number or a name, and true is neither."""
    labels = ("1", "0", "true", "1.5", "null", "[1]")
    lines = (f'{{"text": "one", "label": {label}}}' for label in labels)
    assert error_of(write("train.jsonl", "\n".join(lines)), None) == (
        "train.jsonl: 4 faulty rows\n"
        "  line 3: label must be a whole number from 0 to 1; received True\n"
        "  line 4: label must be a whole number from 0 to 1; received 1.5\n"
        "  line 5: label must be a whole number from 0 to 1; received None\n"
        "  line 6: label must be a whole number from 0 to 1; received [1]\n"
        "Correct these rows or remove them"
    )


@pytest.mark.parametrize("label_names", [["one"], ["one", "one"], ["one", 2]])
def test_label_names_must_be_different_strings(label_names):
    """A wrong list of names is told apart from a wrong file."""
    path = write("train.csv", "text,label\none,1\n")
    assert error_of(path, label_names) == (
        f"label_names must be two or more different strings; received {label_names!r}"
    )
