"""Automatic differentiation on NumPy, PyTorch-style: every gradient derived, drawn and proven.

The table of contents: everything public, by the room it lives in. `X as X` says that X is public, to type checkers too.
"""

from . import (
    autograd as autograd,
    datasets as datasets,
    linalg as linalg,
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
from .ops.distance import cdist as cdist, dist as dist
from .ops.einsum import bilinear as bilinear, einsum as einsum
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
from .ops.legacy import (
    chain_matmul as chain_matmul,
    cholesky as cholesky,
    cholesky_inverse as cholesky_inverse,
    cholesky_solve as cholesky_solve,
    cross as cross,
    det as det,
    inverse as inverse,
    norm as norm,
    orgqr as orgqr,
    ormqr as ormqr,
    pinverse as pinverse,
    qr as qr,
    renorm as renorm,
    slogdet as slogdet,
    svd as svd,
    triangular_solve as triangular_solve,
    vander as vander,
)
from .ops.linalg import (
    addbmm as addbmm,
    addmm as addmm,
    addmv as addmv,
    addr as addr,
    baddbmm as baddbmm,
    bmm as bmm,
    dot as dot,
    ger as ger,
    inner as inner,
    kron as kron,
    matmul as matmul,
    mm as mm,
    mv as mv,
    outer as outer,
    tensordot as tensordot,
    vdot as vdot,
)
from .ops.matrices import logdet as logdet
from .ops.matrix_functions import matrix_exp as matrix_exp, matrix_power as matrix_power
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
from .ops.sets import (
    bucketize as bucketize,
    isin as isin,
    searchsorted as searchsorted,
    unique as unique,
    unique_consecutive as unique_consecutive,
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
from .ops.softmax import log_softmax as log_softmax, logsumexp as logsumexp, softmax as softmax
from .ops.sort import (
    argsort as argsort,
    kthvalue as kthvalue,
    median as median,
    mode as mode,
    msort as msort,
    nanmedian as nanmedian,
    sort as sort,
    topk as topk,
)
from .ops.statistics import (
    bincount as bincount,
    corrcoef as corrcoef,
    cov as cov,
    histc as histc,
    nanquantile as nanquantile,
    quantile as quantile,
)
from .random import Generator as Generator, manual_seed as manual_seed
from .tensor import Tensor as Tensor

__version__ = "0.1.0"
