"""tinygrad_lab, by the very lines that run on PyTorch."""

from functools import partial

import tinygrad_lab

from . import pytorch_style

per_op = partial(pytorch_style.per_op, tinygrad_lab)
network = partial(pytorch_style.network, tinygrad_lab)
cross_entropy = partial(pytorch_style.cross_entropy, tinygrad_lab)
lenet = partial(pytorch_style.lenet, tinygrad_lab)
vgg = partial(pytorch_style.vgg, tinygrad_lab)
transformer = partial(pytorch_style.transformer, tinygrad_lab)
lstm = partial(pytorch_style.lstm, tinygrad_lab)
elementwise = partial(pytorch_style.elementwise, tinygrad_lab)
