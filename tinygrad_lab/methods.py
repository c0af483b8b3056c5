"""The list of a tensor's methods that are ops, family by family, and of those that are ops in place.

A method whose arguments aren't the function's own is written in `tensor.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import inplace
from .ops import activation, arithmetic, compare, elementwise, index, linalg, reduce, shape as shaping
from .ops.cast import clone

if TYPE_CHECKING:
    from .tensor import Tensor


def of_sizes(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The method that is `function`, its sequence of integers given as one or as separate arguments."""

    @functools.wraps(function)
    def call(self: Tensor, *sizes: Any, **kwargs: Any) -> Tensor:
        if len(sizes) == 1 and isinstance(sizes[0], list | tuple):
            (sizes,) = sizes
        return function(self, sizes, **kwargs) if sizes or not kwargs else function(self, **kwargs)

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

    # ------------------------------------------------------------------------------------------ activation

    prelu = activation.prelu
    hardshrink = activation.hardshrink

    # ---------------------------------------------------------------------------------------------- reduce

    sum = reduce.sum
    mean = reduce.mean
    max = reduce.max
    min = reduce.min
    amax = reduce.amax
    amin = reduce.amin
    var = reduce.var
    std = reduce.std
    prod = reduce.prod
    argmax = reduce.argmax
    argmin = reduce.argmin
    any = reduce.any
    all = reduce.all
    logsumexp = reduce.logsumexp
    softmax = reduce.softmax
    log_softmax = reduce.log_softmax

    # ----------------------------------------------------------------------------------------------- shape

    reshape = of_sizes(shaping.reshape)
    view = of_sizes(shaping.view)
    permute = of_sizes(shaping.permute)
    expand = of_sizes(shaping.expand)
    flatten = shaping.flatten
    transpose = swapaxes = shaping.transpose
    squeeze = shaping.squeeze
    unsqueeze = shaping.unsqueeze
    narrow = shaping.narrow
    split = shaping.split
    chunk = shaping.chunk

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
