"""The list of a tensor's methods that are ops, family by family, and of those that are ops in place.

A method whose arguments aren't the function's own is written in `tensor.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import inplace
from .ops import (
    arithmetic,
    arrange,
    compare,
    diagonal as diagonals,
    elementwise,
    extreme,
    index,
    linalg,
    norms,
    part,
    reduce,
    scan,
    shape as shaping,
    softmax as exponential,
)
from .ops.cast import clone

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

    # ------------------------------------------------------------------------------------------ arithmetic

    add = arithmetic.add
    sub = arithmetic.sub
    mul = multiply = arithmetic.mul
    div = divide = arithmetic.div
    pow = arithmetic.pow
    neg = negative = arithmetic.neg
    abs = arithmetic.abs
    square = arithmetic.square
    reciprocal = arithmetic.reciprocal
    maximum = arithmetic.maximum
    minimum = arithmetic.minimum
    remainder = arithmetic.remainder
    floor_divide = arithmetic.floor_divide
    clamp = clip = arithmetic.clamp

    add_ = inplace.method("add_", arithmetic.add)
    sub_ = inplace.method("sub_", arithmetic.sub)
    mul_ = inplace.method("mul_", arithmetic.mul)
    div_ = inplace.method("div_", arithmetic.div)
    pow_ = inplace.method("pow_", arithmetic.pow)
    neg_ = inplace.method("neg_", arithmetic.neg)
    abs_ = inplace.method("abs_", arithmetic.abs)
    square_ = inplace.method("square_", arithmetic.square)
    reciprocal_ = inplace.method("reciprocal_", arithmetic.reciprocal)
    clamp_ = inplace.method("clamp_", arithmetic.clamp)

    # --------------------------------------------------------------------------------------------- compare

    eq = compare.eq
    ne = compare.ne
    lt = compare.lt
    le = compare.le
    gt = compare.gt
    ge = compare.ge
    sign = compare.sign
    isnan = compare.isnan
    isinf = compare.isinf
    isfinite = compare.isfinite
    logical_and = compare.logical_and
    logical_or = compare.logical_or
    logical_not = compare.logical_not

    # ----------------------------------------------------------------------------------------- elementwise

    exp = elementwise.exp
    expm1 = elementwise.expm1
    log = elementwise.log
    log1p = elementwise.log1p
    sqrt = elementwise.sqrt
    rsqrt = elementwise.rsqrt
    sin = elementwise.sin
    cos = elementwise.cos
    tan = elementwise.tan
    tanh = elementwise.tanh
    sigmoid = elementwise.sigmoid
    relu = elementwise.relu

    exp_ = inplace.method("exp_", elementwise.exp)
    log_ = inplace.method("log_", elementwise.log)
    sqrt_ = inplace.method("sqrt_", elementwise.sqrt)
    tanh_ = inplace.method("tanh_", elementwise.tanh)
    sigmoid_ = inplace.method("sigmoid_", elementwise.sigmoid)
    relu_ = inplace.method("relu_", elementwise.relu)

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
    norm = norms.norm
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

    # ----------------------------------------------------------------------------------------------- index

    gather = index.gather
    scatter_add = index.scatter_add
    index_put = index.index_put
    masked_fill = index.masked_fill

    masked_fill_ = inplace.method("masked_fill_", index.masked_fill)
    scatter_add_ = inplace.method("scatter_add_", index.scatter_add)
    index_put_ = inplace.method("index_put_", index.index_put)

    # ---------------------------------------------------------------------------------------------- linalg

    matmul = linalg.matmul

    # ------------------------------------------------------------------------------------------------ cast

    clone = clone

    # -------------------------------------------------------------------------------------------- in place

    copy_ = inplace.method("copy_", inplace.replaced)
    fill_ = inplace.method("fill_", inplace.replaced)
