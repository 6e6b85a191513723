"""Layers of one direction or two: what torch makes of packed texts, outputs and gradients."""

import itertools

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from agnews_tune.networks.layers import read_layers

LENGTHS = torch.tensor([4, 7, 1])


@pytest.fixture
def any_lstm_gains(monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers of an LSTM take our loop in small batches too, where words are distinct."""
    monkeypatch.setattr("agnews_tune.networks.one_direction.LSTM_FEATURES", 0)


@pytest.mark.usefixtures("any_lstm_gains")
@pytest.mark.parametrize("cell", [nn.RNN, nn.GRU, nn.LSTM])
@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize(
    ("bidirectional", "distinct", "training"), list(itertools.product((False, True), repeat=3))
)
def test_outputs_and_gradients_are_those_of_packed_texts(
    cell: type[nn.RNNBase],
    num_layers: int,
    bidirectional: bool,
    distinct: bool,
    training: bool,
) -> None:
    """Of each word of each text, in a batch of several lengths, and of each weight."""
    torch.manual_seed(0)
    embedding = nn.Embedding(9, 5)
    layers = cell(5, 6, num_layers, batch_first=True, bidirectional=bidirectional)
    weights = [*embedding.parameters(), *layers.train(training).parameters()]
    ids = torch.randint(9, (3, 7))
    inside = torch.arange(7) < LENGTHS[:, None]
    packed = pack_padded_sequence(embedding(ids), LENGTHS, batch_first=True, enforce_sorted=False)
    expected = pad_packed_sequence(layers(packed)[0], batch_first=True)[0]
    if distinct:
        words, places = torch.unique(ids, return_inverse=True)
        outputs = read_layers(layers, embedding(words), LENGTHS, places)
    else:
        outputs = read_layers(layers, embedding(ids), LENGTHS)

    assert (3, 7, 12 if bidirectional else 6) == outputs.shape
    torch.testing.assert_close(outputs[inside], expected[inside])
    torch.testing.assert_close(
        torch.autograd.grad(outputs[inside].square().sum(), weights),
        torch.autograd.grad(expected[inside].square().sum(), weights),
    )


def test_padding_is_not_read() -> None:
    """What stands behind a text changes none of its outputs."""
    layers = nn.GRU(5, 6, 2, batch_first=True, bidirectional=True)
    inputs = torch.randn(3, 7, 5)
    words = torch.arange(7) < LENGTHS[:, None]
    other = torch.where(words[:, :, None], inputs, torch.full_like(inputs, 9.0))

    assert torch.equal(
        read_layers(layers, inputs, LENGTHS)[words],
        read_layers(layers, other, LENGTHS)[words],
    )


@pytest.mark.gpu
def test_a_gpu_calculates_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """With all digits of float32, which cuDNN does not take by default."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    layers = nn.GRU(5, 6, 2, batch_first=True, bidirectional=True)
    inputs = torch.randn(3, 7, 5)
    words = torch.arange(7) < LENGTHS[:, None]
    expected = read_layers(layers, inputs, LENGTHS)[words]
    outputs = read_layers(layers.cuda(), inputs.cuda(), LENGTHS.cuda()).cpu()[words]

    torch.testing.assert_close(outputs, expected, rtol=0, atol=1e-4)
