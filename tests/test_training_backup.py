"""Interrupted training goes on from its last whole epoch, with the same result to the last bit."""

import os
import pickle
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import (
    AG_NEWS,
    Poison,
    RecordProperty,
    Stop,
    assert_same_training,
    bytes_lost,
    fit,
    needs_ag_news,
    whole_bytes,
)
from programs import PROGRAM, wait_for_epoch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from agnews_tune import BackupAndRestore, Classifier, load_corpus
from agnews_tune.errors import RecordWarning
from agnews_tune.records.reading import read_trial
from agnews_tune.training.callbacks import Callback, Logs
from agnews_tune.training.monitors import EarlyStopping, ModelCheckpoint

WATCHED = ("whole", "resumed")


def figures(model: Classifier) -> dict[str, list[float]]:
    history = model.history_.history
    return {name: values for name, values in history.items() if name != "seconds"}


def assert_same(expected: Classifier, received: Classifier) -> None:
    weights = received.network_.state_dict()
    assert figures(expected) == figures(received)
    assert expected.history_.epoch == received.history_.epoch
    for name, tensor in expected.network_.state_dict().items():
        assert torch.equal(tensor, weights[name]), name


@pytest.mark.parametrize("validation_split", [0.25, 0.0])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("stopped_at", [1, 3])
def test_interrupted_fit_goes_on(
    cell: str, stopped_at: int, validation_split: float, tmp_path: Path
) -> None:
    """Weights, every epoch's figures and the best epoch are those of a fit never stopped."""
    backup = BackupAndRestore(tmp_path / "backup.safetensors")
    with pytest.raises(KeyboardInterrupt):
        fit(backup, Stop(stopped_at), cell=cell, validation_split=validation_split)
    whole, resumed = (
        fit(cell=cell, validation_split=validation_split),
        fit(backup, Stop(stopped_at - 1), cell=cell, validation_split=validation_split),
    )

    assert_same(whole, resumed)
    if validation_split:
        assert whole.restore_best_weights() == resumed.restore_best_weights()
        assert_same(whole, resumed)


@pytest.mark.parametrize("stopped_at", [1, 3])
def test_interrupted_fit_with_everything_goes_on(stopped_at: int, tmp_path: Path) -> None:
    """So does one with a schedule, averaged weights and every kind of dropout."""
    everything = {
        "bigram_buckets": 7,
        "num_layers": 2,
        "bidirectional": True,
        "pooling": "max+attention",
        "warmup": 0.2,
        "schedule": "cosine",
        "weight_decay": 0.01,
        "clip_norm": 0.5,
        "label_smoothing": 0.1,
        "adversarial_norm": 1,
        "word_dropout": 0.1,
        "embedding_dropout": 0.2,
        "locked_dropout": 0.3,
        "ema_decay": 0.8,
    }
    backup = BackupAndRestore(tmp_path / "backup.safetensors")
    with pytest.raises(KeyboardInterrupt):
        fit(backup, Stop(stopped_at), **everything)
    resumed = fit(backup, Stop(stopped_at - 1), **everything)

    assert_same(fit(**everything), resumed)


def test_finished_fit_is_not_trained_again(tmp_path: Path) -> None:
    """Where every epoch is done, fit only puts the state back."""
    backup = BackupAndRestore(tmp_path / "backup.safetensors")

    assert_same(fit(backup), fit(backup, Stop(0), Stop(3)))


@pytest.mark.fault("damage")
@pytest.mark.parametrize("stopped_at", [1, 2])
def test_callbacks_count_the_epochs_before_a_restart(stopped_at: int, tmp_path: Path) -> None:
    """Training stops in the same epoch, and the same epochs are the best so far."""

    def watchers(folder: str) -> list[Callback]:
        return [
            EarlyStopping("val_loss", min_delta=10, patience=3),
            ModelCheckpoint(tmp_path / folder / "{epoch}", "val_loss"),
        ]

    whole = fit(*watchers("whole"), epochs=8)
    backup = BackupAndRestore(tmp_path / "backup.safetensors")
    with pytest.raises(KeyboardInterrupt):
        fit(*watchers("resumed"), backup, Stop(stopped_at), epochs=8)
    resumed = fit(*watchers("resumed"), backup, epochs=8)
    again = fit(*watchers("again"), backup, Stop(4), epochs=8)

    assert [0, 1, 2, 3] == whole.history_.epoch
    assert_same(whole, resumed)
    assert_same(whole, again)
    saved = [sorted(path.name for path in (tmp_path / name).iterdir()) for name in WATCHED]
    assert saved[0] == saved[1]
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize("change", ["labels", "words", "validation", "soft targets"])
def test_backup_of_other_rows_is_not_used(change: str, tmp_path: Path) -> None:
    """As many texts with as many words are not the same texts."""
    texts, labels = ["good film", "bad film"] * 8, ["yes", "no"] * 8
    changes: dict[str, dict[str, Any]] = {
        "labels": {"labels": labels[::-1]},
        "words": {"texts": [text[::-1] for text in texts]},
        "validation": {"validation_split": 0.5},
        "soft targets": {"soft_targets": [[0.2, 0.8], [0.8, 0.2]] * 8},
    }
    settings = {"hidden_dim": 4, "embedding_dim": 4, "min_count": 0, "epochs": 1}
    given = {"texts": texts, "labels": labels, "verbose": 0}
    backup = BackupAndRestore(tmp_path / "backup.safetensors")
    Classifier(**settings).fit(**given, callbacks=[backup])
    Classifier(**settings).fit(**given, callbacks=[backup, Stop(0)])
    with pytest.raises(KeyboardInterrupt):
        Classifier(**settings).fit(**given | changes[change], callbacks=[backup, Stop(0)])


def test_another_key_is_not_used(tmp_path: Path) -> None:
    """What was trained with other settings or data starts over."""
    path = tmp_path / "backup.safetensors"
    fit(BackupAndRestore(path, key="old"))

    with pytest.raises(KeyboardInterrupt):
        fit(BackupAndRestore(path, key="new"), Stop(0))


def test_backup_of_another_precision_is_not_used(tmp_path: Path) -> None:
    """What a GPU began with bfloat16 does not go on with float32, nor the other way round."""
    texts, labels = ["good film", "bad film"] * 8, ["yes", "no"] * 8
    model = Classifier(hidden_dim=4, embedding_dim=4, min_count=0, epochs=1)
    for precision, other in (("float32", "bfloat16"), ("bfloat16", "float32")):
        backup = BackupAndRestore(tmp_path / f"{precision}.safetensors")
        model.precision = precision  # a CPU may calculate with both, and is offered one
        model.fit(texts, labels, callbacks=[backup], verbose=0)
        model.fit(texts, labels, callbacks=[backup, Stop(0)], verbose=0)
        model.precision = other
        with pytest.raises(KeyboardInterrupt):
            model.fit(texts, labels, callbacks=[backup, Stop(0)], verbose=0)


def test_soft_targets_may_differ_where_a_key_stands_for_them(tmp_path: Path) -> None:
    """A teacher's answers differ in the last bits on other hardware."""
    texts, labels = ["good film", "bad film"] * 8, ["yes", "no"] * 8
    soft = np.array([[0.2, 0.8], [0.8, 0.2]] * 8, np.float32)
    near = np.nextafter(soft, np.float32(0.5))
    settings = {"hidden_dim": 4, "embedding_dim": 4, "min_count": 0, "epochs": 1}

    def again(*, matter: bool) -> None:
        path = tmp_path / f"backup{matter}.safetensors"
        backup = BackupAndRestore(path, "key", soft_targets=matter)
        for targets, stop in ((soft, []), (near, [Stop(0)])):
            Classifier(**settings).fit(
                texts, labels, soft_targets=targets, callbacks=[backup, *stop], verbose=0
            )

    again(matter=False)
    with pytest.raises(KeyboardInterrupt):
        again(matter=True)


@pytest.mark.fault("damage")
def test_backup_of_another_network_is_not_used(tmp_path: Path) -> None:
    """Other hyperparameters start over, whatever the key."""
    backup = BackupAndRestore(tmp_path / "backup.safetensors")
    fit(backup, cell="rnn")

    assert_same(fit(cell="lstm"), fit(backup, cell="lstm"))


@pytest.mark.fault("damage")
def test_foreign_weights_are_left_aside(tmp_path: Path) -> None:
    """Weights that do not fit the network never get into it, not even in part."""
    path = tmp_path / "backup.safetensors"
    fit(BackupAndRestore(path))
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    tensors = load_file(path) | {"optimizer/3/exp_avg": torch.zeros(7)}
    save_file(tensors, path, metadata=metadata)
    with pytest.warns(RecordWarning) as warned:
        model = fit(BackupAndRestore(path))

    assert [
        f"{path}: damaged backup (optimizer/3/exp_avg is not that of the network); "
        "training starts over"
    ] == [str(item.message) for item in warned]
    assert_same(fit(), model)


@pytest.mark.fault("stranger")
@pytest.mark.parametrize("write", [pickle.dump, torch.save])
def test_poison_in_a_backup_is_never_executed(write: Callable[..., None], tmp_path: Path) -> None:
    """A pickle in its place is ignored, and the code in it does not run."""
    path, marker = tmp_path / "backup.safetensors", tmp_path / "marker"
    with path.open("wb") as file:
        write(Poison(marker), file)
    poison = path.read_bytes()
    with pytest.warns(RecordWarning, match="damaged backup"):
        model = fit(BackupAndRestore(path))

    assert not marker.exists()
    assert_same(fit(), model)
    assert b"marker" in poison


@pytest.mark.fault("damage")
def test_changed_weight_is_found_out(tmp_path: Path) -> None:
    """One bit of one weight is enough for the backup not to be used."""
    path = tmp_path / "backup.safetensors"
    fit(BackupAndRestore(path))
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    with pytest.warns(RecordWarning) as warned:
        model = fit(BackupAndRestore(path))

    expected = f"{path}: damaged backup (its checksum does not match); training starts over"
    assert [expected] == [str(item.message) for item in warned]
    assert_same(fit(), model)


@pytest.mark.fault("damage")
@pytest.mark.parametrize("part", [0.0, 0.001, 0.3, 0.999])
def test_damaged_backup_is_named_and_left_aside(part: float, tmp_path: Path) -> None:
    """A file that was cut anywhere is never taken for whole; training starts over."""
    path = tmp_path / "backup.safetensors"
    fit(BackupAndRestore(path))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    with pytest.warns(RecordWarning) as warned:
        model = fit(BackupAndRestore(path))

    (message,) = [str(item.message) for item in warned]
    assert message.startswith(f"{path}: damaged backup (")
    assert message.endswith("); training starts over")
    assert_same(fit(), model)


class TimedBackup(BackupAndRestore):
    """Measures how long it writes."""

    seconds = 0.0

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        started = time.perf_counter()
        super().on_epoch_end(epoch, logs)
        self.seconds += time.perf_counter() - started


@pytest.mark.fault("driver", 0)
@pytest.mark.slow
@needs_ag_news
def test_backup_is_cheap(tmp_path: Path, record_property: RecordProperty) -> None:
    """It takes under 5 % of the shortest epoch of the report grid."""
    backup = TimedBackup(tmp_path / "backup.safetensors")
    model = Classifier(epochs=1, device="cpu")
    texts, labels = load_corpus(str(AG_NEWS)).train
    history = model.fit(texts, labels, callbacks=[backup], verbose=0)
    epoch = history.history["seconds"][0]
    share = backup.seconds / epoch
    record_property(
        "figure",
        f"A backup of {model.count_parameters():,} parameters, {backup.filepath.stat().st_size:,} "
        f"bytes, was written in {backup.seconds:.2f} s: {share:.2%} of an epoch of the quickest "
        f"network of the report grid ({epoch:.0f} s, {len(texts):,} rows).",
    )

    assert share < 0.05


@pytest.mark.fault("driver")
@pytest.mark.timeout(900)
def test_killed_run_goes_on(tmp_path: Path, record_property: RecordProperty) -> None:
    """After kill -9 of the run, the same command ends with the bits of a run never stopped."""
    (tmp_path / "tiny.yaml").write_text(
        "data: {source: demo, limit_train: 4000}\n"
        "defaults: {embedding_dim: 32, hidden_dim: 32, epochs: 8}\n"
        "experiments: {gru: {cell: gru}}\n"
    )
    run = [PROGRAM, "run", "tiny.yaml", "--results"]
    folder = tmp_path / "stopped" / "tiny" / "gru-seed0"
    first = subprocess.Popen([*run, "stopped"], cwd=tmp_path, stdout=subprocess.DEVNULL)
    wait_for_epoch(folder, first)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    kept = whole_bytes(folder.parent)
    assert 0 < len(read_trial(folder).history) < 8
    second, whole = (
        subprocess.run([*run, name], cwd=tmp_path, capture_output=True, text=True, check=True)
        for name in ("stopped", "whole")
    )
    record_property("bytes_lost", bytes_lost(kept))

    assert 0 == bytes_lost(kept)
    assert "go on from epoch " in second.stdout
    assert "gru-seed0  epoch 1/8" not in second.stdout
    assert "gru-seed0  epoch 1/8" in whole.stdout
    assert_same_training(tmp_path / "whole/tiny/gru-seed0", folder)
    assert ["history.csv", "model", "result.json", "test_predictions.npz", "trial.json"] == sorted(
        path.name for path in folder.iterdir()
    )
