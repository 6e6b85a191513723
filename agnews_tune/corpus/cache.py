"""Checked and cut corpora that are kept on disk, and read from there instead of from their source.

An entry takes about as much room as the texts. Whoever reads it again gets the same corpus without
reading, checking or cutting a row, and none of its texts in memory.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from agnews_tune.cache import Entry, find_entry, make_entry
from agnews_tune.corpus.checks import Repeated, find_repeated
from agnews_tune.corpus.splits import Labels, Rows, Split, fingerprint
from agnews_tune.corpus.stored_texts import StoredTexts, map_file, write_texts

FORMAT = 3  # to be raised when the same source gives another corpus, or the files hold other things
KIND = "corpora"
TEXTS, OFFSETS, LABELS = "texts.utf8", "offsets.npy", "labels.npy"


class CheckedCorpus(NamedTuple):
    """The splits of a corpus, and what was found by going over all of them.

    Attributes:
        splits: train, validation and test.
        fingerprint: as in the Corpus.
        repeated: held-out rows that a network has learned from, or was chosen by.
    """

    splits: tuple[Split, Split, Split]
    fingerprint: str
    repeated: Repeated


def corpus_key(
    source: object,
    label_names: Sequence[str] | None,
    default_names: Sequence[str] | None,
    limit_train: int | None,
) -> str:
    """Return what a corpus is kept under.

    Args:
        source: what stands for every byte of the source; JSON can hold it.
        label_names: as for ``load_corpus``.
        default_names: as for ``load_corpus``.
        limit_train: as for ``load_corpus``.
    """
    names = None if label_names is None else list(map(repr, label_names))
    decisive = [FORMAT, source, names, limit_train, *map(repr, default_names or ())]
    return hashlib.sha256(json.dumps(decisive).encode()).hexdigest()


def find_corpus(key: str) -> CheckedCorpus | None:
    """Return the corpus that is kept under a key, if there is one."""
    return _read(find_entry(KIND, key))


def keep_corpus(key: str, parts: Sequence[Rows]) -> CheckedCorpus | None:
    """Keep the rows of train, validation and test under a key; None where that cannot be.

    Raises:
        CorpusError: the texts cannot be read from their source.
    """
    return _read(make_entry(KIND, key, partial(_write, parts=parts)))


def check_whole(splits: tuple[Split, Split, Split]) -> CheckedCorpus:
    """Go over all texts for the fingerprint and the rows that are repeated."""
    repeated = find_repeated(*(split.texts for split in splits))
    return CheckedCorpus(splits, fingerprint(*splits), repeated)


def _write(folder: Path, parts: Sequence[Rows]) -> dict[str, Any]:
    with (folder / TEXTS).open("wb") as file:
        offsets = [write_texts(file, rows.texts) for rows in parts]
    np.save(folder / OFFSETS, np.concatenate([offsets[0][:1], *(part[1:] for part in offsets)]))
    np.save(folder / LABELS, np.concatenate([rows.labels for rows in parts]))
    names, rows = parts[0].labels.names, [len(part.labels) for part in parts]
    whole = check_whole(_open(folder, names, rows))
    return {
        "label_names": names,
        "rows": rows,
        "fingerprint": whole.fingerprint,
        "repeated": whole.repeated,
    }


def _read(entry: Entry | None) -> CheckedCorpus | None:
    if entry is None:
        return None
    content = entry.content
    try:
        splits = _open(entry.folder, content["label_names"], content["rows"])
    except OSError:  # deleted since it was found
        return None
    return CheckedCorpus(splits, content["fingerprint"], Repeated(*content["repeated"]))


def _open(
    folder: Path, label_names: Sequence[str], rows: Sequence[int]
) -> tuple[Split, Split, Split]:
    utf8, offsets = map_file(folder / TEXTS), np.load(folder / OFFSETS)
    labels = np.load(folder / LABELS)
    ends = np.cumsum(rows)
    train, validation, test = (
        Split(
            StoredTexts(utf8, offsets[end - count : end + 1]),
            Labels(labels[end - count : end], label_names),
        )
        for count, end in zip(rows, ends, strict=True)
    )
    return train, validation, test
