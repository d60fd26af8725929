"""Programs about differentiation: double backward, hooks, custom functions, detach, gradients of inputs."""

from __future__ import annotations

from typing import Any

from tests.programs.support import STEPS, Results, mlp, named, program, tensor


@program()
def gradient_penalty(torch: Any, compile: Any) -> Results:
    critic = mlp(torch, 6, 1)
    opt = torch.optim.SGD(critic.parameters(), lr=0.05, momentum=0.5)

    @compile
    def step(real: Any, fake: Any, mix: Any) -> Any:
        x = (mix * real + (1 - mix) * fake).requires_grad_(True)
        score = critic(x)
        (g,) = torch.autograd.grad(score, x, grad_outputs=torch.ones_like(score), create_graph=True)
        penalty = ((g.norm(2, dim=1) - 1) ** 2).mean()
        loss = critic(fake).mean() - critic(real).mean() + 10 * penalty
        opt.zero_grad()
        loss.backward()
        opt.step()
        return penalty.detach()

    penalties = []
    for i in range(STEPS):
        mix = torch.sigmoid(tensor(torch, 200 + i, 8, 1))
        penalties.append(step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 6), mix))
    return {"penalties": penalties, **named("critic", critic)}


@program(traces=2)
def gradient_penalty_by_backward(torch: Any, compile: Any) -> Results:
    """The penalty reads `x.grad`, whose backward adds to gradients that are None at first."""
    critic = mlp(torch, 6, 1)
    opt = torch.optim.SGD(critic.parameters(), lr=0.05)

    @compile
    def step(x: Any) -> Any:
        x = x.detach().requires_grad_()
        critic(x).sum().backward(create_graph=True)
        penalty = (x.grad**2).sum()
        opt.zero_grad()
        penalty.backward()
        opt.step()
        return penalty.detach()

    penalties = [step(tensor(torch, i, 8, 6)) for i in range(STEPS)]
    return {"penalties": penalties, **named("critic", critic)}


@program()
def hessian_vector_product(torch: Any, compile: Any) -> Results:
    model = mlp(torch)
    params = list(model.parameters())
    v = [tensor(torch, 500 + i, *p.shape) for i, p in enumerate(params)]

    @compile
    def step(x: Any, y: Any) -> Any:
        loss = torch.nn.functional.mse_loss(model(x), y)
        grads = torch.autograd.grad(loss, params, create_graph=True)
        dot = sum((g * u).sum() for g, u in zip(grads, v, strict=True))
        hv = torch.autograd.grad(dot, params)
        with torch.no_grad():
            for p, h, g in zip(params, hv, grads, strict=True):
                p.sub_(0.05 * g + 0.01 * h)
        return hv

    products = [step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3)) for i in range(STEPS)]
    return {"hv": products[-1], **named("model", model)}


@program()
def meta_learning_inner_step(torch: Any, compile: Any) -> Results:
    """MAML: the outer gradient goes through an inner gradient step."""
    w = torch.nn.Parameter(tensor(torch, 5, 6, 3))
    b = torch.nn.Parameter(torch.zeros(3))
    opt = torch.optim.SGD([w, b], lr=0.05)

    @compile
    def step(x: Any, y: Any) -> Any:
        inner = ((torch.tanh(x @ w + b) - y) ** 2).mean()
        gw, gb = torch.autograd.grad(inner, (w, b), create_graph=True)
        fast_w, fast_b = w - 0.1 * gw, b - 0.1 * gb
        outer = ((torch.tanh(x @ fast_w + fast_b) - y) ** 2).mean()
        opt.zero_grad()
        outer.backward()
        opt.step()
        return outer.detach()

    losses = [step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3)) for i in range(STEPS)]
    return {"losses": losses, "w": w, "b": b}


@program(traces=None)
def backward_outside_a_compiled_forward(torch: Any, compile: Any) -> Results:
    """The loss crosses the boundary with its graph; `.backward()` and the update are eager."""
    model = mlp(torch)
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    @compile
    def loss_of(x: Any, y: Any) -> Any:
        return torch.nn.functional.mse_loss(model(x), y)

    losses = []
    for i in range(STEPS):
        opt.zero_grad()
        loss = loss_of(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3))
        loss.backward()
        opt.step()
        losses.append(loss.item())
    return {"losses": losses, "requires_grad": loss.requires_grad, **named("model", model)}


@program(traces=None)
def backward_outside_to_the_input(torch: Any, compile: Any) -> Results:
    model = mlp(torch)
    x = tensor(torch, 3, 8, 6).requires_grad_()

    @compile
    def forward(x: Any) -> Any:
        y = model(x)
        return y, y.detach(), y.sum(dim=1)

    grads = []
    for i in range(5):
        y, fixed, s = forward(x)
        assert not fixed.requires_grad
        (y * tensor(torch, i, 8, 3)).sum().backward(retain_graph=True)
        s.pow(2).mean().backward()
        grads.append(x.grad.clone())
        with torch.no_grad():
            x -= 0.1 * x.grad
        x.grad = None
    return {"grads": grads, "weight_grad": model[0].weight.grad, "x": x}


@program(traces=None)
def compiled_module(torch: Any, compile: Any) -> Results:
    model = mlp(torch)
    fast = compile(model)
    opt = torch.optim.SGD(model.parameters(), lr=0.1)

    losses = []
    for i in range(STEPS):
        opt.zero_grad()
        loss = torch.nn.functional.mse_loss(fast(tensor(torch, i, 8, 6)), tensor(torch, 99 + i, 8, 3))
        loss.backward()
        opt.step()
        losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        out = fast(tensor(torch, 0, 8, 6))
    return {"losses": losses, "out": out, **named("model", model)}


@program()
def gradients_read_after_the_step(torch: Any, compile: Any) -> Results:
    model = mlp(torch)
    opt = torch.optim.SGD(model.parameters(), lr=0.1)

    @compile
    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        opt.step()
        return loss

    norms, kept = [], []
    for i in range(STEPS):
        loss = step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3))
        norms.append([p.grad.norm() for p in model.parameters()])
        kept.append(model[0].weight.grad.clone())
    return {"norms": norms, "kept": kept, "loss": loss, **named("model", model)}


@program()
def gradients_held_across_steps(torch: Any, compile: Any) -> Results:
    """A held `p.grad` is a Tensor of its own that later steps leave alone."""
    model = mlp(torch)
    opt = torch.optim.SGD(model.parameters(), lr=0.1)

    @compile
    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        opt.step()
        return loss

    held = []
    for i in range(STEPS):
        step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3))
        held.append(model[0].bias.grad)
    return {"held": held, **named("model", model)}


@program()
def tensor_hooks(torch: Any, compile: Any) -> Results:
    model = mlp(torch)
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    model[0].weight.register_hook(lambda g: g * 0.5)

    @compile
    def step(x: Any, y: Any) -> Any:
        hidden = model[1](model[0](x))
        hidden.register_hook(lambda g: g.clamp(-0.01, 0.01))
        opt.zero_grad()
        loss = torch.nn.functional.mse_loss(model[2](hidden), y)
        loss.backward()
        opt.step()
        return loss

    losses = [step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3)).item() for i in range(STEPS)]
    return {"losses": losses, **named("model", model)}


@program()
def module_hooks(torch: Any, compile: Any) -> Results:
    model = mlp(torch)
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    model[1].register_forward_hook(lambda module, args, out: out * 1.5)
    model[2].register_forward_pre_hook(lambda module, args: (args[0] + 0.1,))

    @compile
    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        opt.step()
        return loss

    losses = [step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3)).item() for i in range(STEPS)]
    return {"losses": losses, **named("model", model)}


@program()
def custom_autograd_function(torch: Any, compile: Any) -> Results:
    class StraightThrough(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, scale: float) -> Any:
            ctx.save_for_backward(x)
            ctx.scale = scale
            return torch.sign(x) * scale

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return g * (x.abs() <= 1).to(g.dtype) * ctx.scale, None

    model = mlp(torch)
    opt = torch.optim.SGD(model.parameters(), lr=0.1)

    @compile
    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        hidden = StraightThrough.apply(model[0](x), 0.5)
        loss = torch.nn.functional.mse_loss(model[2](hidden), y)
        loss.backward()
        opt.step()
        return loss

    losses = [step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3)).item() for i in range(STEPS)]
    return {"losses": losses, **named("model", model)}


@program()
def two_backwards_retain_graph(torch: Any, compile: Any) -> Results:
    model = mlp(torch)
    opt = torch.optim.SGD(model.parameters(), lr=0.1)

    @compile
    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        out = model(x)
        first = torch.nn.functional.mse_loss(out, y)
        first.backward(retain_graph=True)
        norm = sum(p.grad.pow(2).sum() for p in model.parameters())
        (out.pow(2).mean() / (1 + norm.detach())).backward()
        opt.step()
        return norm

    norms = [step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3)) for i in range(STEPS)]
    return {"norms": norms, **named("model", model)}


@program()
def in_place_on_activations(torch: Any, compile: Any) -> Results:
    model = mlp(torch)
    opt = torch.optim.SGD(model.parameters(), lr=0.1)

    @compile
    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        h = model[0](x)
        h[:, 0] = 0.5
        h[:, 1:3] *= 2
        h[0].add_(0.1)
        h = torch.relu_(h + 0.05)
        loss = torch.nn.functional.mse_loss(model[2](h), y)
        loss.backward()
        opt.step()
        return loss

    losses = [step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3)).item() for i in range(STEPS)]
    return {"losses": losses, **named("model", model)}


@program(traces=None)
def requires_grad_toggled_on_the_input(torch: Any, compile: Any) -> Results:
    """Adversarial training on every other step: the input's gradient is wanted or not."""
    model = mlp(torch)
    opt = torch.optim.SGD(model.parameters(), lr=0.1)

    @compile
    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        opt.step()
        return loss

    grads = []
    for i in range(STEPS):
        x = tensor(torch, i, 8, 6)
        if i % 2:
            x.requires_grad_()
        step(x, tensor(torch, 99 + i, 8, 3))
        grads.append(x.grad)
    return {"grads": grads, **named("model", model)}


@program(traces=None)
def no_grad_around_the_call(torch: Any, compile: Any) -> Results:
    model = mlp(torch)
    opt = torch.optim.SGD(model.parameters(), lr=0.1)

    @compile
    def forward(x: Any, y: Any) -> Any:
        return torch.nn.functional.mse_loss(model(x), y)

    flags, evaluations = [], []
    for i in range(STEPS):
        x, y = tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3)
        opt.zero_grad()
        loss = forward(x, y)
        loss.backward()
        opt.step()
        with torch.no_grad():
            value = forward(x, y)
        flags.append([loss.requires_grad, value.requires_grad])
        evaluations.append(value)
    return {"flags": flags, "evaluations": evaluations, **named("model", model)}


@program()
def per_sample_gradients(torch: Any, compile: Any) -> Results:
    """torch.func inside the step: vmap of grad of a functional call, clipped per sample (DP-SGD)."""
    model = mlp(torch)
    func = torch.func

    def loss_of(params: Any, x: Any, y: Any) -> Any:
        out = func.functional_call(model, params, (x.unsqueeze(0),))
        return torch.nn.functional.mse_loss(out, y.unsqueeze(0))

    @compile
    def step(x: Any, y: Any) -> None:
        params = {k: v.detach() for k, v in model.named_parameters()}
        grads = func.vmap(func.grad(loss_of), in_dims=(None, 0, 0))(params, x, y)
        with torch.no_grad():
            for name, p in model.named_parameters():
                g = grads[name].flatten(1)
                g = g / g.norm(dim=1, keepdim=True).clamp(min=1.0)
                p.sub_(0.1 * g.mean(0).reshape(p.shape))

    for i in range(STEPS):
        step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3))
    return named("model", model)
