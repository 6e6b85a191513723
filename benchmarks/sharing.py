"""How many trials one GPU bears: documents a second of all together, by their number.

Processes on one card take turns, unless NVIDIA's Multi-Process Service (MPS) runs:
``nvidia-cuda-mps-control -d`` starts it.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from multiprocessing.synchronize import Barrier

import torch

from agnews_tune.training.callbacks import Callback, Logs
from benchmarks.figures import Figure
from benchmarks.workload import Workload

TRIALS = (1, 2, 4, 8, 16)
WARM_UP = 3  # epochs, in which the steps of most batches become graphs
SECONDS = 3.0
PATIENCE = 120.0  # seconds that trials wait for each other: one may have failed
ROWS = 3_200


class _Window(Callback):
    """Counts the epochs of a few seconds in which all trials train."""

    def __init__(self, barrier: Barrier) -> None:
        self.barrier = barrier
        self.epochs = 0
        self.seconds = 0.0

    def on_epoch_begin(self, epoch: int) -> None:
        if epoch == WARM_UP:
            self.barrier.wait()
            self.start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:  # noqa: ARG002
        if epoch >= WARM_UP:
            self.epochs += 1
            self.seconds = time.perf_counter() - self.start
            self.model.stop_training = self.seconds > SECONDS


def measure_sharing(work: Workload) -> Iterator[Figure]:
    """Train as many trials at once as the curve asks for, each in a process of its own."""
    titles = {
        trials: f"documents/s of {trials} trial{'s' * (trials > 1)} on one GPU, gru-max"
        for trials in TRIALS
    }
    if work.device.type != "cuda":
        yield from (Figure(title, None, note="no GPU at hand") for title in titles.values())
        return
    spawn = multiprocessing.get_context("spawn")
    for trials, title in titles.items():
        with spawn.Manager() as manager, spawn.Pool(trials) as pool:
            barrier = manager.Barrier(trials, timeout=PATIENCE)
            running = [pool.apply_async(_train, (work, barrier)) for _ in range(trials)]
            rates, held = zip(*(one.get() for one in running), strict=True)
        note = f"{len(work.texts):,} rows, {SECONDS:g} s; {max(held) / 1e9:.1f} GB of the card"
        yield Figure(title, sum(rates), note=note)


def _train(work: Workload, barrier: Barrier) -> tuple[float, int]:
    """Return documents a second, and the bytes of the card that all processes hold."""
    torch.set_num_threads(1)
    window = _Window(barrier)
    model = work.build_classifier()
    model.fit(work.encoded, work.named_labels, epochs=1_000_000, verbose=0, callbacks=[window])
    free, total = torch.cuda.mem_get_info()
    barrier.wait()
    return len(work.texts) * window.epochs / window.seconds, total - free
