#!/usr/bin/env python3
"""Times training steps on your own accelerator, with their peak of memory, and writes a row for each.

    profile-training.py -o steps.csv                 the shapes below, some minutes on one GPU
    profile-training.py -o steps.csv --only llama-3  those whose name begins so
    profile-training.py --dry-run                    a toy on the CPU, to see that everything works

Needs Python 3.9 and PyTorch 2.5, nothing else. Data and weights are random: only shapes matter. A step is as
Megatron-Core takes it on one accelerator: weights and activations in bf16, gradients of all microbatches added up in
fp32, fused AdamW on fp32 masters, blocks compiled, causal attention by PyTorch's fused kernels, `full` recomputes each
block from its input. The time is the median of repeated steps behind a warm-up, with half the distance between its
quartiles as spread; the peak is what PyTorch's allocator handed out at most, beside what it had reserved. A shape that
does not fit stays in the table as `out-of-memory`, for a model of memory should foretell it.

`make fidelity` judges the training model by such a table (tools/measured-training.csv); nothing is fitted to it.
"""

import argparse
import csv
import datetime
import gc
import statistics
import sys
import time

try:
    import torch
    import torch.nn.functional as F
    from torch import nn
    from torch.utils.checkpoint import checkpoint
except ImportError:
    sys.exit("profile-training.py needs PyTorch: https://pytorch.org/get-started")

COLUMNS = ["model", "layers", "hidden", "heads", "kv_heads", "head_size", "intermediate", "vocabulary", "gated",
           "tied_embeddings", "sequence", "microbatch", "global_batch", "recompute", "precision", "gpu", "software",
           "date", "step_time_s", "spread_s", "peak_allocated_gib", "peak_reserved_gib", "outcome"]

# layers, hidden, heads, key-value heads, head size, intermediate, vocabulary, gated, tied
SHAPES = {
    "gpt-125m": (12, 768, 12, 12, 64, 3072, 50304, False, True),
    "gpt-1.3b": (24, 2048, 16, 16, 128, 8192, 50304, False, True),
    "qwen3-0.6b": (28, 1024, 16, 8, 128, 3072, 151936, True, True),
    "llama-3.2-1b": (16, 2048, 32, 8, 64, 8192, 128256, True, True),
    "llama-3.2-3b": (28, 3072, 24, 8, 128, 8192, 128256, True, True),
    # Eight layers of a large model: the width of its products without its state.
    "llama-2-7b-8-layers": (8, 4096, 32, 32, 128, 11008, 32000, True, False),
    "llama-3.1-8b-4-layers": (4, 4096, 32, 8, 128, 14336, 128256, True, False),
    "llama-2-70b-2-layers": (2, 8192, 64, 8, 128, 28672, 32000, True, False),
    "toy": (2, 64, 4, 2, 16, 160, 512, True, True),
}
# model, sequence, microbatch, microbatches a step, recompute
RUNS = [
    ("llama-3.2-1b", 4096, 2, 1, "none"), ("llama-3.2-1b", 4096, 1, 1, "none"), ("llama-3.2-1b", 4096, 4, 1, "none"),
    ("llama-3.2-1b", 4096, 2, 4, "none"), ("llama-3.2-1b", 4096, 4, 1, "full"), ("llama-3.2-1b", 8192, 1, 1, "none"),
    ("llama-3.2-1b", 8192, 2, 1, "full"), ("llama-3.2-1b", 2048, 4, 1, "none"),
    ("gpt-1.3b", 2048, 4, 1, "none"), ("gpt-1.3b", 2048, 2, 4, "none"), ("gpt-1.3b", 2048, 8, 1, "full"),
    ("llama-2-7b-8-layers", 4096, 1, 1, "none"), ("llama-2-7b-8-layers", 4096, 2, 1, "none"),
    ("llama-2-7b-8-layers", 4096, 4, 1, "full"), ("llama-2-7b-8-layers", 4096, 1, 8, "none"),
    ("llama-3.1-8b-4-layers", 8192, 1, 1, "none"), ("llama-3.1-8b-4-layers", 8192, 1, 4, "full"),
    ("llama-2-70b-2-layers", 4096, 1, 1, "none"), ("llama-2-70b-2-layers", 4096, 2, 1, "full"),
    ("llama-3.2-3b", 4096, 1, 1, "full"), ("llama-3.2-3b", 2048, 1, 1, "none"), ("llama-3.2-3b", 4096, 4, 1, "none"),
    ("qwen3-0.6b", 4096, 2, 1, "none"), ("qwen3-0.6b", 4096, 4, 1, "none"), ("qwen3-0.6b", 4096, 4, 1, "full"),
    ("gpt-125m", 2048, 8, 1, "none"), ("gpt-125m", 2048, 16, 1, "none"), ("gpt-125m", 2048, 4, 8, "none"),
]


class Norm(nn.Module):
    """RMS norm, as Llama's."""

    def __init__(self, width, device):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width, device=device, dtype=torch.bfloat16))

    def forward(self, hidden):
        wide = hidden.float()
        return (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + 1e-5)).to(hidden.dtype) * self.weight


class Block(nn.Module):
    """One decoder layer with rotary positions and grouped queries."""

    def __init__(self, shape, device):
        super().__init__()
        _, hidden, heads, kv_heads, head_size, intermediate, _, gated, _ = shape
        self.heads, self.kv_heads, self.head_size, self.gated = heads, kv_heads, head_size, gated
        linear = lambda inputs, outputs: nn.Linear(inputs, outputs, bias=False, device=device, dtype=torch.bfloat16)
        self.before_attention, self.before_mlp = Norm(hidden, device), Norm(hidden, device)
        self.query_key_value = linear(hidden, (heads + 2 * kv_heads) * head_size)
        self.attention_output = linear(heads * head_size, hidden)
        self.up = linear(hidden, intermediate * (2 if gated else 1))
        self.down = linear(intermediate, hidden)

    @staticmethod
    def rotate(states, cosine, sine):
        first, second = states.chunk(2, dim=-1)
        return states * cosine + torch.cat((-second, first), dim=-1) * sine

    def forward(self, hidden, cosine, sine):
        batch, sequence, _ = hidden.shape
        sizes = [self.heads * self.head_size, self.kv_heads * self.head_size, self.kv_heads * self.head_size]
        split = self.query_key_value(self.before_attention(hidden)).split(sizes, dim=-1)
        query, key, value = (part.view(batch, sequence, -1, self.head_size).transpose(1, 2) for part in split)
        query, key = self.rotate(query, cosine, sine), self.rotate(key, cosine, sine)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True,
                                               enable_gqa=self.heads != self.kv_heads)
        hidden = hidden + self.attention_output(mixed.transpose(1, 2).reshape(batch, sequence, -1))
        wide = self.up(self.before_mlp(hidden))
        if self.gated:
            gate, wide = wide.chunk(2, dim=-1)
            return hidden + self.down(F.silu(gate) * wide)
        return hidden + self.down(F.gelu(wide, approximate="tanh"))


class Decoder(nn.Module):
    """Embedding, blocks, norm and the loss over the whole vocabulary."""

    def __init__(self, shape, device, compiled):
        super().__init__()
        layers, hidden, _, _, head_size, _, vocabulary, _, tied = shape
        self.embedding = nn.Embedding(vocabulary, hidden, device=device, dtype=torch.bfloat16)
        self.blocks = nn.ModuleList(Block(shape, device) for _ in range(layers))
        self.norm = Norm(hidden, device)
        self.head = self.embedding.weight if tied else nn.Parameter(
            torch.empty(vocabulary, hidden, device=device, dtype=torch.bfloat16).normal_(0, 0.02))
        self.head_size = head_size
        self.tail = torch.compile(self.loss) if compiled else self.loss
        if compiled:
            for block in self.blocks:
                block.compile()

    def loss(self, hidden, head, targets):
        logits = F.linear(self.norm(hidden), head).float()
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.view(-1))

    def forward(self, tokens, targets, recompute):
        sequence = tokens.shape[1]
        positions = torch.arange(sequence, device=tokens.device).float()
        bands = torch.arange(0, self.head_size, 2, device=tokens.device).float() / self.head_size
        angles = torch.outer(positions, 10000.0 ** -bands)
        angles = torch.cat((angles, angles), dim=-1)
        cosine, sine = angles.cos().bfloat16(), angles.sin().bfloat16()
        hidden = self.embedding(tokens)
        for block in self.blocks:
            if recompute == "full":
                hidden = checkpoint(block, hidden, cosine, sine, use_reentrant=False)
            else:
                hidden = block(hidden, cosine, sine)
        return self.tail(hidden, self.head, targets)


class Trainer:
    """Weights in bf16; sums of gradients, masters and moments in fp32."""

    def __init__(self, shape, device, compiled):
        self.device, self.vocabulary = device, shape[6]
        self.model = Decoder(shape, device, compiled)
        self.weights = list(self.model.parameters())
        self.masters = [weight.detach().float() for weight in self.weights]
        for weight, master in zip(self.weights, self.masters):
            master.grad = torch.zeros_like(master)
            weight.register_post_accumulate_grad_hook(self.adder(master))
        self.optimizer = torch.optim.AdamW(self.masters, lr=1e-5, fused=device == "cuda")

    @staticmethod
    def adder(master):
        def add(weight):
            master.grad.add_(weight.grad)
            weight.grad = None
        return add

    def step(self, sequence, microbatch, microbatches, recompute):
        for _ in range(microbatches):
            tokens = torch.randint(self.vocabulary, (microbatch, sequence + 1), device=self.device)
            loss = self.model(tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous(), recompute)
            loss.backward()
        self.optimizer.step()
        with torch.no_grad():
            torch._foreach_copy_(self.weights, self.masters)
            torch._foreach_zero_([master.grad for master in self.masters])


def measured(run, device, steps, compiled):
    """Step times in seconds and the peaks of memory in bytes."""
    model, sequence, microbatch, microbatches, recompute = run
    trainer = Trainer(SHAPES[model], device, compiled)
    wait = torch.cuda.synchronize if device == "cuda" else (lambda: None)
    for _ in range(3):
        trainer.step(sequence, microbatch, microbatches, recompute)
    wait()
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    times, started = [], time.perf_counter()
    while len(times) < steps or (time.perf_counter() - started < 2 and len(times) < 4 * steps):
        start = time.perf_counter()
        trainer.step(sequence, microbatch, microbatches, recompute)
        wait()
        times.append(time.perf_counter() - start)
    if device != "cuda":
        return times, 0, 0
    return times, torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved()


def row(run, device, steps, compiled):
    model, sequence, microbatch, microbatches, recompute = run
    layers, hidden, heads, kv_heads, head_size, intermediate, vocabulary, gated, tied = SHAPES[model]
    gpu = torch.cuda.get_device_name() if device == "cuda" else "cpu"
    cells = [model, layers, hidden, heads, kv_heads, head_size, intermediate, vocabulary, str(gated).lower(),
             str(tied).lower(), sequence, microbatch, microbatch * microbatches, recompute, "bf16", gpu,
             f"torch {torch.__version__}", datetime.date.today().isoformat()]
    try:
        times, allocated, reserved = measured(run, device, steps, compiled)
    except torch.cuda.OutOfMemoryError:
        return cells + ["", "", "", "", "out-of-memory"]
    spread = 0.0
    if len(times) > 3:
        lower, _, upper = statistics.quantiles(times, n=4)
        spread = (upper - lower) / 2
    gib = 2.0 ** 30
    return cells + [f"{statistics.median(times):.6g}", f"{spread:.3g}", f"{allocated / gib:.4g}",
                    f"{reserved / gib:.4g}", "ran"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", default="-", help="the table; - is standard output")
    parser.add_argument("--only", default="", help="models whose name begins so")
    parser.add_argument("--steps", type=int, default=8, help="steps that are timed, at least")
    parser.add_argument("--limit", type=float, default=1e9, help="seconds after which no further shape is begun")
    parser.add_argument("--dry-run", action="store_true", help="a toy on the CPU, not compiled")
    arguments = parser.parse_args()
    device = "cpu" if arguments.dry_run else "cuda"
    if device == "cuda" and not torch.cuda.is_available():
        sys.exit("no accelerator that PyTorch sees; --dry-run shows what would happen")
    runs = [("toy", 32, 2, 2, "none"), ("toy", 32, 2, 1, "full")] if arguments.dry_run else RUNS
    output = sys.stdout if arguments.output == "-" else open(arguments.output, "w", newline="", encoding="utf-8")
    table = csv.writer(output, lineterminator="\n")
    table.writerow(COLUMNS)
    began = time.perf_counter()
    for run in runs:
        if not run[0].startswith(arguments.only):
            continue
        if time.perf_counter() - began > arguments.limit:
            sys.exit("stopped at --limit; the table lacks the shapes from here: " + " ".join(map(str, run)))
        table.writerow(row(run, device, arguments.steps, compiled=device == "cuda"))
        output.flush()
        print(*run, f"{time.perf_counter() - began:.0f} s", file=sys.stderr)
        gc.collect()
        if device == "cuda":
            torch.cuda.empty_cache()
        torch.compiler.reset()


if __name__ == "__main__":
    main()
