"""Seconds from a file of texts to word numbers, on one core."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figures import Figure

COLD_SECONDS, CACHED_SECONDS = 10, 0.5
ONE_CORE = {"OMP_NUM_THREADS": "1"}

CODE = """
import sys, time
from agnews_tune.corpus.loading import load_corpus
from agnews_tune.text.encoded_corpus import encode_corpus
from agnews_tune.hyperparameters import Hyperparameters

start = time.perf_counter()
corpus = load_corpus(sys.argv[1])
encoded = encode_corpus(corpus, Hyperparameters().preprocessing)
print(time.perf_counter() - start)
print(sum(len(split.texts) for split in (encoded.train, encoded.validation, encoded.test)))
"""


def measure_corpora(source: str, folder: Path, rounds: int) -> Iterator[Figure]:
    """Read and encode a corpus, without a cache and with it, each time in a new process.

    Args:
        source: of the corpus.
        folder: for caches.
        rounds: how often.
    """
    cold, cached = [], []
    for _ in range(rounds):
        with TemporaryDirectory(dir=folder) as cache:
            environment = os.environ | ONE_CORE | {"AGNEWS_TUNE_CACHE": cache}
            cold.append(_encode(source, environment)[0])
            seconds, rows = _encode(source, environment)
            cached.append(seconds)
    for name, values, limit in (("cold", cold, COLD_SECONDS), ("cached", cached, CACHED_SECONDS)):
        yield Figure(
            f"corpus to word numbers, {name}",
            statistics.median(values),
            "s",
            at_most=limit,
            note=f"{rows:,} texts, one core; {rounds} rounds",
        )


def _encode(source: str, environment: Mapping[str, str]) -> tuple[float, int]:
    command = [sys.executable, "-c", CODE, source]
    if hasattr(os, "sched_getaffinity"):
        core = min(os.sched_getaffinity(0))
        command = ["taskset", "--cpu-list", str(core), *command]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    seconds, rows = done.stdout.split()
    return float(seconds), int(rows)
