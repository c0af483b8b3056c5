"""Activations as modules. The functions of `functional` say what they compute; these keep their settings."""

from __future__ import annotations

import warnings

from ..creation import empty
from ..devices import Device
from ..ops.elementwise import sigmoid, tanh
from ..tensor import DTypeLike, Tensor
from . import functional as F
from .init import constant_
from .module import Module
from .parameter import Parameter


class _InPlace(Module):
    """An activation without other settings than `inplace`: whether to write the result into the input."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


def _also(inplace: bool) -> str:
    return ", inplace=True" if inplace else ""


# ----------------------------------------------------------------------------------------------------- rectifiers


class ReLU(_InPlace):
    """Rectifier, max(0, x).

    Args:
        inplace: write the result into the input.
    """

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return F.relu(input, self.inplace)


class Hardtanh(Module):
    """Elements limited to [`min_val`, `max_val`]; `min_value` and `max_value` are old names for these.

    Raises:
        AssertionError: `max_val` isn't greater than `min_val`, which is the class that PyTorch raises.
    """

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__()
        for old, new, value in (("min_value", "min_val", min_value), ("max_value", "max_val", max_value)):
            if value is not None:
                renamed = f"keyword argument `{old}` is deprecated and renamed to `{new}`"
                warnings.warn(renamed, FutureWarning, stacklevel=2)
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        self.inplace = inplace
        if not self.max_val > self.min_val:
            raise AssertionError(f"Hardtanh: max_val ({self.max_val}) must be greater than min_val ({self.min_val})")

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        return f"min_val={self.min_val}, max_val={self.max_val}{_also(self.inplace)}"


class ReLU6(Hardtanh):
    """Rectifier cut off at 6, min(max(0, x), 6)."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class LeakyReLU(Module):
    """x where it is positive, `negative_slope` x elsewhere."""

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}{_also(self.inplace)}"


class PReLU(Module):
    """A leaky rectifier whose slope is learnt (He et al. 2015, https://arxiv.org/abs/1502.01852).

    Args:
        num_parameters: one slope, or as many as there are channels.
        init: the slope at first.
        device: the CPU, or None.
        dtype: of the slopes; by default the default dtype.
    """

    weight: Parameter

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, *, device: Device = None, dtype: DTypeLike = None
    ) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the slopes to `init`."""
        constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        """`(n, num_parameters, *)`, or with one slope `(*)`, to the same shape."""
        y: Tensor = F.prelu(input, self.weight)
        return y

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class RReLU(Module):
    """A leaky rectifier with slopes drawn from [`lower`, `upper`] in training, else their mean (Xu et al. 2015)."""

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, inplace: bool = False) -> None:
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"lower={self.lower}, upper={self.upper}{_also(self.inplace)}"


class Threshold(Module):
    """x where it is above `threshold`, `value` elsewhere."""

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        return f"threshold={self.threshold}, value={self.value}{_also(self.inplace)}"


# ---------------------------------------------------------------------------------------------- exponential units


class ELU(Module):
    """x where it is positive, `alpha` (exp(x) - 1) elsewhere (Clevert et al. 2016)."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}{_also(self.inplace)}"


class CELU(Module):
    """x where it is positive, `alpha` (exp(x / `alpha`) - 1) elsewhere (Barron 2017)."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return F.celu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}{_also(self.inplace)}"


class SELU(_InPlace):
    """Scaled `ELU` that keeps mean 0 and variance 1 (Klambauer et al. 2017)."""

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return F.selu(input, self.inplace)


# --------------------------------------------------------------------------------------------------- smooth units


class Sigmoid(Module):
    """Logistic sigmoid, 1 / (1 + exp(-x))."""

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return sigmoid(input)


class Tanh(Module):
    """Hyperbolic tangent."""

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return tanh(input)


class LogSigmoid(Module):
    """Logarithm of the sigmoid, -log(1 + exp(-x))."""

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return F.logsigmoid(input)


class Softplus(Module):
    """Smooth rectifier, log(1 + exp(beta x)) / beta; x itself where beta x is above `threshold`."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        return f"beta={self.beta}, threshold={self.threshold}"


class GELU(Module):
    """Gaussian error linear unit, x times the normal distribution of x; `approximate` is "none" or "tanh"."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class SiLU(_InPlace):
    """Sigmoid linear unit, or swish, x sigmoid(x)."""

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return F.silu(input, self.inplace)


class Mish(_InPlace):
    """x tanh(log(1 + exp(x))) (Misra 2019)."""

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return F.mish(input, self.inplace)


class Softsign(Module):
    """`x / (1 + |x|)`."""

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return F.softsign(input)


class Tanhshrink(Module):
    """x - tanh(x)."""

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return F.tanhshrink(input)


class GLU(Module):
    """Gated linear unit: the first half along `dim` times the sigmoid of the second."""

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """`(*, 2 k, *)` to `(*, k, *)`."""
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


# ---------------------------------------------------------------------------------------------- of straight lines


class Hardsigmoid(_InPlace):
    """A sigmoid of straight lines, min(max(x / 6 + 1/2, 0), 1)."""

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return F.hardsigmoid(input, self.inplace)

    def extra_repr(self) -> str:
        return ""


class Hardswish(_InPlace):
    """x times `Hardsigmoid` of x (Howard et al. 2019)."""

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return F.hardswish(input, self.inplace)

    def extra_repr(self) -> str:
        return ""


class Hardshrink(Module):
    """x, but 0 within `lambd` of 0."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        y: Tensor = F.hardshrink(input, self.lambd)
        return y

    def extra_repr(self) -> str:
        return f"{self.lambd}"


class Softshrink(Module):
    """x moved towards 0 by `lambd`, 0 within that distance of it."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return F.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        return f"{self.lambd}"


# -------------------------------------------------------------------------------------------------------- softmax


class _Softmax(Module):
    """What is along `dim`; without it the dimension is guessed with a warning, as `functional.softmax` says."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Softmax(_Softmax):
    """Softmax along `dim`."""

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return F.softmax(input, self.dim, _stacklevel=5)


class LogSoftmax(_Softmax):
    """Logarithm of the softmax along `dim`."""

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return F.log_softmax(input, self.dim, _stacklevel=5)


class Softmin(_Softmax):
    """Softmax of the negative along `dim`."""

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return F.softmin(input, self.dim, _stacklevel=5)


class Softmax2d(Module):
    """Softmax over the channels of each place of an image."""

    def forward(self, input: Tensor) -> Tensor:
        """`([n,] c, h, w)` to the same shape.

        Raises:
            ValueError: the input has other dimensions.
        """
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.ndim}D instead")
        return F.softmax(input, -3)
