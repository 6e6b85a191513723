"""One layer in one direction: what torch's own gives, and which loop is the faster one."""

import pytest
import torch
from torch import Tensor, nn

from agnews_tune.networks.one_direction import (
    LSTM_FEATURES,
    RECURRENCES,
    read_one_way,
    saves_time,
)

IDS = torch.tensor([[3, 1, 3, 0], [2, 3, 1, 1]])


def read(layer: nn.RNNBase, embedding: nn.Embedding, ids: Tensor, distinct: bool) -> Tensor:
    weights = layer.all_weights[0]
    if not distinct:
        return read_one_way(layer, weights, embedding(ids))
    words, places = torch.unique(ids, return_inverse=True)
    return read_one_way(layer, weights, embedding(words), places)


@pytest.mark.parametrize("cell", [nn.RNN, nn.GRU, nn.LSTM])
@pytest.mark.parametrize("time", [1, 4])
@pytest.mark.parametrize("distinct", [False, True])
def test_outputs_and_gradients_are_those_of_torch(
    cell: type[nn.RNN | nn.GRU | nn.LSTM],
    time: int,
    distinct: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of each word of each text, and of each weight."""
    monkeypatch.setattr("agnews_tune.networks.one_direction.LSTM_FEATURES", 0)
    torch.manual_seed(0)
    embedding = nn.Embedding(5, 6).double()
    layer = cell(6, 7, batch_first=True).double()
    weights = [*embedding.parameters(), *layer.parameters()]
    factors = torch.randn(2, time, 7).double()
    ids = IDS[:, :time]
    expected, found = (
        [outputs, *torch.autograd.grad((factors * outputs).sum(), weights)]
        for outputs in (layer(embedding(ids))[0], read(layer, embedding, ids, distinct))
    )

    assert (2, time, 7) == found[0].shape
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("cell", "features", "training", "distinct", "expected"),
    [
        (nn.RNN, 6, True, False, True),
        (nn.RNN, 6, False, False, True),
        (nn.GRU, 6, True, False, True),
        (nn.GRU, 6, False, False, False),
        (nn.GRU, 6, False, True, True),
        (nn.LSTM, LSTM_FEATURES // 2, True, True, True),
        (nn.LSTM, LSTM_FEATURES // 2 - 1, True, True, False),
        (nn.LSTM, LSTM_FEATURES // 2, False, True, False),
        (nn.LSTM, LSTM_FEATURES // 2, True, False, False),
    ],
)
def test_our_loop_where_it_was_faster(
    cell: type[nn.RNN | nn.GRU | nn.LSTM],
    features: int,
    training: bool,
    distinct: bool,
    expected: bool,
) -> None:
    """It is taken in that case, and in no other one."""
    layer = cell(features, 1, batch_first=True).train(training)
    outputs = read(layer, nn.Embedding(5, features), IDS, distinct)
    assert outputs.grad_fn is not None
    before_transposing = outputs.grad_fn.next_functions[0][0]

    assert expected == saves_time(layer, IDS, distinct=distinct)
    assert expected == (
        f"{RECURRENCES[cell].__name__}Backward" == type(before_transposing).__name__
    )


@pytest.mark.parametrize("distinct", [False, True])
def test_torch_calculates_in_bfloat16(distinct: bool) -> None:
    """Our loops know one precision alone, and the CPU alone."""
    layer = nn.RNN(6, 7, batch_first=True)
    with torch.autocast("cpu", torch.bfloat16):
        outputs = read(layer, nn.Embedding(5, 6), IDS, distinct)

    assert torch.bfloat16 == outputs.dtype
    assert not saves_time(layer, IDS.to("meta"), distinct=distinct)
