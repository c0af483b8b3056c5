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
    empty as empty,
    empty_like as empty_like,
    eye as eye,
    from_numpy as from_numpy,
    full as full,
    full_like as full_like,
    linspace as linspace,
    logspace as logspace,
    normal as normal,
    ones as ones,
    ones_like as ones_like,
    rand as rand,
    rand_like as rand_like,
    randint as randint,
    randint_like as randint_like,
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
from .op import (
    get_default_dtype as get_default_dtype,
    op as op,
    set_default_dtype as set_default_dtype,
)
from .ops.arithmetic import (
    abs as abs,
    absolute as absolute,
    add as add,
    addcdiv as addcdiv,
    addcmul as addcmul,
    clamp as clamp,
    clamp_max as clamp_max,
    clamp_min as clamp_min,
    clip as clip,
    div as div,
    divide as divide,
    float_power as float_power,
    fmax as fmax,
    fmin as fmin,
    lerp as lerp,
    maximum as maximum,
    minimum as minimum,
    mul as mul,
    multiply as multiply,
    nan_to_num as nan_to_num,
    neg as neg,
    negative as negative,
    positive as positive,
    pow as pow,
    reciprocal as reciprocal,
    rsub as rsub,
    square as square,
    sub as sub,
    subtract as subtract,
    true_divide as true_divide,
)
from .ops.cast import (
    clone as clone,
)
from .ops.compare import (
    allclose as allclose,
    bitwise_and as bitwise_and,
    bitwise_left_shift as bitwise_left_shift,
    bitwise_not as bitwise_not,
    bitwise_or as bitwise_or,
    bitwise_right_shift as bitwise_right_shift,
    bitwise_xor as bitwise_xor,
    eq as eq,
    equal as equal,
    ge as ge,
    greater as greater,
    greater_equal as greater_equal,
    gt as gt,
    heaviside as heaviside,
    isclose as isclose,
    isfinite as isfinite,
    isinf as isinf,
    isnan as isnan,
    isneginf as isneginf,
    isposinf as isposinf,
    le as le,
    less as less,
    less_equal as less_equal,
    logical_and as logical_and,
    logical_not as logical_not,
    logical_or as logical_or,
    logical_xor as logical_xor,
    lt as lt,
    ne as ne,
    not_equal as not_equal,
    sgn as sgn,
    sign as sign,
    signbit as signbit,
    where as where,
)
from .ops.distance import (
    cdist as cdist,
    dist as dist,
)
from .ops.einsum import (
    bilinear as bilinear,
    einsum as einsum,
)
from .ops.elementwise import (
    exp as exp,
    exp2 as exp2,
    expm1 as expm1,
    log as log,
    log1p as log1p,
    log2 as log2,
    log10 as log10,
    logaddexp as logaddexp,
    logaddexp2 as logaddexp2,
    logit as logit,
    relu as relu,
    rsqrt as rsqrt,
    sigmoid as sigmoid,
    sqrt as sqrt,
    tanh as tanh,
    xlogy as xlogy,
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
from .ops.index import (
    gather as gather,
    index_put as index_put,
    masked_fill as masked_fill,
    scatter_add as scatter_add,
)
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
from .ops.matrices import (
    logdet as logdet,
)
from .ops.matrix_functions import (
    matrix_exp as matrix_exp,
    matrix_power as matrix_power,
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
from .ops.rounding import (
    ceil as ceil,
    copysign as copysign,
    fix as fix,
    floor as floor,
    floor_divide as floor_divide,
    fmod as fmod,
    frac as frac,
    remainder as remainder,
    round as round,
    trunc as trunc,
)
from .ops.sampling import (
    bernoulli as bernoulli,
    multinomial as multinomial,
    poisson as poisson,
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
from .ops.softmax import (
    log_softmax as log_softmax,
    logsumexp as logsumexp,
    softmax as softmax,
)
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
from .ops.special import (
    digamma as digamma,
    erf as erf,
    erfc as erfc,
    erfinv as erfinv,
    lgamma as lgamma,
    polygamma as polygamma,
)
from .ops.statistics import (
    bincount as bincount,
    corrcoef as corrcoef,
    cov as cov,
    histc as histc,
    nanquantile as nanquantile,
    quantile as quantile,
)
from .ops.trigonometric import (
    acos as acos,
    acosh as acosh,
    arccos as arccos,
    arccosh as arccosh,
    arcsin as arcsin,
    arcsinh as arcsinh,
    arctan as arctan,
    arctan2 as arctan2,
    arctanh as arctanh,
    asin as asin,
    asinh as asinh,
    atan as atan,
    atan2 as atan2,
    atanh as atanh,
    cos as cos,
    cosh as cosh,
    deg2rad as deg2rad,
    hypot as hypot,
    rad2deg as rad2deg,
    sin as sin,
    sinc as sinc,
    sinh as sinh,
    tan as tan,
)
from .random import (
    Generator as Generator,
    manual_seed as manual_seed,
)
from .tensor import (
    Tensor as Tensor,
)
from .threads import (
    get_num_threads as get_num_threads,
    set_num_threads as set_num_threads,
)

__version__ = "0.1.0"
