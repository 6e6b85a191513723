"""The words that a network knows: their numbers, their order, their file."""

import pytest

from agnews_tune.errors import RecordError
from agnews_tune.text.vocabulary import BOS, EOS, PAD, SPECIAL_TOKENS, UNK, Vocabulary


def test_special_numbers():
    """The special tokens have the numbers of the constants."""
    index = Vocabulary.from_counts({}, 0).index

    assert [PAD, UNK, BOS, EOS] == [0, 1, 2, 3]
    assert {"<pad>": PAD, "<unk>": UNK, "<bos>": BOS, "<eos>": EOS} == index


def test_order():
    """Words follow by falling count, then by alphabet, whatever order they came in."""
    vocabulary = Vocabulary.from_counts({"b": 2, "é": 2, "z": 5, "a": 2}, 0)

    assert (*SPECIAL_TOKENS, "z", "a", "b", "é") == vocabulary.tokens
    assert 4 == vocabulary.index["z"]
    assert 8 == len(vocabulary)


def test_min_count():
    """A word is kept if it was seen more than min_count times."""
    vocabulary = Vocabulary.from_counts({"three": 3, "two": 2, "one": 1}, 2)

    assert (*SPECIAL_TOKENS, "three") == vocabulary.tokens


def test_file(tmp_path):
    """The file has one token a line, in UTF-8 and with bare line feeds."""
    path = tmp_path / "vocabulary.txt"

    Vocabulary.from_counts({"naïve": 1}, 0).save(path)

    assert b"<pad>\n<unk>\n<bos>\n<eos>\nna\xc3\xafve\n" == path.read_bytes()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "<pad>, <unk>, <bos>, <eos> as the first four lines; received an empty file"),
        (
            b"oil\n<pad>\n",
            "<pad>, <unk>, <bos>, <eos> as the first four lines; received 'oil', '<pad>'",
        ),
        (
            b"<pad>\r\n<unk>\r\n<bos>\r\n<eos>\r\n",
            "<pad>, <unk>, <bos>, <eos> as the first four lines; "
            "received '<pad>\\r', '<unk>\\r', '<bos>\\r', '<eos>\\r'",
        ),
        (b"<pad>\n<unk>\n\xff\n", "UTF-8 text; received byte 12, which is not"),
        (b"<pad>\n<unk>\n<bos>\n<eos>\noi", "a line break at the end; received 'oi'"),
        (b"<pad>\n<unk>\n<bos>\n<eos>\n\n", "one word a line; received '' in line 5"),
        (
            b"<pad>\n<unk>\n<bos>\n<eos>\noil up\n",
            "one word a line; received 'oil up' in line 5",
        ),
        (
            b"<pad>\n<unk>\n<bos>\n<eos>\noil\nup\noil\n",
            "each word once; received 'oil' again in line 7",
        ),
        (
            b"<pad>\n<unk>\n<bos>\n<eos>\n<unk>\n",
            "each word once; received '<unk>' again in line 5",
        ),
    ],
)
def test_damaged_file(content, fault, tmp_path):
    """A damaged file is named, with what was expected and what it holds."""
    path = tmp_path / "vocabulary.txt"
    path.write_bytes(content)

    with pytest.raises(RecordError) as caught:
        Vocabulary.load(path)

    expected = f"{path}: damaged vocabulary: expected {fault}; save the model again"
    assert expected == str(caught.value)


def test_missing_file(tmp_path):
    """A file that is not there is named."""
    path = tmp_path / "vocabulary.txt"

    with pytest.raises(RecordError) as caught:
        Vocabulary.load(path)

    assert (
        f"{path}: damaged vocabulary: expected a file that can be read; "
        "received No such file or directory; save the model again"
    ) == str(caught.value)
