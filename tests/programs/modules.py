"""Programs about modules: statistics, modes, tied weights, recurrence, attributes, replaced parts."""

from __future__ import annotations

from typing import Any

from tests.programs.support import STEPS, Results, fill, labels, mlp, named, program, tensor


def _trainer(torch: Any, compile: Any, model: Any, lr: float = 0.1) -> Any:
    opt = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.5)

    @compile
    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        opt.step()
        return loss

    return step


@program()
def batchnorm_running_statistics(torch: Any, compile: Any) -> Results:
    nn = torch.nn
    model = fill(torch, nn.Sequential(nn.Linear(6, 10), nn.BatchNorm1d(10), nn.ReLU(), nn.Linear(10, 3)))
    step = _trainer(torch, compile, model)
    for i in range(STEPS):
        step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3))
    model.eval()
    return {"eval": model(tensor(torch, 0, 8, 6)), **named("model", model)}


@program()
def convnet_with_batchnorm(torch: Any, compile: Any) -> Results:
    nn = torch.nn
    layers = [
        nn.Conv2d(2, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 4, 3),
    ]
    model = fill(torch, nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)))
    step = _trainer(torch, compile, model, lr=0.05)
    for i in range(STEPS):
        step(tensor(torch, i, 4, 2, 8, 8), tensor(torch, 99 + i, 4, 3))
    return named("model", model)


@program(traces=2)
def train_and_eval_toggled(torch: Any, compile: Any) -> Results:
    nn = torch.nn
    model = fill(torch, nn.Sequential(nn.Linear(6, 10), nn.BatchNorm1d(10), nn.ReLU(), nn.Linear(10, 3)))
    step = _trainer(torch, compile, model)
    losses = []
    for i in range(STEPS):
        if i in (8, 14):
            model.eval()
        if i in (11, 17):
            model.train()
        losses.append(step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3)).item())
    return {"losses": losses, **named("model", model)}


@program(traces=2)
def one_layer_in_eval_mode(torch: Any, compile: Any) -> Results:
    """Fine-tuning: the statistics of one BatchNorm are fixed while its neighbour's move."""
    nn = torch.nn
    model = fill(
        torch, nn.Sequential(nn.Linear(6, 10), nn.BatchNorm1d(10), nn.Linear(10, 3), nn.BatchNorm1d(3))
    )
    step = _trainer(torch, compile, model)
    for i in range(STEPS):
        if i == 9:
            model[1].eval()
        step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3))
    return named("model", model)


@program()
def tied_weights(torch: Any, compile: Any) -> Results:
    nn = torch.nn

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(12, 6)
            self.norm = nn.LayerNorm(6)
            self.head = nn.Linear(6, 12, bias=False)
            self.head.weight = self.embed.weight

        def forward(self, tokens: Any) -> Any:
            return self.head(self.norm(self.embed(tokens)))

    model = fill(torch, Model())
    opt = torch.optim.AdamW(model.parameters(), lr=1e-2, eps=1e-4)

    @compile
    def step(tokens: Any, targets: Any) -> Any:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(model(tokens), targets)
        loss.backward()
        opt.step()
        return loss

    losses = [step(labels(torch, i, 8, 12), labels(torch, 99 + i, 8, 12)) for i in range(STEPS)]
    tied = model.head.weight is model.embed.weight
    return {"losses": losses, "tied": tied, "count": len(list(model.parameters())), **named("model", model)}


@program()
def rnn_over_a_python_loop(torch: Any, compile: Any) -> Results:
    nn = torch.nn

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.Linear(6 + 5, 5)
            self.out = nn.Linear(5, 3)

        def forward(self, x: Any) -> Any:
            h = torch.zeros(x.shape[0], 5)
            outputs = []
            for t in range(x.shape[1]):
                h = torch.tanh(self.cell(torch.cat([x[:, t], h], dim=1)))
                outputs.append(self.out(h))
            return torch.stack(outputs, dim=1)

    model = fill(torch, Model())
    step = _trainer(torch, compile, model)
    for i in range(STEPS):
        step(tensor(torch, i, 8, 7, 6), tensor(torch, 99 + i, 8, 7, 3))
    return named("model", model)


def _recurrent(torch: Any, compile: Any, kind: str) -> Results:
    nn = torch.nn

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = getattr(nn, kind)(6, 5, num_layers=2, batch_first=True)
            self.out = nn.Linear(5, 3)

        def forward(self, x: Any) -> Any:
            return self.out(self.rnn(x)[0])

    model = fill(torch, Model())
    step = _trainer(torch, compile, model)
    for i in range(STEPS):
        step(tensor(torch, i, 4, 5, 6), tensor(torch, 99 + i, 4, 5, 3))
    return named("model", model)


@program()
def lstm(torch: Any, compile: Any) -> Results:
    return _recurrent(torch, compile, "LSTM")


@program()
def gru(torch: Any, compile: Any) -> Results:
    return _recurrent(torch, compile, "GRU")


@program()
def transformer_block(torch: Any, compile: Any) -> Results:
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(8), nn.LayerNorm(8)
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
            self.mlp = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))

        def forward(self, x: Any) -> Any:
            h = self.norm1(x)
            mask = torch.triu(torch.ones(x.shape[1], x.shape[1], dtype=torch.bool), diagonal=1)
            x = x + self.attention(h, h, h, attn_mask=mask, need_weights=False)[0]
            return x + self.mlp(self.norm2(x))

    model = fill(torch, nn.Sequential(Block(), Block()))
    step = _trainer(torch, compile, model, lr=0.02)
    for i in range(STEPS):
        step(tensor(torch, i, 2, 5, 8), tensor(torch, 99 + i, 2, 5, 8))
    return named("model", model)


@program()
def hidden_state_in_an_attribute(torch: Any, compile: Any) -> Results:
    """Truncated backpropagation: the module rebinds `self.h` to a new tensor on every call."""
    nn = torch.nn

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.Linear(6 + 5, 5)
            self.out = nn.Linear(5, 3)
            self.h = torch.zeros(8, 5)

        def forward(self, x: Any) -> Any:
            h = torch.tanh(self.cell(torch.cat([x, self.h], dim=1)))
            self.h = h.detach()
            return self.out(h)

    model = fill(torch, Model())
    step = _trainer(torch, compile, model)
    states = []
    for i in range(STEPS):
        step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3))
        states.append(model.h)
    return {"states": states, **named("model", model)}


@program(traces=2)
def hidden_state_starting_as_none(torch: Any, compile: Any) -> Results:
    nn = torch.nn

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.Linear(6 + 5, 5)
            self.out = nn.Linear(5, 3)
            self.h: Any = None

        def forward(self, x: Any) -> Any:
            if self.h is None:
                self.h = torch.zeros(x.shape[0], 5)
            h = torch.tanh(self.cell(torch.cat([x, self.h], dim=1)))
            self.h = h.detach()
            return self.out(h)

    model = fill(torch, Model())
    step = _trainer(torch, compile, model)
    for i in range(STEPS):
        step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3))
    return {"h": model.h, **named("model", model)}


@program(traces=None)
def attribute_changed_between_calls(torch: Any, compile: Any) -> Results:
    nn = torch.nn

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(6, 3)
            self.temperature = 1.0
            self.options = {"square": False}

        def forward(self, x: Any) -> Any:
            y = self.fc(x) / self.temperature
            return y * y if self.options["square"] else y

    model = fill(torch, Model())
    step = _trainer(torch, compile, model)
    losses = []
    for i in range(STEPS):
        if i == 5:
            model.temperature = 2.0
        if i == 10:
            model.options = {"square": True}
        if i == 15:
            model.temperature = 1.0
        losses.append(step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3)))
    return {"losses": losses, **named("model", model)}


@program(traces=None)
def container_attribute_mutated_between_calls(torch: Any, compile: Any) -> Results:
    """The attribute itself is not set: a list and a dict that it holds are changed in place."""
    nn = torch.nn

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(6, 3)
            self.options = {"square": False}
            self.scales = [1.0, 2.0]

        def forward(self, x: Any) -> Any:
            y = self.fc(x)
            for s in self.scales:
                y = y / s
            return y * y if self.options["square"] else y

    model = fill(torch, Model())
    step = _trainer(torch, compile, model)
    losses = []
    for i in range(STEPS):
        if i == 6:
            model.options["square"] = True
        if i == 12:
            model.scales.append(0.5)
        losses.append(step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3)))
    return {"losses": losses, **named("model", model)}


@program(traces=None)
def python_counter_in_forward(torch: Any, compile: Any) -> Results:
    """A Python int advanced by the module itself: each call sees its own value."""
    nn = torch.nn

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(6, 3)
            self.calls = 0

        def forward(self, x: Any) -> Any:
            self.calls += 1
            return self.fc(x) / self.calls

    model = fill(torch, Model())
    step = _trainer(torch, compile, model)
    losses = [step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3)) for i in range(6)]
    return {"losses": losses, "calls": model.calls, **named("model", model)}


@program(traces=None)
def parts_replaced_between_calls(torch: Any, compile: Any) -> Results:
    """A new submodule, a new Parameter, and new `.data` each take effect on the next call."""
    nn = torch.nn
    model = mlp(torch)

    @compile
    def step(x: Any, y: Any) -> Any:
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= 0.1 * p.grad
        model.zero_grad()
        return loss

    losses = []
    for i in range(STEPS):
        if i == 5:
            model[2] = fill(torch, nn.Linear(10, 3), seed=4)
        if i == 10:
            model[0].bias = nn.Parameter(tensor(torch, 77, 10))
        if i == 15:
            model[0].weight.data = tensor(torch, 78, 10, 6)
        if i == 18:
            model.append(nn.Tanh())
        losses.append(step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3)))
    return {"losses": losses, **named("model", model)}


@program()
def parameters_in_lists_and_dicts(torch: Any, compile: Any) -> Results:
    nn = torch.nn

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(6, 6) for _ in range(3)])
            self.heads = nn.ModuleDict({"a": nn.Linear(6, 3), "b": nn.Linear(6, 3)})
            self.scales = nn.ParameterList([torch.ones(6) for _ in range(3)])

        def forward(self, x: Any) -> Any:
            for layer, scale in zip(self.layers, self.scales, strict=True):
                x = x + torch.tanh(layer(x)) * scale
            return sum(head(x) for head in self.heads.values())

    model = fill(torch, Model())
    step = _trainer(torch, compile, model, lr=0.02)
    for i in range(STEPS):
        step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3))
    return named("model", model)
