"""The training loop: epochs over labelled batches, with callbacks around them."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from agnews_tune.training.batching import Batch, LabelledBatches
from agnews_tune.training.callbacks import Callback
from agnews_tune.training.evaluation import evaluate

if TYPE_CHECKING:
    from agnews_tune.classifier import Classifier


def train(
    model: Classifier,
    run_pass: Callable[[int], dict[str, float]],
    validation: LabelledBatches | None,
    callbacks: Sequence[Callback],
) -> None:
    """Train a model's network from its present weights, epoch after epoch.

    Epochs that the model's history holds already, as a callback may have put them back, are done.

    Args:
        model: its hyperparameters say how many epochs; ``stop_training`` ends it.
        run_pass: trains for the epoch of this number and returns its figures.
        validation: measured after each epoch.
        callbacks: called around each epoch, in order.
    """
    _begin(model, callbacks)
    if model.pretraining_:
        texts = validation.batches if validation else None
        model.pretraining_.run(callbacks, texts, lambda: model.stop_training)
    for epoch in range(len(model.history_.epoch), model.hyperparameters.passes):
        if model.stop_training:
            break
        for callback in callbacks:
            callback.on_epoch_begin(epoch)
        start = time.perf_counter()
        logs = run_pass(epoch)
        if validation:
            figures = evaluate(model.network_, validation)
            logs |= {f"val_{name}": value for name, value in figures.items()}
        logs["seconds"] = time.perf_counter() - start
        for callback in callbacks:
            callback.on_epoch_end(epoch, logs)
    for callback in callbacks:
        callback.on_train_end()


def _begin(model: Classifier, callbacks: Sequence[Callback]) -> None:
    for callback in callbacks:
        callback.model = model
        callback.on_train_begin()
    for epoch in model.history_.epoch:
        logs = {name: figures[epoch] for name, figures in model.history_.history.items()}
        for callback in callbacks:
            callback.on_epoch_restored(epoch, logs)


def run_epoch(
    data: LabelledBatches,
    batches: Generator[Batch, None, None],
    learn: Callable[[Batch, Tensor], tuple[Tensor, Tensor]],
) -> dict[str, float]:
    """Train once on the rows.

    Args:
        data: the rows.
        batches: all of them; closed at the end, whatever ends it, and with them a progress bar.
        learn: trains on a batch with its class numbers or soft targets; returns the mean loss and
            the logits.

    Returns:
        ``loss`` and ``accuracy``, as the network was when it saw each row.
    """
    device = data.labels.device
    # Summed on the device: asking for a number at each step would make the step wait.
    loss_sum = torch.zeros((), dtype=torch.float64, device=device)
    correct = torch.zeros((), dtype=torch.int64, device=device)
    with closing(batches):
        for batch in batches:
            labels = data.labels[batch.rows]
            soft = data.soft_targets
            loss, logits = learn(batch, labels if soft is None else soft[batch.rows])
            loss_sum += loss * len(labels)
            correct += (logits.argmax(dim=1) == labels).sum()
    rows = len(data.labels)
    return {"loss": loss_sum.item() / rows, "accuracy": correct.item() / rows}


@contextmanager
def own_random_state(seed: int) -> Iterator[None]:
    """Seed torch for the block and leave its random state as it was before."""
    # A seed is that of all GPUs, once one is in use.
    in_use = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    with torch.random.fork_rng(devices=range(torch.cuda.device_count() if in_use else 0)):
        torch.manual_seed(seed)
        yield


def seeded_batches(
    data: LabelledBatches, batch_size: int, seed: tuple[int, ...], title: str | None
) -> Generator[Batch, None, None]:
    """Return the batches of an epoch in its own order, and seed torch for its dropout.

    Seeded by its number, an epoch can be run again on its own with the same result.

    Args:
        data: what to train on.
        batch_size: rows in a batch.
        seed: of the training, and the number of the epoch from 0.
        title: of a progress bar; None shows none.
    """
    torch.manual_seed(int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]))
    batches = data.batches.shuffled(batch_size, seed)
    if title is None:
        return batches
    return _with_bar(batches, title, steps=-(-len(data.batches) // batch_size))


def _with_bar(
    batches: Generator[Batch, None, None], title: str, steps: int
) -> Generator[Batch, None, None]:
    from rich import get_console
    from rich.progress import track

    console = get_console()
    yield from track(
        batches,
        description=title,
        total=steps,
        transient=True,
        disable=not (console.is_terminal or console.is_jupyter),
    )
