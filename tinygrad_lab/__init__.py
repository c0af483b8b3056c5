"""Automatic differentiation on NumPy, PyTorch-style: every gradient derived, drawn and proven.

The table of contents: everything public, by the room it lives in.
"""

from . import autograd, datasets, nn, ops, optim, testing, utils, viz
from .creation import (
    arange,
    as_tensor,
    bernoulli,
    empty,
    empty_like,
    eye,
    from_numpy,
    full,
    full_like,
    linspace,
    normal,
    ones,
    ones_like,
    rand,
    rand_like,
    randint,
    randn,
    randn_like,
    randperm,
    tensor,
    zeros,
    zeros_like,
)
from .graph import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from .op import get_default_dtype, op, set_default_dtype
from .ops.arithmetic import (
    abs,
    add,
    clamp,
    div,
    floor_divide,
    maximum,
    minimum,
    mul,
    neg,
    pow,
    reciprocal,
    remainder,
    square,
    sub,
)
from .ops.cast import clone
from .ops.compare import (
    eq,
    ge,
    gt,
    isfinite,
    isinf,
    isnan,
    le,
    logical_and,
    logical_not,
    logical_or,
    lt,
    ne,
    sign,
    where,
)
from .ops.elementwise import cos, exp, expm1, log, log1p, relu, rsqrt, sigmoid, sin, sqrt, tan, tanh
from .ops.index import gather, index_put, masked_fill, scatter_add
from .ops.linalg import matmul
from .ops.reduce import (
    all,
    amax,
    amin,
    any,
    argmax,
    argmin,
    log_softmax,
    logsumexp,
    max,
    mean,
    min,
    prod,
    softmax,
    std,
    sum,
    var,
)
from .ops.shape import (
    cat,
    chunk,
    expand,
    flatten,
    narrow,
    permute,
    reshape,
    split,
    squeeze,
    stack,
    transpose,
    unsqueeze,
)
from .random import Generator, manual_seed
from .tensor import Tensor

__version__ = "0.1.0"
