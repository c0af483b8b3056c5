"""The record: right about every vertex, plain data, the same twice, and nobody's graph is changed."""

from __future__ import annotations

import gc
import json
import weakref

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.viz import Edge, Record, Stats, Vertex, record, sites


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
    plain = [
        v._replace(nbytes=None, value=None, reason=None if v.kind == "constant" else v.reason) for v in got.vertices
    ]
    assert plain == [
        Vertex("n0", "leaf", "W", "W", (2, 3), f),
        Vertex("n1", "leaf", "b", "b", (3,), f),
        Vertex("n2", "constant", "x", "x", (4, 2), f),
        Vertex("n3", "op", "matmul", None, (4, 3), f),
        Vertex("n4", "op", "add", None, (4, 3), f),
        Vertex("n5", "op", "tanh", "h", (4, 3), f),
        Vertex("n6", "constant", "0.5"),
        Vertex("n7", "op", "mul", None, (4, 3), f),
        Vertex("n8", "op", "sum", "loss", (), f),
    ]
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
    json.dumps(first)


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


def test_options_of_a_pooling_are_what_it_was_given() -> None:
    x = tg.ones(1, 1, 8, 8, requires_grad=True)
    y = tg.nn.functional.max_pool2d(x, 2)
    assert dict(record(y).vertices[-1].options) == {"kernel_size": "2"}
    y = tg.nn.functional.max_pool2d(x, (2, 3), stride=1, padding=(0, 1))
    told = {"kernel_size": "(2, 3)", "stride": "1", "padding": "(0, 1)"}
    assert dict(record(y).vertices[-1].options) == told


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
    assert len(record(y).vertices) == 20_001


def test_a_tensor_without_graph() -> None:
    with pytest.raises(RuntimeError, match=r"shape \(2, 3\) doesn't require grad and has no graph"):
        record(tg.ones(2, 3))


def doubled() -> tuple[tg.Tensor, dict[str, tg.Tensor]]:
    a = tg.tensor(1.0, requires_grad=True)
    b = a + a
    return b + b, {"a": a, "b": b}


def test_each_cotangent_arrives_and_adds_up() -> None:
    got = record(*doubled(), gradients=True)
    arriving = [(e.source, e.gradient and e.gradient.data, e.total and e.total.data) for e in got.edges]
    assert arriving == [("n0", 2.0, 2.0), ("n0", 2.0, 4.0), ("n1", 1.0, 1.0), ("n1", 1.0, 2.0)]
    assert [v.gradient and v.gradient.data for v in got.vertices] == [4.0, 2.0, 1.0]


def test_gradients_are_those_of_backward_and_touch_no_grad() -> None:
    tg.manual_seed(0)
    model = tg.nn.Sequential(tg.nn.Linear(2, 3), tg.nn.Tanh(), tg.nn.Linear(3, 3))
    loss = tg.nn.functional.cross_entropy(model(tg.randn(4, 2)), tg.tensor([0, 1, 2, 0]))
    got = {v.name: v.gradient for v in record(loss, model, gradients=True).vertices}
    assert all(p.grad is None for p in model.parameters())
    loss.backward()
    for name, p in model.named_parameters():
        stats = got[name]
        assert stats is not None
        assert p.grad is not None
        assert stats.data == p.grad.tolist()


def test_shares_of_a_broadcast_operand_have_its_shape() -> None:
    b = tg.zeros(3, requires_grad=True)
    got = record((tg.ones(4, 3) + b + b).sum(), {"b": b}, gradients=True)
    shares = [e.gradient and e.gradient.data for e in got.edges if e.source == "n0"]
    assert shares == [[4.0] * 3] * 2


def test_json_there_and_back() -> None:
    x = tg.tensor([0.0, -1.0, 4.0], requires_grad=True)
    with np.errstate(all="ignore"):
        got = record((x.sqrt() / x).sum(), {"x": x}, gradients=True)
    text = got.to_json()
    assert '"nan"' in text
    assert Record.from_json(text).to_json() == text
    plain = record(*mlp())
    assert Record.from_json(plain.to_json()) == plain
    with pytest.raises(ValueError, match="no record of a graph"):
        Record.from_json("[]")


def test_statistics() -> None:
    x = tg.tensor([0.0, -1.0, 3.0], requires_grad=True)
    value = record(x.sum(), {"x": x}).vertices[0].value
    assert value == Stats(-1.0, pytest.approx(2 / 3), 3.0, pytest.approx(10**0.5), 1, 0, 0, [0.0, -1.0, 3.0])


def test_why_there_is_no_gradient() -> None:
    w, v = tg.ones(3, requires_grad=True), tg.ones(1, requires_grad=True)
    h = (w * 2).named("h")
    y = (h[tg.tensor([0, 1])] * h.detach()[:2]).sum() + (h * h.detach()).sum()
    why = {v.name or v.label: v.reason for v in record(y, {"w": w, "v": v}).vertices if v.reason}
    assert why["v"] == "the result doesn't use it"
    assert why["2"] == "a number"
    assert "detached from h" in why.values()


def test_named_and_the_variable_on_the_line() -> None:
    w = tg.ones(2, requires_grad=True)
    with sites():
        hidden = (w * 2).exp()
        result = (hidden + 1).named("given").sum()
    got = record(result)
    assert [v.name for v in got.vertices if v.kind == "op"] == [None, "hidden", "given", "result"]
    line = next(v for v in got.vertices if v.label == "exp")
    assert line.source == "hidden = (w * 2).exp()"
    assert line.site is not None
    assert "test_record.py:" in line.site
    assert [v.site for v in record((w * 2).exp()).vertices] == [None] * 4, "outside the block nothing is noted"


def test_modules_are_read_off_the_calls_or_off_the_parameters() -> None:
    model = tg.nn.Sequential(tg.nn.Linear(2, 3), tg.nn.Sequential(tg.nn.ReLU(), tg.nn.Linear(3, 1)))
    x = tg.ones(4, 2)
    with sites():
        y = model(x).sum()
    noted = [v.module for v in record(y, model).vertices if v.kind == "op"]
    assert noted == ["0", "1.0", "1.1", ""]
    guessed = [v.module for v in record(model(x).sum(), model).vertices if v.kind == "op"]
    assert guessed == ["0", "", "1.1", ""]


def test_the_formula_of_each_op() -> None:
    rule = next(r for r in record(*mlp()).rules if r.op == "tanh")
    assert rule.formula == r"\tanh x"
    assert rule.rules[0][0] == "input"
    assert "y" in (rule.rules[0][1] or "")
    assert "tangent" in rule.doc


def test_hooks_are_not_called_and_stay() -> None:
    x = tg.ones(2, requires_grad=True)
    y = x * 2
    y.retain_grad()
    loss = y.sum()
    record(loss, {"x": x}, gradients=True)
    assert y.grad is None
    loss.backward()
    assert y.grad is not None
