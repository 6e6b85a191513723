"""Steps as CUDA graphs: they learn what the same steps learn one by one, and wait for nothing."""

import gc
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import Stop, StopPretraining

from agnews_tune import Classifier
from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.networks.recurrent import RecurrentNetwork
from agnews_tune.text.encoding import EncodedTexts
from agnews_tune.text.vocabulary import Vocabulary
from agnews_tune.training.backup import BackupAndRestore
from agnews_tune.training.batching import Batch, Batches, LabelledBatches
from agnews_tune.training.callbacks import Callback
from agnews_tune.training.cuda_graphs import WARM_UP
from agnews_tune.training.descent import Descent
from agnews_tune.training.losses import training_loss
from agnews_tune.training.pretraining import Pretraining

pytestmark = pytest.mark.gpu
WORDS, TEXTS, BATCH, EPOCHS = 40, 240, 4, 3
STEPS = TEXTS // BATCH


def make_texts(lengths: tuple[int, int] = (3, 9)) -> EncodedTexts:
    random = np.random.default_rng(0)
    offsets = np.cumsum([0, *random.integers(*lengths, TEXTS)])
    ids = random.integers(4, WORDS, offsets[-1], dtype=np.int32)
    return EncodedTexts(ids, offsets, Vocabulary(tuple(map(str, range(WORDS)))))


def make_data(device: str, lengths: tuple[int, int] = (3, 9)) -> LabelledBatches:
    labels = torch.from_numpy(np.random.default_rng(1).integers(0, 3, TEXTS)).to(device)
    return LabelledBatches(Batches(make_texts(lengths), torch.device(device)), labels)


def make_descent(device: str, *, mixed: bool = False, **values: object) -> Descent:
    torch.manual_seed(0)
    hyperparameters = Hyperparameters(
        **{"cell": "gru", "embedding_dim": 5, "hidden_dim": 4, "dropout": 0, "epochs": EPOCHS}
        | values
    )
    network = RecurrentNetwork(hyperparameters, WORDS, 3, mixed=mixed).to(device)
    objective = partial(training_loss, network, hyperparameters)
    return Descent(network, hyperparameters, STEPS, objective)


def make_pretraining(
    device: str, steps: int = STEPS, lengths: tuple[int, int] = (3, 9)
) -> Pretraining:
    torch.manual_seed(0)
    hyperparameters = Hyperparameters(
        cell="gru", embedding_dim=5, hidden_dim=4, pretrain_epochs=EPOCHS, bidirectional=True
    )
    network = RecurrentNetwork(hyperparameters, WORDS, 3).to(device)

    texts = make_texts(lengths)
    batches = Batches(texts, torch.device(device))

    def first_batches(epoch: int) -> Iterator[Batch]:
        return islice(batches.shuffled(BATCH, (0, epoch)), steps)

    return Pretraining(network, hyperparameters, texts, steps, first_batches)


@pytest.fixture
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Matrix products with all digits of float32."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


KINDS = [
    {"cell": "rnn"},
    {"cell": "lstm", "num_layers": 2, "bidirectional": True, "pooling": "max+mean"},
    {"bidirectional": True, "pooling": "mean+last"},
    {"bidirectional": True, "pooling": "attention", "mask_padding": False},
    {"schedule": "cosine", "warmup": 0.2, "layer_decay": 0.8, "num_layers": 2},
    {"clip_norm": 0.1, "weight_decay": 0.1, "ema_decay": 0.9, "label_smoothing": 0.1},
    {"adversarial_norm": 0.5, "bigram_buckets": 50},
]


@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize("values", KINDS)
def test_graphs_learn_what_the_cpu_learns(values: dict[str, object]) -> None:
    """The same losses, epoch after epoch, whatever belongs to a step."""
    losses = {}
    for device in ("cpu", "cuda"):
        data, descent = make_data(device), make_descent(device, **values)
        passes = [
            descent.run_pass(data, data.batches.shuffled(BATCH, (0, epoch)))
            for epoch in range(EPOCHS)
        ]
        losses[device] = [(logs["loss"], logs["learning_rate"]) for logs in passes]
    shapes = [shape for shape, seen in descent.graphs.seen.items() if seen > WARM_UP]

    assert set(shapes) == set(descent.graphs.graphs)
    assert len(shapes) > 2
    np.testing.assert_allclose(losses["cuda"], losses["cpu"], rtol=1e-3)


@pytest.mark.usefixtures("exact")
def test_graphs_learn_the_words_that_the_cpu_learns() -> None:
    """The losses of a language model are the same, also where a batch has too many rare words."""
    histories = {}
    for device in ("cpu", "cuda"):
        pretraining = make_pretraining(device)
        graphs, rooms = pretraining.descent.graphs, pretraining.rooms
        if rooms:
            first = pretraining.batches(0)
            held = {rooms.hold(batch.numbers, batch.ids.shape[1]) for batch in first}
        pretraining.run([], Batches(make_texts(), torch.device(device)), lambda: False)
        histories[device] = pretraining.history

    assert len(graphs.graphs) > 2
    assert held == {True, False}
    for name in ("loss", "val_loss"):
        np.testing.assert_allclose(histories["cuda"][name], histories["cpu"][name], rtol=1e-3)


def waits_in(run: Callable[[], object]) -> list[str]:
    """Return what torch says of each time that the processor waits for the GPU."""
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            run()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    messages = [str(one.message) for one in caught]
    return [message for message in messages if "synchronizing" in message]


@pytest.mark.parametrize("values", KINDS)
def test_no_step_waits_for_the_gpu(values: dict[str, object]) -> None:
    """The processor waits as often in a pass of sixty batches as in one of three."""
    data, descent = make_data("cuda"), make_descent("cuda", **values)
    waits = []
    for steps in (3, 3, STEPS):
        batches = islice(data.batches.shuffled(BATCH, (0, 0)), steps)
        waits.append(waits_in(lambda batches=batches: descent.run_pass(data, batches)))

    assert waits[1] == waits[2]


def test_no_step_of_a_language_model_waits_for_the_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is room the processor waits as often in passes of sixty batches as of three."""
    monkeypatch.setattr("agnews_tune.networks.adaptive_softmax.MARGIN", 100)
    waits = []
    for steps in (3, 3, STEPS):
        pretraining = make_pretraining("cuda", steps, lengths=(8, 9))
        held = [pretraining.rooms.hold(batch.numbers, 8) for batch in pretraining.batches(0)]
        assert held == [True] * steps
        run = partial(pretraining.run, [], None, lambda: False)
        waits.append(waits_in(run))

    assert waits[1] == waits[2]


def test_an_error_in_a_step_is_the_one_that_is_told() -> None:
    """Not that of the capture which it broke; a new training is as if nothing had been."""
    data, descent = make_data("cuda", (5, 6)), make_descent("cuda")
    (batch,) = islice(data.batches.shuffled(BATCH, (0, 0)), 1)
    inputs = batch.ids, batch.lengths, data.labels[batch.rows]
    for _ in range(WARM_UP):
        descent.step(*inputs)

    def fail(*_inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        raise ValueError("out of luck")

    descent.objective = fail
    with pytest.raises(ValueError, match="out of luck"):
        descent.step(*inputs)
    assert {} == descent.graphs.graphs

    logs = make_descent("cuda").run_pass(data, data.batches.shuffled(BATCH, (0, 0)))
    assert 0 < logs["loss"] < 3


@pytest.mark.parametrize("longest", [120, 1200])
def test_long_texts_are_captured_too(longest: int) -> None:
    """Torch sums the gradients of many words in another way than those of few."""
    data, descent = make_data("cuda", (longest, longest + 1)), make_descent("cuda")
    logs = descent.run_pass(data, data.batches.shuffled(BATCH, (0, 0)))

    assert [(BATCH, longest)] == [ids for ids, *_others in descent.graphs.graphs]
    assert 0 < logs["loss"] < 2


def test_garbage_is_collected_between_captures() -> None:
    """Not during one, which the graphs of a deleted network would break."""
    data, descent = make_data("cuda"), make_descent("cuda")
    collected = []

    def note(phase: str, _info: dict[str, int]) -> None:
        if phase == "start":
            collected.append(torch.cuda.is_current_stream_capturing())

    thresholds = gc.get_threshold()
    gc.callbacks.append(note)
    gc.set_threshold(1)
    try:
        descent.run_pass(data, data.batches.shuffled(BATCH, (0, 0)))
    finally:
        gc.set_threshold(*thresholds)
        gc.callbacks.remove(note)

    assert len(descent.graphs.graphs) > 2
    assert {False} == set(collected)
    assert gc.isenabled()


def test_bfloat16_is_captured_too() -> None:
    """Its losses are near those of float32."""
    losses = []
    for mixed in (False, True):
        data, descent = make_data("cuda"), make_descent("cuda", mixed=mixed)
        losses.append(descent.run_pass(data, data.batches.shuffled(BATCH, (0, 0)))["loss"])
        assert descent.graphs.graphs

    assert losses[0] == pytest.approx(losses[1], rel=0.05)


def test_each_replay_draws_its_own_dropout() -> None:
    """The seed of an epoch decides it."""
    data = make_data("cuda", (5, 6))
    descent = make_descent("cuda", dropout=0.5, learning_rate=1e-30)
    (batch,) = islice(data.batches.shuffled(BATCH, (0, 0)), 1)
    inputs = batch.ids, batch.lengths, data.labels[batch.rows]
    for _ in range(WARM_UP + 1):
        descent.step(*inputs)

    def replay(seed: int) -> list[torch.Tensor]:
        torch.manual_seed(seed)
        steps = (descent.step(*inputs) for _ in range(2))
        return [logits.clone() for _loss, logits in steps]

    assert list(map(torch.Tensor.tolist, replay(1))) == list(map(torch.Tensor.tolist, replay(1)))
    assert not torch.equal(replay(1)[0], replay(1)[1])
    assert not torch.equal(replay(1)[0], replay(2)[0])


@pytest.mark.parametrize(
    ("stop", "values"), [(Stop(2), {}), (StopPretraining(1), {"pretrain_epochs": 4})]
)
def test_training_goes_on_from_a_backup(
    stop: Callback, values: dict[str, int], tmp_path: Path
) -> None:
    """Weights and the optimizer's state are put back before a graph is captured."""
    texts = [f"word{number % 7} word{number % 5} word{number % 3}" for number in range(400)]
    labels = [str(number % 3) for number in range(400)]
    settings = {"cell": "gru", "embedding_dim": 5, "hidden_dim": 4, "dropout": 0, "min_count": 0}
    settings |= {"schedule": "linear", "device": "cuda", "batch_size": 8, "learning_rate": 0.01}
    settings |= values
    whole = Classifier(**settings, epochs=4).fit(texts, labels, verbose=0)
    backup = tmp_path / "backup.safetensors"
    with pytest.raises(KeyboardInterrupt):
        Classifier(**settings, epochs=4).fit(
            texts, labels, verbose=0, callbacks=[BackupAndRestore(backup), stop]
        )
    resumed = Classifier(**settings, epochs=4).fit(
        texts, labels, verbose=0, callbacks=[BackupAndRestore(backup)]
    )

    for name in ("loss", "learning_rate"):
        np.testing.assert_allclose(resumed.history[name], whole.history[name], rtol=1e-3)
