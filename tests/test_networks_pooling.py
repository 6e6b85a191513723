"""The largest output over time, and what becomes of its gradient."""

import pytest
import torch

from agnews_tune.networks.pooling import MaximumOverTime

PADDING = torch.tensor([[False, False, True], [False, False, False]])[:, :, None]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_largest_of_a_text_and_its_gradient_are_those_of_amax(dtype: torch.dtype) -> None:
    """At padding there may stand any number, and nothing reaches it; the precision stays."""
    torch.manual_seed(0)
    outputs = torch.randn(2, 3, 5, dtype=dtype)
    outputs[0, 2] = 100.0
    outputs.requires_grad_()
    factors = torch.randn(2, 5, dtype=dtype)
    expected = torch.stack([outputs[0, :2].amax(dim=0), outputs[1].amax(dim=0)])
    found = MaximumOverTime.apply(outputs, PADDING)  # type: ignore[no-untyped-call]
    gradients = [
        torch.autograd.grad((factors * largest).sum(), outputs) for largest in (expected, found)
    ]

    assert dtype == found.dtype == gradients[1][0].dtype
    assert expected.tolist() == found.tolist()
    torch.testing.assert_close(gradients[1], gradients[0])


def test_equal_largest_outputs_share_the_gradient() -> None:
    """A text that holds its state for two words has no steeper way up than one that does not."""
    outputs = torch.tensor([[[7.0], [7.0], [7.0]], [[7.0], [7.0], [1.0]]], requires_grad=True)
    MaximumOverTime.apply(outputs, PADDING).sum().backward()  # type: ignore[no-untyped-call]

    assert outputs.grad is not None
    assert [[0.5, 0.5, 0.0], [0.5, 0.5, 0.0]] == outputs.grad[:, :, 0].tolist()
