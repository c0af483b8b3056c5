"""Layers and losses as functions, PyTorch's `torch.nn.functional`: compositions of ops."""

from ...ops.elementwise import sigmoid as sigmoid, tanh as tanh
from ...ops.linalg import linear as linear
from ...ops.reduce import log_softmax as log_softmax, softmax as softmax
from .activation import relu as relu, softplus as softplus
from .classification import cross_entropy as cross_entropy, nll_loss as nll_loss
from .dropout import dropout as dropout
from .grids import (
    affine_grid as affine_grid,
    grid_sample as grid_sample,
)
from .loss import (
    binary_cross_entropy as binary_cross_entropy,
    binary_cross_entropy_with_logits as binary_cross_entropy_with_logits,
    l1_loss as l1_loss,
    mse_loss as mse_loss,
)
from .padding import (
    pad as pad,
)
from .pooling import (
    adaptive_avg_pool1d as adaptive_avg_pool1d,
    adaptive_avg_pool2d as adaptive_avg_pool2d,
    adaptive_avg_pool3d as adaptive_avg_pool3d,
    adaptive_max_pool1d as adaptive_max_pool1d,
    adaptive_max_pool1d_with_indices as adaptive_max_pool1d_with_indices,
    adaptive_max_pool2d as adaptive_max_pool2d,
    adaptive_max_pool2d_with_indices as adaptive_max_pool2d_with_indices,
    adaptive_max_pool3d as adaptive_max_pool3d,
    adaptive_max_pool3d_with_indices as adaptive_max_pool3d_with_indices,
    avg_pool1d as avg_pool1d,
    avg_pool2d as avg_pool2d,
    avg_pool3d as avg_pool3d,
    max_pool1d as max_pool1d,
    max_pool1d_with_indices as max_pool1d_with_indices,
    max_pool2d as max_pool2d,
    max_pool2d_with_indices as max_pool2d_with_indices,
    max_pool3d as max_pool3d,
    max_pool3d_with_indices as max_pool3d_with_indices,
)
from .power_pooling import (
    local_response_norm as local_response_norm,
    lp_pool1d as lp_pool1d,
    lp_pool2d as lp_pool2d,
    lp_pool3d as lp_pool3d,
)
from .sparse import one_hot as one_hot
from .unpooling import (
    max_unpool1d as max_unpool1d,
    max_unpool2d as max_unpool2d,
    max_unpool3d as max_unpool3d,
)
from .vision import (
    channel_shuffle as channel_shuffle,
    interpolate as interpolate,
    pixel_shuffle as pixel_shuffle,
    pixel_unshuffle as pixel_unshuffle,
    upsample as upsample,
    upsample_bilinear as upsample_bilinear,
    upsample_nearest as upsample_nearest,
)
from .windows import (
    fold as fold,
    unfold as unfold,
)
