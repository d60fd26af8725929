"""`torch.utils.hooks`: what a registered hook is removed with."""

from xlagrad.layers.hooks import RemovableHandle


def unserializable_hook(f: object) -> object:
    """Return the function: hooks are not saved here in any case."""
    return f


__all__ = ["RemovableHandle", "unserializable_hook"]
