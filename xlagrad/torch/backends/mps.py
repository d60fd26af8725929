"""`torch.backends.mps`: PyTorch's way to Apple's GPUs, which JAX does not take."""


def is_available() -> bool:
    """Return False."""
    return False


def is_built() -> bool:
    """Return False."""
    return False


def is_macos_or_newer(major: int, minor: int) -> bool:
    """Return False: nothing here depends on it."""
    return False
