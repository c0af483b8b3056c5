"""PyTorch's own samples of its modules, given to ours: text, states, values, gradients, buffers and errors compared.

PyTorch ships the samples its test suite uses (`torch.testing._internal.common_modules.module_db`). To see how a module
of ours stands: `python -m tests.torch.modinfo NAME...`, with `--verbose` for every difference; `--list` names all.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.testing._internal import common_nn
from torch.testing._internal.common_modules import FunctionInput, ModuleErrorEnum, module_db

import tinygrad_lab as tg
from tests.torch.differences import Difference
from tests.torch.opinfo import (
    DTYPES,
    SAMPLES,
    WITHOUT_MEANING,
    Result,
    Translation,
    UntranslatableError,
    check_gradients,
    close,
    command,
    flat,
    show,
    spread,
)

WITHOUT_EFFECT = (*WITHOUT_MEANING, "options")  # a device or layout; how much memory a fused loss takes
CHECKED = (torch.float64, torch.float32)

CHANCE = Difference("the value", "its slopes in training are random")
DENSE = Difference("gradients are dense here", "sparse gradients are refused")
ABSENT = Difference("has no attribute 'CrossMapLRN2d'", "see LEFT_OUT")

DIFFERENCES: dict[str, tuple[Difference, ...]] = {
    "CrossMapLRN2d": (ABSENT,),
    "Embedding_sparse": (DENSE,),
    "EmbeddingBag_sparse": (DENSE,),
    **dict.fromkeys(("RReLU", "RReLU_no_batch_dim", "RReLU_with_up_down", "RReLU_with_up_down_scalar"), (CHANCE,)),
    "nn.CTCLoss": (
        Difference("torch.float32, training: (() {reduction=", "in float32 PyTorch's gradient is 7e-5 off, ours 9e-5"),
    ),
    "nn.LinearCrossEntropyLoss": (
        Difference("ptions", "PyTorch can save memory chunk by chunk; here one path serves all"),
    ),
    "nn.KLDivLoss": (Difference("second derivative 1", "the logarithm of a negative target has no derivative"),),
    "nn.NLLLoss": (Difference("weight=float16", "floats of two dtypes are promoted, where PyTorch refuses them"),),
}
"""Where we differ from PyTorch and mean to, by the module's name; of the older samples, by the sample's."""


class Arguments(Translation):
    """PyTorch's arguments and ours, of a constructor or a call."""

    def __init__(self, args: Any, kwargs: Any, differentiate: bool = False) -> None:
        self.differentiate = differentiate
        self.leaves = {}
        kwargs = {k: v for k, v in kwargs.items() if k not in WITHOUT_EFFECT}
        self.theirs = self.map(list(args), 0), self.map(kwargs, 0)
        self.ours = self.map(list(args), 1), self.map(kwargs, 1)

    def map(self, value: Any, side: int) -> Any:
        if isinstance(value, torch.nn.TransformerEncoderLayer):
            return value if side == 0 else encoder_layer(value)
        if inspect.isroutine(value):
            return value if side == 0 else getattr(tg.nn.functional, value.__name__)
        return super().map(value, side)


def encoder_layer(layer: Any) -> tg.nn.TransformerEncoderLayer:
    """Our layer with the settings of PyTorch's."""
    return tg.nn.TransformerEncoderLayer(
        layer.self_attn.embed_dim,
        layer.self_attn.num_heads,
        layer.linear1.out_features,
        layer.dropout.p,
        getattr(tg.nn.functional, layer.activation.__name__),
        layer.norm1.eps,
        layer.self_attn.batch_first,
        layer.norm_first,
        layer.linear1.bias is not None,
    ).double()


def ours(name: str) -> Any:
    """Our class of PyTorch's `name`, such as nn.Linear, or None."""
    return getattr(tg.nn, name.removeprefix("nn."), None)


def described(sample: Any) -> str:
    given, called = sample.constructor_input, sample.forward_input
    text = f"({show(list(given.args))} {show(given.kwargs)})"
    return text if called is None else f"{text} of {show(list(called.args))} {show(called.kwargs)}"


def states(mine: Any, its: Any, problems: list[str]) -> None:
    """Compare the names, shapes and dtypes of parameters and buffers."""
    for kind in ("state_dict", "named_parameters", "named_buffers"):
        a, b = dict(getattr(mine, kind)()), dict(getattr(its, kind)())
        if list(a) != list(b):
            problems.append(f"{kind} has {list(a)}, in PyTorch {list(b)}")
            continue
        for name, x in a.items():
            got = x.shape, x.dtype, x.requires_grad
            want = tuple(b[name].shape), DTYPES[b[name].dtype], b[name].requires_grad
            if got != want:
                problems.append(f"{name} is {got}, in PyTorch {want}")


@dataclass
class Older:
    """A sample of PyTorch's older lists: what makes the module, of either library's `nn`, and what it is called on."""

    name: str
    make: Callable[[Any], Any]
    forward_input: FunctionInput


def older() -> Iterator[Older]:
    """The samples of PyTorch's older lists, but for those that are made of functions."""
    for entry in (*common_nn.module_tests, *common_nn.get_new_module_tests(), *common_nn.criterion_tests):
        name = entry.get("fullname") or "_".join(filter(None, (entry["module_name"], entry.get("desc"))))
        constructor = entry.get("constructor")
        if constructor is not None and "nn" not in getattr(constructor, "__code__", older.__code__).co_names:
            continue  # a function, or another module of the list
        inputs = [entry["input_fn"]() if "input_fn" in entry else torch.randn(entry["input_size"]).double()]
        if "target_fn" in entry or "target_size" in entry:
            inputs.append(entry["target_fn"]() if "target_fn" in entry else torch.randn(entry["target_size"]).double())
        given = [x for i in inputs for x in (i if isinstance(i, tuple) else (i,))]
        if any(x.dtype.is_complex for x in given):
            continue
        given = [x.double() if x.dtype.is_floating_point else x for x in given]
        wanted = [x.requires_grad_() if x.dtype.is_floating_point else x for x in given]
        yield Older(name, functools.partial(made, entry), FunctionInput(*wanted))


def made(entry: dict[str, Any], nn: Any) -> Any:
    """The module of an entry, of PyTorch's `nn` or ours."""
    if "constructor" in entry:
        f = entry["constructor"]
        g = types.FunctionType(f.__code__, {**f.__globals__, "nn": nn}, f.__name__, f.__defaults__, f.__closure__)
        return g(**(f.__kwdefaults__ or {}))
    given = entry.get("constructor_args", ())
    args, kwargs = getattr(Arguments(given, {}), "theirs" if nn is torch.nn else "ours")
    return getattr(nn, entry["module_name"])(*args, **kwargs)


def pair(cls: Any, sample: Any, dtype: torch.dtype, problems: list[str]) -> tuple[Any, Any]:
    """The module of both libraries, with the same random weights."""
    if isinstance(sample, Older):
        its, mine = sample.make(torch.nn), sample.make(tg.nn)
    else:
        given = Arguments(sample.constructor_input.args, sample.constructor_input.kwargs)
        args, kwargs = given.theirs
        its = cls(*args, **kwargs)
        args, kwargs = given.ours
        mine = ours(cls.__name__)(*args, **kwargs)
    its, mine = its.to(dtype), mine.to(DTYPES[dtype])
    if not any(torch.nn.parameter.is_lazy(p) for p in its.parameters()):
        share_weights(mine, its, problems)
    return mine, its


def share_weights(mine: Any, its: Any, problems: list[str]) -> None:
    """Give both modules the same random weights, none at its first value."""
    with torch.no_grad():
        for param in its.parameters():
            param.uniform_(-0.9, 0.9)
        for buffer in its.buffers():
            if buffer.dtype.is_floating_point:
                buffer.uniform_(0.5, 1.5)
    states(mine, its, problems)
    if not problems:
        mine.load_state_dict(its.state_dict())


def buffers_and_text(mine: Any, its: Any, single: bool, problems: list[str]) -> None:
    if repr(mine) != repr(its):
        problems.append(f"reads {mine!r}, in PyTorch {its!r}")
    for (name, a), (_, b) in zip(mine.named_buffers(), its.named_buffers(), strict=True):
        close(f"buffer {name}", a, b, single, problems)


def check_sample(cls: Any, sample: Any, dtype: torch.dtype, training: bool, twice: bool = True) -> list[str]:
    """How our module of one sample differs from PyTorch's; `twice`: PyTorch has second derivatives."""
    problems: list[str] = []
    torch.manual_seed(0)
    try:
        mine, its = pair(cls, sample, dtype, problems)
    except Exception as error:  # whatever it is, it is a finding
        return [f"construction raises {type(error).__name__}: {error}"]
    if problems:
        return problems
    single = dtype is not torch.float64
    for module in (mine, its):
        module.train(training)
    buffers_and_text(mine, its, single, problems)
    called = sample.forward_input
    if called is None or problems:
        return problems
    given = Arguments(called.args, called.kwargs, differentiate=True)
    args, kwargs = given.theirs
    z = its(*args, **kwargs)
    args, kwargs = given.ours
    try:
        y = mine(*args, **kwargs)
    except Exception as error:
        return [f"raises {type(error).__name__}: {error}"]
    if "Lazy" in getattr(cls, "__name__", ""):
        states(mine, its, problems)
        mine.load_state_dict(its.state_dict())
        y = mine(*args, **kwargs)
    ys, zs = flat(y), flat(z)
    if len(ys) != len(zs):
        return [f"gives {len(ys)} results, in PyTorch {len(zs)}"]
    for i, (a, b) in enumerate(zip(ys, zs, strict=True)):
        if a is None or b is None:
            if a is not b:
                problems.append(f"result {i} is {a}, in PyTorch {b}")
        else:
            close(f"result {i}" if len(ys) > 1 else "the value", a, b, single, problems)
    buffers_and_text(mine, its, single, problems)
    if problems:
        return problems
    xs, us = given.variables()
    for (_, p), (_, q) in zip(its.named_parameters(), mine.named_parameters(), strict=True):
        xs.append(p)
        us.append(q)
    check_gradients(ys, zs, xs, us, single, problems, twice and not single)
    return problems


def check_error(info: Any, error_input: Any) -> str | None:
    """Nothing if ours raises what PyTorch raises, else what it does."""
    sample = error_input.module_error_input
    given = Arguments(sample.constructor_input.args, sample.constructor_input.kwargs)
    args, kwargs = given.ours
    expected = error_input.error_type
    try:
        mine = ours(info.name)(*args, **kwargs)
        if error_input.error_on is ModuleErrorEnum.FORWARD_ERROR:
            called = Arguments(sample.forward_input.args, sample.forward_input.kwargs)
            args, kwargs = called.ours
            mine(*args, **kwargs)
    except expected:
        return None
    except Exception as error:
        return f"raises {type(error).__name__}: {error} -- in PyTorch {expected.__name__}: {error_input.error_regex}"
    return f"doesn't raise -- in PyTorch {expected.__name__}: {error_input.error_regex}"


def signature(mine: Any, its: Any) -> list[str]:
    """Where the arguments of our constructor differ from those of PyTorch's."""

    def shown(cls: Any) -> list[tuple[str, str]]:
        found = [p for p in inspect.signature(cls).parameters.values() if p.name not in ("device", "dtype")]
        return [
            (p.name, "" if p.default is p.empty else getattr(p.default, "__name__", repr(p.default))) for p in found
        ]

    a, b = shown(mine), shown(its)
    return [] if a == b or b == [("args", ""), ("kwargs", "")] else [f"takes {a}, in PyTorch {b}"]


def check(info: Any, count: int = SAMPLES) -> Result:
    """All samples and error inputs of one of PyTorch's modules."""
    result = Result(info.name)
    if ours(info.name) is None:
        result.failures.append("is missing")
        return result
    result.failures += signature(ours(info.name), info.module_cls)
    for dtype, training in itertools.product(CHECKED, (True, False)):
        if not training and not info.train_and_eval_differ:
            continue
        torch.manual_seed(0)
        samples = info.module_inputs_func(info, device="cpu", dtype=dtype, requires_grad=True, training=training)
        for sample in spread(iter(samples), count):
            problems = check_sample(info.module_cls, sample, dtype, training, info.supports_gradgrad)
            if problems:
                mode = "training" if training else "evaluation"
                result.failures.append(f"{problems[0]}\n      {dtype}, {mode}: {described(sample)}")
            else:
                result.passed += 1
    if info.module_error_inputs_func:
        errors = info.module_error_inputs_func(
            info, device="cpu", dtype=torch.float64, requires_grad=False, training=True
        )
        for error_input in errors:
            try:
                problem = check_error(info, error_input)
            except UntranslatableError:
                result.left_out += 1
                continue
            if problem:
                result.failures.append(f"{problem}\n      {described(error_input.module_error_input)}")
            else:
                result.passed += 1
    return result


def by_name() -> dict[str, Any]:
    """PyTorch's modules with samples, without those of quantized networks."""
    return {info.name: info for info in module_db if info.name.startswith("nn.")}


if __name__ == "__main__":
    sys.exit(command(__doc__, {name: [info] for name, info in by_name().items()}, check, DIFFERENCES))
