"""What a step of training makes smaller: cross-entropy, and that of the worst small shift."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import CrossEntropyLoss

from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.networks.recurrent import RecurrentNetwork

TINY = 1e-12  # instead of no gradient at all


def training_loss(
    network: RecurrentNetwork,
    hyperparameters: Hyperparameters,
    ids: Tensor,
    lengths: Tensor,
    targets: Tensor,
) -> tuple[Tensor, Tensor]:
    """Return the mean loss of a batch, with its graph, and the logits ``(batch, classes)``.

    With ``adversarial_norm`` the loss is the mean of that of the texts as they are and that of the
    texts with the vectors of their words shifted in the direction in which the loss grows fastest.

    Source: Miyato, Dai, Goodfellow (2017), Adversarial training methods for semi-supervised text
    classification. Word vectors are normalised there, so that they cannot outgrow the shift; here
    they are free.

    Args:
        network: in training mode.
        hyperparameters: ``adversarial_norm`` and ``label_smoothing`` count.
        ids: word numbers of texts ``(batch, time)``, padded at the end.
        lengths: tokens of each text ``(batch,)``, int64.
        targets: their class numbers ``(batch,)``, int64, or the probabilities of their classes
            ``(batch, classes)``.
    """
    smoothed = CrossEntropyLoss(label_smoothing=hyperparameters.label_smoothing)
    if not hyperparameters.adversarial_norm:
        logits = network(ids, lengths)
        return smoothed(logits, targets), logits
    size = (*ids.shape, network.embedding.embedding_dim)
    perturbation = torch.zeros(size, device=ids.device, requires_grad=True)
    logits = network(ids, lengths, perturbation)
    loss = smoothed(logits, targets)
    (gradient,) = torch.autograd.grad(loss, perturbation, retain_graph=True)
    norm = torch.linalg.vector_norm(gradient, dim=(1, 2), keepdim=True)
    perturbation = hyperparameters.adversarial_norm * gradient / (norm + TINY)
    perturbed = network(ids, lengths, perturbation)
    return (loss + smoothed(perturbed, targets)) / 2, logits
