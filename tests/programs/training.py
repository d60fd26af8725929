"""Programs about training loops: optimizers, schedules, accumulation, clipping, freezing."""

from __future__ import annotations

from typing import Any

from tests.programs.support import STEPS, Results, labels, mlp, named, program, tensor


@program()
def classifier_sgd(torch: Any, compile: Any) -> Results:
    model = mlp(torch)
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-3)
    x, y = tensor(torch, 1, 8, 6), labels(torch, 2, 8, 3)

    @compile
    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
        return loss

    losses = [step(x, y).item() for _ in range(STEPS)]
    return {"losses": losses, **named("model", model)}


def _regression(torch: Any, compile: Any, make: Any) -> Results:
    model = mlp(torch)
    opt = make(model.parameters())
    x, y = tensor(torch, 1, 8, 6), tensor(torch, 2, 8, 3)

    @compile
    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        opt.step()
        return loss.detach()

    losses = [step(x, y).item() for _ in range(STEPS)]
    return {"losses": losses, **named("model", model)}


@program()
def adam(torch: Any, compile: Any) -> Results:
    return _regression(torch, compile, lambda p: torch.optim.Adam(p, lr=3e-3, eps=1e-4))


@program()
def adamw(torch: Any, compile: Any) -> Results:
    return _regression(torch, compile, lambda p: torch.optim.AdamW(p, lr=3e-3, eps=1e-4, weight_decay=0.1))


@program()
def rmsprop(torch: Any, compile: Any) -> Results:
    return _regression(torch, compile, lambda p: torch.optim.RMSprop(p, lr=1e-3, eps=1e-4, momentum=0.5))


@program()
def sgd_nesterov(torch: Any, compile: Any) -> Results:
    return _regression(torch, compile, lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True))


@program()
def parameter_groups(torch: Any, compile: Any) -> Results:
    def make(params: Any) -> Any:
        w1, b1, w2, b2 = params
        groups = [{"params": [w1, w2], "weight_decay": 0.1}, {"params": [b1, b2], "lr": 0.01}]
        return torch.optim.SGD(groups, lr=0.05, momentum=0.9)

    return _regression(torch, compile, make)


@program()
def gan_two_optimizers(torch: Any, compile: Any) -> Results:
    nn = torch.nn
    generator = mlp(torch, 4, 6, seed=1)
    critic = mlp(torch, 6, 1, seed=2)
    opt_g = torch.optim.Adam(generator.parameters(), lr=2e-3, betas=(0.5, 0.999), eps=1e-4)
    opt_d = torch.optim.Adam(critic.parameters(), lr=2e-3, betas=(0.5, 0.999), eps=1e-4)
    bce = nn.BCEWithLogitsLoss()
    ones, zeros = torch.ones(8, 1), torch.zeros(8, 1)

    @compile
    def step(real: Any, z: Any) -> Any:
        fake = generator(z)
        opt_d.zero_grad()
        loss_d = bce(critic(real), ones) + bce(critic(fake.detach()), zeros)
        loss_d.backward()
        opt_d.step()
        opt_g.zero_grad()
        loss_g = bce(critic(fake), ones)
        loss_g.backward()
        opt_g.step()
        return loss_d.detach(), loss_g.detach()

    losses = [step(tensor(torch, 2 * i, 8, 6), tensor(torch, 2 * i + 1, 8, 4)) for i in range(STEPS)]
    return {"losses": losses, **named("g", generator), **named("d", critic)}


@program(traces=2)
def accumulate_over_calls(torch: Any, compile: Any) -> Results:
    model = mlp(torch)
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    @compile
    def forward_backward(x: Any, y: Any) -> Any:
        loss = torch.nn.functional.mse_loss(model(x), y) / 4
        loss.backward()
        return loss.detach()

    losses = []
    for i in range(STEPS):
        losses.append(forward_backward(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3)).item())
        if i % 4 == 3:
            opt.step()
            opt.zero_grad()
    return {"losses": losses, **named("model", model)}


@program(traces={"forward_backward": 1, "update": 1})
def accumulate_and_update_compiled(torch: Any, compile: Any) -> Results:
    model = mlp(torch)
    opt = torch.optim.Adam(model.parameters(), lr=3e-3, eps=1e-4)
    for p in model.parameters():
        p.grad = torch.zeros_like(p)

    @compile
    def forward_backward(x: Any, y: Any) -> Any:
        loss = torch.nn.functional.mse_loss(model(x), y) / 4
        loss.backward()
        return loss.detach()

    @compile
    def update() -> None:
        opt.step()
        opt.zero_grad(set_to_none=False)

    losses = []
    for i in range(STEPS):
        losses.append(forward_backward(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3)).item())
        if i % 4 == 3:
            assert update() is None
    return {"losses": losses, **named("model", model)}


@program(traces=None)
def accumulate_with_a_python_flag(torch: Any, compile: Any) -> Results:
    model = mlp(torch)
    opt = torch.optim.SGD(model.parameters(), lr=0.1)

    @compile
    def step(x: Any, y: Any, update: bool) -> Any:
        loss = torch.nn.functional.mse_loss(model(x), y) / 4
        loss.backward()
        if update:
            opt.step()
            opt.zero_grad()
        return loss

    losses = [
        step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3), update=i % 4 == 3).item()
        for i in range(STEPS)
    ]
    return {"losses": losses, **named("model", model)}


@program()
def clip_by_norm(torch: Any, compile: Any) -> Results:
    model = mlp(torch)
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    @compile
    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=0.5)
        opt.step()
        return norm

    norms = [step(tensor(torch, i, 8, 6), 3 * tensor(torch, 99 + i, 8, 3)) for i in range(STEPS)]
    return {"norms": norms, **named("model", model)}


@program()
def clip_by_value_by_hand(torch: Any, compile: Any) -> Results:
    model = mlp(torch)
    opt = torch.optim.SGD(model.parameters(), lr=0.1)

    @compile
    def step(x: Any, y: Any) -> None:
        opt.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        for p in model.parameters():
            p.grad.clamp_(-0.05, 0.05)
        opt.step()

    for i in range(STEPS):
        step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3))
    return named("model", model)


@program(traces=3)
def layer_frozen_mid_run(torch: Any, compile: Any) -> Results:
    model = mlp(torch)
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    @compile
    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        opt.step()
        return loss.detach()

    snapshots = []
    for i in range(STEPS):
        if i == 7:
            for p in model[0].parameters():
                p.requires_grad_(False)
        if i == 14:
            model[0].requires_grad_(True)
            model[2].weight.requires_grad = False
        step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3))
        if i in (6, 13):
            snapshots.append(model[0].weight.detach().clone())
    return {"snapshots": snapshots, "grad": model[2].weight.grad, **named("model", model)}


@program()
def lr_schedule_stepped_outside(torch: Any, compile: Any) -> Results:
    model = mlp(torch)
    opt = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9)
    schedule = torch.optim.lr_scheduler.StepLR(opt, step_size=3, gamma=0.7)

    @compile
    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        opt.step()
        return loss

    rates = []
    for i in range(STEPS):
        step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3))
        schedule.step()
        rates.append(schedule.get_last_lr()[0])
    return {"rates": rates, **named("model", model)}


@program()
def lr_set_by_hand(torch: Any, compile: Any) -> Results:
    model = mlp(torch)
    opt = torch.optim.Adam(model.parameters(), lr=1e-2, eps=1e-4)

    @compile
    def step(x: Any, y: Any) -> None:
        opt.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        opt.step()

    for i in range(STEPS):
        for group in opt.param_groups:
            group["lr"] = 1e-2 / (1 + i)
        step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3))
    return named("model", model)


@program()
def cosine_schedule(torch: Any, compile: Any) -> Results:
    model = mlp(torch)
    opt = torch.optim.SGD(model.parameters(), lr=0.2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=STEPS)

    @compile
    def step(x: Any, y: Any) -> None:
        opt.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        opt.step()

    for i in range(STEPS):
        step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3))
        schedule.step()
    return {"lr": opt.param_groups[0]["lr"], **named("model", model)}


@program(traces=3)
def group_added_mid_run(torch: Any, compile: Any) -> Results:
    """The first calls also fill gradients that no optimizer clears yet: None, there, and cleared."""
    model = mlp(torch)
    opt = torch.optim.SGD(model[0].parameters(), lr=0.1, momentum=0.9)

    @compile
    def step(x: Any, y: Any) -> None:
        opt.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        opt.step()

    for i in range(STEPS):
        if i == 10:
            model.zero_grad()
            opt.add_param_group({"params": model[2].parameters(), "lr": 0.05})
        step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3))
    return named("model", model)


@program(traces=None)
def optimizer_created_inside(torch: Any, compile: Any) -> Results:
    """A fresh momentum-free optimizer each call: only the parameters live on."""
    model = mlp(torch)

    @compile
    def step(x: Any, y: Any) -> None:
        opt = torch.optim.Adam(model.parameters(), lr=1e-2, eps=1e-4)
        opt.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        opt.step()

    for i in range(STEPS):
        step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3))
    return named("model", model)
