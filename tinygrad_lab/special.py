"""PyTorch's `torch.special`: special functions by the names that SciPy gives them."""

from .ops.elementwise import (
    exp2 as exp2,
    expit as expit,
    expm1 as expm1,
    log1p as log1p,
    logit as logit,
    xlogy as xlogy,
)
from .ops.rounding import round as round
from .ops.softmax import log_softmax as log_softmax, logsumexp as logsumexp, softmax as softmax
from .ops.special import (
    digamma as digamma,
    digamma as psi,
    entr as entr,
    erf as erf,
    erfc as erfc,
    erfinv as erfinv,
    lgamma as gammaln,
    ndtr as ndtr,
    ndtri as ndtri,
    polygamma as polygamma,
    xlog1py as xlog1py,
)
from .ops.trigonometric import sinc as sinc

__all__ = [
    "digamma",
    "entr",
    "erf",
    "erfc",
    "erfinv",
    "exp2",
    "expit",
    "expm1",
    "gammaln",
    "log1p",
    "log_softmax",
    "logit",
    "logsumexp",
    "ndtr",
    "ndtri",
    "polygamma",
    "psi",
    "round",
    "sinc",
    "softmax",
    "xlog1py",
    "xlogy",
]
