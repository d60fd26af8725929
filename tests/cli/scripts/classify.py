"""A classification loop with a loader, a scheduler, evaluation and a checkpoint."""

import argparse
import json
import os

import numpy as np
import torch
import torch.backends.cudnn as cudnn
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.fc1 = nn.Linear(4 * 4 * 4, hidden)
        self.fc2 = nn.Linear(hidden, 3)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm(self.conv(x))), 2)
        return F.log_softmax(self.fc2(F.relu(self.fc1(torch.flatten(x, 1)))), dim=1)


def fill(model):
    draw = np.random.RandomState(0)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.from_numpy(draw.uniform(-0.2, 0.2, tuple(p.shape)).astype(np.float32)))


def train(args, model, device, loader, optimizer):
    model.train()
    losses = []
    for data, target in loader:
        data, target = data.to(device), target.to(device)
        optimizer.zero_grad()
        loss = F.nll_loss(model(data), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test(model, device, loader):
    model.eval()
    correct = total = 0
    with torch.no_grad():
        for data, target in loader:
            output = model(data.to(device))
            total += F.nll_loss(output, target.to(device), reduction="sum").item()
            correct += output.argmax(dim=1, keepdim=True).eq(target.view_as(output[:, :1])).sum().item()
    return total, correct


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--no-cuda", action="store_true")
    parser.add_argument("--out", default=None)
    args = parser.parse_args()
    cudnn.benchmark = True
    torch.manual_seed(1)
    device = torch.device("cuda" if torch.cuda.is_available() and not args.no_cuda else "cpu")
    draw = np.random.RandomState(1)
    images = torch.from_numpy(draw.normal(size=(40, 1, 8, 8)).astype(np.float32))
    labels = torch.from_numpy(draw.randint(0, 3, 40))
    loader = DataLoader(TensorDataset(images, labels), batch_size=16, shuffle=False)
    model = Net(8).to(device)
    fill(model)
    optimizer = optim.SGD(model.parameters(), lr=args.lr, momentum=0.9, weight_decay=1e-3)
    scheduler = StepLR(optimizer, step_size=1, gamma=0.5)
    losses = []
    for _ in range(args.epochs):
        losses += train(args, model, device, loader, optimizer)
        scheduler.step()
    losses += list(test(model, device, loader))
    if args.out:
        path = os.path.join(args.out, "net.pt")
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, path)
        state = torch.load(path)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
    print(json.dumps(losses))


if __name__ == "__main__":
    main()
