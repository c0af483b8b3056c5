"""PyTorch, eager."""

from functools import partial

import torch

from . import pytorch_style

per_op = partial(pytorch_style.per_op, torch)
network = partial(pytorch_style.network, torch)
cross_entropy = partial(pytorch_style.cross_entropy, torch)
