"""What ``fit`` starts with: a new network, and what trains it for an epoch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import torch

from agnews_tune.networks.linear import LinearNetwork
from agnews_tune.networks.recurrent import RecurrentNetwork
from agnews_tune.text.encoding import EncodedTexts
from agnews_tune.text.word_pairs import frequent_pairs
from agnews_tune.training.batching import LabelledBatches
from agnews_tune.training.descent import Descent
from agnews_tune.training.linear import fit_support_vectors
from agnews_tune.training.loop import own_random_state, seeded_batches
from agnews_tune.training.losses import training_loss
from agnews_tune.training.pretraining import Pretraining

if TYPE_CHECKING:
    from agnews_tune.classifier import Classifier

RunPass = Callable[[int], dict[str, float]]
PRETRAINING = 1  # tells the order of its rows from that of training


def begin(model: Classifier, texts: EncodedTexts, data: LabelledBatches, *, bar: bool) -> RunPass:
    """Give a model a new network of its kind, and what goes with it.

    Args:
        model: knows its vocabulary and its classes.
        texts: the training texts.
        data: the same with their classes, on the model's device.
        bar: whether to show a progress bar in each epoch.

    Returns:
        What trains the network for the epoch of a number, from 0, and returns its figures.
    """
    model.pretraining_ = model.descent_ = None
    if model.hyperparameters.model == "linear":
        return _begin_linear(model, texts, data)
    return _begin_recurrent(model, texts, data, bar=bar)


def _begin_linear(model: Classifier, texts: EncodedTexts, data: LabelledBatches) -> RunPass:
    pairs = torch.from_numpy(frequent_pairs(texts, model.hyperparameters.min_count))
    network = LinearNetwork(len(model.vocabulary_), pairs, len(model.label_names_))
    network = network.to(model.device)

    def solve(_epoch: int) -> dict[str, float]:
        figures = fit_support_vectors(network, data, model.seed)
        model.network_ = network  # as long as it has no weights, there is none
        return figures

    return solve


def _begin_recurrent(
    model: Classifier, texts: EncodedTexts, data: LabelledBatches, *, bar: bool
) -> RunPass:
    hyperparameters = model.hyperparameters
    network = RecurrentNetwork(
        hyperparameters,
        len(model.vocabulary_),
        len(model.label_names_),
        mixed=model.precision == "bfloat16",
    ).to(model.device)
    size = hyperparameters.batch_size
    steps = -(-len(data.batches) // size)
    if hyperparameters.pretrain_epochs:
        title = "Pretraining" if bar else None
        with own_random_state(model.seed):  # the same whatever the head has drawn
            model.pretraining_ = Pretraining(
                network,
                hyperparameters,
                texts,
                steps,
                lambda epoch: seeded_batches(data, size, (model.seed, epoch, PRETRAINING), title),
            )
    objective = partial(training_loss, network, hyperparameters)
    descent = Descent(network, hyperparameters, steps, objective)
    model.network_, model.descent_ = descent.outcome, descent

    def run_pass(epoch: int) -> dict[str, float]:
        title = f"Epoch {epoch + 1}/{hyperparameters.epochs}" if bar else None
        return descent.run_pass(data, seeded_batches(data, size, (model.seed, epoch), title))

    return run_pass
