"""The images that the examples learn from: data sets in a folder that --data names, or made-up ones for quick runs.

Each function gives `(pixels, labels), (pixels, labels)`, to train on and to test with: bytes and integers.
"""

import sys

import numpy as np

from tinygrad_lab import datasets


def digits(args, n, n_test):
    """`(n, 28, 28)` pixels of MNIST, or of what has its layout; so many made-up ones if quick."""
    if args.quick:
        return made_up_digits(n), made_up_digits(n_test, seed=1)
    return read(
        datasets.MNIST,
        args.data,
        "MNIST is needed: --data DIR names the folder with its four files (train-images-idx3-ubyte.gz, ...); "
        "tinygrad_lab.datasets.MNIST(DIR, download=True) gets them there. --quick needs no data.",
    )


def photographs(args, n, n_test):
    """`(n, 3, 32, 32)` pixels of CIFAR-10; so many made-up ones if quick."""
    if args.quick:
        return made_up_photographs(n), made_up_photographs(n_test, seed=1)
    return read(
        datasets.CIFAR10,
        args.data,
        "CIFAR-10 is needed: --data DIR names the folder with its unpacked archive, of the binary or the Python "
        "layout (https://www.cs.toronto.edu/~kriz/cifar.html). --quick needs no data.",
    )


def read(reader, folder, needed):
    """Both sets that are in the folder. Exits with a message if they aren't."""
    if folder is None:
        sys.exit(needed)
    try:
        train, test = (reader(folder, train=part) for part in (True, False))
    except (FileNotFoundError, ValueError) as error:
        sys.exit(str(error))
    return (train.images, train.labels), (test.images, test.labels)


def made_up_digits(n, seed=0):
    """Ten noisy patterns of 28 x 28 pixels, some of which are lit in one image of many only, as in MNIST."""
    patterns = np.random.RandomState(1234).rand(10, 784) > 0.8
    rng = np.random.RandomState(seed)
    labels = rng.randint(0, 10, n)
    lit = patterns[labels] ^ (rng.rand(n, 784) < 0.05)
    lit[:, :300] = rng.rand(n, 300) < 0.002
    return (255 * lit).astype(np.uint8).reshape(n, 28, 28), labels


def made_up_photographs(n, seed=0):
    """Ten noisy patterns of 3 x 32 x 32 pixels."""
    patterns = np.random.RandomState(1234).rand(10, 3, 8, 8).repeat(4, axis=2).repeat(4, axis=3)
    rng = np.random.RandomState(seed)
    labels = rng.randint(0, 10, n)
    return (255 * (0.7 * patterns[labels] + 0.3 * rng.rand(n, 3, 32, 32))).astype(np.uint8), labels
