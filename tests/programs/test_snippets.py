"""The first things a person who knows PyTorch types, exactly as they type them."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

SNIPPETS = {
    "linear": (
        """
        import xlagrad.torch as torch
        x = torch.randn(64, 1000)
        linear = torch.nn.Linear(1000, 10)
        y = linear(x)
        print(y.shape)
        """,
        "torch.Size([64, 10])",
    ),
    "backward": (
        """
        import xlagrad.torch as torch
        x = torch.tensor([2.0], requires_grad=True)
        y = x**2 + 3*x + 1
        z = y.mean()
        z.backward()
        print(x.grad)          # tensor([7.])
        """,
        "tensor([7.])",
    ),
    "import from": (
        """
        import xlagrad.torch as torch
        import xlagrad.torch.nn as nn
        import xlagrad.torch.nn.functional as F
        import xlagrad.torch.optim as optim
        from xlagrad.torch import nn as nn2
        from xlagrad.torch.utils.data import DataLoader, TensorDataset
        from xlagrad.torch.optim.lr_scheduler import StepLR
        assert nn2 is nn is torch.nn and F is nn.functional and optim is torch.optim
        device = "cuda" if torch.cuda.is_available() else "cpu"
        print(F.relu(torch.tensor([-1.0, 2.0], device=device)).tolist(), StepLR.__name__)
        """,
        "[0.0, 2.0] StepLR",
    ),
}


@pytest.mark.parametrize("name", SNIPPETS)
def test_snippet_prints_what_torch_prints(name: str) -> None:
    code, printed = SNIPPETS[name]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
    )
    assert done.stderr == "" and done.returncode == 0
    assert done.stdout.strip() == printed
