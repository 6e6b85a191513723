"""Data sets of the Hugging Face hub -> rows; a hub out of reach is one quick error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any

from agnews_tune.corpus.tables import COLUMNS, Table, Tables, find_text_columns, table_from_columns
from agnews_tune.errors import CorpusError

SECONDS_TO_ANSWER = 3.0
TOO_MANY_REQUESTS, SERVER_ERROR = 429, 500


def read_hub(name: str, revision: str | None = None) -> Tables:
    """Read a data set of the hub, or its cached copy where the hub is out of reach.

    Args:
        name: the data set, as ``owner/name``.
        revision: the full hash of the commit to read; None reads the latest.

    Raises:
        CorpusError: where the hub is out of reach, or has no such data set that can be read.
    """
    if name.count("/") != 1 or not all(name.split("/")):
        raise CorpusError(f"a hub source must be 'hub:<owner>/<name>'; received {'hub:' + name!r}")
    splits = _load(name, revision)
    if "train" not in splits:
        received = ", ".join(map(repr, splits))
        raise CorpusError(f"hub:{name} must have a split 'train'; received {received}")
    return Tables(
        **{
            part: _table(f"hub:{name} {part}", splits[part])
            for part in Tables._fields
            if part in splits
        }
    )


def _load(name: str, revision: str | None) -> Any:
    import datasets

    endpoint = datasets.config.HF_ENDPOINT
    reachable = not datasets.config.HF_HUB_OFFLINE and _answers(endpoint)
    try:
        with _offline(datasets.config, not reachable):
            builder = datasets.load_dataset_builder(name, revision=revision)
            if revision not in (None, builder.hash):  # the library takes any cached revision
                raise FileNotFoundError(f"the local cache holds revision {builder.hash} alone")
            builder.download_and_prepare()
            return builder.as_dataset()
    except Exception as error:  # errors of the library, its HTTP client and the file system
        problem = f"hub:{name} cannot be read: {error}"
        if not reachable:
            problem = (
                f"the Hugging Face hub ({endpoint}) is out of reach, "
                f"and the local cache does not hold {name}"
            )
        raise CorpusError(
            f"{problem.rstrip('.')}. Give a file or folder as the source (on the command line: "
            "--data PATH), or take the built-in corpus: demo"
        ) from error


def _answers(address: str) -> bool:
    """Return whether an address answers in time, asked as the library itself would ask."""
    from huggingface_hub import get_session

    answered = Event()

    def ask() -> None:
        with suppress(Exception):  # which errors there are depends on the library's HTTP client
            status = get_session().head(address, timeout=SECONDS_TO_ANSWER).status_code
            if status < SERVER_ERROR and status != TOO_MANY_REQUESTS:  # these are tried again
                answered.set()

    # In a thread, because no time limit applies to looking up the address of a host.
    thread = Thread(target=ask, daemon=True)
    thread.start()
    thread.join(SECONDS_TO_ANSWER)
    return answered.is_set()


@contextmanager
def _offline(config: Any, offline: bool) -> Iterator[None]:
    """Keep the library from its retries for a while: it then looks in its cache alone."""
    before = config.HF_HUB_OFFLINE
    config.HF_HUB_OFFLINE = offline
    try:
        yield
    finally:
        config.HF_HUB_OFFLINE = before


def _table(name: str, rows: Any) -> Table:
    find_text_columns(name, rows.column_names)
    columns = rows.select_columns([column for column in COLUMNS if column in rows.column_names])
    label_names = getattr(rows.features["label"], "names", None)
    return table_from_columns(name, columns.to_dict(), label_names and tuple(label_names))
