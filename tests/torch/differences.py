"""Where we differ from PyTorch and mean to, each with its reason: for the comparison, and for docs/differences.md."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """A known difference from PyTorch: failures that contain `text`, and the reason."""

    text: str
    reason: str

    def matches(self, failure: str) -> bool:
        return self.text in failure


ON_A_NUMBER = Difference("(2, int64[3]", "these methods of a tensor aren't made to be called on a number")
NO_OUT = Difference("unexpected keyword argument 'out'", "nothing here writes into a tensor given as out=")
UNSET = Difference("the value", "the elements are whatever the memory holds")

EQUALS = Difference("result 1 is", "which one of equal elements is taken PyTorch leaves open; here it is the first")

NUMBERS = Difference("an operand must be a tensor or an array, not", "an error for two numbers: nothing differentiates")
NO_NAN = Difference("in PyTorch nan", "a derivative that PyTorch's formula makes NaN is finite, or infinite")
POLES = Difference("inf, in PyTorch", "infinite at the poles 0, -1, -2, ...")
OUTSIDE = Difference("is nan, in PyTorch", "the derivative is NaN where the function has no value")
KEPT_ORDER = tuple(
    Difference(f"({kind}[8000])", "PyTorch leaves the order of equal elements open; here it is kept")
    for kind in ("bool", "float16", "int8", "uint8")
)
NO_UINT8 = Difference(
    "must be floating, not uint8", "PyTorch interpolates bytes with a rounding of its own; use .float()"
)

DIFFERENCES: dict[str, tuple[Difference, ...]] = {
    **dict.fromkeys(("add", "sub", "mul", "div", "true_divide", "floor_divide"), (NUMBERS,)),
    **dict.fromkeys(("pow", "float_power", "__rpow__", "atan2", "hypot", "copysign", "logaddexp"), (NO_NAN,)),
    **dict.fromkeys(("sinc", "special.entr", "nn.functional.mish"), (NO_NAN,)),
    **dict.fromkeys(("log", "log2", "log10", "log1p", "acosh", "atanh", "logit"), (OUTSIDE,)),
    "__rsub__": (Difference("in PyTorch ()", "a number minus a tensor has the tensor's shape"),),
    "xlogy": (NO_NAN, OUTSIDE),
    "special.xlog1py": (NO_NAN, OUTSIDE),
    "digamma": (POLES,),
    "index_copy": (Difference("gradient 1", "the gradient goes to the last of several writes to one place"),),
    "nn.functional.grid_sample": (Difference("in PyTorch nan", "coordinates far outside don't overflow in float16"),),
    "nn.functional.prelu": (Difference("second derivative", "at 0 PyTorch's second derivative is that of x > 0"),),
    "amax": (NO_OUT,),
    "amin": (NO_OUT,),
    "aminmax": (NO_OUT,),
    "cholesky_inverse": (Difference("is 0, in PyTorch", "the other triangle isn't read, so its gradient is 0"),),
    "cholesky_solve": (Difference("is 0, in PyTorch", "the other triangle isn't read, so its gradient is 0"),),
    "linalg.norm": (
        Difference("in PyTorch nan", "0 at the zero vector, to any order"),
        Difference("the singular value 0 is repeated", "an error that says so, where PyTorch gives NaN"),
    ),
    "linalg.pinv": (
        Difference("hermitian=True", "PyTorch's gradient is of the matrix, and its value of one triangle only"),
    ),
    "svd": (Difference("result 0", "the signs of singular vectors are those of each LAPACK"),),
    "svd_lowrank": (Difference("result 0", "what is beyond the rank is found at random"),),
    "argsort": KEPT_ORDER,
    "cov": (Difference("second derivative 1 at [0] is 3.6", "what cancels in float32 leaves rounding, to both"),),
    "kthvalue": (EQUALS, NO_OUT),
    "median": (EQUALS,),
    "mode": (
        Difference("result 1 is", "which one of equal elements is taken PyTorch leaves open; here it is the last"),
    ),
    "nanmedian": (EQUALS,),
    "sort": KEPT_ORDER,
    "topk": (EQUALS,),
    **dict.fromkeys(("__radd__", "__rdiv__", "__rmul__", "__rand__", "__ror__", "__rxor__"), (ON_A_NUMBER,)),
    "norm": (Difference("not 'nuc'; linalg.matrix_norm has", "the nuclear norm is a norm of matrices"),),
    "cat": (NO_OUT,),
    "new_empty": (UNSET,),
    "nn.functional.soft_margin_loss": (Difference("in PyTorch inf", "float16 doesn't overflow in between"),),
    **dict.fromkeys(
        ("nn.functional.fractional_max_pool2d", "nn.functional.fractional_max_pool3d"),
        (Difference(", in PyTorch ", "what chance draws are other windows"),),
    ),
    "nn.functional.linear_cross_entropy": (
        Difference(
            "unexpected keyword argument 'options'", "the head isn't cut into chunks, so nothing sets their size"
        ),
    ),
    "matrix_exp": (Difference("not float16", "its series needs float32 at least"),),
    "nn.functional.interpolate": (NO_UINT8,),
    "nn.functional.upsample_bilinear": (NO_UINT8,),
    **dict.fromkeys(
        ("polygamma", "special.polygamma"),
        (POLES, NO_NAN),
    ),
    **{
        f"nn.functional.{name}": (Difference("the value at", "what chance drops are other elements"),)
        for name in ("dropout", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout")
    },
    "nn.functional.scaled_dot_product_attention": (
        Difference("dropout_p=0.5", "what chance drops are other elements"),
    ),
    "nn.functional.multi_head_attention_forward": (Difference("False, 0.5,", "what chance drops are other elements"),),
    "nn.functional.rrelu": (Difference("training=True", "its slopes are random, and the numbers not PyTorch's"),),
}
"""Known differences of single functions, by PyTorch's name."""


LEFT_OUT = (
    ("`out=`", "results have memory of their own; methods in place (`add_`, `copy_`) write into a tensor"),
    (
        "complex numbers; `fft`, `stft`, `linalg.eig`, `linalg.eigvals`",
        "dtypes are bools, integers and real numbers; a complex result is a `TypeError`",
    ),
    ("`bfloat16`, `float8`, quantized dtypes", "dtypes are NumPy's"),
    (
        "devices other than the CPU, `x.cuda()`; `layout=`, `pin_memory=`, `channels_last`",
        'there is one memory, the computer\'s: `device=x.device` and `x.to("cpu")` say so, another device is an error',
    ),
    ("sparse tensors, `sparse=True` of embeddings", "gradients are dense; `sparse=True` is an error"),
    ("named dimensions, `x.sum('N')`", "dimensions are integers"),
    ("`x.view(dtype)`", "`x.numpy().view(dtype)` looks at the bytes; it has no gradient in PyTorch either"),
    (
        "class indices of int64 and uint8 only; no bools in a subtraction; `max_pool1d` of floats",
        "class indices of any integer dtype; `x - b` takes bools as 0 and 1; `max_pool1d` of integers as `max_pool2d`",
    ),
    (
        "functions of numbers only, `add(2, 3)`",
        "there is nothing to differentiate: an error says so, where PyTorch gives a tensor",
    ),
    (
        "`linalg.lu`, `lu_factor`, `lu_solve`, `ldl_factor`",
        "NumPy has neither factorisation; `solve`, `inv`, `det` are there",
    ),
    ("the order of equal elements that `sort(stable=False)` leaves open", "sorting is always stable"),
    ("the numbers that a seed gives", "the generator is NumPy's; the distributions are PyTorch's"),
    (
        "`x[i] = v`, `index_put`, `index_copy` with a repeated index",
        "the last write wins and has the gradient, PyTorch's gradient counts every write; see conventions.md",
    ),
    (
        "the gradient of `clamp` with a number, exactly at it",
        "0, as of `relu`, `relu6` and `hardtanh` at theirs; PyTorch's is 1 for `clamp` alone, see conventions.md",
    ),
    (
        "changing the result of `elu`, `selu`, `celu` in place, as in `y += x`, before backward",
        "it raises an error, as for `relu`: the gradient is computed from the output, in PyTorch from the input",
    ),
    (
        "`binary_cross_entropy` of the probabilities 0 and 1",
        "its gradient is that of the loss, whose logarithms are cut off at -100; PyTorch's is 0 or 1e12",
    ),
    (
        "`x.dtype.is_floating_point`, `dtype=torch.float64` in print",
        "a dtype is NumPy's: `x.is_floating_point()`, `dtype=float64`",
    ),
    (
        "`save(state, 'model.pt')`, files in memory",
        "a pickle could run anything when it is loaded: the name ends in `.npz` or `.safetensors`",
    ),
    ("`autocast`, `GradScaler`", "the dtype of a model is what `model.to(dtype)` says"),
    (
        "`x.shape.numel()`; attributes of one's own on tensors",
        "a shape is a plain tuple, and `Size` is `tuple`: `math.prod(x.shape)`; parameters have attributes of their "
        "own, tensors don't",
    ),
    (
        "`x.grad_fn.name()`, `AddBackward0`; `next_functions` of one node for several results",
        "a node is called by its op, `add`; each piece of `split` or `unbind` is a node of its own",
    ),
    (
        "hooks of nodes, `x.grad_fn.register_hook`, `register_prehook`; `x.grad_fn.metadata`",
        "hooks stand on tensors, `x.register_hook`: a gradient on its way is a tensor's",
    ),
    (
        "`ctx.mark_dirty`, `ctx.save_for_forward`; `jvp`, `vmap` and `generate_vmap_rule` of an `autograd.Function`",
        "its results are new tensors; forward mode is backward twice, and `vmap` runs it for each element",
    ),
    (
        "changing a piece of `split`, `chunk`, `unbind` in place",
        "it is differentiated as any view is, where PyTorch raises an error",
    ),
    (
        "`DataLoader(persistent_workers=True)`, `pin_memory=True`",
        "are taken, but workers start anew for each iteration, and there is no other memory",
    ),
    (
        "gradients where PyTorch gives NaN or 0 for no reason",
        "conventions.md lists each: a NaN is passed on to the input that holds it, nothing else makes one",
    ),
)
"""What no function here does that PyTorch's function of that name does, with the reason."""
