"""PyTorch's own samples of its ops, given to ours: values, dtypes, gradients, second derivatives and errors compared.

PyTorch ships the samples its test suite uses (`torch.testing._internal.common_methods_invocations.op_db`). To see how
an op of ours stands: `python -m tests.torch.opinfo NAME...`, with `--verbose` for every difference; `--list` names all.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import math
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch.testing._internal.common_methods_invocations import op_db

import tinygrad_lab as tg
from tests.torch.differences import DIFFERENCES, Difference
from tinygrad_lab.op import wrap

DTYPES = {
    torch.float64: np.float64,
    torch.float32: np.float32,
    torch.float16: np.float16,
    torch.int64: np.int64,
    torch.int32: np.int32,
    torch.int16: np.int16,
    torch.int8: np.int8,
    torch.uint8: np.uint8,
    torch.bool: np.bool_,
}
CHECKED = (torch.float64, torch.float32, torch.int64, torch.bool)
SELDOM = (torch.float16, torch.int32, torch.int16, torch.int8, torch.uint8)  # a quarter of the samples
SAMPLES = 200  # of one op and dtype, spread over all that PyTorch has
FORMS = 10  # samples of which a method, in place too, is held to the function
LARGEST = 5000  # elements of an input that is differentiated
WITHOUT_MEANING = ("device", "layout", "memory_format", "pin_memory")


LEFT_TO_CHANCE = {
    *("empty", "empty_like", "new_empty", "rand_like", "randn", "randn_like", "randint", "randint_like", "normal"),
    *("bernoulli", "uniform", "cauchy", "exponential", "geometric", "log_normal", "multinomial"),
}
"""Whose values nobody can know: shape, dtype and gradient are compared."""

ADAPTED: dict[str, Callable[..., Any]] = {
    "einsum": lambda operands, equation: tg.einsum(equation, *operands),
    "linalg.lstsq (grad_oriented)": lambda a, b, driver: tg.linalg.lstsq(a, b, driver=driver)[:2],
    "linalg.pinv (singular)": lambda a, b: tg.linalg.pinv(a @ b.mT),
    "pca_lowrank": lambda a, b, **settings: tg.pca_lowrank(a @ b.mT, **settings),
    "svd_lowrank": lambda a, b, **settings: tg.svd_lowrank(a @ b.mT, **settings),
    "where": lambda input, condition, other: tg.where(condition, input, other),
    "polygamma": lambda input, n: tg.polygamma(n, input),
    "special.polygamma": lambda input, n: tg.polygamma(n, input),
    "zero_": lambda input: input.clone().zero_(),
    "normal (in_place)": lambda input, mean, std: input.clone().normal_(mean, std),
    **{
        name: lambda input, *args, name=name: getattr(input.clone(), name + "_")(*args)
        for name in ("uniform", "cauchy", "exponential", "geometric", "log_normal")
    },
}
"""Functions with the arguments of PyTorch's samples, where these aren't the function's own."""

PARTS = ("svd", "svd_lowrank", "pca_lowrank", "linalg.svd", "linalg.eigh", "linalg.slogdet")
"""Whose results are parts of one tensor, so that they don't lie side by side."""

SWAPPED = ("nn.functional.embedding", "nn.functional.embedding_bag")
"""Whose samples have the first two arguments in the other order."""


class UntranslatableError(Exception):
    """The sample asks for something that isn't a matter of arrays: complex numbers, a device, a sparse layout."""


@dataclass
class Result:
    """What came of one op's samples."""

    name: str
    passed: int = 0
    left_out: int = 0
    failures: list[str] = field(default_factory=list)

    def unmeant(self, known: Iterable[Difference]) -> list[str]:
        """The failures that are no known difference."""
        return [f for f in self.failures if not any(d.matches(f) for d in known)]

    def __str__(self) -> str:
        return f"{self.name}: {self.passed} right, {len(self.failures)} wrong, {self.left_out} left out"


def ours(name: str) -> Callable[..., Any] | None:
    """Our function of PyTorch's `name`: of the package, of nn.functional or linalg; else the method."""
    place: Any = tg
    for part in name.split("."):
        place = getattr(place, part, None)
    if isinstance(place, type):  # a dtype
        place = None
    if name in SWAPPED and place is not None:
        return lambda second, first, *args, **kwargs: place(first, second, *args, **kwargs)
    if place is None:
        place = getattr(tg.Tensor, name, None)
    return place.fget if isinstance(place, property) else place


class Translation:
    """PyTorch's arguments and ours for the same sample, a leaf for each tensor."""

    def __init__(self, info: Any, sample: Any, differentiate: bool) -> None:
        if "out" in sample.kwargs:
            raise UntranslatableError("a tensor for the result")
        self.differentiate = differentiate
        self.leaves: dict[int, tuple[torch.Tensor, tg.Tensor]] = {}
        given = [sample.input, *sample.args]
        kwargs = {k: v for k, v in sample.kwargs.items() if k not in WITHOUT_MEANING}
        self.theirs = self.map(given, 0), self.map(kwargs, 0)
        self.ours = self.map(given, 1), self.map(kwargs, 1)

    def map(self, value: Any, side: int) -> Any:
        """`value` with its tensors replaced by leaves of PyTorch (side 0) or ours (side 1)."""
        if isinstance(value, torch.Tensor):
            return self.leaf(value)[side]
        if isinstance(value, torch.nn.Module):  # one that settings don't matter of
            return value if side == 0 else getattr(tg.nn, type(value).__name__)()
        if isinstance(value, torch.Size):
            return tuple(value)
        if isinstance(value, list | tuple):
            mapped = [self.map(v, side) for v in value]
            return type(value)(*mapped) if hasattr(value, "_fields") else type(value)(mapped)
        if isinstance(value, dict):
            return {k: self.map(v, side) for k, v in value.items()}
        if isinstance(value, torch.dtype):
            if value not in DTYPES:
                raise UntranslatableError(str(value))
            return value if side == 0 else DTYPES[value]
        if isinstance(value, torch.device | torch.memory_format | torch.layout | complex):
            raise UntranslatableError(str(value))
        return value

    def leaf(self, t: torch.Tensor) -> tuple[torch.Tensor, tg.Tensor]:
        """The pair of leaves that stands for `t`, the same however often it is asked for."""
        if id(t) not in self.leaves:
            if t.dtype not in DTYPES or t.layout is not torch.strided or t.device.type != "cpu":
                raise UntranslatableError(f"{t.dtype} {t.layout}")
            wanted = self.differentiate and t.requires_grad
            if t.is_conj() or t.is_neg() or t.ndim > 64:
                raise UntranslatableError("a lazy view, or more dimensions than NumPy has")
            array = np.lib.stride_tricks.as_strided(*strided(t))
            self.leaves[id(t)] = t.detach().requires_grad_(wanted), wrap(array).requires_grad_(wanted)
        return self.leaves[id(t)]

    def variables(self) -> tuple[list[torch.Tensor], list[tg.Tensor]]:
        """The leaves that ask for a gradient."""
        pairs = [(a, b) for a, b in self.leaves.values() if a.requires_grad]
        return [a for a, _ in pairs], [b for _, b in pairs]


def strided(t: torch.Tensor) -> Any:
    """A NumPy array with the elements and the strides of `t`, in memory of its own."""
    t = t.detach()
    needed = 1 + sum((n - 1) * s for n, s in zip(t.shape, t.stride(), strict=True)) if t.numel() else 0
    memory = torch.as_strided(t, (needed,), (1,), t.storage_offset()).clone().numpy() if needed else np.empty(0)
    memory = memory.astype(DTYPES[t.dtype])
    return memory, tuple(t.shape), tuple(s * memory.itemsize for s in t.stride())


def flat(value: Any) -> list[Any]:
    """The tensors and numbers inside nested sequences."""
    if isinstance(value, list | tuple):
        return [x for v in value for x in flat(v)]
    return [value]


def array(value: Any) -> np.ndarray[Any, Any]:
    if isinstance(value, torch.Tensor):
        return np.asarray(value.detach().numpy(force=True))  # PyTorch's own zeros have no memory to look at
    return np.asarray(value.numpy(force=True) if hasattr(value, "detach") else value)


def close(what: str, got: Any, want: Any, single: bool, problems: list[str], dtype: bool = True) -> None:
    """Note in `problems` where `got` differs from `want`; `single`: it was computed in float32."""
    a, b = array(got), array(want)
    if a.shape != b.shape:
        problems.append(f"{what} has shape {a.shape}, in PyTorch {b.shape}")
    elif dtype and a.dtype != b.dtype:
        problems.append(f"{what} has dtype {a.dtype}, in PyTorch {b.dtype}")
    elif b.dtype.kind in "fc":
        finite = np.abs(b[np.isfinite(b)])
        scale = float(finite.max()) if finite.size else 0.0
        tolerance = (1e-4, 1e-5 * (scale + 1)) if single else (1e-7, 1e-10 * (scale + 1))
        if b.dtype == np.float16:
            tolerance = (5e-3, 5e-3 * (scale + 1))  # 5 units in the last place: some round in between, some at the end
        if not np.allclose(a, b, *tolerance, equal_nan=True):
            with np.errstate(all="ignore"):
                off = np.where(np.isclose(a, b, *tolerance, equal_nan=True), 0, np.abs(a - b))
            k = np.unravel_index(np.argmax(np.nan_to_num(off, nan=np.inf)), off.shape)
            problems.append(f"{what} at {[int(i) for i in k]} is {a[k]:.9g}, in PyTorch {b[k]:.9g}")
    elif not np.array_equal(a, b):
        problems.append(f"{what} is {a.tolist()!r:.80}, in PyTorch {b.tolist()!r:.80}")


def show(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        small = f" {value.tolist()}" if value.numel() <= 6 else ""
        return f"{str(value.dtype)[6:]}{list(value.shape)}{small}"
    if isinstance(value, list | tuple):
        return "(" + ", ".join(map(show, value)) + ")"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}={show(v)}" for k, v in value.items()) + "}"
    return repr(value)[:80]


def described(sample: Any) -> str:
    return f"{show([sample.input, *sample.args])} {show(sample.kwargs)}"


def check_sample(info: Any, function: Callable[..., Any], sample: Any, dtype: torch.dtype) -> list[str] | None:
    """How our result for one sample differs from PyTorch's; None if PyTorch itself refuses it."""
    floating = dtype.is_floating_point and info.supports_autograd
    translation = Translation(info, sample, differentiate=floating)
    args, kwargs = translation.theirs
    torch.manual_seed(0)
    try:
        z = info.get_op()(*args, **kwargs)
    except (RuntimeError, ValueError, TypeError, IndexError, NotImplementedError):
        return None
    problems: list[str] = []
    args, kwargs = translation.ours
    try:
        y = function(*args, **kwargs)
    except Exception as error:  # whatever it is, it is a finding
        return [f"raises {type(error).__name__}: {error}"]
    process = sample.output_process_fn_grad or (lambda out: out)
    try:
        compared = flat(process(y)), flat(process(z))
    except Exception:  # written for PyTorch's tensors alone
        compared = flat(y), flat(z)
    ys, zs = compared
    if len(ys) != len(zs):
        return [f"gives {len(ys)} results, in PyTorch {len(zs)}"]
    if getattr(info, "name", "") in LEFT_TO_CHANCE:
        ys, zs = [tg.nan_to_num(a * 0) for a in ys], [torch.nan_to_num(b * 0) for b in zs]
    single = dtype is not torch.float64
    apart = getattr(info, "name", "") not in PARTS
    for i, (a, b) in enumerate(zip(ys, zs, strict=True)):
        close(f"result {i}" if len(ys) > 1 else "the value", a, b, single, problems)
        if apart and isinstance(a, tg.Tensor) and b.is_contiguous() and not a.is_contiguous():
            problems.append(f"strides {a.stride()}, in PyTorch {b.stride()}, which view() relies on")
    if problems or not floating or single:
        return problems
    mixed = any(x.dtype is torch.float32 for x, _ in translation.leaves.values())
    check_gradients(ys, zs, *translation.variables(), mixed, problems, info.supports_gradgrad)
    return problems


def check_forms(info: Any, function: Callable[..., Any], sample: Any) -> list[str]:
    """How the method of one sample, and the method in place, differ from the function."""
    name = info.name
    args, kwargs = Translation(info, sample, differentiate=False).ours
    if not args or not isinstance(args[0], tg.Tensor):
        return []
    problems: list[str] = []
    try:
        want = function(*args, **kwargs)
    except Exception:  # the functions' own errors are compared elsewhere
        return []
    if info.method_variant is not None:
        for i, (a, b) in enumerate(zip(flat(getattr(args[0], name)(*args[1:], **kwargs)), flat(want), strict=True)):
            close(f"the method's result {i}", a, b, False, problems)
    method = getattr(tg.Tensor, name + "_", None)
    fits = isinstance(want, tg.Tensor) and want.shape == args[0].shape and want.dtype == args[0].dtype
    if info.inplace_variant is not None and method is not None and fits and args[0].array.flags.writeable:
        x = args[0].clone()
        if method(x, *args[1:], **kwargs) is not x:
            problems.append("the method in place returns another tensor")
        close("the tensor changed in place", x, want, False, problems)
    return problems


def cotangent(random: np.random.Generator, y: torch.Tensor) -> np.ndarray[Any, Any]:
    """A cotangent for `y`, no two elements alike and none near zero."""
    shape = tuple(y.shape)
    return np.asarray(random.uniform(0.5, 1.5, shape) * random.choice((-1, 1), shape), DTYPES[y.dtype])


def check_gradients(
    ys: list[Any], zs: list[Any], xs: Any, us: Any, single: bool, problems: list[str], twice: bool
) -> None:
    """Compare gradients, and gradients of gradients; `xs` are PyTorch's leaves, `us` ours.

    `single`: something was computed in float32, so that the gradients are no better. `twice`: PyTorch has second
    derivatives.
    """
    if not xs or sum(x.numel() for x in xs) > LARGEST or not all(x.isfinite().all() for x in xs):
        return  # what a gradient is at infinity and NaN differs among PyTorch's own functions: see docs/conventions.md
    pairs = [(a, b) for a, b in zip(ys, zs, strict=True) if isinstance(b, torch.Tensor) and b.requires_grad]
    for a, b in zip(ys, zs, strict=True):
        if isinstance(b, torch.Tensor) and isinstance(a, tg.Tensor) and a.requires_grad != b.requires_grad:
            problems.append(f"requires_grad is {a.requires_grad}, in PyTorch {b.requires_grad}")
    if problems or not pairs:
        return
    random = np.random.default_rng(0)
    gs = [cotangent(random, b) for _, b in pairs]
    cots = [torch.from_numpy(g).requires_grad_() for g in gs], [wrap(g).requires_grad_() for g in gs]
    try:
        theirs = torch.autograd.grad([b for _, b in pairs], xs, cots[0], create_graph=twice, allow_unused=True)
    except (RuntimeError, NotImplementedError):
        return
    try:
        mine = tg.autograd.grad([a for a, _ in pairs], us, cots[1], create_graph=twice, allow_unused=True)
    except Exception as error:
        problems.append(f"backward raises {type(error).__name__}: {error}")
        return
    for i, (a, b) in enumerate(zip(mine, theirs, strict=True)):
        if a is not None or b is not None:
            zero = np.zeros(tuple(xs[i].shape))
            close(f"gradient {i}", zero if a is None else a, zero if b is None else b, single, problems)
    if problems or not twice:
        return
    second = [(a, b) for a, b in zip(mine, theirs, strict=True) if b is not None and b.requires_grad]
    second = [(a, b) for a, b in second if a is not None and a.requires_grad]
    if not second:
        return
    hs = [cotangent(random, b) for _, b in second]
    try:
        theirs = torch.autograd.grad(
            [b for _, b in second], [*xs, *cots[0]], [torch.from_numpy(h) for h in hs], allow_unused=True
        )
    except (RuntimeError, NotImplementedError):
        return
    try:
        mine = tg.autograd.grad([a for a, _ in second], [*us, *cots[1]], [wrap(h) for h in hs], allow_unused=True)
    except Exception as error:
        problems.append(f"second backward raises {type(error).__name__}: {error}")
        return
    for i, (a, b, x) in enumerate(zip(mine, theirs, [*xs, *cots[0]], strict=True)):
        zero = np.zeros(tuple(x.shape))
        close(f"second derivative {i}", zero if a is None else a, zero if b is None else b, single, problems)


def check_error(info: Any, function: Callable[..., Any], error_input: Any) -> str | None:
    """Nothing if ours raises what PyTorch raises, else what it does."""
    sample = error_input.sample_input
    if "out" in sample.kwargs:
        raise UntranslatableError("results aren't written to tensors given as out=")
    if not isinstance(sample.input, torch.Tensor) and not sample.args and not sample.kwargs:
        raise UntranslatableError("no arguments")
    translation = Translation(None, sample, differentiate=False)
    expected = error_input.error_type
    args, kwargs = translation.theirs
    try:
        info.get_op()(*args, **kwargs)
    except expected:
        pass
    else:
        raise UntranslatableError("PyTorch itself doesn't raise")
    args, kwargs = translation.ours
    try:
        function(*args, **kwargs)
    except expected:
        return None
    except Exception as error:
        return f"raises {type(error).__name__}: {error} -- in PyTorch {expected.__name__}: {error_input.error_regex}"
    return f"doesn't raise -- in PyTorch {expected.__name__}: {error_input.error_regex}"


def spread(items: Iterator[Any], count: int) -> list[Any]:
    """At most about `count` of `items`, evenly spread."""
    found = []
    try:
        found.extend(items)
    except ValueError:  # some generators ask for gradients of integers, which PyTorch itself refuses
        pass
    return found[:: max(1, math.ceil(len(found) / count))]


def check(info: Any, count: int = SAMPLES, dtypes: Any = (*CHECKED, *SELDOM), reference: bool = False) -> Result:
    """All samples and error inputs of one of PyTorch's ops; `reference`: its larger set of samples."""
    result = Result(info.name + (f" ({info.variant_test_name})" if info.variant_test_name else ""))
    function = ADAPTED.get(result.name) or ADAPTED.get(info.name) or ours(info.name)
    if function is None:
        result.failures.append("is missing")
        return result
    if info.method_variant is not None and not hasattr(tg.Tensor, info.name):
        result.failures.append("is missing as a method of Tensor")
    for dtype in dtypes:
        if dtype not in info.supported_dtypes("cpu"):
            continue
        torch.manual_seed(0)
        wanted = dtype.is_floating_point and info.supports_autograd
        few = count if dtype in CHECKED else count // 4
        drawn = info.reference_inputs if reference else info.sample_inputs
        samples = spread(drawn("cpu", dtype, requires_grad=wanted), few)
        for i, sample in enumerate(samples):
            try:
                problems = check_sample(info, function, sample, dtype)
                if problems == [] and i < FORMS and info.name not in LEFT_TO_CHANCE:
                    problems = check_forms(info, function, sample)
            except UntranslatableError:
                problems = None
            if problems is None:
                result.left_out += 1
            elif problems:
                result.failures.append(f"{problems[0]}\n      {described(sample)}")
            else:
                result.passed += 1
    for error_input in info.error_inputs("cpu") if info.error_inputs_func else ():
        try:
            problem = check_error(info, function, error_input)
        except UntranslatableError:
            result.left_out += 1
            continue
        if problem:
            result.failures.append(f"{problem}\n      {described(error_input.sample_input)}")
        else:
            result.passed += 1
    return result


@functools.cache
def by_name() -> dict[str, list[Any]]:
    """PyTorch's ops with samples: its name, its method's or an alias to the variants."""
    found: dict[str, list[Any]] = {}
    for info in op_db:
        found.setdefault(info.name, []).append(info)
    return found


def command(
    doc: str | None,
    infos: Mapping[str, list[Any]],
    check: Callable[..., Result],
    differences: Mapping[str, Sequence[Difference]],
) -> int:
    """Check what is named on the command line, or all; the exit status says whether anything differs unmeant."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("names", nargs="*", help=f"PyTorch's names, as {next(iter(infos))}; by default all")
    parser.add_argument("--list", action="store_true", help="list all names that PyTorch has samples for")
    parser.add_argument("--samples", type=int, default=SAMPLES, help="of each, at most about so many of a kind")
    parser.add_argument("--verbose", action="store_true", help="every difference, not only the first five")
    options = parser.parse_args()
    if options.list:
        print(*infos)
        return 0
    wrong = 0
    for name in options.names or infos:
        if name not in infos:
            print(f"{name}: PyTorch has no samples")
        for info in infos.get(name, ()):
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                result = check(info, options.samples)
            print(result)
            known = differences.get(name, ())
            unmeant = result.unmeant(known)
            if len(unmeant) < len(result.failures):
                meant = len(result.failures) - len(unmeant)
                print(f"    {meant} of them known: {'; '.join(d.reason for d in known)}")
            wrong += len(unmeant)
            for failure in itertools.islice(unmeant, None if options.verbose else 5):
                print("   ", failure)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(command(__doc__, by_name(), check, DIFFERENCES))
