"""What each hyperparameter of training does to the steps, and that they can be interrupted."""

import copy
import gc
import math
import weakref
from collections.abc import Callable
from functools import partial
from itertools import islice

import numpy as np
import pytest
import torch
from torch.nn import functional

from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.networks.recurrent import RecurrentNetwork
from agnews_tune.text.encoding import EncodedTexts
from agnews_tune.text.vocabulary import Vocabulary
from agnews_tune.training.batching import Batches, LabelledBatches
from agnews_tune.training.descent import Descent
from agnews_tune.training.losses import training_loss

WORDS, TEXTS, BATCH, EPOCHS = 40, 24, 4, 5
STEPS = TEXTS // BATCH


@pytest.fixture(scope="module")
def data() -> LabelledBatches:
    random = np.random.default_rng(0)
    offsets = np.cumsum([0, *random.integers(3, 9, TEXTS)])
    ids = random.integers(4, WORDS, offsets[-1], dtype=np.int32)
    texts = EncodedTexts(ids, offsets, Vocabulary(tuple(map(str, range(WORDS)))))
    labels = torch.from_numpy(random.integers(0, 3, TEXTS))
    return LabelledBatches(Batches(texts, torch.device("cpu")), labels)


def descent(**values: object) -> Descent:
    """Return one whose network starts with the same weights each time."""
    torch.manual_seed(0)
    hyperparameters = Hyperparameters(
        cell="gru", embedding_dim=5, hidden_dim=4, dropout=0, epochs=EPOCHS, **values
    )
    network = RecurrentNetwork(hyperparameters, WORDS, 3)
    objective = partial(training_loss, network, hyperparameters)
    return Descent(network, hyperparameters, STEPS, objective)


def run(steps: Descent, data: LabelledBatches, epochs: int = 1) -> dict[str, float]:
    for epoch in range(epochs):
        logs = steps.run_pass(data, data.batches.shuffled(BATCH, (0, epoch)))
    return logs


def rates(data: LabelledBatches, **values: object) -> list[float]:
    """Return the learning rate of each step of a training."""
    steps = descent(learning_rate=1, **values)
    seen = []
    steps.optimizer.register_step_pre_hook(
        lambda optimizer, _args, _kwargs: seen.append(optimizer.param_groups[0]["lr"])
    )
    run(steps, data, EPOCHS)
    return seen


def test_memory_is_given_back_at_once(data: LabelledBatches) -> None:
    """The optimizer's state is twice the weights; it does not wait for the garbage collector."""
    steps = descent(schedule="linear", ema_decay=0.5)
    run(steps, data)
    gone = weakref.ref(steps), weakref.ref(steps.optimizer)
    gc.disable()
    try:
        del steps
        assert [None, None] == [reference() for reference in gone]
    finally:
        gc.enable()


@pytest.mark.parametrize("adversarial_norm", [0.0, 0.5])
def test_steps_are_those_of_adam(data: LabelledBatches, adversarial_norm: float) -> None:
    """A step is what torch's Adam does, to the last bit; also where texts are read twice."""
    steps = descent(adversarial_norm=adversarial_norm)
    other = copy.deepcopy(steps.network)
    adam = torch.optim.Adam(other.parameters(), lr=0.001, fused=True)
    run(steps, data)
    for batch in data.batches.shuffled(BATCH, (0, 0)):
        adam.zero_grad()
        inputs = batch.ids, batch.lengths, data.labels[batch.rows]
        loss, _ = training_loss(other, steps.hyperparameters, *inputs)
        loss.backward()
        adam.step()

    for name, tensor in other.state_dict().items():
        assert torch.equal(tensor, steps.network.state_dict()[name]), name


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, lambda _done: 1),
        ({"schedule": "linear"}, lambda done: 1 - done),
        ({"schedule": "cosine"}, lambda done: (1 + math.cos(math.pi * done)) / 2),
    ],
)
def test_schedule(
    data: LabelledBatches, values: dict[str, object], expected: Callable[[float], float]
) -> None:
    """The rate follows the share of the steps that is done, and ends just above 0."""
    total = STEPS * EPOCHS

    assert rates(data, **values) == pytest.approx([expected(step / total) for step in range(total)])


def test_warmup_comes_before_the_schedule(data: LabelledBatches) -> None:
    """A tenth of 30 steps rises in equal parts; the schedule has the rest."""
    expected = [0.25, 0.5, 0.75, *(1 - step / 27 for step in range(27))]

    assert rates(data, schedule="linear", warmup=0.1) == pytest.approx(expected)
    assert rates(data, warmup=0.1) == pytest.approx([0.25, 0.5, 0.75, *[1] * 27])


def test_warmup_may_take_all_steps(data: LabelledBatches) -> None:
    """Then the rate rises to the end."""
    seen = rates(data, schedule="cosine", warmup=0.999)

    assert sorted(seen) == seen
    assert STEPS * EPOCHS == len(seen)


def test_learning_rate_of_an_epoch_is_that_of_its_first_step(data: LabelledBatches) -> None:
    """It is what the history shows."""
    steps = descent(learning_rate=0.5, schedule="linear")

    assert 0.5 == run(steps, data)["learning_rate"]
    assert pytest.approx(0.4) == run(steps, data)["learning_rate"]


def test_lower_layers_have_lower_rates(data: LabelledBatches) -> None:
    """Each weight is in one group; the head has the full rate, word vectors the lowest."""
    steps = descent(layer_decay=0.5, learning_rate=0.8, num_layers=2, bigram_buckets=9)
    network = steps.network
    groups = steps.optimizer.param_groups
    rate_of = {id(weight): group["lr"] for group in groups for weight in group["params"]}
    run(steps, data)

    assert [0.8, 0.4, 0.2, 0.1] == [group["lr"] for group in groups]
    assert 0.8 == rate_of[id(network.head[1].weight)]
    assert 0.4 == rate_of[id(network.recurrent.bias_hh_l1)]
    assert 0.2 == rate_of[id(network.recurrent.weight_ih_l0)]
    assert 0.1 == rate_of[id(network.embedding.weight)] == rate_of[id(network.bigrams.weight)]
    assert sorted(map(id, network.parameters())) == sorted(
        id(weight) for group in groups for weight in group["params"]
    )


@pytest.mark.parametrize("kind", [{}, {"locked_dropout": 0.1}, {"pooling": "max+attention"}])
def test_every_weight_belongs_to_one_layer(kind: dict[str, object]) -> None:
    """Also in two directions, with layers of their own, and with attention."""
    network = descent(num_layers=3, bidirectional=True, **kind).network
    grouped = [id(weight) for group in network.groups() for weight in group]

    assert sorted(map(id, network.parameters())) == sorted(grouped)
    assert 5 == len(network.groups())


def test_weight_decay_takes_off_a_share_of_each_weight(data: LabelledBatches) -> None:
    """A word that no text has gets no gradient: its vector only shrinks, step by step."""
    steps = descent(weight_decay=0.1, learning_rate=0.01)
    unseen = 0  # the padding
    before = steps.network.embedding.weight[unseen].detach().clone()
    run(steps, data)
    expected = before * (1 - 0.01 * 0.1) ** STEPS

    torch.testing.assert_close(steps.network.embedding.weight[unseen], expected)


@pytest.mark.parametrize(("clip_norm", "expected"), [(0, None), (0.01, 0.01), (1e6, None)])
def test_clipping_shortens_gradients(
    data: LabelledBatches, clip_norm: float, expected: float | None
) -> None:
    """The gradient of all weights together has at most this norm; a shorter one stays."""
    norms = {}
    for name, value in (("plain", 0.0), ("clipped", clip_norm)):
        steps = descent(clip_norm=value)
        seen = norms.setdefault(name, [])

        def record(optimizer: torch.optim.Optimizer, *_: object, seen: list[float] = seen) -> None:
            gradients = [weights.grad.flatten() for weights in optimizer.param_groups[0]["params"]]
            seen.append(torch.cat(gradients).norm().item())

        steps.optimizer.register_step_pre_hook(record)
        first = islice(data.batches.shuffled(BATCH, (0, 0)), 1)
        steps.run_pass(data, (batch for batch in first))

    assert norms["clipped"] == pytest.approx(
        norms["plain"] if expected is None else [expected], rel=1e-4
    )


def test_label_smoothing_spreads_the_target(data: LabelledBatches) -> None:
    """Training follows the smoothed loss, which no answer brings to 0."""
    steps = descent(label_smoothing=0.3, learning_rate=1e-9)
    network = steps.network
    (batch,) = islice(data.batches.shuffled(TEXTS, (0, 0)), 1)
    logits = network(batch.ids, batch.lengths).detach()
    target = functional.one_hot(data.labels[batch.rows], 3) * 0.7 + 0.1
    expected = -(target * logits.log_softmax(dim=1)).sum(dim=1).mean()

    assert run(steps, data)["loss"] == pytest.approx(expected.item(), rel=1e-4)


def test_moving_average_is_measured_in_place_of_the_weights(data: LabelledBatches) -> None:
    """After the first step the average is the weights; each later one moves it by a fraction.

    While few steps are done, by a larger one: the average of a short training is not its start.
    """
    decay = 0.3
    steps, plain = descent(ema_decay=decay), descent()
    expected = None
    for step in range(STEPS):
        one = islice(data.batches.shuffled(BATCH, (0, 0)), step, step + 1)
        plain.run_pass(data, (batch for batch in one))
        weights = plain.network.head[1].weight.detach().clone()
        left = min(decay, (1 + step) / (10 + step))
        expected = weights if expected is None else left * expected + (1 - left) * weights
    run(steps, data)

    assert steps.outcome is not steps.network
    assert plain.outcome is plain.network
    assert torch.equal(plain.network.head[1].weight, steps.network.head[1].weight)
    torch.testing.assert_close(steps.outcome.head[1].weight, expected)
