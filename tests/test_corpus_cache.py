"""Corpora that were read before come from the cache, whatever happened to it."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from random import Random

import pytest

from agnews_tune.corpus.loading import load_corpus
from agnews_tune.corpus.splits import Corpus
from agnews_tune.corpus.stored_texts import StoredTexts
from agnews_tune.errors import CorpusError, CorpusWarning

FILES = ["entry.json", "labels.npy", "offsets.npy", "texts.utf8"]
ROWS = "text,label\n" + "".join(f"größe {n},{'ab'[n % 2]}\n" for n in range(40))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGNEWS_TUNE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "corpora"


@pytest.fixture
def source() -> Path:
    path = Path("made.csv")
    path.write_text(ROWS, encoding="utf-8")
    return path


def content(corpus: Corpus) -> list[object]:
    splits = (corpus.train, corpus.validation, corpus.test)
    rows = [(list(texts), labels.tolist(), labels.names) for texts, labels in splits]
    return [corpus.name, corpus.fingerprint, corpus.label_names, *rows]


def entries(cache: Path) -> list[Path]:
    return sorted(cache.glob("*")) if cache.exists() else []


def write_parquet(path: Path, texts: list[str]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    labels = [number % 2 for number in range(len(texts))]
    parquet.write_table(pa.table({"text": texts, "label": labels}), path)


def test_second_call_gives_the_same_corpus(
    source: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Texts, labels, names and fingerprint are those of a corpus that is not kept."""
    corpora = [load_corpus(source) for _ in range(2)]
    monkeypatch.setenv("AGNEWS_TUNE_CACHE", os.devnull)  # no folder
    expected = load_corpus(source)

    assert [content(expected)] * 2 == [content(corpus) for corpus in corpora]
    assert isinstance(expected.train.texts, list)
    assert all(isinstance(corpus.train.texts, StoredTexts) for corpus in corpora)
    (entry,) = entries(cache)
    assert FILES == sorted(path.name for path in entry.iterdir())


def test_second_call_reads_no_rows() -> None:
    """A process that finds the corpus in the cache does not load the reader of Parquet."""
    write_parquet(Path("made.parquet"), [f"text {n}" for n in range(40)])
    code = (
        "import sys\n"
        "from agnews_tune.corpus.loading import load_corpus\n"
        "load_corpus('made.parquet')\n"
        "print('pyarrow' in sys.modules)\n"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        for _ in range(2)
    ]

    assert ["True\n", "False\n"] == [run.stdout for run in runs]


def test_changed_bytes_are_another_corpus(source: Path, cache: Path) -> None:
    """A file that was edited is read again, whatever its date."""
    before, date = load_corpus(source), source.stat()
    source.write_text(ROWS.replace("größe 7,b", "größe 7,a"), encoding="utf-8")
    os.utime(source, ns=(date.st_atime_ns, date.st_mtime_ns))

    assert before.fingerprint != load_corpus(source).fingerprint
    assert 2 == len(entries(cache))


@pytest.mark.parametrize(
    "options",
    [{"label_names": ["a", "b"]}, {"default_names": ["a", "b"]}, {"limit_train": 30}],
)
def test_each_way_to_read_has_an_entry(
    source: Path, cache: Path, options: dict[str, object]
) -> None:
    """What decides the splits is no less a part of the key than the bytes."""
    load_corpus(source)
    first, second = (load_corpus(source, **options) for _ in range(2))  # type: ignore[arg-type]

    assert content(first) == content(second)
    assert 2 == len(entries(cache))


def test_wrong_label_names_are_refused_after_right_ones(source: Path) -> None:
    """The number 1 is not the name '1', whatever is in the cache."""
    source.write_text(ROWS.replace(",a", ",0").replace(",b", ",1"), encoding="utf-8")
    load_corpus(source, label_names=["0", "1"])
    with pytest.raises(CorpusError, match="two or more different strings"):
        load_corpus(source, label_names=["0", 1])  # type: ignore[list-item]


def test_copy_of_a_file_has_its_own_name(source: Path, cache: Path) -> None:
    """The same bytes are kept once, and reports print what was read."""
    first, second = load_corpus(source), load_corpus(shutil.copy(source, "copy.csv"))

    assert ["made.csv", "copy.csv"] == [first.name, second.name]
    assert content(first)[1:] == content(second)[1:]
    assert 1 == len(entries(cache))


def test_ending_is_part_of_the_key(source: Path) -> None:
    """The same bytes read another way are another corpus."""
    load_corpus(source)
    with pytest.raises(CorpusError, match="must have the columns"):
        load_corpus(shutil.copy(source, "copy.tsv"))


def test_folder_is_kept_by_both_files(source: Path, cache: Path) -> None:
    """Another test file alone makes another corpus."""
    Path("data").mkdir()
    shutil.copy(source, "data/train.csv")
    fingerprints = []
    for text in ("apple", "pear", "apple"):
        Path("data/test.csv").write_text(f"text,label\n{text},a\n")
        fingerprints.append(load_corpus("data").fingerprint)

    assert fingerprints[0] == fingerprints[2] != fingerprints[1]
    assert 2 == len(entries(cache))


def test_repeated_test_rows_are_told_each_time(source: Path) -> None:
    """The warning does not get lost in the cache."""
    Path("data").mkdir()
    shutil.copy(source, "data/train.csv")
    Path("data/test.csv").write_text("text,label\nGröße-1,a\nother,b\n", encoding="utf-8")
    for _ in range(2):
        with pytest.warns(CorpusWarning) as caught:
            load_corpus("data")

        assert [
            "data: test rows that are also in train or validation: 1 of 2; the test "
            "accuracy will be too high"
        ] == [str(warning.message) for warning in caught]
        assert __file__ == caught[0].filename


def test_what_may_change_is_not_kept(cache: Path) -> None:
    """The built-in corpus is made anew, as the package may hold another one tomorrow."""
    load_corpus("demo")

    assert [] == entries(cache)


def test_pipe_is_read_once(source: Path, cache: Path) -> None:
    """What can be read only once is not kept."""
    os.mkfifo("pipe.csv")
    writer = threading.Thread(target=lambda: Path("pipe.csv").write_text(ROWS, encoding="utf-8"))
    writer.start()
    corpus = load_corpus("pipe.csv")
    writer.join()

    assert content(load_corpus(source))[1:] == content(corpus)[1:]
    assert 1 == len(entries(cache))


def test_source_that_changes_while_it_is_read_is_not_kept(source: Path, cache: Path) -> None:
    """The bytes that were read may not be those of the key."""

    class Name(str):
        """Looked up once the rows are read: then another one writes the file."""

        def __hash__(self) -> int:
            source.write_text(changed, encoding="utf-8")
            return super().__hash__()

    changed = ROWS.replace("größe", "other")
    load_corpus(source, label_names=[Name("a"), "b"])

    assert changed == source.read_text(encoding="utf-8")
    assert [] == entries(cache)


def test_faulty_rows_leave_nothing(cache: Path) -> None:
    """The same error comes each time, and the cache stays empty."""
    write_parquet(Path("made.parquet"), ["text"] * 39 + [" "])
    errors = []
    for _ in range(2):
        with pytest.raises(CorpusError) as caught:
            load_corpus("made.parquet")
        errors.append(str(caught.value))

    expected = (
        "made.parquet: 1 faulty row\n"
        "  row 40: text must not be empty; received ' '\n"
        "Correct these rows or remove them"
    )
    assert [expected] * 2 == errors
    assert [] == entries(cache)


@pytest.mark.fault("damage", 3)
@pytest.mark.parametrize("name", FILES)
def test_damaged_entry_is_made_again(name: str, source: Path, cache: Path) -> None:
    """A file that is cut, changed or missing never gives another corpus."""
    expected = content(load_corpus(source))
    (entry,) = entries(cache)
    whole = (entry / name).read_bytes()
    changed = bytes([whole[len(whole) // 2] ^ 1])
    for damaged in (
        b"",
        whole[: len(whole) // 2],
        whole[: len(whole) // 2] + changed + whole[len(whole) // 2 + 1 :],
    ):
        (entry / name).write_bytes(damaged)
        assert expected == content(load_corpus(source))
        assert whole == (entry / name).read_bytes()
    (entry / name).unlink()
    assert expected == content(load_corpus(source))
    assert whole == (entry / name).read_bytes()


@pytest.mark.fault("damage")
def test_entry_of_another_corpus_is_not_believed(source: Path, cache: Path) -> None:
    """A folder that was renamed is no cache of this corpus."""
    expected = content(load_corpus(source))
    (entry,) = entries(cache)
    load_corpus(source, limit_train=30)
    (other,) = set(entries(cache)) - {entry}
    shutil.rmtree(entry)
    other.rename(entry)

    assert expected == content(load_corpus(source))


def test_cache_may_be_deleted_while_it_is_used(source: Path, cache: Path) -> None:
    """Texts that were not read yet are still there."""
    corpus = load_corpus(source)
    shutil.rmtree(cache)

    assert content(load_corpus(source)) == content(corpus)


def test_corpus_travels(source: Path) -> None:
    """Another process gets the texts themselves."""
    corpus = load_corpus(source)

    assert content(corpus) == content(pickle.loads(pickle.dumps(corpus)))


@pytest.mark.fault("disk")
def test_full_disk_keeps_nothing(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The corpus is read all the same, and nothing half-written is left."""
    write_parquet(Path("made.parquet"), [f"{n} {'long text ' * 100}" for n in range(1_000)])
    monkeypatch.setenv("AGNEWS_TUNE_CACHE", str(small_disk))
    corpus = load_corpus("made.parquet")

    assert (810, 90, 100) == (
        len(corpus.train.texts),
        len(corpus.validation.texts),
        len(corpus.test.texts),
    )
    assert isinstance(corpus.train.texts, list)
    assert [] == [path for path in small_disk.rglob("*") if path.is_file()]


PEAK = """
import re
from pathlib import Path
from agnews_tune.corpus.loading import load_corpus

def peak(name):
    load_corpus(name)
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) // 1000

print(-peak("few.parquet") + peak("many.parquet"))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_texts_are_never_in_memory() -> None:
    """Twenty times as many rows of Parquet take hardly more memory, kept before or not."""
    random = Random(0)  # its texts are as large in the file
    for name, rows in (("few", 10_000), ("many", 200_000)):
        texts = [random.randbytes(500).hex() for _ in range(rows)]
        write_parquet(Path(f"{name}.parquet"), texts)
    runs = [
        subprocess.run([sys.executable, "-c", PEAK], check=True, capture_output=True, text=True)
        for _ in range(2)
    ]

    assert [True, True] == [int(run.stdout) < 100 for run in runs], [run.stdout for run in runs]
