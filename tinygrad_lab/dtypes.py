"""The dtypes under PyTorch's names: they are NumPy's."""

from __future__ import annotations

import numpy as np

dtype = np.dtype
float16 = half = np.float16
float32 = float = np.float32
float64 = double = np.float64
int8 = np.int8
int16 = short = np.int16
int32 = int = np.int32
int64 = long = np.int64
uint8 = np.uint8
uint16 = np.uint16
uint32 = np.uint32
uint64 = np.uint64
bool = np.bool
