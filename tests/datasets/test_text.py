"""Tokens and blocks of text: what is encoded comes back, and a block's targets are the tokens after it."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

import tinygrad_lab as tg
from tinygrad_lab.datasets import BytePairTokenizer, CharacterTokenizer, TextBlocks
from tinygrad_lab.utils.data import DataLoader

TEXT = "the rule of a rule is a rule; über alles: naïve 中文 🙂\n" * 5
PAIRS = BytePairTokenizer(TEXT, 300)


def test_characters() -> None:
    tokenizer = CharacterTokenizer("banana!")
    assert tokenizer.characters == "!abn"
    tokens = tokenizer.encode("nab!")
    assert tokens.tolist() == [3, 1, 2, 0]
    assert tokens.dtype == np.int64
    assert tokenizer.decode(tg.tensor(tokens)) == "nab!"
    assert len(tokenizer) == 4
    with pytest.raises(ValueError, match="the character 'x' isn't in the vocabulary"):
        tokenizer.encode("bax")
    for wrong in ([4], [-1], [0.5]):
        with pytest.raises(ValueError, match=f"expected tokens from 0 to 3, found {wrong[0]}"):
            tokenizer.decode(wrong)


def test_byte_pairs() -> None:
    assert 256 < len(PAIRS) <= 300
    tokens = PAIRS.encode(TEXT)
    assert tokens.dtype == np.int64
    assert len(tokens) < len(TEXT)
    assert len(PAIRS.encode(" rule")) == 1
    assert len(BytePairTokenizer(["ab", "ab"], 256)) == 256
    with pytest.raises(ValueError, match="at least the 256 bytes, not 255"):
        BytePairTokenizer(TEXT, 255)


@given(st.text())
def test_any_text_comes_back(text: str) -> None:
    assert PAIRS.decode(PAIRS.encode(text)) == text
    assert CharacterTokenizer(text).decode(CharacterTokenizer(text).encode(text)) == text


@pytest.mark.parametrize("tokenizer", [PAIRS, CharacterTokenizer(TEXT)])
def test_files(tokenizer: Any, tmp_path: Any) -> None:
    path = tmp_path / "tokens.json"
    tokenizer.save(path)
    loaded = type(tokenizer).load(path)
    assert loaded.encode(TEXT).tolist() == tokenizer.encode(TEXT).tolist()
    assert loaded.decode(tokenizer.encode(TEXT)) == TEXT
    path.write_text("[1]")
    with pytest.raises(ValueError, match="tokens.json"):
        type(tokenizer).load(path)


def test_blocks() -> None:
    blocks = TextBlocks(np.arange(10), 4)
    assert len(blocks) == 6
    for i in range(6):
        x, y = blocks[i]
        assert (x.tolist(), y.tolist()) == (list(range(i, i + 4)), list(range(i + 1, i + 5)))
    x, y = next(iter(DataLoader(blocks, batch_sampler=[[5, 0]])))
    assert x.tolist() == [[5, 6, 7, 8], [0, 1, 2, 3]]
    assert y.tolist() == [[6, 7, 8, 9], [1, 2, 3, 4]]
    assert x.dtype == y.dtype == np.int64
    apart = TextBlocks(np.arange(10, dtype=np.uint8), 3, stride=3)
    assert [x.tolist() for x, _ in (apart[i] for i in range(len(apart)))] == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert apart[0][0].dtype == np.int64


def test_a_split_shares_no_token() -> None:
    train, validation = TextBlocks(np.arange(100), 5).split(0.2)
    assert (len(train), train.tokens[-1]) == (75, 79)
    assert [int(validation[i][0].numpy()[0]) for i in range(len(validation))] == [80, 85, 90]
    with pytest.raises(ValueError, match="between 0 and 1, not 1"):
        TextBlocks(np.arange(100), 5).split(1)
    with pytest.raises(ValueError, match="5 tokens are too few for a block of 5"):
        TextBlocks(np.arange(100), 5).split(0.05)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (([0.5, 1.0], 1), r"should be integers \(length,\), not float64 of shape \(2,\)"),
        (([[1, 2]], 1), r"not int64 of shape \(1, 2\)"),
        (([1, 2], 0), "should be positive, not 0 and 1"),
        (([1, 2], 1, 0), "should be positive, not 1 and 0"),
        (([1, 2], 2), "2 tokens are too few for a block of 2"),
    ],
)
def test_blocks_refuse(arguments: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        TextBlocks(*arguments)


def test_without_the_library_its_extra_is_named(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "tinygrad_lab\[text\]"'):
        BytePairTokenizer(TEXT)
