r"""Winograd's convolution F(2x2, 3x3): 16 products where the plain sum takes 36 (Lavin and Gray 2016).

A 4x4 tile d of the input gives a 2x2 tile of the output, :math:`A^T [(G w G^T) \odot (B^T d B)] A`. The elementwise
product, summed over channels, is a matrix product for each of the 16 places of the tile. The weight gradient is the
adjoint, :math:`G^T [(A g A^T) \odot (B^T d B)] G`, and the input gradient is a convolution of g with the kernel turned.

Space stands first in memory, then batch and channels, so that each line below adds runs of batch times channels. The
transforms cost a fifth of what the products save: 256 channels to 256 on 32 images of 8x8 take 8.7 ms, where the plain
products alone take 12 and with their copies 17.
"""

from __future__ import annotations

import numpy as np

from ..op import Array

G = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
ROWS = 512  # of the matrices, at least, in a block of tiles: with fewer, BLAS isn't at its full speed


class Tiles:
    """How an output of size `(oh, ow)` is cut into tiles, and what is worked on at a time: some rows of tiles."""

    def __init__(self, n: int, places: tuple[int, ...]) -> None:
        self.high, self.wide = (-(-o // 2) for o in places)
        self.rows = min(self.high, -(-ROWS // max(self.wide * n, 1)))

    def blocks(self) -> list[tuple[int, ...]]:
        """First row and number of rows of each block."""
        return [(i, min(self.rows, self.high - i)) for i in range(0, self.high, self.rows)]


def conv(x: Array, w: Array, before: tuple[int, ...], places: tuple[int, ...], turned: bool = False) -> Array:
    """`(n, c, h, w)` and `(m, c, 3, 3)` give `(n, m, *places)`; or, with `w` turned, the input gradient from g."""
    n, c = x.shape[:2]
    m = w.shape[1] if turned else w.shape[0]
    tiles = Tiles(n, places)
    d = _padded(x, tiles, before)
    u = _weights(w, turned)
    y = np.empty((2 * tiles.high, 2 * tiles.wide, n, m), x.dtype)
    for i, rows in tiles.blocks():
        v = _inputs(d[2 * i : 2 * (i + rows) + 2])
        products = np.matmul(v.reshape(16, -1, c), u)
        _outputs(products.reshape(4, 4, rows, tiles.wide, n, m), y[2 * i : 2 * (i + rows)])
    return y.transpose(2, 3, 0, 1)[:, :, : places[0], : places[1]]


def conv_weight(g: Array, x: Array, before: tuple[int, ...]) -> Array:
    """`(n, m, *places)` and `(n, c, h, w)` give `(m, c, 3, 3)`."""
    n, m, *places = g.shape
    c, tiles = x.shape[1], Tiles(n, tuple(places))
    d, e = _padded(x, tiles, before), _even(g, tiles)
    u = np.zeros((16, m, c), x.dtype)
    for i, rows in tiles.blocks():
        v = _inputs(d[2 * i : 2 * (i + rows) + 2]).reshape(16, -1, c)
        u += np.matmul(_cotangents(e[2 * i : 2 * (i + rows)]).reshape(16, -1, m).swapaxes(1, 2), v)
    w = np.empty((m, c, 3, 3), x.dtype)
    np.matmul(u.reshape(16, m * c).T, np.kron(G, G).astype(x.dtype), out=w.reshape(m * c, 9))
    return w


def _padded(x: Array, tiles: Tiles, before: tuple[int, ...]) -> Array:
    """`(n, c, h, w)` as `(height, width, n, c)`, with the zeros that whole tiles need around it."""
    n, c, *size = x.shape
    padded = np.zeros((2 * tiles.high + 2, 2 * tiles.wide + 2, n, c), x.dtype)
    ends = [min(b + s, e) for b, s, e in zip(before, size, padded.shape, strict=False)]
    inside = padded[before[0] : ends[0], before[1] : ends[1]]
    inside[...] = x.transpose(2, 3, 0, 1)[: inside.shape[0], : inside.shape[1]]
    return padded


def _even(g: Array, tiles: Tiles) -> Array:
    """`(n, m, *places)` as `(height, width, n, m)` of whole tiles."""
    n, m, *places = g.shape
    if places == [2 * tiles.high, 2 * tiles.wide]:
        return np.ascontiguousarray(g.transpose(2, 3, 0, 1))
    even = np.zeros((2 * tiles.high, 2 * tiles.wide, n, m), g.dtype)
    even[: places[0], : places[1]] = g.transpose(2, 3, 0, 1)
    return even


def _weights(w: Array, turned: bool) -> Array:
    """:math:`G w G^T` as 16 matrices, `(c, m)`; of the kernel turned around, `(m, c)`."""
    m, c = w.shape[:2]
    g = G[:, ::-1] if turned else G
    u = np.matmul(np.kron(g, g).astype(w.dtype), w.reshape(m * c, 9).T).reshape(16, m, c)
    return u if turned else u.swapaxes(1, 2)


def _inputs(d: Array) -> Array:
    """:math:`B^T d B` of all tiles of some rows: `(4, 4, rows, wide, n, c)`."""
    high, wide, n, c = d.shape
    rows, wide = high // 2 - 1, wide // 2 - 1
    half = np.empty((4, rows, 2 * wide + 2, n, c), d.dtype)
    v = np.empty((4, 4, rows, wide, n, c), d.dtype)
    _b([d[i : i + 2 * rows : 2] for i in range(4)], half)
    _b([half[:, :, i : i + 2 * wide : 2] for i in range(4)], v.swapaxes(0, 1))
    return v


def _b(d: list[Array], out: Array) -> None:
    """:math:`B^T` along one dimension."""
    np.subtract(d[0], d[2], out=out[0])
    np.add(d[1], d[2], out=out[1])
    np.subtract(d[2], d[1], out=out[2])
    np.subtract(d[3], d[1], out=out[3])


def _outputs(p: Array, y: Array) -> None:
    """:math:`A^T p A` of all tiles of some rows, written to `y`."""
    half = np.empty((2, *p.shape[1:]), p.dtype)
    _a(p, half)
    for row, h in enumerate(half):
        _a(h, y[row::2].reshape(p.shape[2], p.shape[3], 2, *p.shape[4:]).transpose(2, 0, 1, 3, 4))


def _a(p: Array, out: Array) -> None:
    """:math:`A^T` along one dimension."""
    np.add(p[0], p[1], out=out[0])
    out[0] += p[2]
    np.subtract(p[1], p[2], out=out[1])
    out[1] += p[3]


def _cotangents(g: Array) -> Array:
    """:math:`A g A^T` of all tiles of some rows: `(4, 4, rows, wide, n, m)`."""
    high, wide, n, m = g.shape
    s = np.empty((4, 4, high // 2, wide // 2, n, m), g.dtype)
    upper, lower = g[0::2], g[1::2]
    for out, row in zip(s, (upper, upper + lower, upper - lower, lower), strict=True):
        left, right = row[:, 0::2], row[:, 1::2]
        out[0], out[3] = left, right
        np.add(left, right, out=out[1])
        np.subtract(left, right, out=out[2])
    return s
