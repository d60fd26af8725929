import torch
from torch import nn


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.ModuleList([nn.Linear(3, 3) for _ in range(2)])
        self.register_buffer("scale", torch.tensor(2.0))

    def forward(self, x):
        for layer in self.body:
            x = torch.tanh(layer(x)) * self.scale
        return x
