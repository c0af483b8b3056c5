"""Pooling, padding, windows, interpolation and grids where PyTorch has no samples of its own, held to PyTorch."""

from __future__ import annotations

import inspect
import itertools
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")
pytestmark = pytest.mark.torch

import tinygrad_lab as tg  # noqa: E402
from tests.torch import opinfo  # noqa: E402  # it needs what the lines above look for

F = torch.nn.functional


def reals(*shape, dtype=torch.float64, seed=0, low=-3.0):
    made = torch.empty(shape, dtype=dtype).uniform_(low, 3, generator=torch.Generator().manual_seed(seed))
    return made.requires_grad_(dtype.is_floating_point)


def problems(name, *args, twice=True, **kwargs):
    """How ours differs from PyTorch's `name`, of nn.functional or the package, in value, dtype and derivatives."""
    theirs = getattr(F, name, None) or getattr(torch, name)
    info = SimpleNamespace(supports_autograd=True, supports_gradgrad=twice, get_op=lambda: theirs)
    sample = SimpleNamespace(input=args[0], args=args[1:], kwargs=kwargs, output_process_fn_grad=None)
    mine = getattr(tg.nn.functional, name, None) or getattr(tg, name)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = opinfo.check_sample(info, mine, sample, args[0].dtype)
    assert found is not None, f"PyTorch itself refuses {name}{opinfo.described(sample)}"
    return found


def same(name, *args, **kwargs):
    found = problems(name, *args, **kwargs)
    assert not found, found


FUNCTIONS = """
    max_pool1d max_pool2d max_pool3d avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d
    adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d max_unpool1d max_unpool2d
    max_unpool3d lp_pool1d lp_pool2d lp_pool3d unfold fold pad interpolate upsample upsample_nearest upsample_bilinear
    grid_sample affine_grid local_response_norm pixel_shuffle pixel_unshuffle channel_shuffle
""".split()

BUILT_IN = {  # functions whose signature PyTorch writes in the docstring only
    "avg_pool1d": "input kernel_size stride padding ceil_mode count_include_pad",
    "avg_pool2d": "input kernel_size stride padding ceil_mode count_include_pad divisor_override",
    "avg_pool3d": "input kernel_size stride padding ceil_mode count_include_pad divisor_override",
    "adaptive_avg_pool1d": "input output_size",
    "pixel_shuffle": "input upscale_factor",
    "pixel_unshuffle": "input downscale_factor",
    "channel_shuffle": "input groups",
}
BY_FLAG = {  # functions that PyTorch chooses by a flag; the one with indices has the signature
    f"{kind}max_pool{n}d": f"{kind}max_pool{n}d_with_indices" for kind in ("", "adaptive_") for n in (1, 2, 3)
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_arguments_have_pytorchs_names_and_defaults(name):
    mine = inspect.signature(getattr(tg.nn.functional, name)).parameters
    if name in BUILT_IN:
        assert list(mine) == BUILT_IN[name].split()
        return
    theirs = inspect.signature(getattr(F, BY_FLAG.get(name, name))).parameters
    assert list(mine) == list(theirs)
    assert [p.default for p in mine.values()] == [p.default for p in theirs.values()]


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("ceil", [False, True])
@pytest.mark.parametrize(("kernel", "stride"), [(2, None), (3, 2), (2, 3), (3, 1)])
@pytest.mark.parametrize("p", [1, 2.0, 3.5, float("inf")])
def test_lp_pool(dims, ceil, kernel, stride, p):
    x = reals(2, *(5, 6, 4)[:dims], low=0.2)
    same(f"lp_pool{dims}d", x, p, kernel, stride, ceil)
    same(f"lp_pool{dims}d", x[None].detach().requires_grad_(), p, kernel, stride=stride, ceil_mode=ceil)


def test_lp_pool_of_zeros_has_no_gradient():
    x = torch.tensor([[[0.0, 0.0, 1.0, 2.0]]], dtype=torch.float64, requires_grad=True)
    same("lp_pool1d", x, 2.0, 2, twice=False)


@pytest.mark.parametrize("kernel", [2, (3, 2)])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("padding", [0, (1, 2)])
@pytest.mark.parametrize("stride", [1, (2, 3)])
def test_fold_and_unfold(kernel, dilation, padding, stride):
    size = (6, 7)
    columns = F.unfold(reals(2, 3, *size), kernel, dilation, padding, stride)
    y = reals(*columns.shape)
    same("fold", y, size, kernel, dilation, padding, stride)
    same(
        "fold",
        y[0].detach().requires_grad_(),
        size,
        kernel_size=kernel,
        dilation=dilation,
        padding=padding,
        stride=stride,
    )
    same("unfold", reals(3, *size), kernel, dilation=dilation, padding=padding, stride=stride)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("output", [1, 2, 3, 5, 0])
@pytest.mark.parametrize("kind", ["adaptive_avg_pool", "adaptive_max_pool"])
def test_adaptive_pooling(dims, output, kind):
    x = reals(2, *(4, 3, 5)[:dims])
    same(f"{kind}{dims}d", x, output)
    same(f"{kind}{dims}d", x[None].detach().requires_grad_(), [output] * dims)
    if kind == "adaptive_max_pool":
        same(f"{kind}{dims}d", x, output, return_indices=True)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_pooling_of_nan_infinities_and_ties(dims):
    rng = np.random.default_rng(dims)
    for _ in range(20):
        x = rng.choice(
            [0.0, 1.0, 2.0, -np.inf, np.inf, np.nan], (2, *(6, 5, 4)[:dims]), p=[0.3, 0.3, 0.2, 0.1, 0.05, 0.05]
        )
        x = torch.from_numpy(x).requires_grad_()
        for options in ({}, {"stride": 1, "padding": 1}, {"stride": 2, "dilation": 2, "ceil_mode": True}):
            same(f"max_pool{dims}d", x, 2, return_indices=True, **options)
        same(f"adaptive_max_pool{dims}d", x, 3, return_indices=True)


@pytest.mark.parametrize("layout", ["channels_last", "batch_last", "reversed", "sliced", "expanded"])
def test_any_layout_in_memory(layout):
    x = reals(3, 4, 6, 8).detach()
    x = {
        "channels_last": lambda: x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2),
        "batch_last": lambda: x.permute(1, 2, 3, 0).contiguous().permute(3, 0, 1, 2),
        "reversed": lambda: x.permute(3, 2, 1, 0).contiguous().permute(3, 2, 1, 0),
        "sliced": lambda: x[:, ::2, 1:, ::2],
        "expanded": lambda: x[:1].expand(3, 4, 6, 8),
    }[layout]()
    x.requires_grad_()
    for options in ((2,), (3, 2, 1), (3, 1), (2, 3)):
        same("max_pool2d", x, *options)
        same("avg_pool2d", x, *options)
        same("max_pool2d", x, *options, return_indices=True)
    same("adaptive_avg_pool2d", x, (3, 2))
    same("adaptive_max_pool2d", x, (4, 3))
    same("unfold", x, 2)
    for mode in ("constant", "reflect", "replicate", "circular"):
        same("pad", x, (1, 2, 2, 1), mode)
    for mode in ("nearest", "bilinear", "bicubic", "area"):
        same("interpolate", x, (7, 5), mode=mode)


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "linear", "area"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_pair_of_sizes(mode, dtype):
    for n, m in itertools.product((*range(1, 20), 64, 100), (*range(1, 24), 63, 128, 301)):
        x = torch.rand(1, 1, n, dtype=dtype, generator=torch.Generator().manual_seed(n))
        same("interpolate", x, m, mode=mode)
        if mode == "linear":
            same("interpolate", x, m, mode=mode, align_corners=True)


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "linear", "area"])
@pytest.mark.parametrize("recompute", [None, True, False])
def test_every_factor(mode, recompute):
    factors = (0.3, 0.5, 0.77, 1, 1.1, 1.5, 1.7, 2, 2.3, 3, 10 / 3, 7.9)
    for n, factor in itertools.product((4, 5, 7, 16, 33), factors):
        for dtype in (torch.float32, torch.float64):
            x = reals(2, 2, n, dtype=dtype)
            if "nearest" in mode and factor not in (0.5, 1, 1.5, 2, 3):
                x = x.detach()  # PyTorch rounds the places differently in float64's backward: its gradient is of others
            same("interpolate", x, scale_factor=factor, mode=mode, recompute_scale_factor=recompute)


@pytest.mark.parametrize("mode", ["bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize("align", [None, False, True])
@pytest.mark.parametrize("antialias", [False, True])
def test_two_dimensions(mode, align, antialias):
    if mode == "lanczos" and (align or not antialias):
        pytest.skip("Lanczos has neither")
    x = reals(1, 2, 7, 6)
    for size in ((3, 2), (7, 6), (1, 1), (14, 13), (2, 11)):
        same("interpolate", x, size, mode=mode, align_corners=align, antialias=antialias)
    for factor in (0.4, 1.5, (2, 0.5)):
        same("interpolate", x, None, factor, mode, align, antialias=antialias)
        same("interpolate", x, None, factor, mode, align, True, antialias=antialias)


@pytest.mark.parametrize("align", [None, False, True])
def test_three_dimensions(align):
    x = reals(1, 2, 3, 4, 5)
    for size in ((5, 3, 5), 2, (1, 1, 1)):
        same("interpolate", x, size, mode="trilinear", align_corners=align)


def test_upsample_under_its_old_names():
    x = reals(1, 2, 3, 4)
    same("upsample", x, 5)
    same("upsample", x, None, 2, "bilinear", True)
    same("upsample_nearest", x, scale_factor=2)
    same("upsample_bilinear", x, (4, 6))


@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("align", [False, True])
def test_grid_sample(mode, padding, align):
    grid = reals(2, 3, 4, 2, seed=1)
    same("grid_sample", reals(2, 2, 4, 5), grid, mode, padding, align)
    same("grid_sample", reals(2, 2, 4, 5).detach(), grid, mode, padding, align)
    same("grid_sample", reals(2, 2, 4, 5), grid.detach(), mode, padding, align)
    same("grid_sample", reals(2, 2, 1, 2), grid, mode, padding, align)
    same("grid_sample", reals(0, 2, 3, 2), grid[:0].detach().requires_grad_(), mode, padding, align)
    if mode != "bicubic":
        grid = reals(2, 3, 2, 2, 3, seed=2)
        same("grid_sample", reals(2, 2, 3, 4, 2), grid, mode=mode, padding_mode=padding, align_corners=align)


@pytest.mark.parametrize("align", [False, True])
@pytest.mark.parametrize("size", [(2, 3, 4, 5), (2, 1, 1, 3), (2, 3, 2, 3, 4)])
def test_affine_grid(align, size):
    n = len(size) - 2
    same("affine_grid", reals(2, n, n + 1), size, align)
    same("affine_grid", reals(2, n, n + 1), list(size), align_corners=align)
    same("affine_grid_generator", reals(2, n, n + 1), size, align)


def test_padding_with_margins_of_any_sign():
    for mode in ("constant", "reflect", "replicate", "circular"):
        for before, after in itertools.product(range(-2, 4), repeat=2):
            if mode == "circular" and min(before, after) < 0 < max(before, after):
                continue  # PyTorch reads memory it has not written
            if before + after == -4 and mode != "constant":
                continue  # nothing is left
            x = reals(2, 3, 4)
            same("pad", x, (before, after), mode)
            if mode != "circular":
                same("pad", x, (before, after, 1, 1), mode)


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.int32, torch.uint8])
def test_integers_and_bools(dtype):
    x = (torch.arange(48).reshape(2, 2, 3, 4) % 5).to(dtype)
    for mode in ("circular",) if dtype is torch.bool else ("reflect", "replicate", "circular"):
        same("pad", x[0], (1, 1), mode)
    same("pad", x, (1, 2), value=3)
    same("pixel_shuffle", torch.cat([x, x], 1), 2)
    same("channel_shuffle", x, 2)
    if dtype is not torch.bool:
        same("max_pool2d", x, 2, return_indices=True)
        same("max_pool2d", x, 3, 1, 1)
    if dtype is torch.int64:
        same("avg_pool2d", x - 7, 2)
        same("avg_pool2d", x - 7, 2, divisor_override=-3)
        same("avg_pool3d", x - 7, 2, padding=1, count_include_pad=False)


def test_the_names_of_the_top_level():
    x, image = reals(2, 6, 5), reals(2, 4, 6, 6)
    same("adaptive_avg_pool1d", x, 2)
    same("avg_pool1d", x, 2)
    same("max_pool1d_with_indices", x, 2)
    same("max_pool2d_with_indices", image, 2)
    same("adaptive_max_pool2d_with_indices", image, 2)
    same("native_channel_shuffle", image, 2)
    mine, theirs = tg.adaptive_max_pool1d(tg.from_numpy(x.detach().numpy()), 2), torch.adaptive_max_pool1d(x, 2)
    for a, b in zip(mine, theirs, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.detach().numpy())


X, IMAGE = torch.ones(2, 3, 4), torch.ones(1, 4, 4, 4)
INDICES = torch.zeros(1, 4, 4, 4, dtype=torch.int64)
WRONG = [
    ("max_pool2d", (IMAGE, (2, 2, 2)), {}),
    ("max_pool2d", (IMAGE, 2.0), {}),
    ("max_pool2d", (IMAGE, True), {}),
    ("max_pool2d", (IMAGE, 0), {}),
    ("max_pool2d", (IMAGE, 2, 0), {}),
    ("max_pool2d", (IMAGE, 2, 1, 2), {}),
    ("max_pool2d", (IMAGE, 2, 1, -1), {}),
    ("max_pool2d", (IMAGE, 2, 1, 0, 0), {}),
    ("max_pool2d", (IMAGE, 5), {}),
    ("max_pool2d", (IMAGE[0, 0], 2), {}),
    ("max_pool2d", (IMAGE[None], 2), {}),
    ("max_pool2d", (IMAGE[:, :0], 2), {}),
    ("max_pool2d", (IMAGE.bool(), 2), {}),
    ("max_pool2d", (IMAGE, 2), {"foo": 1}),
    ("max_pool2d", (IMAGE,), {}),
    ("max_pool1d", (X[0, 0], 2), {}),
    ("max_pool3d", (IMAGE[:, :0], 2), {}),
    ("avg_pool1d", (X, (2, 2)), {}),
    ("avg_pool1d", (X, 2), {"divisor_override": 1}),
    ("avg_pool2d", (IMAGE, 2), {"divisor_override": 0}),
    ("avg_pool2d", (IMAGE, 2), {"divisor_override": 2.5}),
    ("avg_pool2d", (IMAGE.bool(), 2), {}),
    ("avg_pool3d", (X, 2), {}),
    ("adaptive_avg_pool1d", (X, (2, 2)), {}),
    ("adaptive_avg_pool1d", (X, None), {}),
    ("adaptive_avg_pool2d", (IMAGE, -1), {}),
    ("adaptive_avg_pool2d", (IMAGE, (1, 2, 3)), {}),
    ("adaptive_avg_pool2d", (IMAGE.long(), 2), {}),
    ("adaptive_max_pool2d", (IMAGE[:, :, :0], 2), {}),
    ("adaptive_max_pool2d", (IMAGE[0, 0], 2), {}),
    ("adaptive_max_pool2d", (IMAGE, 1.5), {}),
    ("max_unpool2d", (IMAGE, INDICES.int(), 2), {}),
    ("max_unpool2d", (IMAGE, INDICES + 64, 2), {}),
    ("max_unpool2d", (IMAGE, INDICES[..., :2], 2), {}),
    ("max_unpool2d", (IMAGE, INDICES, 2), {"output_size": (20, 20)}),
    ("max_unpool2d", (IMAGE, INDICES, 2), {"output_size": (8,)}),
    ("max_unpool2d", (IMAGE[0, 0], INDICES[0, 0], 2), {}),
    ("lp_pool2d", (IMAGE, 2, 5), {}),
    ("unfold", (IMAGE, 5), {}),
    ("unfold", (IMAGE, 0), {}),
    ("unfold", (IMAGE, 2, 1, -1), {}),
    ("unfold", (IMAGE, (1, 2, 3)), {}),
    ("unfold", (IMAGE[0, 0], 2), {}),
    ("unfold", (IMAGE[None], 2), {}),
    ("fold", (torch.ones(2, 4, 8), 4, 2), {}),
    ("fold", (torch.ones(2, 3, 9), 4, 2), {}),
    ("fold", (torch.ones(4), 4, 2), {}),
    ("pad", (X, (1,)), {}),
    ("pad", (X, 1), {}),
    ("pad", (X, (1.0, 1)), {}),
    ("pad", (X, (1,) * 8), {}),
    ("pad", (X, (-3, -3)), {}),
    ("pad", (X, (1, 1), "foo"), {}),
    ("pad", (X, (4, 1), "reflect"), {}),
    ("pad", (X, (5, 1), "circular"), {}),
    ("pad", (X, (-2, -2), "replicate"), {}),
    ("pad", (X, (1, 1), "reflect", 1.0), {}),
    ("pad", (X[0, 0], (1, 1), "reflect"), {}),
    ("pad", (X[:, :, :0], (1, 1), "replicate"), {}),
    ("interpolate", (X,), {}),
    ("interpolate", (X, 2, 2), {}),
    ("interpolate", (X, (2, 2)), {}),
    ("interpolate", (X, 2.5), {}),
    ("interpolate", (X, (2.5,)), {}),
    ("interpolate", (X, None, (2, 2)), {}),
    ("interpolate", (X, 0), {}),
    ("interpolate", (X[0], 2), {}),
    ("interpolate", (X, 2), {"mode": "bilinear"}),
    ("interpolate", (X, 2), {"mode": "foo"}),
    ("interpolate", (X, 2), {"align_corners": True}),
    ("interpolate", (X, 2), {"antialias": True}),
    ("interpolate", (X, 2), {"recompute_scale_factor": True}),
    ("interpolate", (X.long(), 2), {"mode": "linear"}),
    ("interpolate", (X[:, :0], 2), {}),
    ("interpolate", (IMAGE, 2), {"mode": "linear"}),
    ("interpolate", (IMAGE, 2), {"mode": "lanczos"}),
    ("interpolate", (IMAGE, 2), {"mode": "lanczos", "antialias": True, "align_corners": True}),
    ("interpolate", (X, 2), {"mode": "lanczos"}),
    ("grid_sample", (IMAGE, torch.ones(1, 2, 2, 3)), {"align_corners": False}),
    ("grid_sample", (IMAGE, torch.ones(2, 2, 2, 2)), {"align_corners": False}),
    ("grid_sample", (IMAGE, torch.ones(1, 2, 2)), {"align_corners": False}),
    ("grid_sample", (IMAGE, torch.ones(1, 2, 2, 2).double()), {"align_corners": False}),
    ("grid_sample", (IMAGE, torch.ones(1, 2, 2, 2), "foo"), {}),
    ("grid_sample", (IMAGE, torch.ones(1, 2, 2, 2), "nearest", "foo"), {}),
    ("grid_sample", (IMAGE[:, :, :0], torch.ones(1, 2, 2, 2)), {"align_corners": False}),
    ("grid_sample", (IMAGE[None], torch.ones(1, 2, 2, 2, 3), "bicubic"), {"align_corners": False}),
    ("affine_grid", (torch.ones(1, 2, 2), (1, 1, 2, 2), False), {}),
    ("affine_grid", (torch.ones(1, 2, 3).long(), (1, 1, 2, 2), False), {}),
    ("affine_grid", (torch.ones(1, 2, 3), (1, 2, 2), False), {}),
    ("affine_grid", (torch.ones(1, 2, 3), (1, 1, 0, 2), False), {}),
    ("affine_grid", (torch.ones(1, 2, 3), (2, 1, 2, 2), False), {}),
    ("pixel_shuffle", (IMAGE, 3), {}),
    ("pixel_shuffle", (IMAGE, 0), {}),
    ("pixel_shuffle", (IMAGE[0, 0], 1), {}),
    ("pixel_shuffle", (IMAGE, 2.0), {}),
    ("pixel_unshuffle", (IMAGE, 3), {}),
    ("channel_shuffle", (IMAGE, 3), {}),
    ("channel_shuffle", (IMAGE, 0), {}),
    ("channel_shuffle", (IMAGE[0, 0], 1), {}),
    ("local_response_norm", (X[0], 2), {}),
    ("local_response_norm", (X, 0), {}),
]


@pytest.mark.parametrize(("name", "args", "kwargs"), WRONG)
def test_errors_are_of_pytorchs_class(name, args, kwargs):
    with pytest.raises(Exception) as theirs:  # noqa: PT011  # whatever it is
        getattr(F, name)(*args, **kwargs)
    mine = [tg.from_numpy(a.numpy()) if isinstance(a, torch.Tensor) else a for a in args]
    with pytest.raises(theirs.type):
        getattr(tg.nn.functional, name)(*mine, **kwargs)
