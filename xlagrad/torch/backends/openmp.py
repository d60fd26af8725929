"""`torch.backends.openmp`: not there; XLA has its own kernels and threads."""


def is_available() -> bool:
    """Return False."""
    return False
