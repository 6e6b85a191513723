"""The model folder: ``config.json``, ``vocabulary.txt`` and ``weights.safetensors``, no pickle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from agnews_tune import __version__
from agnews_tune.errors import HyperparameterError, RecordError, WriteError
from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.networks.network import Network, make_network
from agnews_tune.sealed import DamagedError, check_beside, read_sealed, write_sealed
from agnews_tune.tensor_files import Shapes, first_difference, read_shapes, write_tensors
from agnews_tune.text.vocabulary import Vocabulary

FORMAT = 1
CONFIG, VOCABULARY, WEIGHTS = "config.json", "vocabulary.txt", "weights.safetensors"


class SavedModel(NamedTuple):
    """What a model folder holds, checked."""

    hyperparameters: Hyperparameters
    seed: int
    label_names: tuple[str, ...]
    vocabulary: Vocabulary
    weights: dict[str, Tensor]

    def build_network(self, device: torch.device) -> Network:
        """Return the network with its weights on a device."""
        with torch.device("meta"):  # weights that are replaced at once need not be drawn
            network = make_network(
                self.hyperparameters,
                len(self.vocabulary),
                len(self.label_names),
                pairs=len(self.weights.get("pairs", ())),
            )
        # Copied: what safetensors reads is the file itself in memory, and changes with it.
        weights = {name: tensor.to(device, copy=True) for name, tensor in self.weights.items()}
        network.load_state_dict(_converted(weights, torch.float32), assign=True)
        return network.to(device)


def write_model(folder: Path, model: SavedModel, *, half_precision: bool = False) -> None:
    """Write a model folder; existing files are replaced, the config with their checksums last.

    Args:
        folder: may exist or not.
        model: what the folder is to hold.
        half_precision: whether weights are rounded to float16 on disk.

    Raises:
        WriteError: the folder cannot be written, or a weight is too large for float16.
    """
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.weights.items()}
    if half_precision:
        weights = _halved(weights, folder)
    config = {
        "format": FORMAT,
        "agnews_tune": __version__,
        "hyperparameters": model.hyperparameters.to_dict(),
        "seed": model.seed,
        "label_names": list(model.label_names),
    }
    model.vocabulary.save(folder / VOCABULARY)
    write_tensors(folder / WEIGHTS, weights)
    write_sealed(folder / CONFIG, config, beside=(VOCABULARY, WEIGHTS))


def read_model(folder: Path) -> SavedModel:
    """Read a model folder; nothing in it can run code, and sizes are checked before they matter.

    Raises:
        RecordError: a file is missing, damaged, of another format or larger than the memory, or
            the weights are not those of the network that the config describes.
    """
    for name in (CONFIG, VOCABULARY, WEIGHTS):
        if not (folder / name).is_file():
            raise RecordError(
                f"{folder}: not a model folder, it has no {name}; "
                "expected a folder that Classifier.save or 'agnews-tune run' wrote"
            )
    config = _read_config(folder / CONFIG)
    hyperparameters, seed, label_names = _model_in(config, folder / CONFIG)
    _check_size(folder / VOCABULARY)
    vocabulary = Vocabulary.load(folder / VOCABULARY)
    _check_file(folder, config, VOCABULARY, "vocabulary")
    _check_size(folder / WEIGHTS)
    weights_path = folder / WEIGHTS
    try:
        _check_shapes(
            read_shapes(weights_path),
            hyperparameters,
            len(vocabulary),
            len(label_names),
            weights_path,
        )
        _check_file(folder, config, WEIGHTS, "weights")
        weights = load_file(weights_path)
    except (SafetensorError, OSError) as error:
        raise _damaged(weights_path, "weights", error) from error
    return SavedModel(hyperparameters, seed, label_names, vocabulary, weights)


def _halved(weights: Mapping[str, Tensor], folder: Path) -> dict[str, Tensor]:
    halves = _converted(weights, torch.float16)
    for name, half in halves.items():
        if not torch.equal(half.isinf(), weights[name].isinf()):
            raise WriteError(
                f"{folder} cannot be saved in half precision: {name} has a weight beyond "
                f"{torch.finfo(half.dtype).max:g}, the largest; save it without half_precision"
            )
    return halves


def _converted(weights: Mapping[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
    """Return weights with their floating-point numbers in another type."""
    return {
        name: tensor.to(dtype) if tensor.is_floating_point() else tensor
        for name, tensor in weights.items()
    }


def _damaged(path: Path, kind: str, fault: object) -> RecordError:
    return RecordError(f"{path}: damaged {kind} ({fault}); save the model again")


def _check_size(path: Path) -> None:
    memory = psutil.virtual_memory().total
    size = path.stat().st_size
    if size > memory:
        raise RecordError(
            f"{path}: it has {size:,} bytes, and this machine has a memory of {memory:,}; "
            "load the model on a larger machine"
        )


def _check_file(folder: Path, config: Mapping[str, Any], name: str, kind: str) -> None:
    try:
        check_beside(folder / CONFIG, config, name)
    except DamagedError as error:
        raise _damaged(folder / name, kind, error) from error


def _check_shapes(
    received: Shapes,
    hyperparameters: Hyperparameters,
    words: int,
    classes: int,
    path: Path,
) -> None:
    pairs = next(iter(received.get("pairs", ())), 0)
    with torch.device("meta"):
        network = make_network(hyperparameters, words, classes, pairs=pairs)
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    if name := first_difference(expected, received):
        raise RecordError(
            f"{path}: the weights do not fit config.json: {name} must "
            f"have shape {expected.get(name)}; received {received.get(name)}; save the model again"
        )


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = read_sealed(path)
    except DamagedError as error:
        raise _damaged(path, "model config", error) from error
    if config.get("format") != FORMAT:
        raise RecordError(
            f"{path}: model format must be {FORMAT}; received {config.get('format')!r}; "
            f"this is agnews-tune {__version__}, the model was saved by another version"
        )
    return config


def _model_in(
    config: Mapping[str, Any], path: Path
) -> tuple[Hyperparameters, int, tuple[str, ...]]:
    try:
        names = tuple(map(str, config["label_names"]))
        return Hyperparameters.from_dict(config["hyperparameters"]), int(config["seed"]), names
    except HyperparameterError as error:
        raise RecordError(f"{path}: {error}; save the model again") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(path, "model config", f"{type(error).__name__}: {error}") from error
