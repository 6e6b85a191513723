import io
import pickle
import pwd
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from programs import loaded_after

from agnews_tune.corpus.splits import Corpus, Labels, Split
from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.text.encoded_corpus import EncodedCorpus, encode_corpus
from agnews_tune.text.vocabulary import BOS, EOS, SPECIAL_TOKENS, UNK

PREPROCESSING = Hyperparameters(min_count=0).preprocessing


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("AGNEWS_TUNE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "encoded"


@pytest.fixture
def corpus() -> Corpus:
    def split(*rows: tuple[str, int]) -> Split:
        texts, labels = zip(*rows, strict=True)
        return Split(list(texts), Labels(labels, ("Business", "Sports")))

    return Corpus(
        name="made-up",
        train=split(("Oil up; naïve oil", 0), ("Team cannot win", 1), ("oil", 0)),
        validation=split(("Oil wins", 0)),
        test=split(("Team up", 1), ("", 1)),
        fingerprint="0123456789abcdef",
    )


def content(corpus: EncodedCorpus) -> list[object]:
    splits = (corpus.train, corpus.validation, corpus.test)
    arrays = [(texts.ids.tolist(), texts.offsets.tolist()) for texts, _ in splits]
    labels = [(labels.tolist(), labels.names) for _, labels in splits]
    return [arrays, labels, *(texts.vocabulary for texts, _ in splits)]


def npz(**arrays: object) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def only_entry(cache: Path) -> Path:
    (entry,) = cache.iterdir()
    return entry


def test_splits(corpus):
    """All splits are numbers of one vocabulary, which holds the words of train alone."""
    encoded = encode_corpus(corpus, PREPROCESSING)

    words = ("oil", "can", "naïve", "not", "team", "up", "win")
    assert (*SPECIAL_TOKENS, *words) == encoded.vocabulary.tokens
    assert [BOS, 4, 9, 6, 4, EOS] == encoded.train.texts.ids[:6].tolist()
    assert [BOS, 4, UNK, EOS] == encoded.validation.texts.ids.tolist()
    assert [BOS, 8, 9, EOS, BOS, EOS] == encoded.test.texts.ids.tolist()
    assert [0, 4, 6] == encoded.test.texts.offsets.tolist()
    assert encoded.vocabulary is encoded.test.texts.vocabulary


def test_labels(corpus):
    """The labels are those of the corpus."""
    encoded = encode_corpus(corpus, PREPROCESSING)

    assert corpus.train.labels is encoded.train.labels
    assert corpus.validation.labels is encoded.validation.labels
    assert corpus.test.labels is encoded.test.labels


def test_second_call_reads_the_cache(corpus):
    """A second call gives the same numbers, of the same types."""
    first = encode_corpus(corpus, PREPROCESSING)
    second = encode_corpus(corpus, PREPROCESSING)

    assert content(first) == content(second)
    assert np.int32 == second.train.texts.ids.dtype
    assert np.int64 == second.train.texts.offsets.dtype


def test_second_call_does_not_tokenize():
    """A process that finds the corpus in the cache does not load NLTK."""
    code = (
        "from agnews_tune.corpus.splits import Corpus, Labels, Split\n"
        "from agnews_tune.text.encoded_corpus import encode_corpus\n"
        "from agnews_tune.hyperparameters import Hyperparameters\n"
        "split = Split(['oil up'], Labels([0], ('Business', 'Sports')))\n"
        "corpus = Corpus('made-up', split, split, split, '0123456789abcdef')\n"
        "encode_corpus(corpus, Hyperparameters(normalizer='stem', min_count=0).preprocessing)\n"
    )

    assert [True, False] == ["nltk" in loaded_after(code) for _ in range(2)]


@pytest.mark.filterwarnings("ignore::agnews_tune.errors.CorpusWarning")
def test_other_texts_or_preprocessing(corpus, cache):
    """Another fingerprint or another preprocessing has an entry of its own."""
    encode_corpus(corpus, PREPROCESSING)
    encode_corpus(replace(corpus, fingerprint="fedcba9876543210"), PREPROCESSING)
    for field, value in (("min_count", 1), ("punctuation", "remove"), ("max_length", 3)):
        encode_corpus(corpus, PREPROCESSING._replace(**{field: value}))

    assert 5 == len(list(cache.glob("*")))


def test_numbers_stay_in_the_cache(corpus, cache):
    """The ids are a mapped file, not memory, at once and later, and outlive a deleted cache."""
    expected = content(encode_corpus(corpus, PREPROCESSING))
    encoded = encode_corpus(corpus, PREPROCESSING)
    for texts in (encoded.train.texts, encoded.validation.texts, encoded.test.texts):
        assert isinstance(texts.ids.base.base, np.memmap)
        assert not texts.ids.flags.writeable
    shutil.rmtree(cache)

    assert expected == content(encoded)


def test_numbers_travel_as_bytes(corpus):
    """Ray keeps the ids as plain arrays, which its processes read where they lie."""
    encoded, buffers = encode_corpus(corpus, PREPROCESSING), []
    data = pickle.dumps(encoded, 5, buffer_callback=buffers.append)
    received = pickle.loads(data, buffers=buffers)

    assert content(encoded) == content(received)
    assert b"memmap" not in data
    assert encoded.train.texts.ids.tobytes() not in data
    assert {len(buffer.raw()) for buffer in buffers} >= {
        split.texts.ids.nbytes for split in (encoded.train, encoded.validation, encoded.test)
    }


def test_nothing_else_is_left(corpus, cache):
    """The cache holds the finished entry and no temporary one."""
    encode_corpus(corpus, PREPROCESSING)

    names = ["entry.json", "ids.int32", "offsets.npz", "vocabulary.txt"]
    assert names == sorted(path.name for path in only_entry(cache).iterdir())


FILES = ["entry.json", "ids.int32", "offsets.npz", "vocabulary.txt"]


@pytest.mark.fault("damage", 4)
@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"not a cache file",
        npz(other=np.zeros(3)),
        npz(arr_0=np.array([{"an": "object"}], dtype=object)),
        b"\x93NUMPY\x01\x00v\x00"
        + b"{'descr': '<i4', 'fortran_order': False, 'shape': (1,), }".ljust(117)
        + b"\n\0\0\0\0",
        b'{"key": "another key"}',
    ],
    ids=["empty", "text", "other arrays", "objects", "npy", "another key"],
)
def test_foreign_file_is_made_again(damaged, corpus, cache):
    """An entry with a file that is none of this corpus is replaced."""
    expected = content(encode_corpus(corpus, PREPROCESSING))
    entry = only_entry(cache)
    for name in FILES:
        whole = (entry / name).read_bytes()
        (entry / name).write_bytes(damaged)
        assert expected == content(encode_corpus(corpus, PREPROCESSING))
        assert whole == (entry / name).read_bytes()


@pytest.mark.fault("damage", 4)
def test_missing_file_is_made_again(corpus, cache):
    """An entry that somebody has deleted in part is replaced."""
    expected = content(encode_corpus(corpus, PREPROCESSING))
    for name in FILES:
        (only_entry(cache) / name).unlink()
        assert expected == content(encode_corpus(corpus, PREPROCESSING))
        assert (only_entry(cache) / name).exists()


@pytest.mark.fault("damage")
def test_renamed_entry_is_made_again(corpus, cache):
    """The cache of one preprocessing under the name of another is not believed."""
    expected = content(encode_corpus(corpus, PREPROCESSING))
    entry = only_entry(cache)
    encode_corpus(corpus, PREPROCESSING._replace(max_length=3))
    (other,) = set(cache.iterdir()) - {entry}
    shutil.rmtree(entry)
    other.rename(entry)

    assert expected == content(encode_corpus(corpus, PREPROCESSING))


@pytest.mark.fault("damage")
@pytest.mark.parametrize("name", FILES)
def test_damaged_bytes_are_noticed(name, corpus, cache):
    """A file cut short or with a changed byte never gives other numbers."""
    expected = content(encode_corpus(corpus, PREPROCESSING))
    file = only_entry(cache) / name
    whole = file.read_bytes()
    for place in range(0, len(whole), 7):
        file.write_bytes(whole[:place])
        assert expected == content(encode_corpus(corpus, PREPROCESSING))
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert expected == content(encode_corpus(corpus, PREPROCESSING))


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"AGNEWS_TUNE_CACHE": "own", "XDG_CACHE_HOME": "xdg"}, "own/encoded"),
        ({"AGNEWS_TUNE_CACHE": "", "XDG_CACHE_HOME": "xdg"}, "xdg/agnews-tune/encoded"),
        ({"AGNEWS_TUNE_CACHE": "", "XDG_CACHE_HOME": ""}, "home/.cache/agnews-tune/encoded"),
    ],
)
def test_cache_folder(environment, expected, corpus, tmp_path, monkeypatch):
    """The cache lies in AGNEWS_TUNE_CACHE, else in XDG_CACHE_HOME, else in the home folder."""
    for name, folder in {"HOME": "home", **environment}.items():
        monkeypatch.setenv(name, folder and str(tmp_path / folder))

    encode_corpus(corpus, PREPROCESSING)

    assert [tmp_path / expected] == [file.parents[1] for file in tmp_path.rglob("*.npz")]


@pytest.mark.fault("machine")
def test_cache_that_cannot_be_written(corpus, tmp_path, monkeypatch):
    """Where the cache folder cannot be made the corpus is encoded all the same."""
    expected = content(encode_corpus(corpus, PREPROCESSING))
    (tmp_path / "file").touch()
    monkeypatch.setenv("AGNEWS_TUNE_CACHE", str(tmp_path / "file" / "cache"))

    assert expected == content(encode_corpus(corpus, PREPROCESSING))


@pytest.mark.fault("machine")
def test_no_home(corpus, monkeypatch):
    """A user without a home folder, as in some containers, gets the corpus encoded."""
    expected = content(encode_corpus(corpus, PREPROCESSING))

    def unknown_user(number: int) -> None:
        raise KeyError(number)

    for name in ("AGNEWS_TUNE_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown_user)

    with pytest.raises(RuntimeError):
        Path.home()
    assert expected == content(encode_corpus(corpus, PREPROCESSING))
    assert not Path("~").exists()
