"""Pretraining: texts teach the network before labels do, and it can be interrupted."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from conftest import Stop, StopPretraining, assert_same_fit, fit

from agnews_tune import BackupAndRestore, Classifier
from agnews_tune.networks.adaptive_softmax import Rooms
from agnews_tune.training.batching import Batches
from agnews_tune.training.callbacks import Callback, Logs
from agnews_tune.training.descent import Descent

SETTINGS = {"pretrain_epochs": 3, "cell": "lstm", "learning_rate": 0.01}
KINDS = [
    SETTINGS,
    SETTINGS
    | {"bidirectional": True, "num_layers": 2, "layer_decay": 0.5, "schedule": "cosine"}
    | {"bigram_buckets": 5, "locked_dropout": 0.2, "ema_decay": 0.5, "pretrain_dropout": 0.3},
]


@pytest.mark.parametrize("settings", KINDS)
def test_language_is_learned_before_the_classes(settings: dict[str, object]) -> None:
    """The loss of guessing words falls; what was learned is where training starts."""
    model = fit(**settings | {"pretrain_epochs": 20})
    losses = model.pretraining_.history["loss"]

    assert 20 == len(losses)
    assert losses[-1] < 0.8 * losses[0]
    assert not hasattr(model.pretraining_, "descent")
    plain = fit(**settings | {"pretrain_epochs": 0})
    assert not torch.equal(plain.network_.embedding.weight, model.network_.embedding.weight)


@pytest.mark.parametrize("settings", KINDS)
@pytest.mark.parametrize("stopped_at", [0, 1, 2])
def test_interrupted_pretraining_goes_on(
    settings: dict[str, object], stopped_at: int, tmp_path: Path
) -> None:
    """Losses, weights and figures are those of a fit never stopped."""
    backup = BackupAndRestore(tmp_path / "backup.safetensors")
    with pytest.raises(KeyboardInterrupt):
        fit(backup, StopPretraining(stopped_at), **settings)
    resumed = fit(backup, StopPretraining(stopped_at), **settings)

    assert_same_fit(fit(**settings), resumed)


def test_training_after_it_is_not_pretrained_again(tmp_path: Path) -> None:
    """A fit that was stopped behind its pretraining goes on there."""
    backup = BackupAndRestore(tmp_path / "backup.safetensors")
    with pytest.raises(KeyboardInterrupt):
        fit(backup, Stop(1), **SETTINGS)

    assert_same_fit(fit(**SETTINGS), fit(backup, StopPretraining(0), Stop(0), **SETTINGS))


@pytest.mark.parametrize("settings", KINDS)
def test_validation_texts_are_measured(
    settings: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of their words counts alike, dropout is off, and nothing is learned from them."""
    texts, labels = ["a cup of tea", "shares", "monday tea"], ["Sports", "Business", "Sports"]
    expected = []

    class Measure(Callback):
        def on_pretrain_epoch_end(self, epoch: int, logs: Logs) -> None:  # noqa: ARG002
            encoded = self.model._encode(texts)
            (batch,) = Batches(encoded, self.model.device).by_length(1000)
            language = self.model.pretraining_.descent.network.eval()
            expected.append(language(batch.ids, batch.lengths).item())

    monkeypatch.setattr(Batches.by_length, "__defaults__", (6,))  # tokens: several batches
    small = {"hidden_dim": 4, "embedding_dim": 4, "min_count": 0, "batch_size": 4, "epochs": 1}
    with_validation, alone = (Classifier(**small | settings, device="cpu") for _ in range(2))
    for model, given in ((with_validation, {"validation_data": (texts, labels)}), (alone, {})):
        callbacks = [Measure()] if given else None
        model.fit(texts * 4, labels * 4, **given, callbacks=callbacks, verbose=0)
    received = with_validation.pretraining_.history

    assert expected == pytest.approx(received["val_loss"])
    assert {"loss", "seconds"} == set(alone.pretraining_.history)
    assert alone.pretraining_.history["loss"] == received["loss"]


@pytest.mark.parametrize("settings", KINDS)
def test_with_rooms_it_learns_the_same(
    settings: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU, also where a batch has more rare words than there is room for."""
    texts, labels = ["a cup of tea", "shares fell on monday", "a cup", "tea"] * 8, ["a", "b"] * 16
    small = {"hidden_dim": 4, "embedding_dim": 4, "min_count": 0, "batch_size": 4, "epochs": 1}
    taken = Counter()

    class MakeRooms(Callback):
        def on_train_begin(self) -> None:
            pretraining = self.model.pretraining_
            cutoffs = pretraining.descent.network.cutoffs
            pretraining.rooms = Rooms(cutoffs, self.model._encode(texts))

    def counted(name: str) -> Callable[..., object]:
        step = getattr(Descent, name)
        return lambda *inputs: taken.update([name]) or step(*inputs)

    losses = []
    for callback in (Callback(), MakeRooms()):
        model = Classifier(**small | settings, device="cpu")
        model.fit(texts, labels, callbacks=[callback], verbose=0)
        losses.append(model.pretraining_.history["loss"])
        for name in ("step", "step_alone"):
            monkeypatch.setattr(Descent, name, counted(name))

    assert taken["step"] > 4
    assert taken["step_alone"] > 4
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_a_callback_ends_it() -> None:
    """And with it the fit, before the next epoch of either kind."""

    class StopTraining(Callback):
        def on_pretrain_epoch_end(self, epoch: int, logs: Logs) -> None:  # noqa: ARG002
            self.model.stop_training = epoch == 1

    model = fit(StopTraining(), **SETTINGS)

    assert 2 == len(model.pretraining_.history["loss"])
    assert [] == model.history_.epoch


def test_lines_show_it(capsys: pytest.CaptureFixture) -> None:
    """There is one line an epoch, with the losses that there are."""
    model = Classifier(hidden_dim=2, embedding_dim=2, min_count=0, epochs=1, pretrain_epochs=2)
    texts, labels = ["a cup of tea", "shares fell"] * 4, ["Sports", "Business"] * 4
    model.fit(texts, labels, verbose=2)
    model.fit(texts, labels, validation_data=(texts, labels), verbose=2)
    lines = capsys.readouterr().out.splitlines()
    losses, measured = (model.pretraining_.history[name] for name in ("loss", "val_loss"))
    first, second = (
        f"Pretraining {number}/2  loss {losses[number - 1]:.4f}  " for number in (1, 2)
    )

    assert 6 == len(lines)
    assert lines[0].startswith(first)
    assert lines[1].startswith(second)
    assert lines[3].startswith(f"{first}val_loss {measured[0]:.4f}  ")
    assert lines[4].startswith(f"{second}val_loss {measured[1]:.4f}  ")
