"""That our AdamW takes torch's steps to the last bit, and never loads torch's compiler."""

from pathlib import Path

import pytest
import torch
from programs import loaded_after

from agnews_tune.training.adamw import AdamW

STEPS = 5


def take_steps(kind: type[torch.optim.AdamW], weight_decay: float) -> list[torch.Tensor]:
    """Return weights after steps with two rates, half of them from a state that was put back."""
    torch.manual_seed(0)
    weights = [torch.nn.Parameter(torch.randn(3, 4)), torch.nn.Parameter(torch.randn(4))]

    def build(rate: float, decay: float) -> torch.optim.AdamW:
        groups = [{"params": weights[:1]}, {"params": weights[1:], "lr": rate / 10}]
        return kind(groups, lr=rate, weight_decay=decay, fused=True)

    optimizer = build(0.1, weight_decay)
    for step in range(2 * STEPS):
        if step == STEPS:
            state = optimizer.state_dict()
            optimizer = build(0.5, 0.3)
            optimizer.load_state_dict(state)
        optimizer.zero_grad()
        (weights[0] @ weights[1]).square().sum().backward()
        optimizer.step()
    return weights


@pytest.mark.parametrize("weight_decay", [0, 0.1])
def test_steps_are_those_of_torch(weight_decay: float) -> None:
    ours, theirs = (take_steps(kind, weight_decay) for kind in (AdamW, torch.optim.AdamW))
    assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))


def test_a_step_leaves_no_graph() -> None:
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = AdamW([weight], fused=True)
    weight.sum().backward()
    optimizer.step()
    assert torch.is_grad_enabled()
    assert weight.is_leaf
    assert not any(value.requires_grad for value in optimizer.state[weight].values())


FIT_TWICE = """
from pathlib import Path
from agnews_tune import BackupAndRestore, Callback, Classifier

class Note(Callback):
    def on_epoch_begin(self, epoch):
        begun.append(epoch)

class Stop(Callback):
    def on_epoch_end(self, epoch, logs):
        raise KeyboardInterrupt

begun = []
texts, labels = ["rain falls on hills", "two sides draw at home"] * 8, [0, 1] * 8
backup = BackupAndRestore(Path(sys.argv[1]))
for others in ([Note(), Stop()], [Note()]):
    model = Classifier(
        cell="gru", embedding_dim=4, hidden_dim=4, batch_size=4, epochs=2, schedule="cosine",
        clip_norm=1.0, weight_decay=0.1, layer_decay=0.5, ema_decay=0.9, adversarial_norm=0.1,
        pretrain_epochs=1, min_count=0,
    )
    try:
        model.fit(
            texts, labels, validation_data=(texts, labels), verbose=0, callbacks=[backup, *others]
        )
    except KeyboardInterrupt:
        pass
assert begun == [0, 1], begun
model.evaluate(texts, labels)
model.predict(texts)
"""


def test_training_does_not_load_the_compiler(tmp_path: Path) -> None:
    """Nothing of a fit does, with the pieces that there are, from a backup that is put back."""
    loaded = loaded_after(FIT_TWICE, tmp_path / "backup.safetensors")
    assert "torch" in loaded
    assert not loaded & {"torch._dynamo", "sympy"}
