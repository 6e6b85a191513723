"""Weights that were pretrained before, kept for every fit that would pretrain just the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from agnews_tune import __version__
from agnews_tune.cache import find_entry, make_entry, making
from agnews_tune.hyperparameters import LANGUAGE_MODEL
from agnews_tune.tensor_files import write_tensors
from agnews_tune.text.encoding import EncodedTexts
from agnews_tune.training.callbacks import Callback, Logs
from agnews_tune.training.pretraining import Pretraining

KIND = "pretrained"
WEIGHTS = "weights.safetensors"
DECISIVE = (
    *("cell", "mask_padding", "embedding_std", "pretrain_epochs", "pretrain_dropout"),
    *("batch_size", "learning_rate", "weight_decay", "schedule", "warmup", "clip_norm"),
)  # the hyperparameters that count, beside those that show in the weights' names and shapes


class ReusePretraining(Callback):
    """Take the weights of an earlier pretraining like this one, or keep those of this one.

    Texts, seed, precision, kind of device and what decides the language model must be the same;
    pooling, dropout, labels and all else that counts for what comes after may differ. The weights
    are those of a pretraining of its own, to the last bit on the same CPU. They lie in the cache,
    which ``agnews_tune.cache`` describes. A fit waits while another one pretrains alike; close it
    after ``fit``.

    Args:
        texts: the training texts of the fit, then those that it is validated on.
        callbacks: told where it waits.
    """

    def __init__(self, texts: Sequence[EncodedTexts], callbacks: Sequence[Callback] = ()) -> None:
        self.texts = texts
        self.callbacks = callbacks
        self.waiting = ExitStack()

    def close(self) -> None:
        """Let a waiting fit go on, where this one ended in its pretraining."""
        self.waiting.close()

    def on_train_begin(self) -> None:
        """Put in what is kept, unless a backup has put back a whole pretraining."""
        pretraining = self.model.pretraining_
        if pretraining is None or self.model.history_.epoch:
            return
        self.key = self._key(pretraining)
        self.waiting.enter_context(making(KIND, self.key, self._tell))
        entry = find_entry(KIND, self.key)
        if entry and not pretraining.is_done:
            with suppress(OSError):  # deleted since it was found
                weights = load_file(entry.folder / WEIGHTS)
                pretraining.take_over(weights, entry.content["history"])
        self._keep(pretraining)

    def on_pretrain_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Keep the weights after the last epoch of pretraining."""
        if self.model.pretraining_:
            self._keep(self.model.pretraining_)

    def _tell(self) -> None:
        for callback in self.callbacks:
            callback.on_pretrain_wait()

    def _keep(self, pretraining: Pretraining) -> None:
        """Keep the weights where pretraining is done, and let others have them."""
        if not pretraining.is_done:
            return

        def write(folder: Path) -> dict[str, Any]:
            weights = {name: weight.cpu() for name, weight in pretraining.weights().items()}
            write_tensors(folder / WEIGHTS, weights)
            return {"history": pretraining.history}

        if not find_entry(KIND, self.key):
            make_entry(KIND, self.key, write)
        self.waiting.close()

    def _key(self, pretraining: Pretraining) -> str:
        model = self.model
        threads = torch.get_num_threads() if model.device.type == "cpu" else None
        settings = model.hyperparameters.to_dict()
        decisive = [LANGUAGE_MODEL, __version__, torch.__version__, model.device.type, threads]
        decisive += [model.precision, model.seed, {name: settings[name] for name in DECISIVE}]
        decisive += [pretraining.shapes(), *map(len, self.texts)]
        digest = hashlib.sha256(json.dumps(decisive).encode())
        for texts in self.texts:
            digest.update(texts.offsets.data)
            digest.update(texts.ids.data)
        return digest.hexdigest()
