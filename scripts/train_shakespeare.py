"""Trains a character GPT on Shakespeare, and writes some: `python scripts/train_shakespeare.py`.

An imperative PyTorch loop, `zero_grad(); loss.backward(); step()`, that `torch.compile` makes one XLA
executable; `--eager` runs the same script op by op, for the debugger. Sampling works on a window of fixed
size, so that it is one executable too, whatever the length of the text.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import xlagrad as xg
import xlagrad.torch as torch
import xlagrad.torch.nn as nn
import xlagrad.torch.nn.functional as F
from xlagrad.train.checkpoint import Checkpoints
from xlagrad.train.weights import save_weights

DATA = Path(__file__).parent / "data" / "tinyshakespeare.txt"


class Block(nn.Module):
    """Causal attention and a feed-forward layer, each after a normalisation and around a skip connection."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.dropout = nn.Dropout(dropout)

    def attention(self, x: torch.Tensor) -> torch.Tensor:
        batch, tokens, width = x.shape
        q, k, v = (
            z.view(batch, tokens, self.heads, -1).transpose(1, 2) for z in self.qkv(x).split(width, dim=2)
        )
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(y.transpose(1, 2).reshape(batch, tokens, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.dropout(self.attention(self.norm1(x)))
        return x + self.dropout(self.mlp(self.norm2(x)))


class CharGPT(nn.Module):
    """Logits of the next character at every position: tokens (batch, time) to (batch, time, vocabulary)."""

    def __init__(
        self, vocabulary: int, context: int, layers: int, width: int, heads: int, dropout: float
    ) -> None:
        super().__init__()
        self.context = context
        self.token = nn.Embedding(vocabulary, width)
        self.position = nn.Embedding(context, width)
        self.blocks = nn.Sequential(*[Block(width, heads, dropout) for _ in range(layers)])
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        for p in self.parameters():
            if p.ndim == 2:
                nn.init.normal_(p, std=0.02)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.token(tokens) + self.position(torch.arange(tokens.shape[1], device=tokens.device))
        return self.head(self.norm(self.blocks(x)))


class Text:
    """The characters as numbers: nine tenths to train on, the last tenth to validate."""

    def __init__(self, path: Path, device: str | None) -> None:
        text = path.read_text(encoding="utf-8")
        self.characters = sorted(set(text))
        self.number = {c: i for i, c in enumerate(self.characters)}
        data = torch.tensor([self.number[c] for c in text], device=device)
        self.train, self.valid = data[: len(data) * 9 // 10], data[len(data) * 9 // 10 :]

    def decode(self, numbers: list[int]) -> str:
        return "".join(self.characters[n] for n in numbers)


def random_batch(data: torch.Tensor, batch: int, context: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Windows at random places: (inputs, the same one character later)."""
    start = torch.randint(0, len(data) - context, (batch, 1), device=data.device)
    places = start + torch.arange(context + 1, device=data.device)
    windows = data[places]
    return windows[:, :-1], windows[:, 1:]


def loss_of(model: CharGPT, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy of the next character, in nats."""
    logits = model(x)
    return F.cross_entropy(logits.view(-1, logits.shape[-1]), y.reshape(-1))


class Sampler:
    """Writes text: one compiled call per character on a window of the model's full context."""

    def __init__(self, model: CharGPT, text: Text) -> None:
        self.model, self.text = model, text
        self.next = torch.compile(self._next)

    @torch.no_grad()
    def _next(self, window: torch.Tensor, last: torch.Tensor, temperature: torch.Tensor) -> torch.Tensor:
        # What stands right of `last` cannot be seen from there: attention is causal.
        logits = self.model(window).index_select(1, last)[0, 0] / temperature
        return torch.multinomial(F.softmax(logits, dim=-1), 1)

    def write(self, prompt: str, length: int, temperature: float) -> str:
        """The prompt and `length` characters after it."""
        context, device = self.model.context, self.text.train.device
        numbers = [self.text.number[c] for c in prompt]
        was_training = self.model.training
        self.model.eval()
        heat = torch.tensor(temperature, device=device)
        for _ in range(length):
            seen = numbers[-context:]
            window = torch.tensor([seen + [0] * (context - len(seen))], device=device)
            last = torch.tensor([len(seen) - 1], device=device)
            numbers.append(self.next(window, last, heat).item())
        self.model.train(was_training)
        return self.text.decode(numbers)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--stop", type=int, help="end after so many steps, to go on later with --resume")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--context", type=int, default=64)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--every", type=int, default=100, help="steps between validations")
    parser.add_argument("--sample", type=int, default=400, help="characters to write at the end")
    parser.add_argument("--prompt", default="ROMEO:\n")
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", help="cpu, cuda or tpu; the fastest there is if not given")
    parser.add_argument("--eager", action="store_true", help="run op by op: breakpoints and prints work")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    parser.add_argument("--out", type=Path, default=Path("runs/shakespeare"))
    return parser.parse_args()


class Run:
    """What a run consists of, to be saved and restored as a whole."""

    def __init__(self, options: argparse.Namespace, text: Text) -> None:
        sizes = (options.context, options.layers, options.width, options.heads, options.dropout)
        self.model = CharGPT(len(text.characters), *sizes)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=options.lr, weight_decay=0.1)
        total = max(options.steps + 1, 2)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(self.optimizer, options.lr, total, pct_start=0.05)
        self.step = 0
        self.checkpoints = Checkpoints(options.out / "checkpoints", keep=1)

    def save(self) -> None:
        """Write everything that the next step depends on, the random state included."""
        parts = {"model": self.model, "optimizer": self.optimizer, "schedule": self.schedule}
        state = {name: part.state_dict() for name, part in parts.items()}
        self.checkpoints.save(self.step, {**state, "random": torch.get_rng_state(), "step": self.step})

    def restore(self) -> None:
        """Go on where the newest checkpoint stood."""
        state = self.checkpoints.restore()
        for name in ("model", "optimizer", "schedule"):
            getattr(self, name).load_state_dict(state[name])
        torch.set_rng_state(state["random"])
        self.step = state["step"]


def train(options: argparse.Namespace, text: Text, run: Run) -> None:
    """The loop: compiled steps, a validation and a checkpoint now and then."""
    model, optimizer = run.model, run.optimizer

    @torch.compile
    def step() -> torch.Tensor:
        optimizer.zero_grad()
        loss = loss_of(model, *random_batch(text.train, options.batch, options.context))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.detach()

    @torch.compile
    def validate() -> torch.Tensor:
        with torch.no_grad():
            return loss_of(model, *random_batch(text.valid, 4 * options.batch, options.context))

    shown, start = run.step, time.perf_counter()
    for i in range(run.step + 1, min(options.stop or options.steps, options.steps) + 1):
        loss = step()
        run.schedule.step()
        run.step = i
        if i in (1, options.stop, options.steps) or i % options.every == 0:
            model.eval()
            held_out = validate().item()
            model.train()
            speed = (i - shown) * options.batch * options.context / (time.perf_counter() - start)
            losses = f"loss {loss.item():.3f}  held out {held_out:.3f}"
            print(f"step {i:5d}  {losses}  {speed:,.0f} characters/s", flush=True)
            run.save()
            shown, start = i, time.perf_counter()


def main() -> None:
    """Trains, saves, writes."""
    options = parse()
    xg.eager(options.eager)
    torch.manual_seed(options.seed)
    if options.device:
        torch.set_default_device(options.device)
    text = Text(DATA, options.device)
    run = Run(options, text)
    if options.resume:
        run.restore()
    count = sum(p.numel() for p in run.model.parameters())
    print(f"{count:,} parameters, {len(text.train):,} characters, device {text.train.device}", flush=True)
    train(options, text, run)
    weights = options.out / "model.safetensors"
    save_weights(run.model, weights)
    print(f"\n{Sampler(run.model, text).write(options.prompt, options.sample, options.temperature)}\n")
    print(f"weights: {weights}, checkpoint: {run.checkpoints.directory}")


if __name__ == "__main__":
    main()
