"""`torch.backends.mkl`: not there; XLA has its own kernels and threads."""


def is_available() -> bool:
    """Return False."""
    return False
