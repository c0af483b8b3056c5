"""tinygrad_lab, by the very lines that run on PyTorch."""

from functools import partial

import tinygrad_lab

from . import pytorch_style

per_op = partial(pytorch_style.per_op, tinygrad_lab)
network = partial(pytorch_style.network, tinygrad_lab)
cross_entropy = partial(pytorch_style.cross_entropy, tinygrad_lab)
