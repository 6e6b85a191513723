"""A corpus that does not fit into memory as Python strings: ten million rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from agnews_tune.corpus.splits import Corpus, Split
from benchmarks.commands import MEGABYTE
from benchmarks.figures import Figure
from benchmarks.grid_runs import run_grid

ROWS = 10_000_000
MEGABYTES = 4_000
NETWORK = {"embedding_dim": 8, "hidden_dim": 8, "batch_size": 256, "epochs": 1}


def measure_large(corpus: Corpus, folder: Path) -> Iterator[Figure]:
    """Run one small trial on the rows of a corpus, repeated, and watch the memory."""
    source = folder / "large"
    source.mkdir()
    size = _write(corpus.train, ROWS, source / "train.parquet")
    _write(corpus.test, len(corpus.test.texts), source / "test.parquet")
    grid = {"data": str(source), "experiments": {"rnn": NETWORK}}
    done = run_grid(folder, "large-run", grid, watched=True)
    yield Figure(
        f"memory of a run on {ROWS:,} rows",
        max(done.memory.total) / MEGABYTE,
        "MB",
        at_most=MEGABYTES,
        note=f"{size / MEGABYTE:,.0f} MB of text; private and shared memory of all processes, "
        f"the highest; {done.wall:,.0f} s",
    )


def _write(split: Split, rows: int, path: Path) -> int:
    """Write the rows of a split again and again; return the bytes of their texts."""
    names = split.labels.names
    columns = {"text": list(split.texts), "label": [names[label] for label in split.labels]}
    table = pa.table(columns)
    size = 0
    with parquet.ParquetWriter(path, table.schema) as writer:
        for start in range(0, rows, table.num_rows):
            part = table.slice(0, rows - start)
            writer.write_table(part)
            size += pc.sum(pc.binary_length(part["text"])).as_py()
    return size
