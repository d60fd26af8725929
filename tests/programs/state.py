"""Programs about state: buffers written in place, shared memory, views and results held across calls."""

from __future__ import annotations

import copy
from typing import Any

from tests.programs.support import STEPS, Results, fill, mlp, named, program, tensor


@program()
def buffers_written_in_place(torch: Any, compile: Any) -> Results:
    """A MoCo-like queue with a write position, running sums, and a counter, all advanced inside."""
    nn = torch.nn

    class Memory(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(6, 3)
            self.register_buffer("queue", torch.zeros(12, 3))
            self.register_buffer("position", torch.zeros((), dtype=torch.int64))
            self.register_buffer("mean", torch.zeros(3))
            self.register_buffer("calls", torch.tensor(0))

        def forward(self, x: Any) -> Any:
            y = self.fc(x)
            with torch.no_grad():
                rows = (self.position + torch.arange(4)) % 12
                self.queue[rows] = y.detach()
                self.position.add_(4).remainder_(12)
                self.mean.mul_(0.9).add_(y.mean(0), alpha=0.1)
                self.queue[:, 0] *= 0.5
                self.calls += 1
            return y @ self.queue.clone().T

    model = fill(torch, Memory())
    opt = torch.optim.SGD(model.parameters(), lr=0.02)

    @compile
    def step(x: Any) -> Any:
        opt.zero_grad()
        loss = model(x).pow(2).mean() - model.fc.weight.sum() * 0.01
        loss.backward()
        opt.step()
        return loss

    losses = [step(tensor(torch, i, 4, 6)).item() for i in range(STEPS)]
    return {"losses": losses, **named("model", model)}


@program()
def metric_accumulators(torch: Any, compile: Any) -> Results:
    """Totals written in place: an argument, a closed-over tensor, an attribute of a plain object."""

    class Meter:
        def __init__(self) -> None:
            self.total = torch.tensor(0.0)

        def update(self, value: Any) -> None:
            self.total += value.sum()

    meter, count, model = Meter(), torch.tensor(0), mlp(torch)
    worst = torch.tensor(0.0)

    @compile
    def evaluate(x: Any, count: Any) -> Any:
        with torch.no_grad():
            value = model(x).pow(2)
            meter.update(value)
            count += value.numel()
            worst.copy_(torch.maximum(worst, value.max()))
        return value.mean()

    means = [evaluate(tensor(torch, i, 8, 6), count) for i in range(STEPS)]
    return {"means": means, "total": meter.total, "count": count, "worst": worst}


@program(traces=None)
def attributes_of_plain_objects_rebound(torch: Any, compile: Any) -> Results:
    """`self.total = self.total + v` on an object that is no Module, with a Python counter beside it."""

    class Meter:
        def __init__(self) -> None:
            self.total, self.calls = torch.tensor(0.0), 0

    meter = Meter()

    @compile
    def update(x: Any) -> Any:
        meter.total = meter.total + x.abs().sum()
        meter.calls += 1
        return meter.total * 2

    doubles = [update(tensor(torch, i, 8, 6)) for i in range(6)]
    return {"doubles": doubles, "total": meter.total, "calls": meter.calls}


@program(traces=None)
def results_appended_to_a_list_outside(torch: Any, compile: Any) -> Results:
    """A list that the step appends to: every call adds its own value."""
    history: list[Any] = []

    @compile
    def step(x: Any) -> Any:
        y = x.sum()
        history.append(y.detach())
        return y

    for i in range(6):
        step(tensor(torch, i, 8, 6))
    return {"history": history}


@program()
def power_iteration(torch: Any, compile: Any) -> Results:
    """Spectral normalisation by hand: a buffer rebound by copy_ under no_grad, used with gradients after."""
    weight = torch.nn.Parameter(tensor(torch, 5, 6, 3))
    u = torch.nn.functional.normalize(tensor(torch, 6, 6), dim=0)
    opt = torch.optim.SGD([weight], lr=0.1)

    @compile
    def step(x: Any) -> Any:
        with torch.no_grad():
            v = torch.nn.functional.normalize(weight.T @ u, dim=0)
            u.copy_(torch.nn.functional.normalize(weight @ v, dim=0))
        sigma = u @ weight @ v
        loss = (x @ (weight / sigma)).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        return sigma

    sigmas = [step(tensor(torch, i, 8, 6)) for i in range(STEPS)]
    return {"sigmas": sigmas, "weight": weight, "u": u}


@program()
def copies_sharing_one_array(torch: Any, compile: Any) -> Results:
    """What load_state_dict, deepcopy, clone and copy_ made equal may share arrays; each must move alone."""
    model = mlp(torch)
    loaded, copied = mlp(torch, seed=3), copy.deepcopy(model)
    loaded.load_state_dict(model.state_dict())
    cloned = [p.detach().clone() for p in model.parameters()]
    same = torch.zeros(10)
    same.copy_(model[0].bias.detach())
    opt = torch.optim.SGD(model.parameters(), lr=0.1)

    @compile
    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        opt.step()
        with torch.no_grad():
            for p in loaded.parameters():
                p.mul_(0.9)
            for c in cloned:
                c.add_(0.01)
            same.sub_(0.1)
        return loss

    for i in range(STEPS):
        step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3))
    return {
        **named("model", model),
        **named("loaded", loaded),
        **named("copied", copied),
        "cloned": cloned,
        "same": same,
    }


@program()
def tensors_sharing_memory(torch: Any, compile: Any) -> Results:
    """`detach()`, `.data` and views share memory with their base: all of them see a write inside."""
    base = tensor(torch, 1, 4, 6)
    plain, row, flat = base.detach(), base[1], base.view(-1)
    data, turned = base.data, base.t()

    @compile
    def step(x: Any) -> Any:
        base.add_(x)
        row.mul_(0.5)
        flat[3] = 7.0
        return base.sum()

    sums, rows = [], []
    for i in range(STEPS):
        sums.append(step(tensor(torch, i, 4, 6)))
        base[2, 2] += 1.0
        rows.append(row.clone())
    return {
        "sums": sums,
        "rows": rows,
        "held": [base, plain, row, flat, data, turned],
        "shares": [plain.sum(), data.sum()],
    }


@program()
def views_passed_in(torch: Any, compile: Any) -> Results:
    """The argument is a view of a tensor outside: a write inside reaches the base."""
    base = tensor(torch, 1, 6, 4)

    @compile
    def scale(rows: Any, factor: Any) -> Any:
        rows.mul_(factor)
        rows[0] = 1.0
        return rows.sum()

    sums = []
    for i in range(STEPS):
        sums.append(scale(base[2:4], tensor(torch, i, 1)))
    return {"sums": sums, "base": base}


@program()
def views_of_state_returned(torch: Any, compile: Any) -> Results:
    """A copy taken before the return stays as it was."""
    buffer = torch.zeros(4, 6)

    @compile
    def step(x: Any) -> Any:
        buffer.add_(x)
        return buffer[1].clone(), buffer.sum(0), buffer[2:].mean()

    held = [step(tensor(torch, i, 4, 6)) for i in range(STEPS)]
    return {"held": held, "buffer": buffer}


@program()
def live_views_of_state_returned(torch: Any, compile: Any) -> Results:
    """The state itself and views of it returned: as in torch they show the state's later values."""
    buffer = torch.zeros(4, 6)

    @compile
    def step(x: Any) -> Any:
        buffer.add_(x)
        return buffer, buffer[1], buffer.view(-1)[:3]

    held = [step(tensor(torch, i, 4, 6)) for i in range(5)]
    held[0][1].add_(1.0)
    step(tensor(torch, 9, 4, 6))
    return {"held": held, "buffer": buffer, "same": held[0][0] is buffer}


@program()
def snapshots_held_across_calls(torch: Any, compile: Any) -> Results:
    """Results equal to state, and copies of it, held while the state's own buffers are reused."""
    model = mlp(torch)
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    before = [p.detach().clone() for p in model.parameters()]

    @compile
    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        opt.step()
        return loss, model[0].weight.detach().clone(), model[0].bias * 1

    held, outside = [], []
    for i in range(STEPS):
        held.append(step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3)))
        outside.append(model[2].bias.detach().clone())
    return {"held": held, "outside": outside, "before": before, **named("model", model)}


@program(random=True)
def numpy_held_across_calls(torch: Any, compile: Any) -> Results:
    """An array from `.numpy()` stays readable and whole while the step reuses the parameters' memory.

    Real torch shares the memory, so the array would follow the parameter; here arrays are immutable, so it is
    the value at the time of the call, in either mode.
    """
    model = mlp(torch)
    opt = torch.optim.SGD(model.parameters(), lr=0.1)

    @compile
    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        opt.step()
        return loss

    held, copies = [], []
    for i in range(STEPS):
        held.append(model[0].weight.detach().numpy())
        copies.append(held[-1].copy())
        step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3))
    for array, taken in zip(held, copies, strict=True):
        assert (array == taken).all()
    return {"held": held, **named("model", model)}


@program()
def argument_written_in_place(torch: Any, compile: Any) -> Results:
    x = tensor(torch, 1, 4, 6)

    @compile
    def step(x: Any, g: Any) -> Any:
        x.sub_(0.1 * g)
        x[0].zero_()
        return x * 2

    doubles = [step(x, tensor(torch, i, 4, 6)) for i in range(STEPS)]
    return {"x": x, "doubles": doubles}


@program(traces=None)
def same_tensor_passed_twice(torch: Any, compile: Any) -> Results:
    """Writes show through both names; another pair of tensors does not reuse that trace."""
    a, b = tensor(torch, 1, 4, 6), tensor(torch, 2, 4, 6)

    @compile
    def step(p: Any, q: Any) -> Any:
        p.add_(1.0)
        q.mul_(0.5)
        return p + q

    sums = []
    for i in range(STEPS):
        sums.append(step(a, a) if i % 2 else step(a, b))
        sums.append(step(b, a))
    return {"a": a, "b": b, "sums": sums}


@program(traces=None)
def state_tensor_passed_as_argument(torch: Any, compile: Any) -> Results:
    """The argument is a tensor that the function also reaches through its closure."""
    buffer = tensor(torch, 1, 4, 6)
    other = tensor(torch, 2, 4, 6)

    @compile
    def step(x: Any) -> Any:
        buffer.add_(1.0)
        x.mul_(0.9)
        return buffer + x

    results = [step(buffer if i % 3 == 0 else other) for i in range(STEPS)]
    return {"buffer": buffer, "other": other, "results": results}


@program(traces=None)
def tensor_passed_with_its_view(torch: Any, compile: Any) -> Results:
    """Two arguments that share memory: a tensor and its row, then two tensors that do not."""
    base, other = tensor(torch, 1, 3, 6), tensor(torch, 2, 3, 6)

    @compile
    def step(x: Any, row: Any) -> Any:
        x.add_(1.0)
        row.mul_(0.5)
        return x.sum()

    sums = []
    for i in range(STEPS):
        sums.append(step(base, (base if i % 2 else other)[1]))
    return {"base": base, "other": other, "sums": sums}


@program(traces=None)
def view_of_state_passed_as_argument(torch: Any, compile: Any) -> Results:
    """The argument is a view of a tensor that the function closes over, or of another one."""
    buffer, other = tensor(torch, 1, 3, 6), tensor(torch, 2, 3, 6)

    @compile
    def step(row: Any) -> Any:
        buffer.mul_(0.9)
        row.add_(1.0)
        return buffer.sum() + row.sum()

    sums = [step((other if i % 3 == 1 else buffer)[1]) for i in range(STEPS)]
    return {"buffer": buffer, "other": other, "sums": sums}


@program()
def parts_of_one_tensor_in_the_closure(torch: Any, compile: Any) -> Results:
    """Views made before the function, written inside, with the base never named there."""
    flat = tensor(torch, 1, 10)
    weight, bias = flat[:6].view(2, 3), flat[6:8]
    velocity = torch.zeros(10)

    @compile
    def step(x: Any) -> Any:
        weight.mul_(0.9).add_(x)
        bias.copy_(bias * 0.5 + x.sum(1))
        velocity.mul_(0.5).add_(flat.detach())
        return weight @ x.t()

    products = [step(tensor(torch, i, 2, 3)) for i in range(STEPS)]
    return {"flat": flat, "weight": weight, "bias": bias, "velocity": velocity, "products": products}


@program()
def identity_of_results(torch: Any, compile: Any) -> Results:
    """An argument or a state tensor handed back is the tensor itself."""
    state = tensor(torch, 1, 3)

    @compile
    def step(x: Any) -> Any:
        state.add_(1.0)
        return x, state, {"x": x, "n": 3, "none": None, "text": ("a", 2.5)}

    same = []
    for i in range(4):
        x = tensor(torch, i, 3)
        out = step(x)
        same.append([out[0] is x, out[1] is state, out[2]["x"] is x, out[2]["n"], out[2]["text"][1]])
        assert out[2]["none"] is None and out[2]["text"][0] == "a"
    return {"same": same, "state": state}


@program(traces=None)
def new_tensor_kept_in_a_module(torch: Any, compile: Any) -> Results:
    """A cache made on the first call inside the compiled function and reused by later ones."""
    nn = torch.nn

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(6, 3)
            self.table: Any = None

        def forward(self, x: Any) -> Any:
            if self.table is None:
                self.table = torch.arange(3).to(x.dtype) + 1
            return self.fc(x) * self.table

    model = fill(torch, Model())
    opt = torch.optim.SGD(model.parameters(), lr=0.05)

    @compile
    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        opt.step()
        return loss

    for i in range(STEPS):
        step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3))
    return {"table": model.table, **named("model", model)}


@program(traces=None)
def eager_and_compiled_interleaved(torch: Any, compile: Any) -> Results:
    """The same state advanced by an eager step and a compiled one in turn."""
    model = mlp(torch)
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        opt.step()
        return loss

    fast = compile(step)
    losses = []
    for i in range(STEPS):
        losses.append((fast if i % 2 else step)(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3)))
    return {"losses": losses, **named("model", model)}
