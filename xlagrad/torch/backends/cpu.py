"""`torch.backends.cpu`: what the CPU can do."""


def get_cpu_capability() -> str:
    """Return "DEFAULT": XLA compiles for the CPU that it finds, and does not name it."""
    return "DEFAULT"
