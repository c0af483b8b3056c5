"""Ops on the shape, computed in another way."""

import functools

import numpy as np

REFERENCES = {
    "reshape": lambda x, shape: np.array(x.ravel().tolist()).reshape(shape),
    "permute": lambda x, dims: np.moveaxis(x, dims, range(x.ndim)),
    "expand": lambda x, size: x * np.ones(size),
    "cat": lambda dim, sizes, *tensors: functools.reduce(lambda a, b: np.append(a, b, dim), tensors),
    "stack": lambda dim, *tensors: np.moveaxis(np.array(tensors), 0, dim),
}
