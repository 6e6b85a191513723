"""Parquet files -> rows, read in parts: what they hold need not fit into memory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agnews_tune.corpus.tables import Table, find_text_columns, join_parts
from agnews_tune.errors import CorpusError

PART = 1_000  # rows that are in memory together
BUFFER = 2**20  # bytes


def read_parquet(path: Path) -> Table:
    """Return the rows of a file; they stay in it until they are asked for.

    Raises:
        CorpusError: where it is no Parquet file, or lacks a column.
    """
    from pyarrow import parquet

    with _explaining_parquet(path):
        file = parquet.ParquetFile(path, buffer_size=BUFFER, pre_buffer=False)
        text_columns = find_text_columns(str(path), file.schema_arrow.names)
    texts, labels = (ParquetColumn(path, file, names) for names in (text_columns, ("label",)))
    return Table(str(path), "row", range(1, len(texts) + 1), texts, labels)


class ParquetColumn:
    """What stands in each row of a Parquet file, read anew and in parts each time it is asked.

    Args:
        path: what messages call the file.
        file: the opened ``pyarrow.parquet.ParquetFile``.
        names: columns that are joined by spaces.
    """

    def __init__(self, path: Path, file: Any, names: tuple[str, ...]) -> None:
        self.path = path
        self.file = file
        self.names = names

    def __len__(self) -> int:
        rows: int = self.file.metadata.num_rows
        return rows

    def __iter__(self) -> Iterator[object]:
        for parts in self._read():
            yield from parts[0] if len(parts) == 1 else map(join_parts, zip(*parts, strict=True))

    def _read(self) -> Iterator[list[Sequence[object]]]:
        with _explaining_parquet(self.path):
            for batch in self.file.iter_batches(PART, columns=self.names, use_threads=False):
                yield [batch.column(name).to_pylist() for name in self.names]


@contextmanager
def _explaining_parquet(path: Path) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
        if isinstance(error, OSError) and error.errno:
            raise CorpusError(f"{path} cannot be read: {os.strerror(error.errno)}") from error
        raise CorpusError(f"{path} is not a Parquet file, or is damaged; write it anew") from error
