"""PyTorch, eager."""

from functools import partial

import torch

from ..tasks import Sequences, Step
from . import pytorch_style

per_op = partial(pytorch_style.per_op, torch)
network = partial(pytorch_style.network, torch)
cross_entropy = partial(pytorch_style.cross_entropy, torch)
lenet = partial(pytorch_style.lenet, torch)
vgg = partial(pytorch_style.vgg, torch)
transformer = partial(pytorch_style.transformer, torch)
elementwise = partial(pytorch_style.elementwise, torch)


def lstm(inputs: Sequences) -> Step:
    """PyTorch's own layer, which is one call for all steps."""
    layer = torch.nn.LSTM(64, 128, batch_first=True)

    def outputs(x: torch.Tensor, p: list[torch.Tensor]) -> torch.Tensor:
        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        y: torch.Tensor = torch.func.functional_call(layer, dict(zip(names, p, strict=True)), (x,))[0]
        return y

    return pytorch_style.recurrent(torch, inputs, outputs)
