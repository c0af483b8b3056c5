"""Sequential, ModuleList and ModuleDict."""

import re
from collections import OrderedDict

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import nn


class Add(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.n = n

    def forward(self, x):
        return x * 10 + self.n


def adds(*numbers):
    return [Add(n) for n in numbers]


def numbers(container):
    return [m.n for m in container]


def names(container):
    return [name for name, _ in container.named_children()]


def test_sequential_runs_in_order():
    net = nn.Sequential(*adds(1, 2, 3))
    assert net(0) == 123
    assert nn.Sequential()(5) == 5
    shared = Add(7)
    assert nn.Sequential(shared, Add(1), shared)(0) == 717


def test_sequential_may_have_parameters_and_buffers_of_its_own():
    net = nn.Sequential(*adds(1, 2))
    net.register_buffer("mean", tg.zeros(1))
    net.scale = nn.Parameter(tg.ones(1))
    net.append(Add(3))
    assert net(0) == 123
    assert len(net) == 3


def test_sequential_of_names():
    net = nn.Sequential(OrderedDict(first=Add(1), second=Add(2)))
    assert net(0) == 12
    assert net.second.n == 2
    assert names(net) == ["first", "second"]
    assert names(net[1:]) == ["second"]
    net[0] = Add(5)
    assert net.first.n == 5
    assert repr(nn.Sequential(OrderedDict(a=nn.ReLU()))) == "Sequential(\n  (a): ReLU()\n)"


@pytest.mark.parametrize("make", [lambda *m: nn.Sequential(*m), lambda *m: nn.ModuleList(m)])
def test_what_both_do_as_lists_do(make):
    net = make(*adds(1, 2, 3))
    assert len(net) == 3
    assert net[0].n == net[-3].n == 1
    assert net[np.int64(1)].n == 2
    assert type(net[:2]) is type(net)
    assert numbers(net[:2]) == [1, 2]
    assert numbers(net[::-1]) == [3, 2, 1]
    assert net.append(Add(4)) is net
    assert net.extend(adds(5, 6)) is net
    assert net.insert(1, Add(9)) is net
    assert numbers(net) == [1, 9, 2, 3, 4, 5, 6]
    assert names(net) == [str(i) for i in range(7)]
    net.insert(-1, Add(8))
    net[0] = Add(0)
    del net[1]
    del net[1:3]
    assert net.pop(-1).n == 6
    assert numbers(net) == [0, 4, 5, 8]
    assert names(net) == ["0", "1", "2", "3"]
    assert len(make()) == 0


@pytest.mark.parametrize("make", [lambda *m: nn.Sequential(*m), lambda *m: nn.ModuleList(m)])
def test_errors_of_both(make):
    net = make(nn.ReLU())
    for act in (lambda: net[1], lambda: net[-2], lambda: net.pop(3), lambda: net.__delitem__(1)):
        with pytest.raises(IndexError, match=r"index -?\d is out of range"):
            act()
    with pytest.raises(IndexError, match="Index out of range: 5"):
        net.insert(5, nn.ReLU())
    for act in (lambda: net.append(3), lambda: net.insert(0, 3), lambda: make(3), lambda: net.extend([3])):
        with pytest.raises(TypeError, match="int is not a Module subclass"):
            act()
    with pytest.raises(TypeError, match=re.escape(".extend should be called with an iterable, but got int")):
        net.extend(3)
    assert len(net) == 1


def test_module_list_adds_and_prints_equal_neighbours_on_one_line():
    layers = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)])
    layers += [nn.ReLU()]
    both = layers + nn.ModuleList([nn.Linear(2, 2)])
    assert repr(both) == (
        "ModuleList(\n"
        "  (0-1): 2 x Linear(in_features=2, out_features=2, bias=True)\n"
        "  (2): ReLU()\n"
        "  (3): Linear(in_features=2, out_features=2, bias=True)\n"
        ")"
    )
    assert len(list(layers.parameters())) == 4
    assert repr(nn.ModuleList()) == "ModuleList()"
    with pytest.raises(NotImplementedError, match="ModuleList"):
        layers(tg.ones(2))


def test_module_dict():
    d = nn.ModuleDict({"a": nn.Linear(1, 1), "b": nn.ReLU()})
    assert list(d) == list(d.keys()) == ["a", "b"]
    assert list(d.values()) == [d["a"], d["b"]]
    assert dict(d.items()) == {"a": d["a"], "b": d["b"]}
    assert "a" in d
    assert "z" not in d
    assert len(d) == 2
    assert [name for name, _ in d.named_parameters()] == ["a.weight", "a.bias"]
    d["c"] = nn.Tanh()
    d.update([("b", nn.Sigmoid())])
    assert repr(d.pop("c")) == "Tanh()"
    del d["a"]
    assert repr(d) == "ModuleDict(\n  (b): Sigmoid()\n)"
    d.clear()
    assert not len(d)


def test_errors_of_module_dict():
    d = nn.ModuleDict()
    with pytest.raises(KeyError, match="a"):
        d["a"]
    with pytest.raises(TypeError, match="int is not a Module subclass"):
        d["a"] = 3
    with pytest.raises(TypeError, match="should be called with an iterable of key/value pairs, but got int"):
        d.update(3)
    with pytest.raises(KeyError, match="attribute 'items' already exists"):
        d["items"] = nn.ReLU()


def test_sequentials_are_added_and_multiplied():
    first, second = nn.Sequential(nn.Linear(2, 2), nn.ReLU()), nn.Sequential(nn.Tanh())
    joined = first + second
    assert [type(m).__name__ for m in joined] == ["Linear", "ReLU", "Tanh"]
    assert joined[0] is first[0]
    assert list(joined.state_dict()) == ["0.weight", "0.bias"]
    twice = 2 * first
    assert len(twice) == len(first * 2) == 4
    assert twice[2] is first[0]
    first += second
    first *= 2
    assert [type(m).__name__ for m in first] == ["Linear", "ReLU", "Tanh"] * 2
    with pytest.raises(ValueError, match="add operator supports only objects of Sequential class"):
        first + [nn.ReLU()]  # noqa: RUF005  # the point
    with pytest.raises(ValueError, match="Non-positive multiplication factor 0"):
        first * 0
    with pytest.raises(TypeError, match="unsupported operand"):
        first * 1.5
