"""Pretraining: texts teach the network before labels do, and it can be interrupted."""

from pathlib import Path

import pytest
import torch
from conftest import Stop, StopPretraining, assert_same_fit, fit

from agnews_tune import BackupAndRestore, Classifier

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


def test_lines_show_it(capsys: pytest.CaptureFixture) -> None:
    """There is one line an epoch, with the loss alone."""
    model = Classifier(hidden_dim=2, embedding_dim=2, min_count=0, epochs=1, pretrain_epochs=2)
    model.fit(["a cup of tea", "shares fell"] * 4, ["Sports", "Business"] * 4, verbose=2)
    lines = capsys.readouterr().out.splitlines()
    losses = model.pretraining_.history["loss"]

    assert 3 == len(lines)
    assert lines[0].startswith(f"Pretraining 1/2  loss {losses[0]:.4f}  ")
    assert lines[1].startswith(f"Pretraining 2/2  loss {losses[1]:.4f}  ")
