"""Programs about how a step is written and called: closures, methods, nesting, shapes, argument kinds."""

from __future__ import annotations

from typing import Any

from tests.programs.support import STEPS, Results, fill, labels, mlp, named, normal, program, tensor

SCALE: Any = 1.0


@program()
def step_as_a_closure(torch: Any, compile: Any) -> Results:
    def make() -> Any:
        model = mlp(torch)
        opt = torch.optim.SGD(model.parameters(), lr=0.1)

        def step(x: Any, y: Any) -> Any:
            opt.zero_grad()
            loss = torch.nn.functional.mse_loss(model(x), y)
            loss.backward()
            opt.step()
            return loss

        return model, compile(step)

    model, step = make()
    losses = [step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3)) for i in range(STEPS)]
    return {"losses": losses, **named("model", model)}


@program(traces=None)
def step_as_a_method(torch: Any, compile: Any) -> Results:
    """A decorated method of a plain class; two instances keep apart."""

    class Trainer:
        def __init__(self, seed: int) -> None:
            self.model = mlp(torch, seed=seed)
            self.opt = torch.optim.SGD(self.model.parameters(), lr=0.1)
            self.seen = torch.tensor(0)

        @compile
        def step(self, x: Any, y: Any) -> Any:
            self.opt.zero_grad()
            loss = torch.nn.functional.mse_loss(self.model(x), y)
            loss.backward()
            self.opt.step()
            self.seen += x.shape[0]
            return loss

    a, b = Trainer(0), Trainer(1)
    for i in range(STEPS):
        a.step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3))
        b.step(tensor(torch, i, 4, 6), y=tensor(torch, 99 + i, 4, 3))
    return {"seen": [a.seen, b.seen], **named("a", a.model), **named("b", b.model)}


@program()
def bound_method_compiled(torch: Any, compile: Any) -> Results:
    class Trainer:
        def __init__(self) -> None:
            self.model = mlp(torch)
            self.opt = torch.optim.SGD(self.model.parameters(), lr=0.1)
            self.step = compile(self._step)
            self.last: Any = None

        def _step(self, x: Any, y: Any) -> Any:
            self.opt.zero_grad()
            loss = torch.nn.functional.mse_loss(self.model(x), y)
            loss.backward()
            self.opt.step()
            return loss

    trainer = Trainer()
    losses = [trainer.step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3)) for i in range(STEPS)]
    return {"losses": losses, **named("model", trainer.model)}


@program()
def model_passed_in(torch: Any, compile: Any) -> Results:
    model = mlp(torch)
    opt = torch.optim.Adam(model.parameters(), lr=1e-2, eps=1e-4)

    @compile
    def step(model: Any, opt: Any, batch: Any) -> Any:
        opt.zero_grad()
        loss = torch.nn.functional.mse_loss(model(batch["x"]), batch["y"])
        loss.backward()
        opt.step()
        return {"loss": loss, "size": len(batch["x"])}

    losses = []
    for i in range(STEPS):
        losses.append(step(model, opt, {"x": tensor(torch, i, 8, 6), "y": tensor(torch, 99 + i, 8, 3)}))
    return {"losses": losses, **named("model", model)}


@program(traces={"loss_of": None, "step": 1, "update": None})
def compiled_function_calling_another(torch: Any, compile: Any) -> Results:
    model = mlp(torch)
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    @compile
    def loss_of(x: Any, y: Any) -> Any:
        return torch.nn.functional.mse_loss(model(x), y)

    @compile
    def update() -> None:
        opt.step()
        opt.zero_grad()

    @compile
    def step(x: Any, y: Any) -> Any:
        loss = loss_of(x, y)
        loss.backward()
        update()
        return loss

    losses, outside = [], []
    for i in range(STEPS):
        x, y = tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3)
        losses.append(step(x, y))
        with torch.no_grad():
            outside.append(loss_of(x, y))
    return {"losses": losses, "outside": outside, **named("model", model)}


@program(traces=2)
def two_input_shapes(torch: Any, compile: Any) -> Results:
    model = mlp(torch)
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    @compile
    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        opt.step()
        return loss

    losses = []
    for i in range(STEPS):
        n = 5 if i % 4 == 3 else 8
        losses.append(step(tensor(torch, i, n, 6), tensor(torch, 99 + i, n, 3)).item())
    return {"losses": losses, **named("model", model)}


@program(traces=None)
def closure_variable_rebound(torch: Any, compile: Any) -> Results:
    """A closed-over number, then tensor, then model, rebound between calls."""
    model, factor = mlp(torch), 1.0

    @compile
    def step(x: Any) -> Any:
        with torch.no_grad():
            return model(x) * factor

    results = []
    for i in range(8):
        if i == 2:
            factor = 3.0
        if i == 4:
            factor = torch.tensor(0.5)
        if i == 6:
            model = mlp(torch, seed=9)
        results.append(step(tensor(torch, i, 8, 6)))
    return {"results": results}


@program(traces=None)
def global_variable_rebound(torch: Any, compile: Any) -> Results:
    global SCALE
    SCALE = 1.0

    @compile
    def step(x: Any) -> Any:
        return x * SCALE

    results = []
    for i in range(8):
        if i == 3:
            SCALE = 2.0
        if i == 6:
            SCALE = tensor(torch, 50, 6)
        results.append(step(tensor(torch, i, 8, 6)))
    return {"results": results}


@program(traces=None)
def plain_attributes_changed_between_calls(torch: Any, compile: Any) -> Results:
    """Numbers, lists and dicts of plain Python objects that the step reads."""

    class Config:
        def __init__(self) -> None:
            self.scale, self.names, self.table = 1.0, ["a"], {"power": 1}

    config = Config()

    @compile
    def step(x: Any) -> Any:
        return (x * config.scale) ** config.table["power"] + len(config.names)

    results = []
    for i in range(10):
        if i == 2:
            config.scale = 2.0
        if i == 4:
            config.names.append("b")
        if i == 6:
            config.table["power"] = 2
        results.append(step(tensor(torch, i, 8, 6)))
    return {"results": results}


@program(traces=None)
def python_arguments(torch: Any, compile: Any) -> Results:
    """Numbers, flags, strings, None and defaults as arguments, changing between calls."""

    @compile
    def step(
        x: Any, alpha: float = 1.0, mode: str = "add", times: int = 1, extra: Any = None, *rest: Any
    ) -> Any:
        for _ in range(times):
            x = x + alpha if mode == "add" else x * alpha
        for r in rest:
            x = x - r
        return x if extra is None else x + extra

    x = tensor(torch, 1, 4)
    results = [
        step(x),
        step(x, 2.0),
        step(x, 3.0),
        step(x, 3.0, "mul"),
        step(x, alpha=3.0, mode="mul", times=2),
        step(x, 2, times=3),
        step(x, extra=x),
        step(x, extra=1),
        step(x, 1.0, "add", 1, None, x, x * 2),
        step(x, True),
        step(x, 1),
    ]
    return {"results": results}


@program(traces=None)
def numpy_arguments(torch: Any, compile: Any) -> Results:
    @compile
    def step(batch: Any, w: Any) -> Any:
        return torch.as_tensor(batch["x"]) @ w

    w = torch.tensor(normal(5, 6, 3))
    return {"results": [step({"x": normal(i, 8, 6)}, w).sum() for i in range(4)]}


@program()
def data_loader(torch: Any, compile: Any) -> Results:
    data = torch.utils.data
    dataset = data.TensorDataset(tensor(torch, 1, 32, 6), labels(torch, 2, 32, 3))
    loader = data.DataLoader(dataset, batch_size=8, shuffle=False)
    model = mlp(torch)
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    @compile
    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        out = model(x)
        loss = torch.nn.functional.cross_entropy(out, y)
        loss.backward()
        opt.step()
        return loss.detach(), (out.argmax(1) == y).sum()

    results = [step(x, y) for _ in range(5) for x, y in loader]
    return {"results": results, **named("model", model)}


@program()
def caught_exception_inside(torch: Any, compile: Any) -> Results:
    """An exception that the function handles itself leaves what it wrote before in place."""
    buffer = torch.zeros(3)

    @compile
    def step(x: Any) -> Any:
        buffer.add_(x)
        try:
            buffer.add_(1.0)
            x.reshape(5)
        except RuntimeError:
            buffer.mul_(0.5)
        return buffer.sum()

    sums = [step(tensor(torch, i, 3)) for i in range(STEPS)]
    return {"sums": sums, "buffer": buffer}


@program(traces=None)
def called_under_different_modes(torch: Any, compile: Any) -> Results:
    """The same forward under grad, no_grad and inference_mode, and with all of it frozen."""
    model = fill(torch, torch.nn.Linear(6, 3))

    @compile
    def forward(x: Any) -> Any:
        return model(x).pow(2).sum()

    x = tensor(torch, 1, 8, 6)
    flags = [forward(x).requires_grad]
    with torch.no_grad():
        flags.append(forward(x).requires_grad)
    with torch.inference_mode():
        flags.append(forward(x).requires_grad)
    model.requires_grad_(False)
    flags.append(forward(x).requires_grad)
    model.bias.requires_grad_(True)
    loss = forward(x)
    flags.append(loss.requires_grad)
    loss.backward()
    return {"flags": flags, "bias": model.bias.grad, "weight": model.weight.grad}
