"""Draws whose gradients with respect to the distribution's parameters are known."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from xlagrad.core.dispatch import Array, op
from xlagrad.core.random import key_of


@op(name="_standard_gamma")
def standard_gamma(key: Array, concentration: Array) -> Array:
    """Draws x from the density xᵅ⁻¹ e⁻ˣ / Γ(α), one for each α.

    The gradient dx/dα = -∂F(x; α)/∂α / f(x; α) is that of implicit reparametrisation.

    Args:
        key: the key of the draw.
        concentration: α, of floating point.

    Source: ``torch._standard_gamma``; Marsaglia & Tsang 2000; Figurnov et al. 2018.
    """
    draws = jax.random.gamma(key_of(key), concentration, concentration.shape, concentration.dtype)
    # Small α give draws below all normal numbers, whose logarithms must stay finite.
    tiny = jnp.finfo(concentration.dtype).tiny
    return jnp.where(draws < tiny, jax.lax.stop_gradient(tiny - draws) + draws, draws)


@op(name="_standard_dirichlet")
def standard_dirichlet(key: Array, concentration: Array) -> Array:
    """Draws from the Dirichlet distribution along the last dimension.

    Args:
        key: the key of the draw.
        concentration: α, (..., K), of floating point.

    Source: ``torch._sample_dirichlet``.
    """
    logs = jax.random.loggamma(key_of(key), concentration, concentration.shape, concentration.dtype)
    # In logarithms, where small α do not underflow.
    return jax.nn.softmax(logs, axis=-1)


@op(name="_von_mises")
def von_mises(key: Array, loc: Array, concentration: Array) -> Array:
    """Draws angles in [-π, π) from the von Mises distribution, by rejection from a wrapped Cauchy's.

    Args:
        key: the key of the draw.
        loc: mean direction.
        concentration: κ, positive, of the same shape.

    Source: Best & Fisher 1979.
    """
    wide = jnp.promote_types(loc.dtype, jnp.float32)
    k = concentration.astype(wide)
    tau = 1 + jnp.sqrt(1 + 4 * k * k)
    rho = (tau - jnp.sqrt(2 * tau)) / (2 * k)
    proposal = (1 + rho * rho) / (2 * rho)
    # For small κ the difference above cancels; its series does not.
    proposal = jnp.where(k < 1e-2, 1 / k + k, proposal)

    def body(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        key, x, done = state
        key, draw = jax.random.split(key)
        u = jax.random.uniform(draw, (3, *k.shape), wide)
        z = jnp.cos(jnp.pi * u[0])
        f = (1 + proposal * z) / (proposal + z)
        c = k * (proposal - f)
        accept = (c * (2 - c) > u[1]) | (jnp.log(c / u[1]) + 1 >= c)
        angle = jnp.sign(u[2] - 0.5) * jnp.arccos(jnp.clip(f, -1, 1))
        return key, jnp.where(accept & ~done, angle, x), done | accept

    start = (key_of(key), jnp.zeros(k.shape, wide), jnp.zeros(k.shape, bool))
    _, x, _ = jax.lax.while_loop(lambda state: ~jnp.all(state[2]), body, start)
    turned = x + jnp.pi + loc.astype(wide)
    return (turned - 2 * jnp.pi * jnp.floor(turned / (2 * jnp.pi)) - jnp.pi).astype(loc.dtype)
