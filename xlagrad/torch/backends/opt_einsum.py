"""`torch.backends.opt_einsum`: the order of contractions, which JAX chooses with opt_einsum."""

enabled = True
strategy = "auto"


def is_available() -> bool:
    """Return True: JAX depends on it."""
    return True
