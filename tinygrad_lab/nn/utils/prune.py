"""Pruning: weights that stay zero, by a mask that multiplies them. PyTorch's `torch.nn.utils.prune`.

A pruned parameter `name` becomes the parameter `name_orig` and the buffer `name_mask`, and `name` their product, made
anew before each call of the module. Pruning again chooses among what the mask has left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self, TypeVar

from ...creation import ones_like, rand, rand_like
from ...graph import no_grad
from ...ops.norms import vector_norm
from ...ops.shape import cat, dim_of, split
from ...ops.sort import topk
from ...tensor import Tensor
from ..module import Module
from ..parameter import Parameter

M = TypeVar("M", bound=Module)


class BasePruningMethod:
    """A way to choose what is pruned. A subclass defines `compute_mask`, and is used by `apply`.

    Attributes:
        PRUNING_TYPE: what is chosen among what a mask left: "unstructured": elements; "structured": slices along
            `self.dim`; "global": all, what is pruned already, too.
    """

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """`default_mask` with zeros where to prune, given the elements' importance `t`.

        Raises:
            NotImplementedError: the subclass doesn't define it.
        """
        raise NotImplementedError(f"{type(self).__name__}: a subclass must define compute_mask(t, default_mask)")

    @classmethod
    def apply(
        cls, module: Module, name: str, *args: Any, importance_scores: Tensor | None = None, **kwargs: Any
    ) -> Self:
        """Prune parameter `name` of `module` by a method made of the other arguments, which is returned.

        Args:
            importance_scores: by which to choose, of the parameter's shape; by default the parameter itself.

        Raises:
            AttributeError: the module has no such parameter.
            AssertionError: the scores have another shape.
            TypeError, ValueError, IndexError: as the method.
        """
        method = cls(*args, **kwargs)
        parameter, mask = _parts(module, name)
        scores = parameter if importance_scores is None else importance_scores
        if scores.shape != parameter.shape:
            raise AssertionError(f"importance_scores of shape {scores.shape} must have the shape {parameter.shape}")
        _set_mask(module, name, method.narrowed(mask, scores.detach()))
        return method

    def narrowed(self, mask: Tensor, t: Tensor) -> Tensor:
        """What of `mask` is left when it is pruned by this method, given the elements' importance `t`."""
        left: Any = ...
        if self.PRUNING_TYPE == "unstructured":
            left = mask == 1
        elif self.PRUNING_TYPE == "structured" and t.ndim > 1:
            d = dim_of("prune", getattr(self, "dim", 0), t.ndim)
            left = (slice(None),) * d + (mask.sum([i for i in range(t.ndim) if i != d]) != 0,)
        new = mask.clone()
        new[left] = self.compute_mask(t[left], mask[left]).to(mask.dtype)
        return new


class Identity(BasePruningMethod):
    """Prunes nothing: the mask is there, of ones."""

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """`default_mask`."""
        return default_mask


class CustomFromMask(BasePruningMethod):
    """Prunes where `mask` is 0."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Both masks' product.

        Raises:
            AssertionError: they differ in shape.
        """
        if self.mask.shape != default_mask.shape:
            raise AssertionError(f"a mask of shape {self.mask.shape} must have the shape {default_mask.shape}")
        return default_mask * self.mask.to(default_mask.dtype)


class _OfAnAmount(BasePruningMethod):
    """Prunes an amount: of so many, or of that share, from 0 to 1."""

    def __init__(self, amount: float) -> None:
        if not isinstance(amount, int | float):
            raise TypeError(f"Invalid type of amount: {amount!r}. Must be int or float.")
        if amount < 0 or (amount > 1 and not isinstance(amount, int)):
            raise ValueError(f"amount={amount!r} should be a non-negative integer, or a share in the range [0., 1.]")
        self.amount = amount

    def kept(self, importance: Tensor) -> Tensor:
        """0 for the amount of least importance, of a vector, 1 for the others.

        Raises:
            ValueError: there aren't as many.
        """
        size = importance.numel()
        count = self.amount if isinstance(self.amount, int) else round(self.amount * size)
        if count > size:
            raise ValueError(f"amount={self.amount} should be smaller than the number of parameters to prune={size}")
        kept = ones_like(importance)
        kept[topk(importance, count, largest=False).indices] = 0
        return kept


class RandomUnstructured(_OfAnAmount):
    """Prunes elements by chance: `amount` of them, or that share, from 0 to 1.

    Raises:
        TypeError: `amount` isn't a number.
        ValueError: it is negative, or a share above 1.
    """

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """`default_mask` without the amount.

        Raises:
            ValueError: there aren't as many elements.
        """
        return default_mask * self.kept(self.importance(t).flatten()).reshape(t.shape)

    def importance(self, t: Tensor) -> Tensor:
        """By what to choose: chance."""
        return rand_like(t)


class L1Unstructured(RandomUnstructured):
    """Prunes the elements of the least absolute values: `amount` of them, or that share, from 0 to 1."""

    def importance(self, t: Tensor) -> Tensor:
        """By what to choose: absolute values."""
        return t.abs()


class RandomStructured(_OfAnAmount):
    """Prunes slices along `dim` by chance: `amount` of them, or that share, from 0 to 1.

    Raises:
        TypeError: `amount` isn't a number.
        ValueError: it is negative, or a share above 1.
    """

    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, dim: int = -1) -> None:
        super().__init__(amount)
        self.dim = dim

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """`default_mask` without the amount.

        Raises:
            ValueError: there aren't as many slices, or but one dimension.
            IndexError: there is no such dimension.
        """
        if t.ndim < 2:
            raise ValueError(f"Structured pruning can only be applied to multidimensional tensors, not to {t.shape}")
        d = dim_of("prune", self.dim, t.ndim)
        return default_mask * self.kept(self.importance(t, d)).reshape([-1 if i == d else 1 for i in range(t.ndim)])

    def importance(self, t: Tensor, dim: int) -> Tensor:
        """By what to choose: chance, a number for each slice."""
        return rand(t.shape[dim])


class LnStructured(RandomStructured):
    """Prunes the slices along `dim` of the least `n`-norm: `amount` of them, or that share, from 0 to 1."""

    def __init__(self, amount: float, n: float, dim: int = -1) -> None:
        super().__init__(amount, dim)
        self.n = n

    def importance(self, t: Tensor, dim: int) -> Tensor:
        """By what to choose: the norm of each slice."""
        return vector_norm(t, float(self.n), [i for i in range(t.ndim) if i != dim])


class _Mask:
    """The hook that makes a parameter of its original and its mask."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, module: Any, inputs: Any) -> None:
        setattr(module, self.name, getattr(module, self.name + "_orig") * getattr(module, self.name + "_mask"))


def _hook(module: Module, name: str | None = None) -> Any:
    """The hook that makes `name`, or any one; None if there is none."""
    for hook in module._hooks.before if module._hooks else ():
        if isinstance(hook.function, _Mask) and name in (None, hook.function.name):
            return hook
    return None


def _parts(module: Module, name: str) -> tuple[Tensor, Tensor]:
    """A parameter as it is, and its mask, of ones where there is none yet."""
    parameter = getattr(module, name).detach()
    return parameter, ones_like(parameter) if _hook(module, name) is None else getattr(module, name + "_mask")


def _set_mask(module: Module, name: str, mask: Tensor) -> None:
    hook = _hook(module, name)
    if hook is None:
        parameter = getattr(module, name)
        delattr(module, name)
        module.register_parameter(name + "_orig", parameter)
        module.register_buffer(name + "_mask", mask)
        module.register_forward_pre_hook(_Mask(name))
        hook = _hook(module, name)
    setattr(module, name + "_mask", mask)
    hook.function(module, None)


def identity(module: M, name: str) -> M:
    """Give parameter `name` a mask of ones. Returns the module."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: M, name: str, amount: float) -> M:
    """Prune elements of parameter `name` by chance: `amount` of them, or that share, from 0 to 1. Returns the module.

    Raises:
        TypeError: `amount` isn't a number.
        ValueError: it is negative, a share above 1, or more than there are.
    """
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(module: M, name: str, amount: float, importance_scores: Tensor | None = None) -> M:
    """Prune the elements of parameter `name` that have the least absolute values. Returns the module.

    Args:
        amount: how many, or what share, from 0 to 1.
        importance_scores: whose absolute values to take in place of the parameter's.

    Raises:
        TypeError: `amount` isn't a number.
        ValueError: it is negative, a share above 1, or more than there are.
    """
    L1Unstructured.apply(module, name, amount, importance_scores=importance_scores)
    return module


def random_structured(module: M, name: str, amount: float, dim: int) -> M:
    """Prune slices of parameter `name` along `dim` by chance: `amount` of them, or that share. Returns the module.

    Raises:
        TypeError: `amount` isn't a number.
        ValueError: it is negative, a share above 1, or more than there are; or the parameter is a vector.
        IndexError: there is no such dimension.
    """
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: M, name: str, amount: float, n: float, dim: int, importance_scores: Tensor | None = None
) -> M:
    """Prune the slices of parameter `name` along `dim` that have the least norm. Returns the module.

    Args:
        amount: how many, or what share, from 0 to 1.
        n: the order of the norm.
        importance_scores: whose norms to take in place of the parameter's.

    Raises:
        TypeError: `amount` isn't a number.
        ValueError: it is negative, a share above 1, or more than there are; or the parameter is a vector.
        IndexError: there is no such dimension.
    """
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: M, name: str, mask: Tensor) -> M:
    """Prune parameter `name` where `mask`, of its shape, is 0. Returns the module.

    Raises:
        AssertionError: the mask has another shape.
    """
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Iterable[tuple[Module, str]],
    pruning_method: type[BasePruningMethod],
    importance_scores: Mapping[tuple[Module, str], Tensor] | None = None,
    **kwargs: Any,
) -> None:
    """Prune parameters as if they were one: an amount of all of them is chosen, wherever it lies.

    Args:
        parameters: modules, each with the name of a parameter.
        pruning_method: an unstructured one, as `L1Unstructured`.
        importance_scores: by which to choose, for some of the parameters; by default themselves.
        kwargs: the method's arguments, as `amount`.

    Raises:
        TypeError: the method isn't unstructured.
    """
    method = pruning_method(**kwargs)
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(f"global_unstructured: {pruning_method.__name__} is {method.PRUNING_TYPE}, not unstructured")
    given = dict(importance_scores or {})
    places = list(parameters)
    parts = [_parts(module, name) for module, name in places]
    scores = [given.get(place, parameter).detach().flatten() for place, (parameter, _) in zip(places, parts)]
    masks = method.narrowed(cat([mask.flatten() for _, mask in parts]), cat(scores))
    pieces = split(masks, [mask.numel() for _, mask in parts])
    for (module, name), (_, mask), piece in zip(places, parts, pieces):
        custom_from_mask(module, name, piece.reshape(mask.shape))


@no_grad()
def remove(module: M, name: str) -> M:
    """Make `name` a parameter again, with zeros where it was pruned. Returns the module.

    Raises:
        ValueError: it isn't pruned.
    """
    hook = _hook(module, name)
    if hook is None or module._hooks is None:
        raise ValueError(f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed")
    parameter: Parameter = getattr(module, name + "_orig")
    parameter.mul_(getattr(module, name + "_mask"))
    for part in (name, f"{name}_orig", f"{name}_mask"):
        delattr(module, part)
    module.register_parameter(name, parameter)
    module._hooks.before.remove(hook)
    return module


def is_pruned(module: Module) -> bool:
    """Whether a parameter of the module, or of one inside it, is pruned."""
    return any(_hook(m) is not None for m in module.modules())
