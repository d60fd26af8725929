"""A recurrent language model: hidden state carried and detached, gradients clipped."""

import json
import math

import numpy as np
import torch
import torch.nn as nn
from torch.autograd import Variable


class RNNModel(nn.Module):
    def __init__(self, ntoken, ninp, nhid, nlayers):
        super(RNNModel, self).__init__()  # noqa: UP008
        self.encoder = nn.Embedding(ntoken, ninp)
        self.rnn = nn.LSTM(ninp, nhid, nlayers)
        self.decoder = nn.Linear(nhid, ntoken)

    def forward(self, input, hidden):
        output, hidden = self.rnn(self.encoder(input), hidden)
        decoded = self.decoder(output)
        return decoded.view(-1, decoded.size(2)), hidden

    def init_hidden(self, bsz):
        weight = next(self.parameters())
        return (weight.new_zeros(2, bsz, 6), weight.new_zeros(2, bsz, 6))


def repackage_hidden(h):
    return h.detach() if isinstance(h, torch.Tensor) else tuple(repackage_hidden(v) for v in h)


draw = np.random.RandomState(0)
model = RNNModel(11, 5, 6, 2)
for p in model.parameters():
    p.data = torch.from_numpy(draw.uniform(-0.3, 0.3, tuple(p.shape)).astype(np.float32))
data = torch.from_numpy(draw.randint(0, 11, (21, 3)))
criterion = nn.CrossEntropyLoss()
hidden = model.init_hidden(3)
losses = []
for i in range(0, 20, 5):
    source, targets = Variable(data[i : i + 5]), data[i + 1 : i + 6].reshape(-1)
    hidden = repackage_hidden(hidden)
    model.zero_grad()
    output, hidden = model(source, hidden)
    loss = criterion(output, targets)
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 0.25)
    for p in model.parameters():
        p.data.add_(p.grad, alpha=-0.5)
    losses += [loss.item(), float(norm), math.exp(loss.item())]
print(json.dumps(losses))
