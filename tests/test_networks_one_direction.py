"""One layer in one direction: what torch's own gives, and which loop is the faster one."""

import pytest
import torch
from torch import nn

from agnews_tune.networks.one_direction import LSTM_FEATURES, read_one_way, saves_time

IDS = torch.tensor([[3, 1, 3, 0], [2, 3, 1, 1]])
TEXTS = torch.zeros(2, 4)


@pytest.mark.parametrize("cell", [nn.RNN, nn.GRU, nn.LSTM])
@pytest.mark.parametrize("time", [1, 4])
@pytest.mark.parametrize("distinct", [False, True])
def test_outputs_and_gradients_are_those_of_torch(
    cell: type[nn.RNN | nn.GRU | nn.LSTM], time: int, distinct: bool
) -> None:
    """Of each word of each text, and of each weight."""
    torch.manual_seed(0)
    embedding = nn.Embedding(5, 6).double()
    layer = cell(6, 7, batch_first=True).double()
    weights = [*embedding.parameters(), *layer.parameters()]
    factors = torch.randn(2, time, 7).double()
    ids = IDS[:, :time]
    read = [layer(embedding(ids))[0]]
    if distinct:
        words, places = torch.unique(ids, return_inverse=True)
        read.append(read_one_way(layer, layer.all_weights[0], embedding(words), places))
    else:
        read.append(read_one_way(layer, layer.all_weights[0], embedding(ids)))
    expected, found = (
        [outputs, *torch.autograd.grad((factors * outputs).sum(), weights)] for outputs in read
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
    layer = cell(features, 1).train(training)

    assert expected == saves_time(layer, TEXTS, distinct=distinct)


def test_torch_calculates_in_bfloat16() -> None:
    """Our loops know one precision alone, and the CPU alone."""
    layer = nn.RNN(6, 7, batch_first=True)
    with torch.autocast("cpu", torch.bfloat16):
        assert not saves_time(layer, TEXTS, distinct=True)
        assert (
            torch.bfloat16
            == read_one_way(layer, layer.all_weights[0], TEXTS[:, :, None].expand(2, 4, 6)).dtype
        )
    assert not saves_time(layer, TEXTS.to("meta"), distinct=True)
