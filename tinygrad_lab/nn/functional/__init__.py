"""Layers and losses as functions, PyTorch's `torch.nn.functional`: compositions of ops."""

from ...ops.conv import (
    conv1d as conv1d,
    conv2d as conv2d,
    conv3d as conv3d,
    conv_transpose1d as conv_transpose1d,
    conv_transpose2d as conv_transpose2d,
    conv_transpose3d as conv_transpose3d,
)
from ...ops.elementwise import sigmoid as sigmoid, tanh as tanh
from ...ops.linalg import linear as linear
from ...ops.reduce import log_softmax as log_softmax, softmax as softmax
from .activation import relu as relu, softplus as softplus
from .classification import cross_entropy as cross_entropy, nll_loss as nll_loss
from .dropout import dropout as dropout
from .loss import (
    binary_cross_entropy as binary_cross_entropy,
    binary_cross_entropy_with_logits as binary_cross_entropy_with_logits,
    l1_loss as l1_loss,
    mse_loss as mse_loss,
)
from .sparse import one_hot as one_hot
