"""What several test files share: made records and a small fitted Classifier."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from agnews_tune import records
from agnews_tune.hyperparameters import Hyperparameters

if TYPE_CHECKING:
    from agnews_tune import Classifier

# More threads than free cores wait for each other: on a busy machine seconds became minutes.
os.environ.setdefault("OMP_NUM_THREADS", "1")

WriteRecord = Callable[..., Path]

DATA = {
    "name": "tickets.csv",
    "fingerprint": "0123456789abcdef",
    "label_names": ["calm", "urgent"],
    "train_rows": 9000,
    "validation_rows": 1000,
    "test_rows": 2500,
}
RESULT = {
    "validation_accuracy": 0.81,
    "validation_loss": 0.51,
    "test_accuracy": 0.8,
    "test_loss": 0.52,
    "test_accuracy_last": 0.79,
    "test_loss_last": 0.53,
    "best_epoch": 2,
    "epochs": 2,
    "parameters": 12345,
    "seconds": 3.0,
}


def make_history(epochs: int, shift: float = 0.0) -> list[dict[str, float]]:
    return [
        {
            "epoch": epoch,
            "loss": 1 / epoch + shift,
            "accuracy": 0.95 - 0.4 / epoch - shift,
            "val_loss": 1.2 / epoch + 0.05 * epoch + shift,
            "val_accuracy": 0.9 - 0.3 / epoch - shift,
            "learning_rate": 0.001,
            "seconds": 1.5,
        }
        for epoch in range(1, epochs + 1)
    ]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """An empty disk of 600 kB."""
    folder = tmp_path / "small disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", folder]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a disk of our own takes the rights to mount one")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


class Poison:
    """Makes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., None], tuple[Path]]:
        return Path.touch, (self.marker,)


def wait_for(path: Path, process: "subprocess.Popen[Any]") -> None:
    """Wait until a file is there; the process that is to write it must not end before."""
    while not path.exists():
        assert process.poll() is None, f"the process ended before there was a {path.name}"
        time.sleep(0.02)


def descendants(process: int) -> dict[int, str]:
    """Return the title of every process that stems from this one, by its number."""
    parents, titles = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            status = (folder / "status").read_text()
            titles[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ").strip()
            parents[int(folder.name)] = int(status.partition("PPid:")[2].split()[0])
    found = {process}
    while new := {number for number, parent in parents.items() if parent in found} - found:
        found |= new
    return {number: titles[number] for number in found - {process}}


def assert_same_training(expected: Path, received: Path) -> None:
    """Compare two finished trials, times apart: history, figures, predictions and weights."""
    from safetensors.numpy import load_file

    records_of = [records.read_trial(folder) for folder in (expected, received)]
    for record in records_of:
        assert record.result
        for figures in (*record.history, record.result):
            for name in ("seconds", "finished", "checksum"):
                figures.pop(name, None)
    assert records_of[0].history == records_of[1].history
    assert records_of[0].result == records_of[1].result
    for name, read in (("test_predictions.npz", np.load), ("model/weights.safetensors", load_file)):
        arrays = [read(folder / name) for folder in (expected, received)]
        assert set(arrays[0]) == set(arrays[1])
        for key in arrays[0]:
            np.testing.assert_array_equal(arrays[0][key], arrays[1][key])


@pytest.fixture
def write_record() -> WriteRecord:
    """Write a made record, finished unless ``result`` is None, after the others of its run."""

    def write(
        run: Path,
        experiment: str,
        seed: int = 0,
        *,
        history: list[dict[str, float]] | None = None,
        result: dict[str, Any] | None = RESULT,
        **trial: Any,
    ) -> Path:
        folder = run / f"{experiment}-seed{seed}"
        description = {
            "experiment": experiment,
            "parent": None,
            "change": "baseline",
            "published": {},
            "hyperparameters": Hyperparameters(epochs=2).to_dict(),
            "seed": seed,
            "data": DATA,
            "position": len(list(run.glob("*/trial.json"))),
            "key": "made",
        }
        records.write_trial(folder, description | trial)
        key = (description | trial)["key"]
        rows = make_history(2) if history is None else history
        records.write_history(folder, key, rows)
        if result is not None:
            records.write_result(folder, key, RESULT | {"epochs": len(rows)} | result)
        return folder

    return write


@pytest.fixture(scope="session")
def tiny_model() -> "Classifier":
    """A Classifier of three classes, fitted on a dozen texts; tests only read it."""
    from agnews_tune import Classifier

    texts = [
        "the striker scored twice",
        "shares fell on monday",
        "a probe reached the comet",
        "the keeper saved a penalty",
        "the bank raised its rates",
        "engineers built a faster chip",
    ] * 2
    labels = ["Sports", "Business", "Sci/Tech"] * 4
    model = Classifier(hidden_dim=4, embedding_dim=4, min_count=0, epochs=1, device="cpu")
    model.fit(texts, labels, verbose=0)
    return model
