"""Modules as functions of their parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..ops.shape import stack
from ..tensor import Tensor

if TYPE_CHECKING:
    from ..nn import Module


def functional_call(
    module: Module,
    parameter_and_buffer_dicts: Mapping[str, Tensor] | Sequence[Mapping[str, Tensor]],
    args: Any = None,
    kwargs: Mapping[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module with other parameters and buffers, which it has only during the call.

    Args:
        module: what to call.
        parameter_and_buffer_dicts: tensors by dotted name, or several such dicts; what they lack is the module's own.
        args: the argument, or a tuple of them.
        kwargs: the arguments by name.
        tie_weights: a tensor that the module has under several names is replaced under all of them.
        strict: refuse names that are missing or unexpected.

    Raises:
        ValueError: a name is in two dicts, or two names of one tied tensor have different values.
        RuntimeError: as `strict` says.
        AttributeError: the module has no tensor of a name.
    """
    dicts = (
        [parameter_and_buffer_dicts] if isinstance(parameter_and_buffer_dicts, Mapping) else parameter_and_buffer_dicts
    )
    given: dict[str, Tensor] = {}
    for d in dicts:
        if twice := given.keys() & d.keys():
            raise ValueError(f"functional_call: {', '.join(sorted(twice))} appears in several dictionaries")
        given.update(d)
    own = {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }
    unknown = [name for name in given if name not in own]
    if strict:
        tied = {own[name] for name in given if name in own} if tie_weights else set()
        missing = [name for name, t in own.items() if name not in given and t not in tied]
        if unknown or missing:
            raise RuntimeError(f"functional_call: missing key(s): {missing}; unexpected key(s): {unknown}")
    elif unknown:
        raise AttributeError(f"functional_call: {type(module).__name__} has no tensor {', '.join(unknown)}")
    values = dict(given)
    if tie_weights:
        by_tensor: dict[Tensor, Tensor] = {}
        for name, value in given.items():
            if by_tensor.setdefault(own[name], value) is not value:
                raise ValueError(f"functional_call: {name} is tied to another name, which has another value")
        values = {name: by_tensor[t] for name, t in own.items() if t in by_tensor}
    arguments = () if args is None else args if isinstance(args, tuple) else (args,)
    with _swapped(module, values):
        return module(*arguments, **(kwargs or {}))


@contextmanager
def _swapped(module: Module, values: Mapping[str, Tensor]) -> Iterator[None]:
    """Let `module` hold other tensors, of whatever class, under the names; then its own again."""
    before = []
    try:
        for name, value in values.items():
            path, _, last = name.rpartition(".")
            holder = vars(module.get_submodule(path))
            before.append((holder, last, holder[last]))
            holder[last] = value
        yield
    finally:
        for holder, last, value in reversed(before):
            holder[last] = value


def replace_all_batch_norm_modules_(root: Module) -> Module:
    """Let all batch normalisations in `root` go by the batch alone, without running statistics. Returns the module.

    Only so they can be called by `vmap`, whose calls share the module.
    """
    for module in root.modules():
        if "BatchNorm" in type(module).__name__ and module.track_running_stats:
            module.running_mean = module.running_var = module.num_batches_tracked = None
            module.track_running_stats = False
    return root


def stack_module_state(models: Sequence[Module]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The parameters, and the buffers, of modules of one class, each stacked along a new first dimension.

    Raises:
        RuntimeError: there is no module, or they are of several classes or modes.
    """
    if not models:
        raise RuntimeError("stack_module_state: expected at least one model, got 0")
    if len({(type(m), m.training) for m in models}) > 1:
        raise RuntimeError("stack_module_state: the models must be of one class, and all in one mode")

    def stacked(kind: str) -> dict[str, Tensor]:
        named = [dict(getattr(m, kind)()) for m in models]
        return {
            name: stack([n[name] for n in named]).detach().requires_grad_(t.requires_grad)
            for name, t in named[0].items()
        }

    return stacked("named_parameters"), stacked("named_buffers")
