"""Programs that update by hand, or more than one model: EMA, target networks, scalers."""

from __future__ import annotations

import copy
from typing import Any

from tests.programs.support import STEPS, Results, fill, labels, mlp, named, program, tensor


@program()
def update_by_hand(torch: Any, compile: Any) -> Results:
    model = mlp(torch)

    @compile
    def step(x: Any, y: Any) -> Any:
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= 0.1 * p.grad
                p.grad = None
        return loss

    losses = [step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3)).item() for i in range(STEPS)]
    return {"losses": losses, "grad": model[0].weight.grad, **named("model", model)}


@program()
def update_through_data(torch: Any, compile: Any) -> Results:
    w = torch.nn.Parameter(tensor(torch, 5, 6, 3))
    velocity = torch.zeros_like(w)

    @compile
    def step(x: Any, y: Any) -> None:
        (g,) = torch.autograd.grad(((x @ w - y) ** 2).mean(), [w])
        velocity.mul_(0.9).add_(g)
        w.data.add_(velocity, alpha=-0.1)

    for i in range(STEPS):
        step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3))
    return {"w": w, "velocity": velocity}


@program()
def scaled_loss(torch: Any, compile: Any) -> Results:
    """A hand-made gradient scaler: scale, backward, unscale, step only where finite, adapt the scale."""
    model = mlp(torch)
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    scale = torch.tensor(1024.0)

    @compile
    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        (torch.nn.functional.mse_loss(model(x), y) * scale).backward()
        finite = torch.tensor(True)
        for p in model.parameters():
            p.grad.div_(scale)
            finite = finite & torch.isfinite(p.grad).all()
        for p in model.parameters():
            p.grad.copy_(torch.where(finite, p.grad, torch.zeros_like(p.grad)))
        opt.step()
        scale.copy_(torch.where(finite, scale * 1.1, scale * 0.5))
        return finite

    flags = []
    for i in range(STEPS):
        x = tensor(torch, i, 8, 6) * (float("inf") if i % 5 == 2 else 1.0)
        flags.append(step(x, tensor(torch, 99 + i, 8, 3)))
    return {"flags": flags, "scale": scale, **named("model", model)}


@program()
def ema_copy_of_the_model(torch: Any, compile: Any) -> Results:
    model = mlp(torch)
    ema = copy.deepcopy(model)
    for p in ema.parameters():
        p.requires_grad_(False)
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    @compile
    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        opt.step()
        with torch.no_grad():
            for target, p in zip(ema.parameters(), model.parameters(), strict=True):
                target.mul_(0.9).add_(p, alpha=0.1)
        return loss

    for i in range(STEPS):
        step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3))
    return {**named("model", model), **named("ema", ema)}


@program()
def target_network(torch: Any, compile: Any) -> Results:
    """Q-learning: gather by action, a target network under no_grad, a soft update by lerp_."""
    model, target = mlp(torch), mlp(torch)
    target.load_state_dict(model.state_dict())
    opt = torch.optim.SGD(model.parameters(), lr=0.05)

    @compile
    def step(s: Any, a: Any, r: Any, s2: Any) -> Any:
        q = model(s).gather(1, a.unsqueeze(1)).squeeze(1)
        with torch.no_grad():
            goal = r + 0.9 * target(s2).max(dim=1).values
        loss = torch.nn.functional.smooth_l1_loss(q, goal)
        opt.zero_grad()
        loss.backward()
        opt.step()
        with torch.no_grad():
            for t, p in zip(target.parameters(), model.parameters(), strict=True):
                t.lerp_(p, 0.2)
        return loss

    for i in range(STEPS):
        s, s2 = tensor(torch, i, 8, 6), tensor(torch, 50 + i, 8, 6)
        step(s, labels(torch, i, 8, 3), tensor(torch, 99 + i, 8), s2)
    return {**named("model", model), **named("target", target)}


@program(traces=2)
def two_models_one_function(torch: Any, compile: Any) -> Results:
    pairs = []
    for seed in (0, 1):
        model = mlp(torch, seed=seed)
        pairs.append((model, torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)))

    @compile
    def step(model: Any, opt: Any, x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        opt.step()
        return loss

    for i in range(STEPS):
        for model, opt in pairs:
            step(model, opt, tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3))
    return {**named("a", pairs[0][0]), **named("b", pairs[1][0])}


@program(traces=None)
def state_loaded_mid_run(torch: Any, compile: Any) -> Results:
    """Back to a checkpoint of model and optimizer at step 12: the copies kept must not move with the run."""
    model = mlp(torch)
    opt = torch.optim.Adam(model.parameters(), lr=1e-2, eps=1e-4)

    @compile
    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        opt.step()
        return loss

    saved: Any = None
    for i in range(STEPS):
        if i == 5:
            saved = copy.deepcopy((model.state_dict(), opt.state_dict()))
        if i == 12:
            model.load_state_dict(saved[0])
            opt.load_state_dict(saved[1])
        step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3))
    return {**named("model", model), "saved": dict(saved[0])}


@program()
def loop_inside_the_step(torch: Any, compile: Any) -> Results:
    """Three whole updates in one compiled call."""
    model = fill(torch, torch.nn.Linear(6, 3))
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    @compile
    def step(x: Any, y: Any) -> list[Any]:
        losses = []
        for _ in range(3):
            opt.zero_grad()
            loss = torch.nn.functional.mse_loss(model(x), y)
            loss.backward()
            opt.step()
            losses.append(loss.detach())
        return losses

    losses = [step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3)) for i in range(STEPS)]
    return {"losses": losses, **named("model", model)}
