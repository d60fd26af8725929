"""Checkpoints of a whole training state through Orbax."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Any

import jax.numpy as jnp
import numpy as np

from xlagrad.core.errors import ArgumentError, StateError, message, need
from xlagrad.train.tree import join, split


class Checkpoints:
    """A directory of numbered checkpoints.

    Each is written beside the others under another name and takes its own when it is complete, so that a
    process that dies while it writes leaves the older ones. A state is any nested structure of dicts, lists,
    tensors and numbers; what comes back is equal bit for bit.

    Args:
        directory: made if there is none.
        keep: how many of the newest to keep; None for all.

    Raises:
        ArgumentError: ``keep`` is not positive.

    Example:
        >>> import tempfile
        >>> from xlagrad.core.tensor import Tensor
        >>> with Checkpoints(tempfile.mkdtemp(), keep=2) as checkpoints:
        ...     checkpoints.save(1, {"w": Tensor([1.0, 2.0]), "epoch": 3})
        ...     checkpoints.restore()
        {'w': tensor([1., 2.]), 'epoch': 3}
    """

    def __init__(self, directory: str | os.PathLike[str], keep: int | None = 3) -> None:
        if keep is not None and (not isinstance(keep, int) or keep < 1):
            raise ArgumentError(message("Checkpoints", "a positive integer as keep", repr(keep)))
        self.directory = Path(directory).absolute()
        self.keep = keep
        self._manager: Any = None

    def _open(self) -> Any:
        if self._manager is None:
            orbax = need("orbax.checkpoint", "all")
            options = orbax.CheckpointManagerOptions(create=True, enable_async_checkpointing=False)
            self._manager = orbax.CheckpointManager(self.directory, options=options)
        return self._manager

    def steps(self) -> list[int]:
        """Return the numbers of the complete checkpoints, oldest first."""
        return sorted(self._open().all_steps()) if self.directory.exists() else []

    def latest(self) -> int | None:
        """Return the newest checkpoint's number, None if there is none."""
        found = self.steps()
        return found[-1] if found else None

    def save(self, step: int, state: Any) -> None:
        """Write a state as checkpoint ``step``, in place of one of that number.

        Those of higher numbers are deleted: they are of a training that was given up, or went back.

        Raises:
            StateError: the state holds something that cannot be saved.
        """
        document, arrays = split(state)
        # Orbax refuses arrays without elements: their shape is all there is to keep.
        empty = {path: [str(a.dtype), list(a.shape)] for path, a in arrays.items() if 0 in a.shape}
        full = {path: a for path, a in arrays.items() if path not in empty}
        orbax, manager = need("orbax.checkpoint", "all"), self._open()
        items = {"document": orbax.args.JsonSave({"state": document, "empty": empty, "full": list(full)})}
        if full:
            items["arrays"] = orbax.args.PyTreeSave(full)
        if step in manager.all_steps():
            manager.delete(step)
        manager.save(step, args=orbax.args.Composite(**items), force=True)
        manager.wait_until_finished()
        older = [n for n in self.steps() if n < step]
        surplus = 0 if self.keep is None else max(len(older) + 1 - self.keep, 0)
        kept = older[surplus:]
        for n in self.steps():
            if n != step and n not in kept:
                manager.delete(n)

    def restore(self, step: int | None = None) -> Any:
        """Return the state of a checkpoint, by default the newest.

        Raises:
            StateError: there is none, or it cannot be read.
        """
        if step is None:
            step = self.latest()
        if step is None or step not in self.steps():
            got = f"none{'' if step is None else f' of number {step}'} in {str(self.directory)!r}"
            raise StateError(message("Checkpoints.restore", "a complete checkpoint", got))
        orbax, manager = need("orbax.checkpoint", "all"), self._open()
        try:
            read = orbax.args.Composite(document=orbax.args.JsonRestore())
            content = manager.restore(step, args=read)["document"]
            empty = content["empty"].items()
            arrays = {path: jnp.zeros(shape, np.dtype(kind)) for path, (kind, shape) in empty}
            if content["full"]:
                # By way of the host, since the devices that the arrays were on need not be here.
                how = {path: orbax.RestoreArgs(restore_type=np.ndarray) for path in content["full"]}
                read = orbax.args.Composite(arrays=orbax.args.PyTreeRestore(restore_args=how))
                found = manager.restore(step, args=read)["arrays"]
                arrays.update((path, jnp.array(array)) for path, array in found.items())
        except Exception as error:
            got = f"{type(error).__name__}: {str(error).splitlines()[0]}"
            where = f"a readable checkpoint {step} in {str(self.directory)!r}"
            fix = "delete it, and restore an older one"
            raise StateError(message("Checkpoints.restore", where, got, fix)) from error
        return join(content["state"], arrays)

    def close(self) -> None:
        """Let go of the directory; the next use opens it again."""
        if self._manager is not None:
            self._manager.close()
            self._manager = None

    def __enter__(self) -> Checkpoints:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()
