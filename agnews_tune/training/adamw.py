"""``torch.optim.AdamW``, without torch's compiler."""

from __future__ import annotations

from inspect import unwrap

import torch


class AdamW(torch.optim.AdamW):
    """``torch.optim.AdamW`` that cannot be compiled, and does not load the compiler either.

    Torch wraps these methods to keep its compiler out of them, and the wrapper loads the compiler
    when it is first called: a second and some 70 MB of each process, though nothing is compiled.

    Source: ``_disable_dynamo`` and ``_use_grad_for_differentiable`` of torch 2.13.
    """

    add_param_group = unwrap(torch.optim.AdamW.add_param_group)
    zero_grad = unwrap(torch.optim.AdamW.zero_grad)
    state_dict = unwrap(torch.optim.AdamW.state_dict)
    load_state_dict = unwrap(torch.optim.AdamW.load_state_dict)
    step = torch.no_grad()(unwrap(torch.optim.AdamW.step))
