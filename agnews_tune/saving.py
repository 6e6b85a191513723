"""The model folder: ``config.json``, ``vocabulary.txt`` and ``weights.safetensors``, no pickle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from agnews_tune import __version__
from agnews_tune.errors import HyperparameterError, RecordError
from agnews_tune.files import write_bytes, write_text
from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.text import Vocabulary

FORMAT = 1


class SavedModel(NamedTuple):
    """What a model folder holds, checked but for the weights' shapes."""

    hyperparameters: Hyperparameters
    seed: int
    label_names: tuple[str, ...]
    vocabulary: Vocabulary
    weights: dict[str, Tensor]


def write_model(folder: Path, model: SavedModel) -> None:
    """Write a model folder; existing files are replaced, the weights last."""
    config = {
        "format": FORMAT,
        "agnews_tune": __version__,
        "hyperparameters": model.hyperparameters.to_dict(),
        "seed": model.seed,
        "label_names": list(model.label_names),
    }
    write_text(folder / "config.json", json.dumps(config, indent=2, ensure_ascii=False) + "\n")
    model.vocabulary.save(folder / "vocabulary.txt")
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.weights.items()}
    write_bytes(folder / "weights.safetensors", save(weights))


def read_model(folder: Path) -> SavedModel:
    """Read a model folder; nothing in it can run code.

    Raises:
        RecordError: a file is missing, damaged or of another format.
    """
    for name in ("config.json", "vocabulary.txt", "weights.safetensors"):
        if not (folder / name).is_file():
            raise RecordError(
                f"{folder}: not a model folder, it has no {name}; "
                "expected a folder that Classifier.save or 'agnews-tune run' wrote"
            )
    hyperparameters, seed, label_names = _read_config(folder / "config.json")
    vocabulary = Vocabulary.load(folder / "vocabulary.txt")
    weights_path = folder / "weights.safetensors"
    try:
        weights = load_file(weights_path)
    except (SafetensorError, OSError) as error:
        raise RecordError(
            f"{weights_path}: damaged weights ({error}); save the model again"
        ) from error
    return SavedModel(hyperparameters, seed, label_names, vocabulary, weights)


def _read_config(path: Path) -> tuple[Hyperparameters, int, tuple[str, ...]]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        if config["format"] != FORMAT:
            raise RecordError(
                f"{path}: model format must be {FORMAT}; received {config['format']!r}; "
                f"this is agnews-tune {__version__}, the model was saved by another version"
            )
        names = tuple(map(str, config["label_names"]))
        return Hyperparameters.from_dict(config["hyperparameters"]), int(config["seed"]), names
    except HyperparameterError as error:
        raise RecordError(f"{path}: {error}; save the model again") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordError(
            f"{path}: damaged model config ({type(error).__name__}: {error}); save the model again"
        ) from error


def load_weights(network: nn.Module, weights: dict[str, Tensor], folder: Path) -> None:
    """Put weights into a network.

    Raises:
        RecordError: names or shapes are not those of the network that the config describes.
    """
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    received = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if expected != received:
        differing = sorted(
            name for name in expected | received if expected.get(name) != received.get(name)
        )
        name = differing[0]
        raise RecordError(
            f"{folder / 'weights.safetensors'}: the weights do not fit config.json: {name} must "
            f"have shape {expected.get(name)}; received {received.get(name)}; save the model again"
        )
    network.load_state_dict(weights)
