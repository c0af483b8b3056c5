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
from .ops.arrange import (
    flip as flip,
    fliplr as fliplr,
    flipud as flipud,
    moveaxis as moveaxis,
    movedim as movedim,
    repeat_interleave as repeat_interleave,
    roll as roll,
    rot90 as rot90,
    tile as tile,
)
from .ops.cast import clone as clone, is_floating_point as is_floating_point
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
from .ops.diagonal import (
    diag as diag,
    diag_embed as diag_embed,
    diagflat as diagflat,
    diagonal as diagonal,
    tril as tril,
    tril_indices as tril_indices,
    triu as triu,
    triu_indices as triu_indices,
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
from .ops.extreme import (
    amax as amax,
    amin as amin,
    aminmax as aminmax,
    argmax as argmax,
    argmin as argmin,
    cummax as cummax,
    cummin as cummin,
    max as max,
    min as min,
)
from .ops.index import gather as gather, index_put as index_put, masked_fill as masked_fill, scatter_add as scatter_add
from .ops.join import (
    atleast_1d as atleast_1d,
    atleast_2d as atleast_2d,
    atleast_3d as atleast_3d,
    block_diag as block_diag,
    broadcast_shapes as broadcast_shapes,
    broadcast_tensors as broadcast_tensors,
    cartesian_prod as cartesian_prod,
    column_stack as column_stack,
    combinations as combinations,
    dstack as dstack,
    hstack as hstack,
    meshgrid as meshgrid,
    row_stack as row_stack,
    vstack as vstack,
)
from .ops.linalg import matmul as matmul
from .ops.norms import norm as norm
from .ops.part import (
    dsplit as dsplit,
    hsplit as hsplit,
    select as select,
    tensor_split as tensor_split,
    unbind as unbind,
    unflatten as unflatten,
    vsplit as vsplit,
)
from .ops.reduce import (
    all as all,
    any as any,
    count_nonzero as count_nonzero,
    mean as mean,
    nanmean as nanmean,
    nansum as nansum,
    std as std,
    std_mean as std_mean,
    sum as sum,
    trace as trace,
    var as var,
    var_mean as var_mean,
)
from .ops.scan import (
    cumprod as cumprod,
    cumsum as cumsum,
    diff as diff,
    logcumsumexp as logcumsumexp,
    prod as prod,
)
from .ops.shape import (
    adjoint as adjoint,
    broadcast_to as broadcast_to,
    cat as cat,
    chunk as chunk,
    concat as concat,
    concatenate as concatenate,
    expand as expand,
    flatten as flatten,
    narrow as narrow,
    numel as numel,
    permute as permute,
    ravel as ravel,
    reshape as reshape,
    split as split,
    split_with_sizes as split_with_sizes,
    squeeze as squeeze,
    stack as stack,
    swapaxes as swapaxes,
    swapdims as swapdims,
    t as t,
    transpose as transpose,
    unsqueeze as unsqueeze,
)
from .ops.softmax import log_softmax as log_softmax, logsumexp as logsumexp, softmax as softmax
from .random import Generator as Generator, manual_seed as manual_seed
from .tensor import Tensor as Tensor

__version__ = "0.1.0"
