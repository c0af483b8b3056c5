"""Automatic differentiation on NumPy, PyTorch-style: every gradient derived, drawn and proven.

The table of contents: everything public, by the room it lives in. `X as X` says that X is public, to type checkers too.
"""

from math import e as e, inf as inf, nan as nan, pi as pi

from . import (
    accelerator as accelerator,
    autograd as autograd,
    backends as backends,
    cuda as cuda,
    datasets as datasets,
    func as func,
    linalg as linalg,
    nn as nn,
    ops as ops,
    optim as optim,
    special as special,
    testing as testing,
    utils as utils,
    viz as viz,
)
from .creation import (
    arange as arange,
    as_tensor as as_tensor,
    contiguous_format as contiguous_format,
    empty as empty,
    empty_like as empty_like,
    eye as eye,
    from_numpy as from_numpy,
    full as full,
    full_like as full_like,
    is_tensor as is_tensor,
    linspace as linspace,
    logspace as logspace,
    normal as normal,
    ones as ones,
    ones_like as ones_like,
    preserve_format as preserve_format,
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
from .devices import (
    device as device,
)
from .dtypes import (
    bool as bool,
    double as double,
    dtype as dtype,
    float as float,
    float16 as float16,
    float32 as float32,
    float64 as float64,
    half as half,
    int as int,
    int8 as int8,
    int16 as int16,
    int32 as int32,
    int64 as int64,
    long as long,
    short as short,
    uint8 as uint8,
    uint16 as uint16,
    uint32 as uint32,
    uint64 as uint64,
)
from .func import (
    vmap as vmap,
)
from .graph import (
    enable_grad as enable_grad,
    inference_mode as inference_mode,
    is_grad_enabled as is_grad_enabled,
    no_grad as no_grad,
    set_grad_enabled as set_grad_enabled,
)
from .io import (
    load as load,
    save as save,
)
from .limits import (
    finfo as finfo,
    iinfo as iinfo,
)
from .nn.functional import (
    celu as celu,
    celu_ as celu_,
    group_norm as group_norm,
    layer_norm as layer_norm,
    relu_ as relu_,
    rms_norm as rms_norm,
    rrelu as rrelu,
    rrelu_ as rrelu_,
    selu as selu,
    selu_ as selu_,
    threshold as threshold,
    threshold_ as threshold_,
)
from .nn.functional.distance import (
    cosine_similarity as cosine_similarity,
    pairwise_distance as pairwise_distance,
    pdist as pdist,
)
from .nn.functional.native import (
    alpha_dropout as alpha_dropout,
    alpha_dropout_ as alpha_dropout_,
    batch_norm as batch_norm,
    dropout as dropout,
    dropout_ as dropout_,
    feature_alpha_dropout as feature_alpha_dropout,
    feature_alpha_dropout_ as feature_alpha_dropout_,
    feature_dropout as feature_dropout,
    feature_dropout_ as feature_dropout_,
    instance_norm as instance_norm,
)
from .nn.functional.pooling import (
    adaptive_avg_pool1d as adaptive_avg_pool1d,
    avg_pool1d as avg_pool1d,
    max_pool1d as max_pool1d,
    max_pool1d_with_indices as max_pool1d_with_indices,
    max_pool2d as max_pool2d,
    max_pool3d as max_pool3d,
)
from .nn.functional.top_level import (
    adaptive_max_pool1d as adaptive_max_pool1d,
    affine_grid_generator as affine_grid_generator,
    constant_pad_nd as constant_pad_nd,
    grid_sampler as grid_sampler,
    grid_sampler_2d as grid_sampler_2d,
    grid_sampler_3d as grid_sampler_3d,
    native_channel_shuffle as native_channel_shuffle,
)
from .nn.functional.vision import (
    channel_shuffle as channel_shuffle,
    pixel_shuffle as pixel_shuffle,
    pixel_unshuffle as pixel_unshuffle,
)
from .op import (
    op as op,
)
from .ops.activation import (
    hardshrink as hardshrink,
    prelu as prelu,
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
from .ops.calculus import (
    cumulative_trapezoid as cumulative_trapezoid,
    gradient as gradient,
    trapezoid as trapezoid,
    trapz as trapz,
)
from .ops.cast import (
    clone as clone,
    is_floating_point as is_floating_point,
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
from .ops.conv import (
    conv1d as conv1d,
    conv2d as conv2d,
    conv3d as conv3d,
    conv_transpose1d as conv_transpose1d,
    conv_transpose2d as conv_transpose2d,
    conv_transpose3d as conv_transpose3d,
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
    argwhere as argwhere,
    gather as gather,
    nonzero as nonzero,
)
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
from .ops.lowrank import (
    pca_lowrank as pca_lowrank,
    svd_lowrank as svd_lowrank,
)
from .ops.masked import (
    diagonal_scatter as diagonal_scatter,
    masked_fill as masked_fill,
    masked_scatter as masked_scatter,
    masked_select as masked_select,
    put as put,
    select_scatter as select_scatter,
    slice_scatter as slice_scatter,
    take as take,
    take_along_dim as take_along_dim,
    unravel_index as unravel_index,
)
from .ops.matrices import (
    logdet as logdet,
)
from .ops.matrix_functions import (
    matrix_exp as matrix_exp,
    matrix_power as matrix_power,
)
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
from .ops.scatter import (
    index_add as index_add,
    index_copy as index_copy,
    index_fill as index_fill,
    index_put as index_put,
    index_reduce as index_reduce,
    index_select as index_select,
    scatter as scatter,
    scatter_add as scatter_add,
    scatter_reduce as scatter_reduce,
)
from .ops.sets import (
    bucketize as bucketize,
    isin as isin,
    searchsorted as searchsorted,
    unique as unique,
    unique_consecutive as unique_consecutive,
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
from .printing import (
    set_printoptions as set_printoptions,
)
from .promotion import (
    get_default_dtype as get_default_dtype,
    set_default_dtype as set_default_dtype,
)
from .random import (
    Generator as Generator,
    get_rng_state as get_rng_state,
    initial_seed as initial_seed,
    manual_seed as manual_seed,
    seed as seed,
    set_rng_state as set_rng_state,
)
from .tensor import (
    Tensor as Tensor,
)
from .threads import (
    get_num_threads as get_num_threads,
    set_num_threads as set_num_threads,
)
from .typed import (
    BoolTensor as BoolTensor,
    ByteTensor as ByteTensor,
    CharTensor as CharTensor,
    DoubleTensor as DoubleTensor,
    FloatTensor as FloatTensor,
    HalfTensor as HalfTensor,
    IntTensor as IntTensor,
    LongTensor as LongTensor,
    ShortTensor as ShortTensor,
)
from .viz import (
    derive as derive,
)

newaxis = None
Size = tuple  # type: ignore[type-arg]  # which a shape is, and not an alias for annotations

__version__ = "0.1.0"
