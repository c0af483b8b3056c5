"""Gradients, products with Jacobians, Jacobians and Hessians: a function's variables, and the walks back to them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..backward import run_backward
from ..creation import ones_like, zeros, zeros_like
from ..graph import Leaf, enable_grad, is_grad_enabled, toposort
from ..op import wrap
from ..ops.cast import clone
from ..ops.shape import reshape, stack
from ..tensor import Tensor
from .batch import check_chunk_size
from .tree import Tree, check_tensors, leaves, like, map_tree

Argnums = int | tuple[int, ...]

# ----------------------------------------------------------------------------------------- variables


class _Variable(Leaf):
    """The leaf of a transform's own variable, which asks for a graph only while its transform is open."""

    __slots__ = ("open",)

    def __init__(self) -> None:
        super().__init__(_drop)
        self.open = True


def _drop(g: Any, shared: bool) -> None:
    """Where a transform's own variables send the gradient that a backward in the function brings: nowhere."""


def _variable(name: str, x: Any) -> Tensor:
    """A new variable equal to `x`; an identity of `x`, if something outside differentiates by that."""
    if not isinstance(x, Tensor):
        raise RuntimeError(f"{name}: can differentiate by tensors only, not by {type(x).__name__} {x!r:.60}")
    if x.dtype.kind != "f":
        raise RuntimeError(f"{name}: can differentiate by floating tensors only, not {x.dtype}; convert with .float()")
    return clone(x) if _asked(x) else wrap(x.detach().array, _Variable())


def _asked(*tensors: Any, own: Sequence[Any] = ()) -> bool:
    """Whether something differentiates by what `tensors` depend on, other than by the variables `own`."""
    roots = [t._node for t in tensors if isinstance(t, Tensor) and t._node is not None]
    mine = {t._node for t in own}
    for node in toposort(roots):
        outside = isinstance(node, Leaf) or not node.inputs
        if outside and node not in mine and (not isinstance(node, _Variable) or node.open):
            return True
    return False


def _settled(tree: Tree) -> Tree:
    """Results without their place in the graph where nobody asks for it."""
    recording = is_grad_enabled()

    def settle(t: Any) -> Any:
        return t.detach() if isinstance(t, Tensor) and t._node is not None and not (recording and _asked(t)) else t

    return map_tree(settle, tree)


class _Call:
    """A call of `function` with variables for some arguments, and the walks back from its output.

    Attributes:
        inputs: the arguments to differentiate by, a tree of variables.
        output: what the function returned.
        aux: what it returned besides, if it returns a pair.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        args: Sequence[Any],
        numbers: Sequence[int],
        has_aux: bool,
        **kwargs: Any,
    ) -> None:
        self.name = name
        self.recorded = is_grad_enabled()  # outside
        with enable_grad():
            self.inputs = [map_tree(functools.partial(_variable, name), args[i]) for i in numbers]
            self.xs: list[Tensor] = leaves(self.inputs)
            given = list(args)
            for i, x in zip(numbers, self.inputs):
                given[i] = x
            output = function(*given, **kwargs)
        self.aux: Any = None
        if has_aux:
            if not (isinstance(output, tuple) and len(output) == 2):
                raise RuntimeError(f"{name}: with has_aux=True the function must return a pair (output, aux)")
            output, self.aux = output
        check_tensors(name, "what the function returns", output)
        self.output = output
        self.ys: list[Tensor] = leaves(output)
        self.outer = [x for x in self.xs if not isinstance(x._node, _Variable)]  # identities of outer variables

    def asked(self, *tensors: Tensor) -> bool:
        """Whether a walk must be a graph: something outside differentiates by the arguments or by what was captured."""
        return self.recorded and (bool(self.outer) or _asked(*self.ys, *tensors, own=self.xs))

    def pullback(self, cotangents: Sequence[Tensor], create_graph: bool, retain: bool = True) -> list[Tensor]:
        """The sum of the cotangents' products with the Jacobians, for each input; zeros where there is none."""
        pairs = [(y, g) for y, g in zip(self.ys, cotangents, strict=True) if y._node is not None]
        found: Sequence[Tensor | None] = [None] * len(self.xs)
        if pairs:
            ys, gs = zip(*pairs)
            found = run_backward(ys, gs, retain or create_graph, create_graph, self.xs)
        return [zeros_like(x) if g is None else g for x, g in zip(self.xs, found)]

    def close(self) -> None:
        """Stop asking for graphs over the variables."""
        for x in self.xs:
            if isinstance(x._node, _Variable):
                x._node.open = False


def _numbers(argnums: Argnums, count: int) -> list[int]:
    """The positions that `argnums` means.

    Raises:
        RuntimeError: it isn't integers, names a position twice, or one that isn't there.
    """
    given = argnums if isinstance(argnums, tuple) else (argnums,)
    if not given or not all(type(i) is int for i in given):
        raise RuntimeError(f"argnums must be int or a tuple of ints that isn't empty, got: {argnums!r}")
    for i in given:
        if not -count <= i < count:
            raise RuntimeError(f"Got argnum={i}, but only {count} positional inputs")
    found = [i % count for i in given]
    if len(set(found)) < len(found):
        raise RuntimeError(f"argnums elements must be unique but got {argnums}")
    return found


# ----------------------------------------------------------------------------------------- reverse mode


def grad(func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    r"""The function that returns :math:`\nabla f` of a function that returns a tensor of one element.

    Args:
        func: takes tensors, or tuples, lists and dicts of them, and anything else.
        argnums: the number of the argument to differentiate by, or a tuple of numbers, for a tuple of gradients.
        has_aux: `func` returns a pair (output, aux), and the gradient comes in a pair with `aux`.

    Returns:
        a function of the arguments of `func`; its gradients have the arguments' form, zeros where the output doesn't
        depend on them.

    Raises:
        RuntimeError: the output isn't a tensor of no dimension, or an argument to differentiate by isn't of floats.
    """
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def call(*args: Any, **kwargs: Any) -> Any:
        g, value = both(*args, **kwargs)
        return (g, value[1]) if has_aux else g

    return call


def grad_and_value(func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """`grad`, in a pair with the function's own output: (gradient, output), or (gradient, (output, aux))."""

    @functools.wraps(func)
    def call(*args: Any, **kwargs: Any) -> Any:
        run = _Call("grad", func, args, _numbers(argnums, len(args)), has_aux, **kwargs)
        try:
            if not isinstance(run.output, Tensor) or run.output.ndim != 0:
                shown = f"a tensor of shape {run.output.shape}" if isinstance(run.output, Tensor) else run.output
                raise RuntimeError(f"grad: expected f(*args) to return a scalar tensor, got {shown}; reduce it")
            create = run.asked()
            found = like(run.inputs, iter(run.pullback([ones_like(run.output)], create, retain=has_aux)))
        finally:
            run.close()
        found = tuple(found) if isinstance(argnums, tuple) else found[0]
        value = (run.output, run.aux) if has_aux else run.output
        return _settled(found), _settled(value)

    return call


def value_and_grad(func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """`grad_and_value` in JAX's order: (output, gradient), or ((output, aux), gradient)."""
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def call(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[::-1]

    return call


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    r"""The output of `func` and the function that multiplies a cotangent by the Jacobian, :math:`u \mapsto u^T J`.

    Args:
        func: takes and returns tensors, or tuples, lists and dicts of them.
        primals: its arguments.
        has_aux: `func` returns a pair (output, aux).

    Returns:
        (output, vjp_fn), or (output, vjp_fn, aux). `vjp_fn(cotangents)`, cotangents in the form of the output, may be
        called many times; it returns a tuple of products, each in the form of its argument.

    Raises:
        RuntimeError: a primal isn't of floats, the output isn't of tensors, or a cotangent doesn't fit.
    """
    run = _Call("vjp", func, primals, range(len(primals)), has_aux)

    def vjp_fn(cotangents: Tree, *more: Tree) -> Any:
        given = leaves((cotangents, *more) if more else cotangents)
        check_tensors("vjp", "cotangents", given)
        if [g.shape for g in given] != [y.shape for y in run.ys]:
            raise RuntimeError(
                f"vjp: cotangents of shapes {[g.shape for g in given]} don't fit outputs of {[y.shape for y in run.ys]}"
            )
        create = is_grad_enabled() and (run.asked() or _asked(*given))
        found = like(run.inputs, iter(run.pullback(given, create)))
        return _settled(tuple(found))

    run.close()
    output = _settled(run.output)
    return (output, vjp_fn, _settled(run.aux)) if has_aux else (output, vjp_fn)


def jacrev(
    func: Callable[..., Any], argnums: Argnums = 0, *, has_aux: bool = False, chunk_size: int | None = None
) -> Callable[..., Any]:
    """The function that returns the Jacobian, a row at a time: one walk back for each element of the output.

    Args:
        func: takes and returns tensors, or tuples, lists and dicts of them.
        argnums: the number of the argument to differentiate by, or a tuple of numbers, for a tuple of Jacobians.
        has_aux: `func` returns a pair (output, aux), and the Jacobian comes in a pair with `aux`.
        chunk_size: has no meaning here: the rows come one by one.

    Returns:
        a function of the arguments of `func`: in the form of the output, and in each of its places in that of the
        argument, tensors of shape `(*output, *argument)`.

    Raises:
        RuntimeError: as `grad`, for an output of any shape.
        ValueError: `chunk_size` isn't positive.
    """
    check_chunk_size("jacrev", chunk_size)

    @functools.wraps(func)
    def call(*args: Any, **kwargs: Any) -> Any:
        run = _Call("jacrev", func, args, _numbers(argnums, len(args)), has_aux, **kwargs)
        try:
            create = run.asked()
            blocks = []
            for i, y in enumerate(run.ys):
                rows: list[list[Tensor]] = []
                for unit in _units(y):
                    cotangents = [unit if j == i else zeros_like(z) for j, z in enumerate(run.ys)]
                    rows.append(run.pullback(cotangents, create))
                columns = [
                    reshape(stack([row[k] for row in rows]), y.shape + x.shape) if rows else _empty(y, x)
                    for k, x in enumerate(run.xs)
                ]
                found = like(run.inputs, iter(columns))
                blocks.append(tuple(found) if isinstance(argnums, tuple) else found[0])
        finally:
            run.close()
        jacobian = _settled(like(run.output, iter(blocks)))
        return (jacobian, _settled(run.aux)) if has_aux else jacobian

    return call


def _units(x: Tensor) -> Iterator[Tensor]:
    """The tensors like `x` with a single 1."""
    for i in range(x.numel()):
        unit = np.zeros(x.shape, x.dtype)
        unit.reshape(-1)[i] = 1
        yield wrap(unit)


def _empty(y: Tensor, x: Tensor) -> Tensor:
    return zeros(*y.shape, *x.shape, dtype=x.dtype)


# ----------------------------------------------------------------------------------------- forward mode


class _Tangents:
    r"""Forward mode by two reverse ones: :math:`u \mapsto u^T J` is linear in :math:`u`, so its gradient along
    :math:`v` is :math:`J v`, whatever :math:`u` is (https://j-towns.github.io/2017/06/12/A-new-trick.html)."""

    def __init__(self, run: _Call) -> None:
        self.run = run
        with enable_grad():
            self.us = [wrap(np.ones(y.shape, y.dtype), _Variable()) for y in run.ys]
            self.gs = run.pullback(self.us, create_graph=True)

    def push(self, tangents: Sequence[Tensor], create_graph: bool) -> list[Tensor]:
        """The product of the Jacobian with the tangents, for each output."""
        pairs = [(g, v) for g, v in zip(self.gs, tangents, strict=True) if g._node is not None]
        found: Sequence[Tensor | None] = [None] * len(self.us)
        if pairs:
            gs, vs = zip(*pairs)
            found = run_backward(gs, vs, True, create_graph, self.us)
        return [zeros_like(u) if t is None else t for u, t in zip(self.us, found)]

    def close(self) -> None:
        """Stop asking for graphs over the variables."""
        self.run.close()
        for u in self.us:
            u._node.open = False  # type: ignore[union-attr]  # a _Variable, as made above

    def asked(self, *tangents: Tensor) -> bool:
        """Whether a product must be a graph."""
        return self.run.recorded and (bool(self.run.outer) or _asked(*self.run.ys, *tangents, own=self.run.xs))


def _fit(name: str, primals: Tree, tangents: Tree) -> list[Tensor]:
    """The leaves of the tangents.

    Raises:
        RuntimeError: their shapes or dtypes aren't those of the primals.
    """
    xs, vs = leaves(primals), leaves(tangents)
    check_tensors(name, "tangents", vs)
    if [(x.shape, x.dtype) for x in xs] != [(v.shape, v.dtype) for v in vs]:
        raise RuntimeError(
            f"{name}: tangents of shapes {[v.shape for v in vs]} don't fit primals of {[x.shape for x in xs]}; shapes "
            "and dtypes must be equal"
        )
    return vs


def jvp(
    func: Callable[..., Any],
    primals: tuple[Any, ...],
    tangents: tuple[Any, ...],
    *,
    strict: bool = False,
    has_aux: bool = False,
) -> tuple[Any, ...]:
    r"""The output of `func` and the product :math:`J v` of its Jacobian with `tangents`.

    Args:
        func: takes and returns tensors, or tuples, lists and dicts of them.
        primals: its arguments, a tuple.
        tangents: :math:`v`, in the form of the primals.
        strict: refuse an output that doesn't depend on the primals, instead of giving it zeros.
        has_aux: `func` returns a pair (output, aux).

    Returns:
        (output, product), or (output, product, aux). It costs two walks back: see `_Tangents`.

    Raises:
        RuntimeError: primals and tangents don't fit, aren't of floats, or as `strict` says.
    """
    if not (type(primals) is type(tangents) is tuple and primals):
        raise RuntimeError("jvp: primals and tangents must be tuples that aren't empty")
    vs = _fit("jvp", primals, tangents)
    run = _Call("jvp", func, primals, range(len(primals)), has_aux)
    if strict and any(y._node is None for y in run.ys):
        raise RuntimeError("jvp: strict=True, but an output doesn't depend on the primals")
    both = _Tangents(run)
    try:
        found = both.push(vs, both.asked(*vs))
    finally:
        both.close()
    product = _settled(like(run.output, iter(found)))
    output = _settled(run.output)
    return (output, product, _settled(run.aux)) if has_aux else (output, product)


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """The output of `func`, and the function of tangents, one for each primal, that multiplies the Jacobian by them.

    The function may be called many times: `func` runs once.
    """
    both = _Tangents(_Call("linearize", func, primals, range(len(primals)), False))
    both.close()

    def jvp_fn(*tangents: Any) -> Any:
        vs = _fit("linearize", primals, tangents)
        return _settled(like(both.run.output, iter(both.push(vs, is_grad_enabled() and both.asked(*vs)))))

    return _settled(both.run.output), jvp_fn


def jacfwd(
    func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, *, randomness: str = "error"
) -> Callable[..., Any]:
    """The function that returns the Jacobian, a column at a time: one walk for each element of the argument.

    Arguments, shapes and errors are those of `jacrev`; `randomness` has no meaning here, as the function runs once.
    """

    @functools.wraps(func)
    def call(*args: Any, **kwargs: Any) -> Any:
        run = _Call("jacfwd", func, args, _numbers(argnums, len(args)), has_aux, **kwargs)
        both = _Tangents(run)
        try:
            create = both.asked()
            blocks: list[list[Tensor]] = [[] for _ in run.ys]  # by output, then by input
            for i, x in enumerate(run.xs):
                columns: list[list[Tensor]] = []
                for unit in _units(x):
                    tangents = [unit if j == i else zeros_like(z) for j, z in enumerate(run.xs)]
                    columns.append(both.push(tangents, create))
                for k, y in enumerate(run.ys):
                    block = stack([c[k] for c in columns], -1) if columns else _empty(y, x)
                    blocks[k].append(reshape(block, y.shape + x.shape))
        finally:
            both.close()
        found = [like(run.inputs, iter(block)) for block in blocks]
        shown = [tuple(f) if isinstance(argnums, tuple) else f[0] for f in found]
        jacobian = _settled(like(run.output, iter(shown)))
        return (jacobian, _settled(run.aux)) if has_aux else jacobian

    return call


def hessian(func: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function that returns the second derivatives: `jacfwd(jacrev(func, argnums), argnums)`."""
    return jacfwd(jacrev(func, argnums), argnums)


def hvp(func: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
    r"""The output of `func`, a tensor of one element, and the product :math:`H v` of its Hessian with `tangents`.

    :math:`H` is symmetric, so :math:`H v = \nabla (\nabla f \cdot v)` (Pearlmutter 1994,
    https://doi.org/10.1162/neco.1994.6.1.147): two walks back, and no Hessian in memory.

    Returns:
        (output, product), the product in the form of the argument, or a tuple of them if there are several.

    Raises:
        RuntimeError: as `grad` and `jvp`.
    """
    _fit("hvp", primals, tangents)
    numbers = tuple(range(len(primals)))

    def gradients(*args: Any) -> Any:
        return grad_and_value(func, numbers)(*args)

    _, multiply, output = vjp(gradients, *primals, has_aux=True)
    product = multiply(tangents)
    return output, product[0] if len(primals) == 1 else product
