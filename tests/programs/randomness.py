"""Programs that draw random numbers: compiled and eager draw the same, never twice."""

from __future__ import annotations

from typing import Any

from tests.programs.support import STEPS, Results, fill, mlp, named, program, tensor


def _with_dropout(torch: Any) -> Any:
    nn = torch.nn
    return fill(torch, nn.Sequential(nn.Linear(6, 10), nn.Dropout(0.5), nn.Tanh(), nn.Linear(10, 3)))


@program(random=True)
def dropout(torch: Any, compile: Any) -> Results:
    model = _with_dropout(torch)
    opt = torch.optim.SGD(model.parameters(), lr=0.1)

    @compile
    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        opt.step()
        return loss

    losses = [step(tensor(torch, i, 8, 6), tensor(torch, 99 + i, 8, 3)).item() for i in range(STEPS)]
    return {"losses": losses, "next": torch.rand(3), **named("model", model)}


@program(random=True)
def dropout_never_repeats(torch: Any, compile: Any) -> Results:
    drop = torch.nn.Dropout(0.5)

    @compile
    def step(x: Any) -> Any:
        return drop(x), drop(x)

    x = torch.ones(64)
    masks = [mask.tolist() for _ in range(STEPS) for mask in step(x)]
    assert len({tuple(mask) for mask in masks}) == 2 * STEPS
    return {"masks": masks}


@program(random=True, traces=2)
def dropout_toggled_by_eval(torch: Any, compile: Any) -> Results:
    """In eval mode nothing is drawn: the stream goes on where it stood."""
    model = _with_dropout(torch)

    @compile
    def forward(x: Any) -> Any:
        with torch.no_grad():
            return model(x)

    x, results, repeats = tensor(torch, 1, 8, 6), [], []
    for i in range(STEPS):
        model.train(i % 3 != 0)
        results.append(forward(x))
        repeats.append(bool((results[-1] == results[0]).all()))
    assert repeats == [i % 3 == 0 for i in range(STEPS)]
    return {"results": results, "next": torch.rand(3)}


@program(random=True)
def variational_autoencoder(torch: Any, compile: Any) -> Results:
    encoder, decoder = mlp(torch, 6, 4, seed=1), mlp(torch, 2, 6, seed=2)
    opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-2, eps=1e-4)

    @compile
    def step(x: Any) -> Any:
        mean, logvar = encoder(x).chunk(2, dim=1)
        z = mean + torch.randn_like(mean) * torch.exp(0.5 * logvar)
        kl = -0.5 * (1 + logvar - mean.pow(2) - logvar.exp()).sum(1).mean()
        loss = torch.nn.functional.mse_loss(decoder(z), x) + 0.1 * kl
        opt.zero_grad()
        loss.backward()
        opt.step()
        return loss.detach()

    losses = [step(tensor(torch, i, 8, 6)) for i in range(STEPS)]
    return {"losses": losses, **named("encoder", encoder), **named("decoder", decoder)}


@program(random=True)
def every_creation_function(torch: Any, compile: Any) -> Results:
    @compile
    def draw() -> Any:
        return [
            torch.rand(3),
            torch.randn(2, 3),
            torch.randint(0, 10, (4,)),
            torch.randperm(6),
            torch.bernoulli(torch.full((5,), 0.5)),
            torch.normal(0.0, 2.0, (3,)),
            torch.empty(4).uniform_(-1, 1),
            torch.multinomial(torch.tensor([0.2, 0.3, 0.5]), 5, replacement=True),
        ]

    return {"draws": [draw() for _ in range(4)]}


@program(random=True, traces=None)
def seeded_between_calls(torch: Any, compile: Any) -> Results:
    """manual_seed and set_rng_state outside take effect inside, without a retrace changing the numbers."""

    @compile
    def draw() -> Any:
        return torch.rand(3)

    torch.manual_seed(3)
    first = [draw(), draw()]
    state = torch.get_rng_state()
    third = draw()
    torch.set_rng_state(state)
    again = draw()
    torch.manual_seed(3)
    second = [draw(), draw()]
    assert first[0].tolist() == second[0].tolist() and first[1].tolist() == second[1].tolist()
    assert first[0].tolist() != first[1].tolist() and third.tolist() == again.tolist()
    return {"draws": [*first, third, *second]}


@program(random=True, traces=None)
def own_generator(torch: Any, compile: Any) -> Results:
    generator = torch.Generator()
    generator.manual_seed(11)

    @compile
    def draw(n: int) -> Any:
        return torch.randn(n, generator=generator), torch.rand(n)

    draws = [draw(3) for _ in range(4)]
    generator.manual_seed(11)
    again = draw(3)
    assert again[0].tolist() == draws[0][0].tolist() and again[1].tolist() != draws[0][1].tolist()
    return {"draws": draws, "again": again}
