"""The Classifier: fit, evaluate, predict, save and load, as in Keras."""

from __future__ import annotations

from collections.abc import Iterable
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from agnews_tune.corpus.splits import Labels
from agnews_tune.encoded_rows import as_encoded, encode_rows
from agnews_tune.errors import HyperparameterError, NotFittedError
from agnews_tune.extras import check_installed
from agnews_tune.fitting import begin
from agnews_tune.hyperparameters import Hyperparameters, as_plain, differing
from agnews_tune.inputs import (
    SoftTargets,
    Texts,
    check_for_linear,
    check_labelled,
    check_texts,
    prepare_training,
)
from agnews_tune.networks.network import Network
from agnews_tune.networks.recurrent import RecurrentNetwork
from agnews_tune.saving import SavedModel, read_model, write_model
from agnews_tune.text.encoding import EncodedTexts
from agnews_tune.text.vocabulary import Vocabulary
from agnews_tune.training.batching import Batches, LabelledBatches
from agnews_tune.training.callbacks import Callback, EpochLines, History, as_callbacks
from agnews_tune.training.descent import Descent
from agnews_tune.training.device import as_tensor, choose_precision, find_device
from agnews_tune.training.evaluation import evaluate, predict_logits
from agnews_tune.training.loop import own_random_state, train
from agnews_tune.training.monitors import BestWeights
from agnews_tune.training.pretraining import Pretraining

SEEDS = 2**64  # that torch takes


class Classifier:
    """A text classifier in the manner of Keras: a recurrent network, or a linear yardstick.

    ``Classifier(cell="gru", hidden_dim=64).fit(texts, labels)`` learns the vocabulary and the
    network; ``predict`` takes texts as they are.

    Args:
        seed: decides first weights, order of rows and dropout; the same seed on the same CPU with
            as many threads gives the same weights to the last bit.
        device: as for ``torch.device``; by default the GPU where there is one, else the CPU.
        precision: ``float32``, ``bfloat16`` where a GPU calculates with it, or ``auto``, which is
            float32.
        hyperparameters: any of ``agnews_tune.hyperparameters.Hyperparameters``, with its defaults.

    Attributes:
        hyperparameters: the checked hyperparameters.
        precision: the one that was chosen.
        stop_training: a callback sets it to end ``fit`` before the next epoch, of pretraining too.
        vocabulary_: known words, after ``fit`` or ``load``.
        label_names_: names of the classes, in the order of the probabilities' columns.
        fingerprint_: hash of the rows that ``fit`` trains and validates with.
        soft_fingerprint_: hash of the soft targets among them.
        network_: the ``torch.nn.Module``.
        pretraining_: losses of ``fit`` as a language model; None without ``pretrain_epochs``.
        descent_: optimizer, schedule and averaged weights while ``fit`` trains a recurrent network;
            else None.
        best_weights_: the weights of the epoch with the best validation accuracy; None where
            ``fit`` had no validation data.
        history_: the History of ``fit``.

    Raises:
        HyperparameterError: with one line for each value that is not what was expected.
    """

    vocabulary_: Vocabulary
    label_names_: tuple[str, ...]
    fingerprint_: str
    soft_fingerprint_: str
    network_: Network
    pretraining_: Pretraining | None
    descent_: Descent[RecurrentNetwork] | None
    best_weights_: BestWeights | None
    history_: History
    __signature__: Signature

    def __init__(
        self,
        *,
        seed: int = 0,
        device: str | None = None,
        precision: str = "auto",
        **hyperparameters: Any,
    ) -> None:
        self._constructed = Hyperparameters.from_dict(hyperparameters)
        self.hyperparameters = self._constructed
        seed = as_plain(seed)
        if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < SEEDS:
            raise HyperparameterError(
                f"seed must be a whole number from 0 to {SEEDS - 1}; received {seed!r}"
            )
        self.seed = seed
        self.device = find_device(device)
        self.precision = choose_precision(precision, self.device)
        self.stop_training = False

    def fit(
        self,
        texts: Texts,
        labels: npt.ArrayLike,
        *,
        validation_data: tuple[Texts, npt.ArrayLike] | None = None,
        validation_split: float = 0.0,
        soft_targets: npt.ArrayLike | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        callbacks: Iterable[Callback] | None = None,
        verbose: int = 1,
    ) -> History:
        """Learn the vocabulary and the network anew from texts and labels.

        After it the network holds the weights of the last epoch; ``restore_best_weights`` puts in
        those of the epoch with the best validation accuracy.

        Args:
            texts: training texts.
            labels: their classes: names, numbers, or the Labels of a Corpus. The name of a number
                is the number as text: of 1 it is ``"1"``.
            validation_data: texts and labels that are measured after each epoch.
            validation_split: in place of ``validation_data``, the fraction of the rows of each
                class that is held out for it.
            soft_targets: probabilities of the classes ``(texts, classes)``, as ``predict`` of other
                models gives them, that are learnt in place of the labels (Hinton et al. 2015,
                Distilling the knowledge in a neural network).
            epochs: replaces the constructor's in this fit.
            batch_size: replaces the constructor's in this fit.
            callbacks: called around each epoch, in order.
            verbose: 0 prints nothing, 1 a progress bar and a line an epoch, 2 the lines alone.

        Returns:
            The figures of each epoch.

        Raises:
            CorpusError: texts and labels that cannot be trained on.
            HyperparameterError: an argument that is not what was expected, or the library for this
                kind of model is not installed.
        """
        if verbose not in (0, 1, 2):
            raise HyperparameterError(f"verbose must be 0, 1 or 2; received {verbose!r}")
        given = {"epochs": epochs, "batch_size": batch_size}
        hyperparameters = Hyperparameters.from_dict(
            self._constructed.to_dict()
            | {name: value for name, value in given.items() if value is not None}
        )
        check_installed(hyperparameters)
        callbacks = as_callbacks(callbacks)
        given_rows = prepare_training(
            texts, labels, validation_data, validation_split, soft_targets
        )
        if hyperparameters.model == "linear":
            check_for_linear(given_rows)
        rows = encode_rows(given_rows, hyperparameters.preprocessing)
        data = self._data(*rows.train, rows.soft_targets)
        validation = self._data(*rows.validation) if rows.validation else None
        # Whatever stops fit before this line leaves the earlier network as it was; after it there
        # is none until the new one is there.
        self.__dict__.pop("network_", None)
        self.hyperparameters = hyperparameters
        self.label_names_ = rows.train.labels.names
        self.vocabulary_ = rows.train.texts.vocabulary
        self.fingerprint_ = rows.fingerprint()
        self.soft_fingerprint_ = rows.soft_fingerprint()
        self.history_ = History()
        self.best_weights_ = BestWeights() if validation else None
        own = [self.history_, *([self.best_weights_] if self.best_weights_ else [])]
        lines = [EpochLines()] if verbose else []
        self.stop_training = False
        try:
            with own_random_state(self.seed):
                run_pass = begin(self, rows.train.texts, data, bar=verbose == 1)
                train(self, run_pass, validation, [*own, *callbacks, *lines])
        finally:
            self.descent_ = None  # the optimizer's state is twice as large as the weights
        return self.history_

    def restore_best_weights(self) -> int:
        """Put in the weights of the epoch with the best validation accuracy.

        Returns:
            The number of that epoch, from 0.

        Raises:
            NotFittedError: there was no ``fit`` with validation data.
        """
        best = getattr(self, "best_weights_", None)
        if best is None or best.best is None:
            raise NotFittedError(
                "no best epoch is known: call fit() with validation_data or validation_split first"
            )
        self.network_.load_state_dict(best.weights)
        epoch: int = best.epoch
        return epoch

    def evaluate(self, texts: Texts, labels: npt.ArrayLike) -> dict[str, float]:
        """Return ``loss`` (mean cross-entropy in nats) and ``accuracy`` (fraction)."""
        self._check_fitted()
        texts, known = check_labelled(texts, labels, self.label_names_)
        return evaluate(self.network_, self._data(self._encode(texts), known))

    def predict(self, texts: Texts) -> npt.NDArray[np.float32]:
        """Return the probabilities of the classes ``(texts, classes)``, float32.

        The columns follow ``label_names_``.
        """
        self._check_fitted()
        check_texts(texts)
        logits = predict_logits(self.network_, Batches(self._encode(texts), self.device))
        return logits.softmax(dim=1).cpu().numpy()

    def predict_classes(self, texts: Texts) -> list[str]:
        """Return the name of the most probable class of each text, one of ``label_names_``."""
        return [self.label_names_[number] for number in self.predict(texts).argmax(axis=1)]

    def summary(self) -> None:
        """Print layers, their shapes and numbers of weights."""
        from tabulate import tabulate

        self._check_fitted()
        rows = []
        for name, layer in self.network_.named_modules():
            count = sum(weights.numel() for weights in layer.parameters(recurse=False))
            if count:
                kind = str(layer) if name else type(layer).__name__
                rows.append((name or "(itself)", kind, f"{count:,}"))
        print(tabulate(rows, ("layer", "kind", "parameters"), colalign=("left", "left", "right")))
        print(f"Parameters: {self.count_parameters():,}")

    def count_parameters(self) -> int:
        """Return the number of weights."""
        self._check_fitted()
        return sum(parameter.numel() for parameter in self.network_.parameters())

    def save(self, path: str | Path, *, half_precision: bool = False) -> None:
        """Write a model folder: ``config.json``, ``vocabulary.txt``, ``weights.safetensors``.

        Args:
            path: of the folder; existing files are replaced.
            half_precision: whether weights are rounded to float16 on disk, which halves their
                file; what is loaded from it calculates in float32 again.

        Raises:
            NotFittedError: there is no network yet.
            WriteError: the folder cannot be written, or a weight is too large for float16.
        """
        self._check_fitted()
        write_model(
            Path(path),
            SavedModel(
                self.hyperparameters,
                self.seed,
                self.label_names_,
                self.vocabulary_,
                self.network_.state_dict(),
            ),
            half_precision=half_precision,
        )

    @classmethod
    def load(cls, path: str | Path, device: str | None = None) -> Classifier:
        """Read a model folder; nothing in it can run code.

        Raises:
            RecordError: a file is missing, damaged or does not fit the others.
        """
        saved = read_model(Path(path))
        model = cls(**saved.hyperparameters.to_dict(), seed=saved.seed, device=device)
        model.vocabulary_ = saved.vocabulary
        model.label_names_ = saved.label_names
        model.network_ = saved.build_network(model.device)
        return model

    def __repr__(self) -> str:
        """Show what differs from the defaults."""
        settings = self.hyperparameters.to_dict()
        changed = differing(settings, Hyperparameters().to_dict())
        values = {name: settings[name] for name in changed} | {"seed": self.seed}
        return f"Classifier({', '.join(f'{name}={value!r}' for name, value in values.items())})"

    def _check_fitted(self) -> None:
        if not hasattr(self, "network_"):
            raise NotFittedError(
                "this Classifier has no network yet: call fit(texts, labels) first, "
                "or read a saved one with Classifier.load(path)"
            )

    def _encode(self, texts: Texts) -> EncodedTexts:
        return as_encoded(texts, self.vocabulary_, self.hyperparameters.preprocessing)

    def _data(
        self, texts: EncodedTexts, labels: Labels, soft: SoftTargets | None = None
    ) -> LabelledBatches:
        targets = None if soft is None else as_tensor(soft, self.device)
        return LabelledBatches(Batches(texts, self.device), as_tensor(labels, self.device), targets)


def _signature() -> Signature:
    own = signature(Classifier.__init__).parameters.values()
    keywords = [parameter for parameter in own if parameter.kind is Parameter.KEYWORD_ONLY]
    return Signature([*signature(Hyperparameters).parameters.values(), *keywords])


Classifier.__signature__ = _signature()  # help() and a notebook's completion show all of them
