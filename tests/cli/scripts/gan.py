"""A small GAN: two optimizers, detached samples, noise that is given."""

import json

import numpy as np
import torch
from torch import nn
from torch.nn import init

draw = np.random.RandomState(0)


def tensor(*shape):
    return torch.tensor(draw.normal(size=shape).astype("float32"))


def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Linear") != -1:
        with torch.no_grad():
            m.weight.copy_(tensor(*m.weight.shape) * 0.3)
        init.constant_(m.bias, 0.0)


netG = nn.Sequential(nn.Linear(4, 8), nn.ReLU(True), nn.Linear(8, 2), nn.Tanh())
netD = nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(0.2, inplace=True), nn.Linear(8, 1), nn.Sigmoid())
netG.apply(weights_init)
netD.apply(weights_init)
criterion = nn.BCELoss()
optimizerD = torch.optim.Adam(netD.parameters(), lr=0.01, betas=(0.5, 0.999))
optimizerG = torch.optim.Adam(netG.parameters(), lr=0.01, betas=(0.5, 0.999))
losses = []
for _ in range(4):
    netD.zero_grad()
    real = tensor(8, 2)
    label = torch.full((8,), 1.0, dtype=real.dtype)
    errD_real = criterion(netD(real).view(-1), label)
    errD_real.backward()
    fake = netG(tensor(8, 4))
    label.fill_(0.0)
    errD_fake = criterion(netD(fake.detach()).view(-1), label)
    errD_fake.backward()
    optimizerD.step()
    netG.zero_grad()
    label.fill_(1.0)
    errG = criterion(netD(fake).view(-1), label)
    errG.backward()
    optimizerG.step()
    losses += [errD_real.item(), errD_fake.item(), errG.item()]
print(json.dumps(losses))
