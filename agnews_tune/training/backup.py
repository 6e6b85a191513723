"""Training that goes on where it was stopped: a backup of its state after each epoch."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from safetensors import SafetensorError, safe_open

from agnews_tune.errors import RecordWarning
from agnews_tune.hyperparameters import decisive
from agnews_tune.tensor_files import Shapes, first_difference, read_shapes, write_tensors
from agnews_tune.training.callbacks import Callback, Logs

if TYPE_CHECKING:
    from torch import Tensor

    from agnews_tune.networks.language_model import LanguageModel
    from agnews_tune.networks.recurrent import RecurrentNetwork
    from agnews_tune.training.descent import Descent

    AnyDescent: TypeAlias = Descent[RecurrentNetwork] | Descent[LanguageModel]

WEIGHTS, AVERAGE, BEST, OPTIMIZER = "weights/", "average/", "best/", "optimizer/"


class BackupAndRestore(Callback):
    """Save the state of training after each epoch, and go on from it where ``fit`` starts again.

    Called again with the same texts, labels, hyperparameters, seed and precision, an interrupted
    ``fit`` does only the epochs that are missing; on the same CPU the result is the same to the
    last bit. A backup of anything else is not used. No pickle is involved.

    Args:
        filepath: where the state is kept, one safetensors file.
        key: stands for what else decides what is learnt; a backup with another one is not used.
        soft_targets: whether other soft targets are another training; predicted anew on other
            hardware, the same ones differ in their last bits, and ``key`` may stand for them.

    Warns:
        RecordWarning: the backup is damaged; training then starts over.
    """

    def __init__(self, filepath: str | Path, key: str = "", *, soft_targets: bool = True) -> None:
        self.filepath = Path(filepath)
        self.key = key
        self.soft_targets = soft_targets

    def on_train_begin(self) -> None:
        """Put back the state of an earlier fit, if there is one."""
        if self.model.descent_ is None or not self.filepath.exists():
            return
        try:
            with safe_open(self.filepath, framework="pt") as file:
                metadata = file.metadata()
                state = json.loads(metadata["state"])
                if state["identity"] != self._identity():
                    return
                descent: AnyDescent = self.model.descent_
                if self.model.pretraining_ and "history" not in state:
                    descent = self.model.pretraining_.descent
                _check_shapes(descent, read_shapes(self.filepath))
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            if metadata["checksum"] != _checksum(metadata["state"], tensors):
                raise ValueError("its checksum does not match")
        except (
            SafetensorError,
            OSError,
            ValueError,
            LookupError,
            TypeError,
            RecursionError,
        ) as error:
            message = f"{self.filepath}: damaged backup ({error}); training starts over"
            warnings.warn(message, RecordWarning, stacklevel=2)
            return
        self._restore(descent, state, tensors)

    def on_pretrain_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Save the state as it is after this epoch of pretraining."""
        if self.model.pretraining_:
            self._write(self.model.pretraining_.descent, {}, {})

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Save the state as it is after this epoch; a linear model is done in one."""
        descent = self.model.descent_
        if descent is None:
            return
        best = self.model.best_weights_
        state: dict[str, Any] = {"history": self.model.history_.history}
        tensors = {}
        if best is not None:
            tensors = _named(BEST, best.weights)
            state |= {"best": best.best, "best_epoch": best.epoch}
        self._write(descent, state, tensors)

    def _write(
        self, descent: AnyDescent, state: dict[str, Any], tensors: dict[str, Tensor]
    ) -> None:
        tensors = tensors | _named(WEIGHTS, descent.network.state_dict())
        for number, values in descent.optimizer.state_dict()["state"].items():
            tensors |= _named(f"{OPTIMIZER}{number}/", values)
        if descent.average:
            tensors |= _named(AVERAGE, descent.outcome.state_dict())
        state = state | {"identity": self._identity()}
        if self.model.pretraining_:
            state["pretraining"] = self.model.pretraining_.history
        text = json.dumps(state)
        metadata = {"state": text, "checksum": _checksum(text, tensors)}
        write_tensors(self.filepath, tensors, metadata)

    def _identity(self) -> list[Any]:
        model = self.model
        settings = decisive(model.hyperparameters.to_dict())
        rows = [model.fingerprint_, model.soft_fingerprint_ if self.soft_targets else ""]
        identity = [self.key, settings, model.seed, list(model.label_names_), *rows]
        # Backups of earlier versions name none, and are taken for float32.
        return identity if model.precision == "float32" else [*identity, model.precision]

    def _restore(
        self, descent: AnyDescent, state: dict[str, Any], tensors: dict[str, Tensor]
    ) -> None:
        model, best = self.model, self.model.best_weights_
        optimizer = descent.optimizer.state_dict()
        optimizer["state"] = {
            number: _part(f"{OPTIMIZER}{number}/", tensors) for number in _numbers(tensors)
        }
        descent.network.load_state_dict(_part(WEIGHTS, tensors))
        if descent.average:
            descent.outcome.load_state_dict(_part(AVERAGE, tensors))
        descent.optimizer.load_state_dict(optimizer)
        done = state.get("history") or state["pretraining"]
        descent.skip(len(done["loss"]))
        if model.pretraining_:
            model.pretraining_.history = state["pretraining"]
        if "history" not in state:
            return
        model.history_.history = state["history"]
        model.history_.epoch = list(range(len(done["loss"])))
        if best is not None:
            best.best, best.epoch = state["best"], state["best_epoch"]
            best.weights = {
                name: tensor.to(model.device) for name, tensor in _part(BEST, tensors).items()
            }


def _checksum(state: str, tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256(state.encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(name.encode())
        digest.update(tensor.contiguous().numpy().data)
    return digest.hexdigest()


def _check_shapes(descent: AnyDescent, received: Shapes) -> None:
    prefixes = [WEIGHTS, *([AVERAGE] if descent.average else [])]
    prefixes += [BEST] if any(name.startswith(BEST) for name in received) else []
    expected = {
        prefix + name: tuple(tensor.shape)
        for prefix in prefixes
        for name, tensor in descent.network.state_dict().items()
    }
    weights = [weight for group in descent.optimizer.param_groups for weight in group["params"]]
    for number in _numbers(received):
        weight = weights[number]
        for name in ("exp_avg", "exp_avg_sq"):
            expected[f"{OPTIMIZER}{number}/{name}"] = tuple(weight.shape)
        expected[f"{OPTIMIZER}{number}/step"] = ()
    if differing := first_difference(expected, received):
        raise ValueError(f"{differing} is not that of the network")


def _numbers(names: Iterable[str]) -> set[int]:
    """Return the numbers of the weights that have been stepped; some may not have been yet."""
    return {int(name.split("/")[1]) for name in names if name.startswith(OPTIMIZER)}


def _named(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + name: tensor.detach().cpu() for name, tensor in tensors.items()}


def _part(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }
