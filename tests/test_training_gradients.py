"""Tests of the embedding's gradient: the same figures, in the same memory."""

import copy

import pytest
import torch
from torch import Tensor, nn

from agnews_tune.training.gradients import reused_gradient

WORDS = 1000


def steps(embedding: nn.Embedding, count: int) -> list[Tensor]:
    """Train on some of the words, other ones in each step, and return the gradients."""
    optimizer = torch.optim.Adam(embedding.parameters(), fused=True)
    random = torch.Generator().manual_seed(0)
    gradients = []
    for _ in range(count):
        ids = torch.randint(WORDS // 20, (8, 16), generator=random)
        ids = ids + torch.randint(WORDS // 2, (1,), generator=random)
        optimizer.zero_grad()
        (embedding(ids) * torch.randn(8, 16, 32, generator=random)).sum().backward()
        assert embedding.weight.grad is not None
        gradients.append(embedding.weight.grad)
        optimizer.step()
    return gradients


@pytest.fixture
def embedding() -> nn.Embedding:
    torch.manual_seed(0)
    return nn.Embedding(WORDS, 32)


def test_training_is_the_same_to_the_last_bit(embedding: nn.Embedding) -> None:
    plain = copy.deepcopy(embedding)
    wanted = steps(plain, 5)
    with reused_gradient(embedding):
        given = steps(embedding, 5)
    assert torch.equal(wanted[-1], given[-1])
    assert torch.equal(plain.weight, embedding.weight)


def test_steps_share_the_memory_of_the_gradient(embedding: nn.Embedding) -> None:
    with reused_gradient(embedding):
        gradients = steps(embedding, 5)
    assert {gradient.data_ptr() for gradient in gradients} == {gradients[0].data_ptr()}


def test_embedding_is_as_before_after_the_block(embedding: nn.Embedding) -> None:
    """An error ends the block too; then gradients add up over calls again."""
    with pytest.raises(IndexError), reused_gradient(embedding):
        embedding(torch.tensor([WORDS]))
    assert embedding.weight.grad is None
    for _ in range(2):
        embedding(torch.tensor([3])).sum().backward()
    assert torch.equal(embedding.weight.grad[3], torch.full((32,), 2.0))
    assert not embedding.weight.grad.is_sparse
