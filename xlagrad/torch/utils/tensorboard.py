"""`torch.utils.tensorboard`: the writer of tensorboardX, which writes the same files."""

from __future__ import annotations

from typing import Any

from xlagrad.core.errors import need
from xlagrad.torch.names import missing


def __getattr__(name: str) -> Any:
    if name in ("FileWriter", "SummaryWriter"):
        # Looked up when it is wanted, so that the module can be imported without the package.
        return getattr(need("tensorboardX", "tensorboard"), name)
    raise missing("torch.utils.tensorboard", name, ["FileWriter", "SummaryWriter"])
