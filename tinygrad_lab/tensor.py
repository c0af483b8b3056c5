"""The tensor: an array with a place in the graph, and PyTorch's and NumPy's ways to use it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from . import inplace, memory
from .backward import accumulate, receiver
from .devices import CPU, device
from .graph import Leaf, Node, RemovableHandle, Retain
from .methods import Methods
from .numpy_api import NumPyProtocols
from .op import hand_down, wrap
from .operators import Operators
from .ops import compare, shape as shaping, special
from .ops.cast import clone, is_floating_point
from .ops.sampling import unset_or_given
from .printing import printed
from .promotion import get_default_dtype
from .public import public

DTypeLike = Any


class Tensor(Operators, Methods, NumPyProtocols):
    """An n-dimensional array that remembers how it was computed. Made by `tensor`, `zeros`, `randn`, ...

    Attributes:
        array: the NumPy array that holds the elements.
    """

    __slots__ = ("__weakref__", "_grad", "_node", "_view", "array")

    array: np.ndarray[Any, Any]
    _node: Node | None  # this tensor's place in the graph; None if it doesn't require grad
    _view: memory.View | None  # whose memory it looks at, if it is or has a view
    _grad: Tensor | None  # set when a gradient arrives

    def __new__(cls, *data: Any) -> Any:
        """PyTorch's old constructor: unset elements of the sizes given, or those of a list, array or tensor.

        In the default dtype. `empty` and `tensor` say which of the two they mean.
        """
        out = object.__new__(cls)
        out.array, out._node, out._view = unset_or_given(get_default_dtype(), data), None, None
        return out

    # ------------------------------------------------------------------------------------- what it is

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the dimensions."""
        return self.array.shape  # type: ignore[no-any-return]  # NumPy's stubs: Any for any number of dimensions

    @public
    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of dimension `dim`.

        Raises:
            IndexError: there is no such dimension.
        """
        return self.array.shape if dim is None else shaping.size_of("size", self, dim)

    @public
    def stride(self, dim: int | None = None) -> Any:
        """The steps in memory, counted in elements, from one place to the next along each dimension, or along `dim`.

        Raises:
            IndexError: there is no such dimension.
        """
        memory.lay_in_order(self)
        steps = tuple(n // self.array.itemsize for n in self.array.strides)
        return steps if dim is None else steps[shaping.dim_of("stride", dim, self.ndim)]

    def data_ptr(self) -> int:
        """The address of the first element: equal for tensors on the same memory."""
        memory.lay_in_order(self)
        return int(self.array.__array_interface__["data"][0])

    def element_size(self) -> int:
        """The bytes of one element."""
        return self.array.itemsize

    def is_contiguous(self) -> bool:
        """Whether the elements lie in order in memory."""
        memory.lay_in_order(self)
        return self.array.flags.c_contiguous

    def is_floating_point(self) -> bool:
        """Whether the elements are floating numbers."""
        return is_floating_point(self)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The elements' type, a NumPy dtype."""
        return self.array.dtype  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self.array.ndim

    @property
    def device(self) -> device:
        """Where the elements are: in the computer's memory."""
        return CPU

    is_cuda = is_sparse = False

    def dim(self) -> int:
        """The number of dimensions."""
        return self.array.ndim

    ndimension = dim

    def numel(self) -> int:
        """The number of elements."""
        return self.array.size

    nelement = numel

    @property
    def nbytes(self) -> int:
        """The bytes that the elements take."""
        return self.array.nbytes

    @property
    def requires_grad(self) -> bool:
        """Whether gradients are asked for: of a leaf by its maker, of a result by its operands."""
        return self._node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if not self.is_leaf:
            raise RuntimeError("requires_grad: of a result it can't be set, only of a leaf; detach() makes one")
        self.requires_grad_(value)

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation made it."""
        return self._node is None or isinstance(self._node, Leaf)

    @property
    def grad_fn(self) -> Node | None:
        """The recorded operation that made it, a node of the graph; None for a leaf."""
        return None if self.is_leaf else self._node

    @property
    def T(self) -> Tensor:
        """The dimensions in reverse order."""
        return shaping.permute(self, tuple(range(self.ndim))[::-1])

    @property
    def mT(self) -> Tensor:
        """The last two dimensions swapped.

        Raises:
            RuntimeError: there are less than two.
        """
        if self.ndim < 2:
            raise RuntimeError(f"mT: of matrices or batches of them, not of a tensor of shape {self.shape}")
        return shaping.transpose(self, -2, -1)

    @property
    def mH(self) -> Tensor:
        """`mT`, as there are no complex numbers."""
        return shaping.adjoint(self)

    @property
    def H(self) -> Tensor:
        """The transpose of a matrix.

        Raises:
            RuntimeError: there are neither two dimensions nor none.
        """
        if self.ndim not in (0, 2):
            raise RuntimeError(f"H: of a matrix, not of a tensor of shape {self.shape}; for batches there is mH")
        return shaping.t(self)

    # ------------------------------------------------------------------------------------- gradients

    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward accumulated here, None before."""
        return getattr(self, "_grad", None)

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None and (value.shape != self.shape or value.dtype != self.dtype):
            raise RuntimeError(
                f"grad: a gradient of shape {value.shape} and dtype {value.dtype} doesn't fit a tensor of shape "
                f"{self.shape} and dtype {self.dtype}"
            )
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    @public
    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Ask for gradients of this leaf, or stop asking. Returns the tensor.

        Raises:
            RuntimeError: the dtype isn't floating, or the tensor is a result and not a leaf.
        """
        if not self.is_leaf:
            if requires_grad:
                return self
            raise RuntimeError("requires_grad: only of leaf tensors it can be turned off; use detach() for a result")
        if requires_grad and self.dtype.kind != "f":
            raise RuntimeError(
                f"requires_grad: only floating tensors can require gradients, not {self.dtype}; convert with .float()"
            )
        if requires_grad != self.requires_grad:
            self._node = Leaf(receiver(self), weakref.ref(self)) if requires_grad else None
        return self

    def detach(self) -> Tensor:
        """The same elements in the same memory, outside the graph."""
        memory.lay_in_order(self)
        memory.keep_order(self.array)  # of a view, as the detached tensor doesn't know what it looks at
        return wrap(self.array)

    def detach_(self) -> Tensor:
        """Leave the graph: this tensor becomes a leaf without gradient. Returns the tensor.

        Raises:
            RuntimeError: it is a view, which a change of what it looks at would bring back into the graph.
        """
        if self._view is not None and self._view.parent is not None:
            raise RuntimeError("detach_: a view can't leave the graph by itself; use detach()")
        self._node = None
        return self

    @public
    def named(self, name: str) -> Tensor:
        """Call this tensor `name` in drawings. Returns the tensor; one outside the graph has no place for a name."""
        if self._node is not None:
            self._node.label = name
        return self

    def retain_grad(self) -> None:
        """Keep the gradient of this result in `.grad`, too.

        Raises:
            RuntimeError: the tensor doesn't require grad.
        """
        node = self._recorded("retain_grad")
        if not (isinstance(node, Leaf) or Retain.of(node)):
            node.hooks = [] if node.hooks is None else node.hooks  # a list that handles know
            node.hooks.append(Retain(receiver(self)))

    @property
    def retains_grad(self) -> bool:
        """Whether `retain_grad` was asked of this result."""
        return Retain.of(self._node)

    @public
    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call `hook(gradient)` whenever this tensor's gradient is computed; what it returns replaces the gradient.

        The hook has a copy, so what it changes in place is this tensor's gradient and no other's. After a change in
        place of the tensor, the hook still stands for what it was.

        Raises:
            RuntimeError: the tensor doesn't require grad; in backward, the hook returns another shape or dtype.
            TypeError: in backward, the hook returns what isn't a tensor.
        """
        node = self._recorded("register_hook")

        def call(g: Any) -> Any:
            lifted = isinstance(g, Tensor)
            given = wrap(np.array(g.array), g._node) if lifted else wrap(np.array(g))
            new = hook(given)
            if new is None:
                new = given
            elif not isinstance(new, Tensor):
                raise TypeError(f"register_hook: a hook must return a tensor or None, not {type(new).__name__}")
            if new.shape != g.shape or new.dtype != g.dtype:
                raise RuntimeError(
                    f"register_hook: a hook made of a gradient of shape {g.shape} and dtype {g.dtype} one of shape "
                    f"{new.shape} and dtype {new.dtype}"
                )
            return new if lifted else new.array

        if node.hooks is None:
            node.hooks = []
        node.hooks.insert(len(node.hooks) - Retain.of(node), call)
        return RemovableHandle(node.hooks, call)

    @public
    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """Call `hook(tensor)` whenever a backward has added to the `.grad` of this leaf.

        Raises:
            RuntimeError: the tensor isn't a leaf that requires grad.
        """
        node = self._recorded("register_post_accumulate_grad_hook")
        if not isinstance(node, Leaf):
            raise RuntimeError("register_post_accumulate_grad_hook: a result has no .grad to add to, only a leaf has")
        ref = weakref.ref(self)

        def call() -> None:
            tensor = ref()
            if tensor is not None:
                hook(tensor)

        node.after.append(call)
        return RemovableHandle(node.after, call)

    @public
    def _recorded(self, name: str) -> Node:
        if self._node is None:
            raise RuntimeError(f"{name}: this tensor doesn't require grad; ask with requires_grad_() before using it")
        return self._node

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Tensor | Sequence[Tensor] | None = None,
    ) -> None:
        """Add to each leaf's `.grad` the gradient of this tensor, contracted with `gradient`.

        Args:
            gradient: of this tensor's shape; may be left out for a tensor of one element, where it is 1.
            retain_graph: keep the saved values for another backward; by default only with `create_graph`.
            create_graph: record the backward pass itself, so that gradients can be differentiated again.
            inputs: only these tensors accumulate, by default all leaves.

        Raises:
            RuntimeError: the tensor doesn't require grad, isn't scalar and no `gradient` is given, the gradient's shape
                doesn't fit, `inputs` is empty, or the graph was freed or a saved value changed in place.
        """
        accumulate([self], [gradient], retain_graph, create_graph, inputs)

    # ------------------------------------------------------------------------------------- as plain data

    @property
    def data(self) -> Tensor:
        """The elements outside the graph; assign a tensor to replace them."""
        return self.detach()

    @data.setter
    def data(self, value: Tensor) -> None:
        if value.dtype.kind != "f" and self.requires_grad:
            raise RuntimeError(f"data: a tensor that requires grad can't hold {value.dtype}; it must stay floating")
        inplace.leave_behind(self)
        self.array = value.detach().array

    @public
    def numpy(self, *, force: bool = False) -> np.ndarray[Any, Any]:
        """The elements as a NumPy array on the same memory.

        Args:
            force: leave the graph first, as `detach().numpy()`.

        Raises:
            RuntimeError: the tensor requires grad, and a change of the array couldn't be recorded.
        """
        if self._node is not None and not force:
            raise RuntimeError("numpy: can't be called on a tensor that requires grad; use detach().numpy() instead")
        memory.lay_in_order(self)
        return self.array

    def __array__(self, dtype: DTypeLike = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def item(self) -> Any:
        """The only element, as a Python number.

        Raises:
            RuntimeError: there isn't exactly one.
        """
        if self.array.size != 1:
            raise RuntimeError(f"item: a tensor of shape {self.shape} has {self.array.size} elements, not 1")
        return self.array.item()

    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers."""
        return self.array.tolist()

    def __bool__(self) -> bool:
        if self.array.size != 1:
            raise RuntimeError(
                f"bool: a tensor of shape {self.shape} is neither true nor false; use (...).any() or (...).all()"
            )
        return bool(self.array.item())

    def __float__(self) -> float:
        return float(self._number())

    def __int__(self) -> int:
        return int(self._number())

    def __complex__(self) -> complex:
        return complex(self._number())

    def _number(self) -> Any:
        if self.array.size != 1:
            raise ValueError(
                f"only a tensor of one element can become a Python number, not one of shape {self.shape}; use tolist()"
            )
        return self.array.item()

    def __index__(self) -> int:
        if self.dtype.kind not in "iub":
            raise TypeError(f"index: only integer tensors of one element can be an index, not {self.dtype}")
        return int(self.item())

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("len: a 0-d tensor has no length")
        return len(self.array)

    def __iter__(self) -> Iterator[Tensor]:
        if self.ndim == 0:
            raise TypeError("iter: a 0-d tensor can't be iterated over")
        return (self[i] for i in range(len(self.array)))

    def __contains__(self, value: Any) -> bool:
        if not isinstance(value, (Tensor, np.ndarray, np.generic, bool, int, float)):
            raise RuntimeError(f"in: a tensor holds numbers, so {value!r:.60} can't be one of its elements")
        return bool((self == value).any())

    def __repr__(self) -> str:
        notes = []
        if self.dtype not in (get_default_dtype(), *((np.dtype(np.int64), np.dtype(bool)) if self.array.size else ())):
            notes.append(f"dtype={self.dtype}")
        if self.grad_fn is not None:
            notes.append(f"grad_fn={self.grad_fn!r}")
        elif self.requires_grad:
            notes.append("requires_grad=True")
        return printed(self.array, notes)

    def __format__(self, spec: str) -> str:
        number = (type(self) is Tensor and self.array.ndim == 0) or (spec and self.array.size == 1)
        return format(self.item(), spec) if number else object.__format__(self, spec)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError("deepcopy: only leaf tensors can be copied with their flags; use clone() or detach()")
        out = self._rebuilt(self.array.copy(), self.requires_grad)
        if self.grad is not None:
            out._grad = self.grad.__deepcopy__(memo)
        return out

    def __reduce__(self) -> Any:
        if not self.is_leaf:
            raise RuntimeError("pickle: a tensor in the graph can't leave the process; use detach() first")
        return _rebuild, (type(self), self.array, self.requires_grad)

    @classmethod
    def _rebuilt(cls, array: np.ndarray[Any, Any], requires_grad: bool) -> Tensor:
        out = object.__new__(cls)
        out.array, out._node, out._view = array, None, None
        return out.requires_grad_(requires_grad)

    # ------------------------------------------------------------------------------------- methods: ops

    @public
    def expand_as(self, other: Tensor) -> Tensor:
        """`expand` to the shape of `other`."""
        return shaping.expand(self, other.shape)

    @public
    def where(self, condition: Tensor, other: Any) -> Tensor:
        """These elements where `condition` holds, those of `other` elsewhere."""
        return compare.where(condition, self, other)

    @public
    def polygamma(self, n: int) -> Tensor:
        """The n-th derivative of the digamma function."""
        return special.polygamma(n, self)

    @public
    def view_as(self, other: Tensor) -> Tensor:
        """`view` in the shape of `other`."""
        return shaping.view(self, other.shape)

    @public
    def reshape_as(self, other: Tensor) -> Tensor:
        """`reshape` to the shape of `other`."""
        return shaping.reshape(self, other.shape)

    @public
    def split(self, split_size: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
        """Pieces along `dim`: of one size, the last may be smaller, or of the sizes in a list. Views."""
        return shaping.split(self, split_size, dim)

    def adjoint(self) -> Tensor:
        """The last two dimensions swapped."""
        return shaping.adjoint(self)

    @public
    def type(self, dtype: DTypeLike = None) -> Any:
        """The elements in `dtype`; without it, the name of the dtype that they have."""
        return self.dtype.name if dtype is None else self.to(dtype)

    def contiguous(self) -> Tensor:
        """The tensor itself if its elements lie in order in memory, else a copy where they do."""
        memory.lay_in_order(self)
        return self if self.array.flags.c_contiguous else clone(self)

    def zero_(self) -> Tensor:
        """Every element 0, in place. Returns the tensor itself."""
        return inplace.store(self, "zero_", inplace.replaced, 0)


hand_down(Tensor)


def _rebuild(cls: type[Tensor], array: np.ndarray[Any, Any], requires_grad: bool) -> Tensor:
    return cls._rebuilt(memory.recognised(array), requires_grad)
