"""The compiler on its own: signatures, guards, donation, failures, and looking at the program."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import xlagrad as xg
from xlagrad import Parameter, Tensor
from xlagrad.core.errors import ArgumentError, AutogradError, StateError, TraceError


class Pair(NamedTuple):
    first: Any
    second: Any


def count(fn: Any) -> int:
    return len(xg.explain(fn))


def test_one_executable_serves_all_calls_of_a_signature() -> None:
    double = xg.compile(lambda x: x * 2)
    for i in range(4):
        assert double(Tensor([float(i)])).tolist() == [2.0 * i]
    assert count(double) == double.cache_size() == 1


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (np.zeros(3, np.float32), np.zeros(4, np.float32), "shape of 'x'"),
        (np.zeros(3, np.float32), np.zeros(3, np.int32), "dtype of 'x'"),
    ],
)
def test_another_signature_is_another_trace_and_both_are_kept(first: Any, second: Any, reason: str) -> None:
    def twice(x: Tensor) -> Tensor:
        return x + x

    compiled = xg.compile(twice)
    for _ in range(3):
        compiled(Tensor(first))
        compiled(Tensor(second))
    assert [r.reason.startswith(reason) for r in xg.explain(compiled)] == [False, True]


def test_python_arguments_are_static_and_distinguished_by_type() -> None:
    compiled = xg.compile(lambda x, k: x * k if isinstance(k, int) else x + k)
    x = Tensor([3.0])
    assert compiled(x, 1).tolist() == [3.0]
    assert compiled(x, 1.0).tolist() == [4.0]
    assert compiled(x, k=2).tolist() == [6.0]
    assert compiled(x, 1).tolist() == [3.0]
    assert count(compiled) == 3


def test_structures_go_in_and_come_out() -> None:
    @xg.compile
    def f(batch: dict[str, Any], pair: Pair) -> dict[str, Any]:
        return {"z": [batch["b"] + 1, (batch["a"], "text")], "a": Pair(pair.second, None)}

    a, b = Tensor([1.0]), np.array([2.0], np.float32)
    for _ in range(2):
        out = f({"b": b, "a": a}, Pair(Tensor(1), Tensor(2)))
        assert list(out) == ["z", "a"]
        assert out["z"][1] == (a, "text") and out["z"][1][0] is a
        assert isinstance(out["a"], Pair) and out["a"].first.item() == 2 and out["a"].second is None
        assert isinstance(out["z"][0], jax.Array) and out["z"][0].tolist() == [3.0]
    assert count(f) == 1


class Plain:
    def __init__(self) -> None:
        self.scale = 2.0
        self.sizes = [1, 2]
        self.inner = types.SimpleNamespace(shift=1.0)

    def run(self, x: Tensor) -> Tensor:
        return x * self.scale + self.inner.shift + sum(self.sizes)


def test_what_a_plain_object_holds_is_guarded() -> None:
    plain = Plain()
    compiled = xg.compile(plain.run)
    x = Tensor(1.0)
    assert compiled(x).item() == 6.0
    plain.scale = 3.0
    assert compiled(x).item() == 7.0
    plain.sizes.append(10)
    assert compiled(x).item() == 17.0
    plain.inner.shift = 0.0
    assert compiled(x).item() == 16.0
    assert compiled(x).item() == 16.0
    assert [r.reason.split(" changed")[0] for r in xg.explain(compiled)][1:] == [
        "self.scale",
        "self.sizes",
        "self.inner.shift",
    ]


FACTOR = 2.0


def helper(x: Tensor) -> Tensor:
    return x * FACTOR


def test_globals_and_closures_are_guarded_through_the_functions_that_use_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    offset = 1.0

    def f(x: Tensor) -> Tensor:
        return helper(x) + offset

    compiled = xg.compile(f)
    assert compiled(Tensor(1.0)).item() == 3.0
    monkeypatch.setitem(globals(), "FACTOR", 5.0)
    assert compiled(Tensor(1.0)).item() == 6.0
    offset = 2.0
    assert compiled(Tensor(1.0)).item() == 7.0
    monkeypatch.setitem(globals(), "helper", lambda x: x)
    assert compiled(Tensor(1.0)).item() == 3.0
    assert count(compiled) == 4


def test_a_tensor_bound_to_another_name_is_another_tensor() -> None:
    state = Tensor(1.0)

    def f() -> Tensor:
        return state * 1

    compiled = xg.compile(f)
    assert compiled().item() == 1.0
    state.fill_(2.0)
    assert compiled().item() == 2.0 and count(compiled) == 1
    state = Tensor(5.0)
    assert compiled().item() == 5.0 and count(compiled) == 2


def test_the_grad_mode_is_part_of_the_signature() -> None:
    w = Parameter([2.0])
    compiled = xg.compile(lambda: w * 3)
    assert compiled().requires_grad
    with xg.no_grad():
        assert not compiled().requires_grad
    assert count(compiled) == 2


def test_requires_grad_of_captured_tensors_is_guarded() -> None:
    w = Parameter([2.0])

    def f() -> Tensor:
        y = (w * w).sum()
        if y.requires_grad:
            w.grad = None
            y.backward()
        return y.detach()

    compiled = xg.compile(f)
    compiled()
    assert w.grad is not None and w.grad.tolist() == [4.0]
    w.requires_grad_(False)
    w.grad = None
    compiled()
    assert w.grad is None and count(compiled) == 2
    w.requires_grad_(True)
    compiled()
    assert w.grad is not None and count(compiled) == 2


def test_backward_outside_goes_through_the_compiled_forward_to_second_order() -> None:
    w = Parameter([2.0, 3.0])
    cube = xg.compile(lambda x: (w * w * w * x).sum())
    x = Tensor([1.0, 2.0], requires_grad=True)
    cube(x).backward(create_graph=True)
    assert w.grad is not None and w.grad.tolist() == [12.0, 54.0]
    assert x.grad is not None and x.grad.tolist() == [8.0, 27.0]
    slope = w.grad
    w.grad = None
    slope.sum().backward()
    assert w.grad.tolist() == [12.0, 36.0]


def test_no_gradient_passes_what_torch_stops() -> None:
    w = Parameter([3.0])

    @xg.compile
    def f() -> Tensor:
        with xg.no_grad():
            fixed = w * 2
        return (w * fixed + w.detach() * w).sum()

    f().backward()
    assert w.grad is not None and w.grad.tolist() == [9.0]


def test_hooks_inside_a_forward_are_refused_outside_and_run_inside() -> None:
    w = Parameter([2.0])

    def loss() -> Tensor:
        y = w * 3
        y.register_hook(lambda g: g * 10)
        return y.sum()

    with pytest.raises(NotImplementedError, match="call backward inside the compiled function"):
        xg.compile(loss)().backward()
    assert w.grad is None
    xg.compile(lambda: loss().backward())()
    assert w.grad is not None and w.grad.tolist() == [30.0]


def test_a_graph_that_was_used_up_inside_says_so() -> None:
    w = Parameter([3.0])

    @xg.compile
    def f() -> Tensor:
        loss = (w * w).sum()
        loss.backward()
        return loss

    loss = f()
    assert loss.requires_grad and loss.grad_fn is not None
    with pytest.raises(AutogradError, match="retain_graph=True"):
        loss.backward()


def drive(step: Any, w: Parameter) -> Any:
    """Run a step without a word of what it leaves behind."""
    step()
    step()
    return w


def make_step(**options: Any) -> tuple[Any, Parameter]:
    w = Parameter([3.0])

    def step() -> None:
        w.grad = None
        (w * w).sum().backward()
        with xg.no_grad():
            w.sub_(w.grad * 0.25)

    return xg.compile(step, **options), w


def test_consumed_gradients_are_kept_on_request_and_never_wrong() -> None:
    step, w = make_step(keep_grads=True)
    drive(step, w)
    assert w.grad is not None and w.grad.tolist() == [3.0] and w.tolist() == [0.75]
    step, w = make_step(keep_grads=False)
    drive(step, w)
    assert w.tolist() == [0.75]
    with pytest.raises(StateError, match="keep_grads=True"):
        w.grad.sum()
    with pytest.raises(StateError, match="keep_grads=True"):
        (w * w).sum().backward()
    w.grad = None
    (w * w).sum().backward()
    assert w.grad.tolist() == [1.5]


SCRIPT = """
import xlagrad as xg
from xlagrad.core.errors import StateError
from xlagrad.core.handle import NotKept
w = xg.Parameter([3.0])
@xg.compile
def step():
    w.grad = None
    (w * w).sum().backward()
    with xg.no_grad():
        w.sub_(w.grad * 0.25)
def other():
    return {expression}
step()
print(type(w._grad) is NotKept)
"""


@pytest.mark.parametrize(
    ("expression", "dropped"),
    [
        ("xg.grad(lambda x: x)", True),
        ("w.grad", False),
        ("w.grad.norm()", False),
        ("getattr(w, 'grad')", False),
        ("[p.grad for p in ()]", False),
        ("clip_grad_norm_([w], 1.0)", False),
    ],
)
def test_whether_gradients_are_kept_is_read_off_the_program(
    expression: str, dropped: bool, tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(expression=expression))
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(dropped)


def test_buffers_are_donated_but_never_from_under_someone_else() -> None:
    state = Tensor(np.zeros(1000, np.float32))
    held = state.data_array
    seen = state.numpy()

    @xg.compile
    def f() -> None:
        state.add_(1.0)

    f()
    assert held.tolist() == seen.tolist() == [0.0] * 1000
    before = state.data_array
    del held
    f()
    np.testing.assert_array_equal(np.asarray(before), np.ones(1000))
    del before
    last = state._data
    pointer = last.unsafe_buffer_pointer()
    del last
    f()
    assert state._data.unsafe_buffer_pointer() == pointer
    assert state.tolist() == [3.0] * 1000 and seen.tolist() == [0.0] * 1000


def test_two_tensors_on_one_array_are_two_tensors() -> None:
    array = jnp.zeros(3)
    a, b = Tensor(array), Tensor(array)

    @xg.compile
    def f() -> None:
        a.add_(1.0)
        b.sub_(a)

    for i in range(1, 4):
        f()
        assert a.tolist() == [float(i)] * 3
    assert b.tolist() == [-6.0] * 3 and array.tolist() == [0.0] * 3


def test_a_failed_trace_leaves_everything_as_it_was() -> None:
    xg.manual_seed(3)
    w = Parameter([1.0, 2.0])
    w.grad = Tensor([5.0, 5.0])
    grad = w.grad
    buffer = Tensor([1.0])
    view = buffer[0:1]
    random_state = xg.get_rng_state().tolist()

    @xg.compile
    def f(x: Tensor) -> None:
        w.grad = None
        (w * x).sum().backward()
        with xg.no_grad():
            w.sub_(w.grad)
        view.add_(1)
        x.mul_(2)
        w.requires_grad_(False)
        xg.rand(3)
        raise KeyError("in the middle")

    x = Tensor([1.0, 1.0])
    with pytest.raises(KeyError, match="in the middle"):
        f(x)
    assert w.tolist() == [1.0, 2.0] and w.grad is grad and grad.tolist() == [5.0, 5.0]
    assert w.requires_grad and w.is_leaf
    assert buffer.tolist() == view.tolist() == [1.0] and x.tolist() == [1.0, 1.0]
    assert xg.get_rng_state().tolist() == random_state


@pytest.mark.parametrize(
    "ask", [bool, float, int, Tensor.item, Tensor.tolist, Tensor.numpy, lambda x: [1, 2][x]]
)
def test_asking_for_a_value_names_the_line_and_the_ways_out(ask: Any) -> None:
    compiled = xg.compile(lambda x: ask(x))
    with pytest.raises(TraceError, match=r"test_compile\.py:\d+ in .*xg\.where, xg\.cond"):
        compiled(Tensor(1))


def test_jax_asking_for_a_value_is_told_in_our_words() -> None:
    with pytest.raises(TraceError, match=r"test_compile\.py:\d+ in .*xg\.where"):
        xg.compile(lambda x: jnp.zeros(3) if x.data_array > 0 else x)(Tensor(1.0))


def test_what_is_stored_outside_is_filled_in_and_traced_again() -> None:
    kept: list[Tensor] = []

    def f(x: Tensor) -> None:
        kept.append(x * 2)

    compiled = xg.compile(f)
    for i in range(3):
        compiled(Tensor(float(i)))
    assert [t.item() for t in kept] == [0.0, 2.0, 4.0]


def test_repeated_shapes_warn_once() -> None:
    compiled = xg.compile(lambda x: x + 1)
    compiled(Tensor(np.zeros(1, np.float32)))
    compiled(Tensor(np.zeros(2, np.float32)))
    with pytest.warns(xg.RetraceWarning, match=r"traced 3 times.*shape of 'x' \(dimension 0\).*pad the data"):
        compiled(Tensor(np.zeros(3, np.float32)))
    compiled(Tensor(np.zeros(4, np.float32)))


def test_inside_transformations_and_other_compiled_functions_it_is_the_function() -> None:
    square = xg.compile(lambda x: x * x)
    assert xg.grad(lambda x: square(x).sum())(Tensor([3.0])).tolist() == [6.0]
    assert float(jax.grad(lambda a: square(Tensor(a)).sum().data_array)(3.0)) == 6.0
    outer = xg.compile(lambda x: square(x) + 1)
    assert outer(Tensor(2.0)).item() == 5.0
    assert square.cache_size() == 0 and outer.cache_size() == 1


def test_under_the_flag_the_plain_function_runs() -> None:
    seen = []

    def f(x: Tensor) -> Tensor:
        seen.append(x.item())
        return x

    compiled = xg.compile(f)
    with xg.eager():
        compiled(Tensor(1.0))
    assert seen == [1.0] and compiled.cache_size() == 0


class Counter:
    def __init__(self, start: float) -> None:
        self.total = Tensor(start)

    @xg.compile
    def add(self, x: Tensor) -> Tensor:
        self.total += x
        return self.total


def test_as_a_decorator_of_a_method_it_binds() -> None:
    one, two = Counter(0.0), Counter(10.0)
    for _ in range(2):
        assert one.add(Tensor(1.0)) is one.total
        two.add(Tensor(2.0))
    assert (one.total.item(), two.total.item()) == (2.0, 14.0)


def test_the_program_can_be_looked_at() -> None:
    w = Tensor(np.ones((8, 8), np.float32))

    @xg.compile
    def f(x: Tensor) -> Tensor:
        w.add_(1.0)
        return x @ w

    x = Tensor(np.ones((4, 8), np.float32))
    assert "dot_general" in f.as_text(x)
    assert "stablehlo.dot_general" in f.lower(x).as_text()
    assert f.cost_analysis(x)["flops"] >= 2 * 4 * 8 * 8
    sizes = f.memory_analysis(x)
    assert sizes["argument"] == 4 * (64 + 32) and sizes["alias"] == 4 * 64
    assert w.sum().item() == 64.0, "looking does not run"


def test_what_cannot_be_compiled_is_refused() -> None:
    def generator() -> Any:
        yield 1

    for bad in (3, int, generator):
        with pytest.raises(ArgumentError, match="compile: expected"):
            xg.compile(bad)
    with pytest.raises(ArgumentError, match="explain: expected a compiled function"):
        xg.explain(lambda: None)


def test_jit_is_for_pure_functions() -> None:
    total = Tensor(0.0)
    assert xg.jit(lambda x: x * 2)(Tensor([1.0])).tolist() == [2.0]

    def impure(x: Tensor) -> Tensor:
        total.add_(x)
        return x

    with pytest.raises(StateError, match=r"jit: expected a pure function.*xg\.compile"):
        xg.jit(impure)(Tensor(1.0))
    assert total.item() == 0.0
