"""Text to train language models on: tokens of characters or of byte pairs, and blocks of them with what comes next."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..creation import from_numpy
from ..tensor import Tensor
from ..utils.data import Dataset


class CharacterTokenizer:
    """Each character is a token; the vocabulary is what a text holds, in the order of Unicode.

    Args:
        text: what to learn the vocabulary from.

    Attributes:
        characters: the vocabulary; a token is the number of its character in it.
    """

    def __init__(self, text: str) -> None:
        self.characters = "".join(sorted(set(text)))
        self._number = {c: i for i, c in enumerate(self.characters)}

    def encode(self, text: str) -> NDArray[np.int64]:
        """The tokens of a text, `(n,)`.

        Raises:
            ValueError: a character isn't in the vocabulary.
        """
        try:
            return np.array([self._number[c] for c in text], np.int64)
        except KeyError as error:
            raise ValueError(f"CharacterTokenizer: the character {error} isn't in the vocabulary") from None

    def decode(self, tokens: ArrayLike | Tensor) -> str:
        """The text of tokens.

        Raises:
            ValueError: a number isn't a token.
        """
        return "".join(self.characters[i] for i in _numbers(tokens, len(self)))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the vocabulary to a JSON file."""
        Path(path).write_text(json.dumps({"characters": self.characters}), encoding="utf-8")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> CharacterTokenizer:
        """The tokenizer whose vocabulary `save` wrote.

        Raises:
            ValueError: the file isn't one of those.
        """
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        if not isinstance(content, dict) or not isinstance(content.get("characters"), str):
            raise ValueError(f'{path}: expected a JSON object with a string "characters"')
        return cls(content["characters"])

    def __len__(self) -> int:
        return len(self.characters)


class BytePairTokenizer:
    """Frequent sequences of bytes are tokens, learned by byte-pair encoding: any text can be encoded, and comes back.

    Sennrich, Haddow and Birch 2016, https://arxiv.org/abs/1508.07909; on bytes as in GPT-2. The work is done by the
    library tokenizers (the extra `text`).

    Args:
        text: a text, or several, to learn the pairs from.
        vocab_size: how many tokens, at least the 256 bytes. A short text may give fewer.

    Raises:
        ValueError: `vocab_size` is below 256.
        ModuleNotFoundError: tokenizers isn't installed.
    """

    def __init__(self, text: str | Iterable[str], vocab_size: int = 1000) -> None:
        library = _tokenizers()
        if vocab_size < 256:
            raise ValueError(f"BytePairTokenizer: vocab_size should be at least the 256 bytes, not {vocab_size}")
        tokenizer = library.Tokenizer(library.models.BPE())
        tokenizer.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = library.decoders.ByteLevel()
        trainer = library.trainers.BpeTrainer(
            vocab_size=vocab_size, show_progress=False, initial_alphabet=library.pre_tokenizers.ByteLevel.alphabet()
        )
        tokenizer.train_from_iterator([text] if isinstance(text, str) else text, trainer)
        self._tokenizer = tokenizer

    def encode(self, text: str) -> NDArray[np.int64]:
        """The tokens of a text, `(n,)`."""
        return np.array(self._tokenizer.encode(text).ids, np.int64)

    def decode(self, tokens: ArrayLike | Tensor) -> str:
        """The text of tokens; bytes that aren't whole characters, as at a cut, become U+FFFD.

        Raises:
            ValueError: a number isn't a token.
        """
        return str(self._tokenizer.decode(_numbers(tokens, len(self))))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the tokenizer to a JSON file in the library's own format."""
        self._tokenizer.save(os.fspath(path))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> BytePairTokenizer:
        """The tokenizer of a JSON file in the library's format, which `save` or another program wrote.

        Raises:
            ValueError: the file isn't one of those.
            ModuleNotFoundError: tokenizers isn't installed.
        """
        library = _tokenizers()
        text = Path(path).read_text(encoding="utf-8")
        loaded = cls.__new__(cls)
        try:
            loaded._tokenizer = library.Tokenizer.from_str(text)
        except Exception as error:  # the library raises no narrower class
            raise ValueError(f"{path}: not a tokenizer's JSON file: {error}") from error
        return loaded

    def __len__(self) -> int:
        return int(self._tokenizer.get_vocab_size())


class TextBlocks(Dataset[tuple[Tensor, Tensor]]):
    """Blocks of tokens, each with the tokens that come next: sample i is `(t[s : s + n], t[s + 1 : s + n + 1])`.

    Args:
        tokens: integers `(length,)`, as a tokenizer's `encode` gives them; they aren't copied.
        block_size: n, the tokens of a block.
        stride: from block to block, s = i * stride; `block_size` gives blocks that don't overlap.

    Raises:
        ValueError: `tokens` isn't a vector of integers, or shorter than a block and one more; or a number isn't
            positive.
    """

    def __init__(self, tokens: ArrayLike, block_size: int, stride: int = 1) -> None:
        self.tokens = np.asarray(tokens)
        if self.tokens.ndim != 1 or self.tokens.dtype.kind not in "iu":
            raise ValueError(
                "TextBlocks: the tokens should be integers (length,), not "
                f"{self.tokens.dtype} of shape {self.tokens.shape}"
            )
        if block_size < 1 or stride < 1:
            raise ValueError(f"TextBlocks: block_size and stride should be positive, not {block_size} and {stride}")
        if len(self.tokens) <= block_size:
            raise ValueError(
                f"TextBlocks: {len(self.tokens)} tokens are too few for a block of {block_size} and the one after it"
            )
        self.block_size = block_size
        self.stride = stride
        self._windows = np.lib.stride_tricks.sliding_window_view(self.tokens, block_size + 1)[::stride]

    def split(self, validation: float = 0.1) -> tuple[TextBlocks, TextBlocks]:
        """Blocks to train on, and blocks to validate with, which don't overlap, of the last part of the tokens.

        Args:
            validation: the part of the tokens to validate with.

        Raises:
            ValueError: it isn't between 0 and 1, or a part is too short for a block.
        """
        if not 0 < validation < 1:
            raise ValueError(f"TextBlocks: the part to validate with should be between 0 and 1, not {validation}")
        end = len(self.tokens) - round(len(self.tokens) * validation)
        parts = (self.tokens[:end], self.stride), (self.tokens[end:], self.block_size)
        train, rest = (TextBlocks(tokens, self.block_size, stride) for tokens, stride in parts)
        return train, rest

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        window = self._windows[index]
        return from_numpy(window[:-1].astype(np.int64)), from_numpy(window[1:].astype(np.int64))

    def __getbatch__(self, indices: Sequence[int]) -> list[Tensor]:
        windows = self._windows[np.asarray(indices)]
        return [from_numpy(windows[:, :-1].astype(np.int64)), from_numpy(windows[:, 1:].astype(np.int64))]

    def __len__(self) -> int:
        return len(self._windows)


def _numbers(tokens: ArrayLike | Tensor, size: int) -> list[int]:
    """The tokens as Python's integers, from 0 to `size` - 1."""
    found: list[Any] = np.asarray(tokens).reshape(-1).tolist()
    wrong = next((i for i in found if not (isinstance(i, int) and 0 <= i < size)), None)
    if wrong is not None:
        raise ValueError(f"decode: expected tokens from 0 to {size - 1}, found {wrong}")
    return found


def _tokenizers() -> Any:
    try:
        import tokenizers
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            'BytePairTokenizer needs tokenizers; pip install "tinygrad_lab[text]", or take a CharacterTokenizer'
        ) from error
    return tokenizers
