"""What all optimisers share: parameters in groups, a state for each parameter, and updates that stay in the cache."""

from __future__ import annotations

import functools
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import chain, count
from typing import Any

import numpy as np

from .. import memory
from ..creation import zeros_like
from ..graph import RemovableHandle, enable_grad
from ..op import Array, wrap
from ..tensor import Tensor

Params = Iterable[Tensor] | Iterable[tuple[str, Tensor]] | Iterable[dict[str, Any]]  # what an optimiser is given
CHUNK = 2**16  # elements that an update takes at a time: a quarter faster than all at once at 2048 x 2048


Hook = Callable[..., Any]


def _hooked(step: Callable[..., Any]) -> Callable[..., Any]:
    """A class's `step` with the hooks around it, that says when it has run; plain where a subclass's step calls it."""

    @functools.wraps(step)
    def run(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        if type(self).step is not run:
            return step(self, *args, **kwargs)
        for hook in self._hooks["step_pre"]:
            new = hook(self, (self, *args), kwargs)
            if new is not None:
                if not (isinstance(new, tuple) and len(new) == 2):
                    raise RuntimeError(
                        f"{type(self).__name__}.step: a pre-hook must return None or a tuple of (new_args, "
                        f"new_kwargs), but got {new}."
                    )
                (_, *args), kwargs = new
        loss = step(self, *args, **kwargs)
        self._stepped = True
        for hook in self._hooks["step_post"]:
            hook(self, (self, *args), kwargs)
        return loss

    return run


class Optimizer:
    """The base of the optimisers. A subclass defines `_update`, or its own `step`.

    PyTorch's flags `foreach`, `fused` and `capturable` choose between its implementations of one update; here there is
    one, so they have no effect.

    Args:
        params: the tensors to optimise, pairs of a name and a tensor as of `Module.named_parameters()`, or a dict for
            each group of them with the group's settings.
        defaults: the settings of groups that don't bring their own.

    Attributes:
        param_groups: the groups, dicts of "params", "param_names" if they were given, and the settings, which may be
            changed between steps.
        state: what is remembered of each parameter.

    Raises:
        TypeError: `params` is a single tensor or holds something else.
        ValueError: there is no parameter, one isn't a leaf, one is in two groups, or only some are named.
        NotImplementedError: `differentiable=True`: an update isn't recorded.
    """

    _stepped = False  # what the schedulers ask

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in vars(cls):
            cls.step = _hooked(vars(cls)["step"])  # type: ignore[method-assign]  # the same, with hooks around it

    def __init__(self, params: Params, defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got a "
                f"{type(params).__name__}; put it in a list"
            )
        self.defaults = defaults
        self.state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        self._hooks: defaultdict[str, list[Hook]] = defaultdict(list)
        listed: list[Any] = list(params)
        if not listed:
            raise ValueError("optimizer got an empty parameter list")
        for group in listed if isinstance(listed[0], dict) else [{"params": listed}]:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Optimise the tensors `param_group["params"]`, too, with the group's settings.

        Raises:
            TypeError: the group isn't a dict, or its parameters are a set, or not tensors.
            ValueError: a parameter isn't a leaf, or is in another group; or only some parameters or groups have names.
            RuntimeError: `foreach` and `fused` are both True.
            NotImplementedError: `differentiable=True`.

        Warns:
            UserWarning: a parameter is twice in the group, so that each step updates it twice.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params = param_group["params"]
        if isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in "
                "sets will change between runs. Please use a list instead."
            )
        listed = [params] if isinstance(params, Tensor) else list(params)
        names = [p[0] for p in listed if isinstance(p, tuple)]
        group = {**self.defaults, **param_group, "params": [p[1] if isinstance(p, tuple) else p for p in listed]}
        if names:
            group["param_names"] = names
        self._check_group(group, len(names))
        self.param_groups.append(group)

    def _check_group(self, group: dict[str, Any], names: int) -> None:
        params = group["params"]
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {type(p).__name__}")
            if not p.is_leaf:
                raise ValueError(
                    f"can't optimize a non-leaf Tensor, of shape {p.shape}; give the tensors it is made of"
                )
        if names not in (0, len(params)):
            raise ValueError("all optimizer params should be with/without names. Some param names are missing")
        if any(("param_names" in g) != ("param_names" in group) for g in self.param_groups):
            raise ValueError(
                "all optimizer param groups should be with/without names. cannot add param group "
                f"{'with' if names else 'without'} names to the optimizer"
            )
        if group.get("differentiable"):
            raise NotImplementedError(
                f"{type(self).__name__}: differentiable=True isn't supported: an update is in place and unrecorded; "
                "write it as x - lr * g of autograd.grad(..., create_graph=True) to differentiate through it"
            )
        if group.get("foreach") and group.get("fused"):
            raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
        if len(set(params)) < len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; each step updates them twice",
                UserWarning,
                stacklevel=4,
            )
        if not set(params).isdisjoint(chain.from_iterable(g["params"] for g in self.param_groups)):
            raise ValueError("some parameters appear in more than one parameter group")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all parameters, or fill them with zeros."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p.grad = None
                elif p.grad is not None:
                    p.grad.detach_().zero_()

    @_hooked
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
        for hook in self._hooks["state_dict_pre"]:
            hook(self)
        number = dict(zip(chain.from_iterable(g["params"] for g in self.param_groups), count()))
        found = {
            "state": {number.get(p, p): dict(state) for p, state in self.state.items()},
            "param_groups": [{**g, "params": [number[p] for p in g["params"]]} for g in self.param_groups],
        }
        for hook in self._hooks["state_dict_post"]:
            found = found if (new := hook(self, found)) is None else new
        return found

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over settings and state, copied, in the parameters' dtypes; the parameters stay.

        Args:
            state_dict: as `state_dict` returns it, of an optimiser with as many parameters in its groups.

        Raises:
            ValueError: the numbers of groups or of their parameters differ.
        """
        loaded = dict(state_dict)
        for hook in self._hooks["load_state_dict_pre"]:
            loaded = loaded if (new := hook(self, loaded)) is None else new
        saved = loaded["param_groups"]
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
        for number, state in loaded["state"].items():
            p = param.get(number, number)
            self.state[p] = {key: _taken_over(key, value, p) for key, value in state.items()}
        self.param_groups = [
            {**self.defaults, **{k: own[k] for k in ("param_names",) if k in own}, **new, "params": own["params"]}
            for new, own in zip(saved, self.param_groups)
        ]
        for hook in self._hooks["load_state_dict_post"]:
            hook(self)

    def _register(self, when: str, hook: Hook, prepend: bool = False) -> RemovableHandle:
        hooks = self._hooks[when]
        hooks.insert(0 if prepend else len(hooks), hook)
        return RemovableHandle(hooks, hook)

    def register_step_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` before each step; it returns None, or the pair to call `step` with."""
        return self._register("step_pre", hook)

    def register_step_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` after each step."""
        return self._register("step_post", hook)

    def register_state_dict_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer)` before `state_dict`."""
        return self._register("state_dict_pre", hook, prepend)

    def register_state_dict_post_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer, state_dict)` after `state_dict`; what it returns, if not None, replaces the dict."""
        return self._register("state_dict_post", hook, prepend)

    def register_load_state_dict_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer, state_dict)` before loading; what it returns, if not None, is loaded instead."""
        return self._register("load_state_dict_pre", hook, prepend)

    def register_load_state_dict_post_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer)` after loading."""
        return self._register("load_state_dict_post", hook, prepend)

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
        return ((*arrays, np.empty_like(arrays[0])),)
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


def require_lr(lr: Any, what: str = "Invalid learning rate") -> None:
    """Raise PyTorch's error about a learning rate that isn't a number of at least 0.

    Raises:
        ValueError: it is negative, or a tensor of several elements.
    """
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError(f"Tensor lr must be 1-element, not of shape {lr.shape}")
    if not lr >= 0:
        raise ValueError(f"{what}: {lr}")


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
