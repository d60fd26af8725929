"""`torch.hub`: weights that lie in the hub's folder already. Nothing is downloaded, no fetched code runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlparse

from xlagrad.core.errors import message
from xlagrad.torch.serialization import load as load_file


class _Folder:
    chosen: str | None = None


def get_dir() -> str:
    """Return the hub's folder: what `set_dir` set, else ``$TORCH_HOME/hub``, else one in the user's cache."""
    if _Folder.chosen is not None:
        return _Folder.chosen
    cache = os.environ.get("XDG_CACHE_HOME", os.path.join("~", ".cache"))
    home = os.environ.get("TORCH_HOME", os.path.join(cache, "torch"))
    return os.path.join(os.path.expanduser(home), "hub")


def set_dir(d: str | os.PathLike[str]) -> None:
    """Set the hub's folder."""
    _Folder.chosen = os.path.expanduser(os.fspath(d))


def load_state_dict_from_url(
    url: str,
    model_dir: str | None = None,
    map_location: Any = None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
    weights_only: bool = True,
) -> Any:
    """Return the weights of a URL whose file lies in the hub's folder.

    Args:
        url: where PyTorch would download it; its last part is the file's name.
        model_dir: the folder; by default ``checkpoints`` in the hub's.
        map_location: as in ``torch.load``.
        progress: without effect: nothing is downloaded.
        check_hash: without effect: nothing is downloaded.
        file_name: the file's name if it is another.
        weights_only: as in ``torch.load``.

    Raises:
        NotImplementedError: the file is not there; the message says where to put it.
    """
    folder = Path(model_dir or os.path.join(get_dir(), "checkpoints"))
    path = folder / (file_name or os.path.basename(urlparse(url).path))
    if not path.is_file():
        fix = f"download {url} to it yourself"
        raise NotImplementedError(message("load_state_dict_from_url", f"a file {str(path)!r}", "none", fix))
    return load_file(path, map_location=map_location, weights_only=weights_only)


def load(repo_or_dir: str, model: str, *args: Any, **kwargs: Any) -> NoReturn:
    """Raise: no repository's code is fetched and run.

    Raises:
        NotImplementedError: always.
    """
    fix = "install the package that defines the model, and load its weights with torch.load"
    got = f"{model!r} of {repo_or_dir!r}"
    raise NotImplementedError(message("torch.hub.load", "a model that is installed", got, fix))


def download_url_to_file(url: str, dst: str, *args: Any, **kwargs: Any) -> NoReturn:
    """Raise: nothing is downloaded.

    Raises:
        NotImplementedError: always.
    """
    fix = f"download it to {dst!r} with curl or urllib"
    raise NotImplementedError(message("torch.hub.download_url_to_file", "a file that is there", url, fix))


help = list = load

__all__ = ["download_url_to_file", "get_dir", "help", "list", "load", "load_state_dict_from_url", "set_dir"]
