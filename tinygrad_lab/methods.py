"""The list of a tensor's methods that are ops, family by family, and of those that are ops in place.

A method whose arguments aren't the function's own is written in `tensor.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import inplace
from .ops import (
    activation,
    arithmetic,
    arrange,
    cast,
    compare,
    diagonal as diagonals,
    distance,
    elementwise,
    extreme,
    index,
    legacy,
    linalg,
    masked,
    matrices,
    matrix_functions,
    part,
    reduce,
    rounding,
    sampling,
    scan,
    scatter as scattering,
    sets,
    shape as shaping,
    softmax as exponential,
    sort as sorting,
    special,
    statistics,
    trigonometric,
)

if TYPE_CHECKING:
    from .tensor import Tensor


def of_sizes(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The method that is `function`, its sequence of integers given as one or as separate arguments."""

    @functools.wraps(function)
    def call(self: Tensor, *sizes: Any, **kwargs: Any) -> Tensor:
        if not sizes:
            return function(self, **kwargs)
        return function(self, sizes[0] if len(sizes) == 1 and isinstance(sizes[0], (list, tuple)) else sizes, **kwargs)

    return call


class Methods:
    """What the ops give to a tensor."""

    __slots__ = ()

    # --------------------------------------------------------------------------------------------- arithmetic

    add = arithmetic.add
    sub = subtract = arithmetic.sub
    mul = multiply = arithmetic.mul
    div = divide = true_divide = arithmetic.div
    pow = arithmetic.pow
    float_power = arithmetic.float_power
    neg = negative = arithmetic.neg
    positive = arithmetic.positive
    abs = absolute = arithmetic.abs
    square = arithmetic.square
    reciprocal = arithmetic.reciprocal
    maximum = arithmetic.maximum
    minimum = arithmetic.minimum
    fmax = arithmetic.fmax
    fmin = arithmetic.fmin
    clamp = clip = arithmetic.clamp
    clamp_min = arithmetic.clamp_min
    clamp_max = arithmetic.clamp_max
    nan_to_num = arithmetic.nan_to_num
    lerp = arithmetic.lerp
    addcmul = arithmetic.addcmul
    addcdiv = arithmetic.addcdiv

    add_ = inplace.method("add_", arithmetic.add)
    sub_ = subtract_ = inplace.method("sub_", arithmetic.sub)
    mul_ = multiply_ = inplace.method("mul_", arithmetic.mul)
    div_ = divide_ = true_divide_ = inplace.method("div_", arithmetic.div)
    pow_ = inplace.method("pow_", arithmetic.pow)
    float_power_ = inplace.method("float_power_", arithmetic.float_power)
    neg_ = negative_ = inplace.method("neg_", arithmetic.neg)
    abs_ = absolute_ = inplace.method("abs_", arithmetic.abs)
    square_ = inplace.method("square_", arithmetic.square)
    reciprocal_ = inplace.method("reciprocal_", arithmetic.reciprocal)
    clamp_ = clip_ = inplace.method("clamp_", arithmetic.clamp)
    clamp_min_ = inplace.method("clamp_min_", arithmetic.clamp_min)
    clamp_max_ = inplace.method("clamp_max_", arithmetic.clamp_max)
    nan_to_num_ = inplace.method("nan_to_num_", arithmetic.nan_to_num)
    lerp_ = inplace.method("lerp_", arithmetic.lerp)
    addcmul_ = inplace.method("addcmul_", arithmetic.addcmul)
    addcdiv_ = inplace.method("addcdiv_", arithmetic.addcdiv)

    # ----------------------------------------------------------------------------------------------- rounding

    floor = rounding.floor
    ceil = rounding.ceil
    round = rounding.round
    trunc = fix = rounding.trunc
    frac = rounding.frac
    floor_divide = rounding.floor_divide
    remainder = rounding.remainder
    fmod = rounding.fmod
    copysign = rounding.copysign

    floor_ = inplace.method("floor_", rounding.floor)
    ceil_ = inplace.method("ceil_", rounding.ceil)
    round_ = inplace.method("round_", rounding.round)
    trunc_ = fix_ = inplace.method("trunc_", rounding.trunc)
    frac_ = inplace.method("frac_", rounding.frac)
    floor_divide_ = inplace.method("floor_divide_", rounding.floor_divide)
    remainder_ = inplace.method("remainder_", rounding.remainder)
    fmod_ = inplace.method("fmod_", rounding.fmod)
    copysign_ = inplace.method("copysign_", rounding.copysign)

    # ------------------------------------------------------------------------------------------------ compare

    eq = compare.eq
    ne = not_equal = compare.ne
    lt = less = compare.lt
    le = less_equal = compare.le
    gt = greater = compare.gt
    ge = greater_equal = compare.ge
    sign = sgn = compare.sign
    signbit = compare.signbit
    heaviside = compare.heaviside
    isnan = compare.isnan
    isinf = compare.isinf
    isfinite = compare.isfinite
    isposinf = compare.isposinf
    isneginf = compare.isneginf
    isclose = compare.isclose
    allclose = compare.allclose
    equal = compare.equal
    logical_and = compare.logical_and
    logical_or = compare.logical_or
    logical_xor = compare.logical_xor
    logical_not = compare.logical_not
    bitwise_and = compare.bitwise_and
    bitwise_or = compare.bitwise_or
    bitwise_xor = compare.bitwise_xor
    bitwise_not = compare.bitwise_not
    bitwise_left_shift = compare.bitwise_left_shift
    bitwise_right_shift = compare.bitwise_right_shift

    eq_ = inplace.method("eq_", compare.eq)
    ne_ = not_equal_ = inplace.method("ne_", compare.ne)
    lt_ = less_ = inplace.method("lt_", compare.lt)
    le_ = less_equal_ = inplace.method("le_", compare.le)
    gt_ = greater_ = inplace.method("gt_", compare.gt)
    ge_ = greater_equal_ = inplace.method("ge_", compare.ge)
    sign_ = sgn_ = inplace.method("sign_", compare.sign)
    heaviside_ = inplace.method("heaviside_", compare.heaviside)
    logical_and_ = inplace.method("logical_and_", compare.logical_and)
    logical_or_ = inplace.method("logical_or_", compare.logical_or)
    logical_xor_ = inplace.method("logical_xor_", compare.logical_xor)
    logical_not_ = inplace.method("logical_not_", compare.logical_not)
    bitwise_and_ = inplace.method("bitwise_and_", compare.bitwise_and)
    bitwise_or_ = inplace.method("bitwise_or_", compare.bitwise_or)
    bitwise_xor_ = inplace.method("bitwise_xor_", compare.bitwise_xor)
    bitwise_not_ = inplace.method("bitwise_not_", compare.bitwise_not)
    bitwise_left_shift_ = inplace.method("bitwise_left_shift_", compare.bitwise_left_shift)
    bitwise_right_shift_ = inplace.method("bitwise_right_shift_", compare.bitwise_right_shift)

    # -------------------------------------------------------------------------------------------- elementwise

    exp = elementwise.exp
    exp2 = elementwise.exp2
    expm1 = elementwise.expm1
    log = elementwise.log
    log2 = elementwise.log2
    log10 = elementwise.log10
    log1p = elementwise.log1p
    logaddexp = elementwise.logaddexp
    logaddexp2 = elementwise.logaddexp2
    sqrt = elementwise.sqrt
    rsqrt = elementwise.rsqrt
    sigmoid = elementwise.sigmoid
    tanh = elementwise.tanh
    logit = elementwise.logit
    xlogy = elementwise.xlogy
    relu = elementwise.relu

    exp_ = inplace.method("exp_", elementwise.exp)
    exp2_ = inplace.method("exp2_", elementwise.exp2)
    expm1_ = inplace.method("expm1_", elementwise.expm1)
    log_ = inplace.method("log_", elementwise.log)
    log2_ = inplace.method("log2_", elementwise.log2)
    log10_ = inplace.method("log10_", elementwise.log10)
    log1p_ = inplace.method("log1p_", elementwise.log1p)
    sqrt_ = inplace.method("sqrt_", elementwise.sqrt)
    rsqrt_ = inplace.method("rsqrt_", elementwise.rsqrt)
    tanh_ = inplace.method("tanh_", elementwise.tanh)
    sigmoid_ = inplace.method("sigmoid_", elementwise.sigmoid)
    logit_ = inplace.method("logit_", elementwise.logit)
    xlogy_ = inplace.method("xlogy_", elementwise.xlogy)
    relu_ = inplace.method("relu_", elementwise.relu)

    # ------------------------------------------------------------------------------------------ activation

    prelu = activation.prelu
    hardshrink = activation.hardshrink

    # ------------------------------------------------------------------------------------------ trigonometric

    sin = trigonometric.sin
    cos = trigonometric.cos
    tan = trigonometric.tan
    asin = arcsin = trigonometric.asin
    acos = arccos = trigonometric.acos
    atan = arctan = trigonometric.atan
    atan2 = arctan2 = trigonometric.atan2
    hypot = trigonometric.hypot
    sinh = trigonometric.sinh
    cosh = trigonometric.cosh
    asinh = arcsinh = trigonometric.asinh
    acosh = arccosh = trigonometric.acosh
    atanh = arctanh = trigonometric.atanh
    sinc = trigonometric.sinc
    deg2rad = trigonometric.deg2rad
    rad2deg = trigonometric.rad2deg

    sin_ = inplace.method("sin_", trigonometric.sin)
    cos_ = inplace.method("cos_", trigonometric.cos)
    tan_ = inplace.method("tan_", trigonometric.tan)
    asin_ = arcsin_ = inplace.method("asin_", trigonometric.asin)
    acos_ = arccos_ = inplace.method("acos_", trigonometric.acos)
    atan_ = arctan_ = inplace.method("atan_", trigonometric.atan)
    atan2_ = arctan2_ = inplace.method("atan2_", trigonometric.atan2)
    hypot_ = inplace.method("hypot_", trigonometric.hypot)
    sinh_ = inplace.method("sinh_", trigonometric.sinh)
    cosh_ = inplace.method("cosh_", trigonometric.cosh)
    asinh_ = arcsinh_ = inplace.method("asinh_", trigonometric.asinh)
    acosh_ = arccosh_ = inplace.method("acosh_", trigonometric.acosh)
    atanh_ = arctanh_ = inplace.method("atanh_", trigonometric.atanh)
    sinc_ = inplace.method("sinc_", trigonometric.sinc)
    deg2rad_ = inplace.method("deg2rad_", trigonometric.deg2rad)
    rad2deg_ = inplace.method("rad2deg_", trigonometric.rad2deg)

    # ------------------------------------------------------------------------------------------------ special

    erf = special.erf
    erfc = special.erfc
    erfinv = special.erfinv
    lgamma = special.lgamma
    digamma = special.digamma

    erf_ = inplace.method("erf_", special.erf)
    erfc_ = inplace.method("erfc_", special.erfc)
    polygamma_ = inplace.method("polygamma_", special._polygamma)
    erfinv_ = inplace.method("erfinv_", special.erfinv)
    lgamma_ = inplace.method("lgamma_", special.lgamma)
    digamma_ = inplace.method("digamma_", special.digamma)

    # ----------------------------------------------------------------------------------------- random, new

    bernoulli = sampling.bernoulli
    multinomial = sampling.multinomial
    new = sampling.new
    new_zeros = of_sizes(sampling.new_zeros)
    new_ones = of_sizes(sampling.new_ones)
    new_empty = of_sizes(sampling.new_empty)
    new_full = sampling.new_full
    new_tensor = sampling.new_tensor

    bernoulli_ = inplace.method("bernoulli_", sampling.bernoulli_like)
    uniform_ = inplace.method("uniform_", sampling.uniform)
    random_ = inplace.method("random_", sampling.integers)
    normal_ = inplace.method("normal_", sampling.normal)
    log_normal_ = inplace.method("log_normal_", sampling.log_normal)
    exponential_ = inplace.method("exponential_", sampling.exponential)
    cauchy_ = inplace.method("cauchy_", sampling.cauchy)
    geometric_ = inplace.method("geometric_", sampling.geometric)

    # ---------------------------------------------------------------------------------------------- reduce

    sum = reduce.sum
    mean = reduce.mean
    var = reduce.var
    std = reduce.std
    any = reduce.any
    all = reduce.all
    count_nonzero = reduce.count_nonzero
    nansum = reduce.nansum
    nanmean = reduce.nanmean
    trace = reduce.trace
    norm = legacy.norm
    logsumexp = exponential.logsumexp
    softmax = exponential.softmax
    log_softmax = exponential.log_softmax

    # --------------------------------------------------------------------------------------------- extreme

    max = extreme.max
    min = extreme.min
    amax = extreme.amax
    amin = extreme.amin
    aminmax = extreme.aminmax
    argmax = extreme.argmax
    argmin = extreme.argmin
    cummax = extreme.cummax
    cummin = extreme.cummin

    # ------------------------------------------------------------------------------------------------ scan

    prod = scan.prod
    cumsum = scan.cumsum
    cumprod = scan.cumprod
    logcumsumexp = scan.logcumsumexp
    diff = scan.diff

    cumsum_ = inplace.method("cumsum_", scan.cumsum)
    cumprod_ = inplace.method("cumprod_", scan.cumprod)

    # ------------------------------------------------------------------------------------------------ sort

    sort = sorting.sort
    argsort = sorting.argsort
    msort = sorting.msort
    topk = sorting.topk
    kthvalue = sorting.kthvalue
    median = sorting.median
    nanmedian = sorting.nanmedian
    mode = sorting.mode
    unique = sets.unique
    unique_consecutive = sets.unique_consecutive
    quantile = statistics.quantile
    nanquantile = statistics.nanquantile
    cov = statistics.cov
    corrcoef = statistics.corrcoef
    bincount = statistics.bincount
    histc = statistics.histc

    # ----------------------------------------------------------------------------------------------- shape

    reshape = of_sizes(shaping.reshape)
    view = of_sizes(shaping.view)
    permute = of_sizes(shaping.permute)
    expand = of_sizes(shaping.expand)
    flatten = shaping.flatten
    transpose = shaping.transpose
    squeeze = shaping.squeeze
    unsqueeze = shaping.unsqueeze
    swapdims = shaping.swapdims
    swapaxes = shaping.swapaxes
    t = shaping.t
    ravel = shaping.ravel
    broadcast_to = of_sizes(shaping.broadcast_to)
    sum_to_size = of_sizes(shaping.sum_to_size)
    narrow = shaping.narrow
    split_with_sizes = shaping.split_with_sizes
    chunk = shaping.chunk

    flip = of_sizes(arrange.flip)
    fliplr = arrange.fliplr
    flipud = arrange.flipud
    rot90 = arrange.rot90
    roll = arrange.roll
    repeat = of_sizes(arrange.repeat)
    tile = of_sizes(arrange.tile)
    repeat_interleave = arrange.repeat_interleave
    movedim = moveaxis = arrange.movedim

    unfold = part.unfold
    select = part.select
    unbind = part.unbind
    unflatten = part.unflatten
    tensor_split = part.tensor_split
    hsplit = part.hsplit
    vsplit = part.vsplit
    dsplit = part.dsplit

    tril = diagonals.tril
    triu = diagonals.triu
    diagonal = diagonals.diagonal
    diag = diagonals.diag
    diag_embed = diagonals.diag_embed
    diagflat = diagonals.diagflat

    squeeze_ = inplace.rearranged("squeeze_", shaping.squeeze)
    unsqueeze_ = inplace.rearranged("unsqueeze_", shaping.unsqueeze)
    transpose_ = inplace.rearranged("transpose_", shaping.transpose)
    swapaxes_ = inplace.rearranged("swapaxes_", shaping.swapaxes)
    swapdims_ = inplace.rearranged("swapdims_", shaping.swapdims)
    t_ = inplace.rearranged("t_", shaping.t)
    tril_ = inplace.method("tril_", diagonals.tril)
    triu_ = inplace.method("triu_", diagonals.triu)
    fill_diagonal_ = inplace.method("fill_diagonal_", masked.fill_diagonal)

    # ----------------------------------------------------------------------------------------------- index

    gather = index.gather
    nonzero = index.nonzero
    argwhere = index.argwhere
    scatter = scattering.scatter
    scatter_add = scattering.scatter_add
    scatter_reduce = scattering.scatter_reduce
    index_select = scattering.index_select
    index_add = scattering.index_add
    index_copy = scattering.index_copy
    index_fill = scattering.index_fill
    index_reduce = scattering.index_reduce
    index_put = scattering.index_put
    masked_fill = masked.masked_fill
    masked_select = masked.masked_select
    masked_scatter = masked.masked_scatter
    take = masked.take
    put = masked.put
    take_along_dim = masked.take_along_dim
    select_scatter = masked.select_scatter
    slice_scatter = masked.slice_scatter
    diagonal_scatter = masked.diagonal_scatter

    scatter_ = inplace.method("scatter_", scattering.scatter)
    scatter_add_ = inplace.method("scatter_add_", scattering.scatter_add)
    scatter_reduce_ = inplace.method("scatter_reduce_", scattering.scatter_reduce)
    index_add_ = inplace.method("index_add_", scattering.index_add)
    index_copy_ = inplace.method("index_copy_", scattering.index_copy)
    index_fill_ = inplace.method("index_fill_", scattering.index_fill)
    index_reduce_ = inplace.method("index_reduce_", scattering.index_reduce)
    index_put_ = inplace.method("index_put_", scattering.index_put)
    masked_fill_ = inplace.method("masked_fill_", masked.masked_fill)
    masked_scatter_ = inplace.method("masked_scatter_", masked.masked_scatter)
    put_ = inplace.method("put_", masked.put)

    # ---------------------------------------------------------------------------------------------- linalg

    matmul = linalg.matmul
    bmm = linalg.bmm
    dot = linalg.dot
    ger = linalg.ger
    inner = linalg.inner
    kron = linalg.kron
    mm = linalg.mm
    mv = linalg.mv
    outer = linalg.outer
    vdot = linalg.vdot
    addbmm = linalg.addbmm
    addmm = linalg.addmm
    addmv = linalg.addmv
    addr = linalg.addr
    baddbmm = linalg.baddbmm

    cholesky = legacy.cholesky
    cholesky_inverse = legacy.cholesky_inverse
    cholesky_solve = legacy.cholesky_solve
    cross = legacy.cross
    det = legacy.det
    dist = distance.dist
    inverse = legacy.inverse
    logdet = matrices.logdet
    matrix_exp = matrix_functions.matrix_exp
    matrix_power = matrix_functions.matrix_power
    pinverse = legacy.pinverse
    orgqr = legacy.orgqr
    ormqr = legacy.ormqr
    qr = legacy.qr
    renorm = legacy.renorm
    slogdet = legacy.slogdet
    svd = legacy.svd
    triangular_solve = legacy.triangular_solve

    renorm_ = inplace.method("renorm_", legacy.renorm)
    addbmm_ = inplace.method("addbmm_", linalg.addbmm)
    addmm_ = inplace.method("addmm_", linalg.addmm)
    addmv_ = inplace.method("addmv_", linalg.addmv)
    addr_ = inplace.method("addr_", linalg.addr)
    baddbmm_ = inplace.method("baddbmm_", linalg.baddbmm)

    # ------------------------------------------------------------------------------------------------ cast

    clone = cast.clone
    to = cast.to
    cpu = cast.cpu
    type_as = cast.type_as
    half = cast.half
    float = cast.single
    double = cast.double
    byte = cast.byte
    char = cast.char
    short = cast.short
    int = cast.int32
    long = cast.long
    bool = cast.boolean

    # -------------------------------------------------------------------------------------------- in place

    copy_ = inplace.method("copy_", inplace.replaced)
    fill_ = inplace.method("fill_", inplace.replaced)
