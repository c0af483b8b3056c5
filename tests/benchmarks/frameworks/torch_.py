"""PyTorch, eager."""

from functools import partial

import torch

from . import pytorch_style

per_op = partial(pytorch_style.per_op, torch)
network = partial(pytorch_style.network, torch)
cross_entropy = partial(pytorch_style.cross_entropy, torch)
lenet = partial(pytorch_style.lenet, torch)
vgg = partial(pytorch_style.vgg, torch)
transformer = partial(pytorch_style.transformer, torch)
lstm = partial(pytorch_style.lstm, torch)
elementwise = partial(pytorch_style.elementwise, torch)
