"""``torch.amp.autocast_mode``: the mode in which operations choose their types."""

from xlagrad.core.autocast import (
    autocast,
    autocast_decorator,
    custom_bwd,
    custom_fwd,
    is_autocast_available,
)

__all__ = ["autocast", "autocast_decorator", "custom_bwd", "custom_fwd", "is_autocast_available"]
