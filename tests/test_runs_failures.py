"""Causes of failures are one line that says what to do."""

import pytest
import torch

from agnews_tune import Classifier
from agnews_tune.errors import GridError, TrialError
from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.runs.failures import FailOnDivergence, describe_failure

TEXTS, LABELS = ["the cup was won", "shares fell on monday"] * 8, ["Sports", "Business"] * 8


@pytest.mark.fault("raises")
def test_diverged_training_names_epoch_and_remedy() -> None:
    """A network whose loss is no number ends its training after that epoch."""
    model = Classifier(
        hidden_dim=4, embedding_dim=4, min_count=0, batch_size=4, learning_rate=1e39, device="cpu"
    )
    with pytest.raises(TrialError) as caught:
        model.fit(TEXTS, LABELS, callbacks=[FailOnDivergence()], verbose=0)

    assert (
        "loss is nan after epoch 1: training diverged; choose a smaller learning_rate (it is 1e+39)"
    ) == str(caught.value)


@pytest.mark.fault("raises")
def test_diverged_pretraining_is_named_so() -> None:
    """It ends before there is a first epoch of training."""
    model = Classifier(
        hidden_dim=4, embedding_dim=4, min_count=0, learning_rate=1e39, pretrain_epochs=1
    )
    with pytest.raises(TrialError) as caught:
        model.fit(TEXTS * 4, LABELS * 4, callbacks=[FailOnDivergence()], verbose=0)

    assert (
        "loss is nan after epoch 1 of pretraining: training diverged; choose a smaller "
        "learning_rate (it is 1e+39)"
    ) == str(caught.value)


def test_losses_that_are_numbers_pass() -> None:
    """With and without validation rows."""
    model = Classifier(hidden_dim=4, embedding_dim=4, min_count=0, epochs=2, device="cpu")
    for split in (0.0, 0.25):
        history = model.fit(
            TEXTS, LABELS, validation_split=split, callbacks=[FailOnDivergence()], verbose=0
        )
        assert [0, 1] == history.epoch


@pytest.mark.fault("raises")
def test_memory_that_torch_cannot_get() -> None:
    """400 TB are refused by any machine; the cause says what can be made smaller."""
    with pytest.raises(RuntimeError) as caught:
        torch.empty(10**14)

    assert describe_failure(caught.value, Hyperparameters(batch_size=64)) == (
        "out of memory: run it again with a smaller --max-concurrent, half its batch_size "
        "(it is 64) or a smaller network"
    )


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB.\nSee ..."),
            "out of GPU memory: run it again with twice the --gpus-per-trial, half its "
            "batch_size (it is 32) or a smaller network",
        ),
        (
            MemoryError(),
            "out of memory: run it again with a smaller --max-concurrent, half its batch_size "
            "(it is 32) or a smaller network",
        ),
        (GridError("grid.yaml: 2 faults\n  line 1: a"), "grid.yaml: 2 faults line 1: a"),
        (KeyError("cell"), "KeyError: 'cell'"),
        (ValueError("first\n\n   second"), "ValueError: first second"),
    ],
)
def test_cause_is_one_line(error: Exception, expected: str) -> None:
    """Errors of this package speak for themselves; others are named with their kind."""
    assert expected == describe_failure(error, Hyperparameters())
