"""What all optimisers share: parameters in groups, a state for each parameter, and updates that stay in the cache."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import chain, count
from typing import Any

import numpy as np

from .. import memory
from ..creation import zeros_like
from ..graph import enable_grad
from ..op import Array, wrap
from ..tensor import Tensor

Params = Iterable[Tensor] | Iterable[dict[str, Any]]  # what an optimiser is given
CHUNK = 2**18  # elements that an update takes at a time: 1.3 times as fast as all at once at 2048 x 2048


class Optimizer:
    """The base of the optimisers. A subclass defines `_update`, or its own `step`.

    Args:
        params: the tensors to optimise, or a dict for each group of them with the group's settings.
        defaults: the settings of groups that don't bring their own.

    Attributes:
        param_groups: the groups, dicts of "params" and the settings, which may be changed between steps.
        state: what is remembered of each parameter.

    Raises:
        TypeError: `params` is a single tensor or holds something else.
        ValueError: there is no parameter, one isn't a leaf, or one is in two groups.
    """

    _stepped: bool | None = False  # what the schedulers ask; None of a class whose own `step` doesn't say

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in vars(cls) and "_stepped" not in vars(cls):
            cls._stepped = None

    def __init__(self, params: Iterable[Tensor] | Iterable[dict[str, Any]], defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got a "
                f"{type(params).__name__}; put it in a list"
            )
        self.defaults = defaults
        self.state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        listed: list[Any] = list(params)
        if not listed:
            raise ValueError("optimizer got an empty parameter list")
        for group in listed if isinstance(listed[0], dict) else [{"params": listed}]:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Optimise the tensors `param_group["params"]`, too, with the group's settings.

        Raises:
            TypeError: the group isn't a dict, or its parameters are a set, or not tensors.
            ValueError: a parameter isn't a leaf, or is given twice.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params = param_group["params"]
        if isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in "
                "sets will change between runs. Please use a list instead."
            )
        params = [params] if isinstance(params, Tensor) else list(params)
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {type(p).__name__}")
            if not p.is_leaf:
                raise ValueError(
                    f"can't optimize a non-leaf Tensor, of shape {p.shape}; give the tensors it is made of"
                )
        if len(set(params)) < len(params):
            raise ValueError("optimizer contains a parameter group with duplicate parameters")
        if not set(params).isdisjoint(chain.from_iterable(g["params"] for g in self.param_groups)):
            raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append({**self.defaults, **param_group, "params": params})

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all parameters, or fill them with zeros."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p.grad = None
                elif p.grad is not None:
                    p.grad.detach_().zero_()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient, in place and unrecorded. Gradients stay as they are.

        Args:
            closure: computes the loss anew, with its backward, before the update.

        Returns:
            what `closure` returns, or None.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        name, site = f"{type(self).__name__}.step", memory.user_site()
        for group in self.param_groups:
            pairs = [(p, g.array) for p in group["params"] if (g := p.grad) is not None]
            self._update(group, pairs)
            memory.touch(name, *(p.array for p, _ in pairs), site=site)
        self._stepped = True
        return loss

    def _stepping(self, p: Tensor, *zeros: str, **first: Any) -> dict[str, Any]:
        """The state of `p`, its step counted: at the first, tensors of zeros by these names, and the values `first`."""
        state = self.state[p]
        if not state:
            state.update(step=0, **first, **{name: zeros_like(p) for name in zeros})
        state["step"] += 1
        return state

    def _update(self, group: dict[str, Any], pairs: list[tuple[Tensor, Array]]) -> None:
        """Change the arrays of tensors of `group`, each given with its gradient's array.

        Raises:
            NotImplementedError: the subclass doesn't define it.
        """
        raise NotImplementedError(f"{type(self).__name__} defines neither step nor _update")

    def state_dict(self) -> dict[str, Any]:
        """The settings of the groups and the state of the parameters, each parameter by its number."""
        number = dict(zip(chain.from_iterable(g["params"] for g in self.param_groups), count()))
        return {
            "state": {number.get(p, p): dict(state) for p, state in self.state.items()},
            "param_groups": [{**g, "params": [number[p] for p in g["params"]]} for g in self.param_groups],
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over settings and state, copied, in the parameters' dtypes; the parameters stay.

        Args:
            state_dict: as `state_dict` returns it, of an optimiser with as many parameters in its groups.

        Raises:
            ValueError: the numbers of groups or of their parameters differ.
        """
        saved = state_dict["param_groups"]
        if len(saved) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(len(new["params"]) != len(own["params"]) for new, own in zip(saved, self.param_groups)):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
            )
        param = {
            number: p for new, own in zip(saved, self.param_groups) for number, p in zip(new["params"], own["params"])
        }
        self.state = defaultdict(dict)
        for number, state in state_dict["state"].items():
            p = param.get(number, number)
            self.state[p] = {key: _taken_over(key, value, p) for key, value in state.items()}
        self.param_groups = [
            {**self.defaults, **new, "params": own["params"]} for new, own in zip(saved, self.param_groups)
        ]

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines += [""] * (i > 0) + [f"Parameter Group {i}"]
            lines += [f"    {key}: {value}" for key, value in sorted(group.items()) if key != "params"]
        return "\n".join([*lines, ")"])


def _taken_over(key: str, value: Any, param: Any) -> Any:
    """A saved value as an optimiser holds it: the step a Python number, an array a tensor in its parameter's dtype."""
    if key == "step":
        return int(value)
    if isinstance(value, list):
        return [_taken_over(key, item, param) for item in value]
    if not hasattr(value, "__array__"):
        return value
    array = np.asarray(value)
    floating = array.dtype.kind == "f" and isinstance(param, Tensor)
    return wrap(array.astype(param.dtype if floating else array.dtype))


def pieces(*arrays: Array) -> Iterable[tuple[Any, ...]]:
    """Arrays of one shape, cut alike into pieces that stay in the cache while an update goes over them several times.

    Returns:
        for each cut a piece of each array, and memory for a temporary of that size. Small arrays come whole, and so do
        arrays that aren't contiguous.
    """
    size = arrays[0].size
    if size <= CHUNK or not all(a.flags.c_contiguous for a in arrays):
        return [(*arrays, np.empty_like(arrays[0]))]
    scratch = np.empty(CHUNK, arrays[0].dtype)
    cut = [[flat[i : i + CHUNK] for i in range(0, size, CHUNK)] for flat in (a.reshape(-1) for a in arrays)]
    return zip(*cut, [scratch[: part.size] for part in cut[0]])


def require(valid: bool, what: str, value: Any) -> None:
    """Raise PyTorch's error about a setting that isn't valid.

    Raises:
        ValueError: `valid` is False.
    """
    if not valid:
        raise ValueError(f"Invalid {what}: {value}")


def require_betas(betas: tuple[float, ...]) -> None:
    """Raise PyTorch's error about a decay rate of a mean that isn't in [0, 1).

    Raises:
        ValueError: one isn't.
    """
    for i, beta in enumerate(betas):
        require(0 <= beta < 1, f"beta parameter at index {i}", beta)


def direction(x: Array, g: Array, decay: float, maximize: bool) -> Array:
    """The gradient to go down: negated to maximise, with that of an L2 penalty."""
    if maximize:
        g = -g
    return g + decay * x if decay else g


def average(m: Array, g: Array, beta: float, free: Array) -> None:
    r"""The running mean :math:`m \leftarrow \beta m + (1 - \beta) g`, in place."""
    m *= beta
    m += np.multiply(g, 1 - beta, out=free)


def average_square(v: Array, g: Array, beta: float, free: Array) -> None:
    r"""The running mean square :math:`v \leftarrow \beta v + (1 - \beta) g^2`, in place."""
    np.multiply(g, g, out=free)
    free *= 1 - beta
    v *= beta
    v += free
