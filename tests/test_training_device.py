"""Tests of the choice of device and numbers, and of a network that calculates with fewer digits."""

import pytest
import torch
from programs import run_python

from agnews_tune.errors import HyperparameterError
from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.networks.recurrent import RecurrentNetwork
from agnews_tune.training.device import choose_precision, find_device, lost_gpu, release_gpu

CPU = torch.device("cpu")


@pytest.mark.parametrize("name", ["auto", "float32"])
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_auto_is_float32(name: str, device: str) -> None:
    assert "float32" == choose_precision(name, torch.device(device))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_first_gpu_is_not_the_cpu() -> None:
    """The number 0 is a device as any other."""
    with pytest.raises(HyperparameterError) as caught:
        find_device(0)

    assert str(caught.value) == (
        "device must be the CPU or a CUDA GPU that torch can use on this machine, such as 'cpu' or "
        "'cuda:0'; received 0"
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "bfloat16",
            "precision 'bfloat16' needs a GPU that calculates with it; received device 'cpu'; take "
            "'float32' or 'auto'",
        ),
        (
            "float16",
            "precision must be 'auto', 'float32' or 'bfloat16'; received 'float16' (did you mean "
            "'bfloat16'?)",
        ),
    ],
)
def test_what_cannot_be_had_is_an_error(name: str, message: str) -> None:
    with pytest.raises(HyperparameterError) as caught:
        choose_precision(name, CPU)

    assert message == str(caught.value)


@pytest.mark.parametrize("pooling", ["max", "mean", "last"])
def test_mixed_network_answers_nearly_the_same(pooling: str) -> None:
    """Its logits and gradients are float32, and near those of the whole precision."""
    hyperparameters = Hyperparameters(cell="gru", pooling=pooling, embedding_dim=16, hidden_dim=16)
    ids, lengths = torch.randint(4, 50, (8, 20)), torch.randint(1, 20, (8,))
    logits = []
    for mixed in (False, True):
        torch.manual_seed(0)
        network = RecurrentNetwork(hyperparameters, 50, 4, mixed=mixed).eval()
        logits.append(network(ids, lengths))
        logits[-1].sum().backward()
        assert {torch.float32} == {weights.grad.dtype for weights in network.parameters()}

    assert torch.float32 == logits[1].dtype
    assert not torch.equal(*logits)
    torch.testing.assert_close(*logits, rtol=0.02, atol=0.02)


def test_process_without_a_gpu_has_lost_none() -> None:
    """There is nothing to give back either."""
    release_gpu()

    assert not lost_gpu()


@pytest.mark.gpu
def test_process_whose_gpu_failed_has_lost_it() -> None:
    """No later call can succeed, unlike after a lack of memory."""
    code = (
        "import torch\n"
        "from agnews_tune.training.device import lost_gpu, release_gpu\n"
        "try: torch.empty(2**50, dtype=torch.uint8, device='cuda')\n"
        "except torch.OutOfMemoryError: print(lost_gpu())\n"
        "try: torch.zeros(1, device='cuda')[torch.tensor([9], device='cuda')].item()\n"
        "except RuntimeError: print(lost_gpu())\n"
        "release_gpu()"
    )

    assert ["False", "True"] == run_python(code).stdout.split()
