"""What PyTorch has in the rooms of models, and we don't: each name with the reason."""

from __future__ import annotations

import inspect
from typing import Any

import torch
import torch.func
import torch.nn.utils.prune
import torch.optim.swa_utils
import torch.utils.data

import tinygrad_lab as tg

ROOMS: dict[str, tuple[Any, Any]] = {
    "nn": (torch.nn, tg.nn),
    "nn.functional": (torch.nn.functional, tg.nn.functional),
    "nn.init": (torch.nn.init, tg.nn.init),
    "nn.utils": (torch.nn.utils, tg.nn.utils),
    "nn.utils.rnn": (torch.nn.utils.rnn, tg.nn.utils.rnn),
    "nn.utils.parametrize": (torch.nn.utils.parametrize, tg.nn.utils.parametrize),
    "nn.utils.parametrizations": (torch.nn.utils.parametrizations, tg.nn.utils.parametrizations),
    "nn.utils.prune": (torch.nn.utils.prune, tg.nn.utils.prune),
    "nn.Module": (torch.nn.Module, tg.nn.Module),
    "optim": (torch.optim, tg.optim),
    "optim.Optimizer": (torch.optim.Optimizer, tg.optim.Optimizer),
    "optim.lr_scheduler": (torch.optim.lr_scheduler, tg.optim.lr_scheduler),
    "optim.swa_utils": (torch.optim.swa_utils, tg.optim.swa_utils),
    "func": (torch.func, tg.func),
    "autograd": (torch.autograd, tg.autograd),
    "autograd.graph": (torch.autograd.graph, tg.autograd.graph),
    "autograd.functional": (torch.autograd.functional, tg.autograd.functional),
    "utils.data": (torch.utils.data, tg.utils.data),
    "utils.checkpoint": (torch.utils.checkpoint, tg.utils.checkpoint),
}
"""PyTorch's rooms and ours."""

DEVICES = "there is no device but the CPU, and no memory formats"
DEPRECATED = "PyTorch has deprecated it"
OLD_INIT = "PyTorch has deprecated the names without an underscore at the end"
QUANTIZED = "there are no quantized or scaled dtypes"
PRIVATE = "a help of PyTorch's own code"
FOLDER = "a module of PyTorch's files, whose names stand in nn"
GLOBAL_HOOKS = "hooks on every module of the process change code that doesn't know of them"
PIPES = "data pipes, which PyTorch no longer develops"
COMPILED = "compiling a model is another room's"

LEFT_OUT: dict[str, dict[str, str]] = {
    "nn": {
        "Container": DEPRECATED,
        "CrossMapLRN2d": "LocalResponseNorm is the same",
        "DataParallel": DEVICES,
        "LinearCrossEntropyOptions": "it saves memory on large vocabularies, chunk by chunk; here one path serves all",
        "NLLLoss2d": DEPRECATED,
        "SyncBatchNorm": DEVICES,
        "common_types": PRIVATE,
        "factory_kwargs": PRIVATE,
        "grad": "the gradients of convolutions are ops: autograd.grad gives them",
        "intrinsic": QUANTIZED,
        "modules": FOLDER,
        "parallel": DEVICES,
        "qat": QUANTIZED,
        "quantizable": QUANTIZED,
        "quantized": QUANTIZED,
    },
    "nn.functional": {
        "assert_int_or_pair": PRIVATE,
        "grouped_mm": "it is for GPUs; bmm, or a loop",
        "has_torch_function": PRIVATE,
        "has_torch_function_unary": PRIVATE,
        "has_torch_function_variadic": PRIVATE,
        "scaled_grouped_mm": QUANTIZED,
        "scaled_mm": QUANTIZED,
        "ScalingType": QUANTIZED,
        "SwizzleType": QUANTIZED,
    },
    "nn.init": dict.fromkeys(
        (
            *("constant", "dirac", "eye", "kaiming_normal", "kaiming_uniform", "normal", "orthogonal", "sparse"),
            *("uniform", "xavier_normal", "xavier_uniform"),
        ),
        OLD_INIT,
    ),
    "nn.utils": {
        "clip_grad_norm": DEPRECATED,
        "convert_conv2d_weight_memory_format": DEVICES,
        "convert_conv3d_weight_memory_format": DEVICES,
        "init": FOLDER,
        "memory_format": DEVICES,
        "skip_init": "making a layer costs next to nothing beside training it",
    },
    "nn.utils.prune": {
        "PruningContainer": "a mask is all that is known of earlier prunings",
    },
    "nn.Module": {
        "T_destination": PRIVATE,
        "bfloat16": "NumPy has no bfloat16",
        "call_super_init": PRIVATE,
        "compile": COMPILED,
        "cuda": DEVICES,
        "dump_patches": DEPRECATED,
        "ipu": DEVICES,
        "mtia": DEVICES,
        "register_backward_hook": DEPRECATED,
        "share_memory": "tensors aren't shared between processes",
        "to_empty": DEVICES,
        "type": "to(dtype) does it",
        "xpu": DEVICES,
    },
    "optim": {
        "SparseAdam": "gradients are never sparse",
        "swap_in_optimizer_params_and_state": COMPILED,
    },
    "optim.Optimizer": {
        "OptimizerPostHook": PRIVATE,
        "OptimizerPreHook": PRIVATE,
        "profile_hook_step": PRIVATE,
    },
    "func": {
        "debug_unwrap": "transforms give their functions plain tensors, nothing is wrapped",
        "functionalize": "a step of PyTorch's compiler: it takes in-place operations out of a graph",
        "rearrange": "the library einops has it",
    },
    "autograd": {
        "NestedIOFunction": DEPRECATED,
        "enforce_grad_layout_policy": DEVICES,
        "grad_mode": FOLDER,
        "set_multithreading_enabled": "a backward runs in the thread that asks for it",
    },
    "autograd.graph": {
        "GradientEdge": "a tensor stands for its place in the graph",
        "allow_mutation_on_saved_tensors": "what backward needs and was changed in place is an error, always",
        "disable_saved_tensors_hooks": "nothing here fails because of hooks",
        "get_gradient_edge": "a tensor stands for its place in the graph",
        "increment_version": "what changes an array behind the graph's back can't tell it so",
        "region_activation_memory_budget": COMPILED,
        "register_multi_grad_hook": "a hook on each tensor does it, with a count of one's own",
        "save_on_cpu": DEVICES,
        "set_override_stale_capture_stream": DEVICES,
        "set_warn_on_accumulate_grad_stream_mismatch": DEVICES,
    },
    "utils.data": {
        **dict.fromkeys(("DFIterDataPipe", "DataChunk", "IterDataPipe", "MapDataPipe", "functional_datapipe"), PIPES),
        **dict.fromkeys(("argument_validation", "runtime_validation", "runtime_validation_disabled"), PIPES),
        **dict.fromkeys(("guaranteed_datapipes_determinism", "non_deterministic"), PIPES),
        "DistributedSampler": "there are no processes to share the data with",
        "_DatasetKind": PRIVATE,
    },
    "utils.checkpoint": {
        "CheckpointFunction": PRIVATE,
        "CheckpointPolicy": "choosing op by op what is kept is for compilers",
        "DefaultDeviceType": DEVICES,
        "GraphExecGroup": PRIVATE,
        "SAC_IGNORED_OPS": "choosing op by op what is kept is for compilers",
        "SelectiveCheckpointContext": "choosing op by op what is kept is for compilers",
        "check_backward_validity": PRIVATE,
        "create_selective_checkpoint_contexts": "choosing op by op what is kept is for compilers",
        "detach_variable": PRIVATE,
        "get_device_states": DEVICES,
        "noop_context_fn": PRIVATE,
        "set_checkpoint_debug_enabled": "a second run that differs is always told of, op by op",
        "set_checkpoint_early_stop": "a function that runs again runs to its end",
        "set_device_states": DEVICES,
    },
}
"""By room and name, why we don't have it."""


def public(room: Any) -> set[str]:
    """The public names of one of PyTorch's rooms: what it lists, or else what it defines, without what it imports."""
    names = {name for name in dir(room) if not name.startswith("_")}
    if inspect.isclass(room) or room in (torch.nn, torch.nn.utils, torch.func):
        return names
    if hasattr(room, "__all__"):
        return set(room.__all__)
    own = (room.__name__, "torch.nn", "torch._C", "torch._VariableFunctionsClass")
    found = {name: getattr(room, name) for name in names}
    return {
        name
        for name, value in found.items()
        if callable(value) and str(getattr(value, "__module__", "") or "torch.nn").startswith(own)
    }


def missing(name: str) -> set[str]:
    """The public names of a room of PyTorch's that ours lacks."""
    theirs, ours = ROOMS[name]
    return {n for n in public(theirs) if not hasattr(ours, n)}
