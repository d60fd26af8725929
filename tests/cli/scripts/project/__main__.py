import json
import sys

import torch

from project.model import Model


@torch.compile
def step(model, optimizer, x):
    optimizer.zero_grad()
    loss = model(x).pow(2).mean()
    loss.backward()
    optimizer.step()
    return loss.detach()


model = Model()
with torch.no_grad():
    for i, p in enumerate(model.parameters()):
        p.copy_(torch.sin(torch.arange(p.numel()) * 1.7 + i + 1).reshape(p.shape) / 2)
optimizer = torch.optim.AdamW(model.parameters(), lr=float(sys.argv[1]))
x = torch.cos(torch.arange(15) * 0.9).reshape(5, 3)
print(json.dumps([float(step(model, optimizer, x)) for _ in range(4)]))
