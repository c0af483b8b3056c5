"""The record: right about every vertex, plain data, the same twice, and nobody's graph is changed."""

from __future__ import annotations

import gc
import json
import time
import weakref
from dataclasses import asdict

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.viz import Edge, Vertex, record


def mlp() -> tuple[tg.Tensor, dict[str, tg.Tensor]]:
    names = {
        "x": tg.ones(4, 2),
        "W": tg.ones(2, 3, requires_grad=True),
        "b": tg.zeros(3, requires_grad=True),
    }
    h = (names["x"] @ names["W"] + names["b"]).tanh()
    return (h * 0.5).sum(), {**names, "h": h}


def test_every_vertex_and_edge() -> None:
    loss, names = mlp()
    got = record(loss, {**names, "loss": loss})
    f = "float32"
    assert got.vertices == (
        Vertex("n0", "leaf", "W", "W", (2, 3), f),
        Vertex("n1", "leaf", "b", "b", (3,), f),
        Vertex("n2", "constant", "x", "x", (4, 2), f),
        Vertex("n3", "op", "matmul", None, (4, 3), f),
        Vertex("n4", "op", "add", None, (4, 3), f),
        Vertex("n5", "op", "tanh", "h", (4, 3), f),
        Vertex("n6", "constant", "0.5"),
        Vertex("n7", "op", "mul", None, (4, 3), f),
        Vertex("n8", "op", "sum", "loss", (), f),
    )
    assert got.edges == (
        Edge("n2", "n3", "input"),
        Edge("n0", "n3", "other"),
        Edge("n3", "n4", "input"),
        Edge("n1", "n4", "other"),
        Edge("n4", "n5", "input"),
        Edge("n5", "n7", "input"),
        Edge("n6", "n7", "other"),
        Edge("n7", "n8", "input"),
    )
    assert got.outputs == ("n8",)


def test_twice_the_same_and_plain_data() -> None:
    first, second = (record(*mlp()) for _ in range(2))
    assert first == second
    json.dumps(asdict(first))


def test_a_record_keeps_nothing_alive() -> None:
    loss, names = mlp()
    node = weakref.ref(loss._node)
    array = weakref.ref(names["x"].array)
    gc.disable()
    try:
        kept = record(loss, names)
        del loss, names
        assert node() is None
        assert array() is None
        assert kept.outputs == ("n8",)
    finally:
        gc.enable()


def test_after_backward_the_structure_is_left() -> None:
    loss, names = mlp()
    before = record(loss, names)
    loss.backward()
    freed = record(loss, names)
    ops = [v.label for v in before.vertices if v.kind == "op"]
    assert [v.label for v in freed.vertices if v.kind == "op"] == ops
    shapes = {v.label: v.shape for v in freed.vertices}
    assert shapes["matmul"] is None
    assert shapes["W"] == (2, 3), "a name leads to the tensor, which knows its shape"


def test_recording_changes_no_gradient() -> None:
    (drawn, names), (plain, same) = mlp(), mlp()
    record(drawn, names)
    drawn.backward()
    plain.backward()
    assert names["W"].grad is not None
    assert same["W"].grad is not None
    np.testing.assert_array_equal(names["W"].grad.array, same["W"].grad.array)


def test_names_of_a_module() -> None:
    model = tg.nn.Sequential(tg.nn.Linear(2, 3), tg.nn.ReLU())
    got = record(model(tg.ones(4, 2)).sum(), model)
    assert [v.name for v in got.vertices if v.kind == "leaf"] == ["0.weight", "0.bias"]


def test_the_name_of_what_a_layer_copied() -> None:
    labels = tg.tensor([0, 2])
    loss = tg.nn.functional.cross_entropy(tg.ones(2, 3, requires_grad=True), labels)
    assert "labels" in [v.name for v in record(loss, {"labels": labels}).vertices]


def test_options_are_the_arguments_that_are_not_defaults() -> None:
    x = tg.ones(2, 3, requires_grad=True)
    parts = [x.sum(dim=1, keepdim=True), x[:, 1:2], x.reshape(3, 2)[:2, :1]]
    got = {v.label: dict(v.options) for v in record(tg.cat(parts), None).vertices}
    assert got["sum"] == {"dim": "1", "keepdim": "True"}
    assert got["reshape"] == {"shape": "(3, 2)"}
    assert got["getitem"] == {"index": "(:2, :1)"}
    assert got["cat"]["dim"] == "0"


def test_operands_of_an_op_that_takes_any_number() -> None:
    x, y = tg.ones(2, requires_grad=True), tg.ones(3)
    got = record(tg.cat([x, y]))
    assert [edge.operand for edge in got.edges] == ["tensors[0]", "tensors[1]"]
    assert [v.kind for v in got.vertices] == ["leaf", "constant", "op"]


def test_one_constant_used_twice_is_one_vertex() -> None:
    w, x = tg.ones(2, requires_grad=True), tg.ones(2)
    got = record((w * x + w / x).sum())
    assert [v.kind for v in got.vertices].count("constant") == 1


def test_several_results() -> None:
    w = tg.ones(2, requires_grad=True)
    loss = (w * w).sum()
    (gradient,) = tg.autograd.grad(loss, w, create_graph=True)
    got = record([loss, gradient], {"w": w, "gradient": gradient})
    assert len(got.outputs) == 2
    assert [v.name for v in got.vertices if v.id == got.outputs[1]] == ["gradient"]


def test_sixty_doublings_are_sixty_vertices() -> None:
    y = tg.ones(1, requires_grad=True)
    for _ in range(60):
        y = y + y
    assert len(record(y).vertices) == 61


def test_a_long_chain_needs_no_recursion() -> None:
    y = tg.ones(1, requires_grad=True)
    for _ in range(20_000):
        y = -y
    start = time.perf_counter()
    assert len(record(y).vertices) == 20_001
    assert time.perf_counter() - start < 5


def test_a_tensor_without_graph() -> None:
    with pytest.raises(RuntimeError, match=r"shape \(2, 3\) doesn't require grad and has no graph"):
        record(tg.ones(2, 3))
