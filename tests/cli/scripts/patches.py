"""einops in a model: functions and layers, imported before and after torch."""

import importlib
import json

from einops import rearrange, reduce, repeat

torch = importlib.import_module("torch")
from einops.layers.torch import Rearrange  # noqa: E402

x = torch.arange(48.0).reshape(1, 3, 4, 4).requires_grad_()
layer = torch.nn.Sequential(Rearrange("b c (h p) (w q) -> b (h w) (p q c)", p=2, q=2), torch.nn.LayerNorm(12))
y = layer(x)
z = reduce(repeat(rearrange(y, "b n d -> b d n"), "b d n -> b d n k", k=2) ** 2, "b d n k -> b d", "sum")
z.square().sum().backward()
print(json.dumps([z.sum().item(), x.grad.abs().sum().item(), list(y.shape)]))
