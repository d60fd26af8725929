"""`torch.utils.model_zoo`: the older name of `torch.hub`'s weights."""

from xlagrad.torch.hub import load_state_dict_from_url
from xlagrad.torch.hub import load_state_dict_from_url as load_url

__all__ = ["load_state_dict_from_url", "load_url"]
