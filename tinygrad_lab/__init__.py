"""Automatic differentiation on NumPy, PyTorch-style: every gradient derived, drawn and proven.

The table of contents: everything public, by the room it lives in. `X as X` says that X is public, to type checkers too.
"""

from . import (
    autograd as autograd,
    datasets as datasets,
    nn as nn,
    ops as ops,
    optim as optim,
    testing as testing,
    utils as utils,
    viz as viz,
)
from .creation import (
    arange as arange,
    as_tensor as as_tensor,
    bernoulli as bernoulli,
    empty as empty,
    empty_like as empty_like,
    eye as eye,
    from_numpy as from_numpy,
    full as full,
    full_like as full_like,
    linspace as linspace,
    normal as normal,
    ones as ones,
    ones_like as ones_like,
    rand as rand,
    rand_like as rand_like,
    randint as randint,
    randn as randn,
    randn_like as randn_like,
    randperm as randperm,
    tensor as tensor,
    zeros as zeros,
    zeros_like as zeros_like,
)
from .graph import (
    enable_grad as enable_grad,
    is_grad_enabled as is_grad_enabled,
    no_grad as no_grad,
    set_grad_enabled as set_grad_enabled,
)
from .op import get_default_dtype as get_default_dtype, op as op, set_default_dtype as set_default_dtype
from .ops.arithmetic import (
    abs as abs,
    add as add,
    clamp as clamp,
    div as div,
    floor_divide as floor_divide,
    maximum as maximum,
    minimum as minimum,
    mul as mul,
    neg as neg,
    pow as pow,
    reciprocal as reciprocal,
    remainder as remainder,
    square as square,
    sub as sub,
)
from .ops.cast import clone as clone
from .ops.compare import (
    eq as eq,
    ge as ge,
    gt as gt,
    isfinite as isfinite,
    isinf as isinf,
    isnan as isnan,
    le as le,
    logical_and as logical_and,
    logical_not as logical_not,
    logical_or as logical_or,
    lt as lt,
    ne as ne,
    sign as sign,
    where as where,
)
from .ops.conv import (
    conv1d as conv1d,
    conv2d as conv2d,
    conv3d as conv3d,
    conv_transpose1d as conv_transpose1d,
    conv_transpose2d as conv_transpose2d,
    conv_transpose3d as conv_transpose3d,
)
from .ops.elementwise import (
    cos as cos,
    exp as exp,
    expm1 as expm1,
    log as log,
    log1p as log1p,
    relu as relu,
    rsqrt as rsqrt,
    sigmoid as sigmoid,
    sin as sin,
    sqrt as sqrt,
    tan as tan,
    tanh as tanh,
)
from .ops.index import gather as gather, index_put as index_put, masked_fill as masked_fill, scatter_add as scatter_add
from .ops.linalg import matmul as matmul
from .ops.reduce import (
    all as all,
    amax as amax,
    amin as amin,
    any as any,
    argmax as argmax,
    argmin as argmin,
    log_softmax as log_softmax,
    logsumexp as logsumexp,
    max as max,
    mean as mean,
    min as min,
    prod as prod,
    softmax as softmax,
    std as std,
    sum as sum,
    var as var,
)
from .ops.shape import (
    cat as cat,
    chunk as chunk,
    expand as expand,
    flatten as flatten,
    narrow as narrow,
    permute as permute,
    reshape as reshape,
    split as split,
    squeeze as squeeze,
    stack as stack,
    transpose as transpose,
    unsqueeze as unsqueeze,
)
from .random import Generator as Generator, manual_seed as manual_seed
from .tensor import Tensor as Tensor

__version__ = "0.1.0"
