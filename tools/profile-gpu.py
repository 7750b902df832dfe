#!/usr/bin/env python3
"""Times a model's kernels and whole steps on your own accelerator and writes a kernel table (docs/kernel-table.md).

    profile-gpu.py --model config.json -o table.csv             some minutes on one GPU
    profile-gpu.py --model config.json --tensor 2 -o table.csv  one GPU's share of two; all-reduces if both are there
    profile-gpu.py --layers 32 --hidden 4096 --heads 32 --kv-heads 8 --intermediate 14336 --vocabulary 128256 --quick
    profile-gpu.py --dry-run                                    a toy model on the CPU, to see that everything works

Needs Python 3.9 and PyTorch 2.5, nothing else. Weights are random: only their shapes matter. Each time is the median
of repeated measurements after a warm-up, with half the distance between its quartiles as spread, and comes from a
captured CUDA graph where one can be captured, so that launches are not in it. Operands are rotated through more
memory than the caches hold. Sizes that would not fit the free memory are left out. Whole steps are timed where one
accelerator holds the whole model's layers; with --tensor they would lack their all-reduces. All sequences of a batch
are equally long; the batches of a server are not, which costs them some per cent more. Kernels are PyTorch's: an
engine fuses the small ones.
"""

import argparse
import datetime
import json
import math
import os
import statistics
import subprocess
import sys
import time

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    sys.exit("profile-gpu.py needs PyTorch: https://pytorch.org/get-started")

COLUMNS = ["kind", "layer", "tensor", "tokens", "prefix", "sequences", "context", "bytes", "devices", "time_us",
           "spread_us"]
# Of activations and the cache; "fp8" weights are multiplied with activations of 8 bits and give 16.
DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32, "fp8": torch.bfloat16}


class Shape:
    """What a step's cost depends on: the widths of the model, and the share of them that one accelerator holds."""

    KEYS = {"layers": "num_hidden_layers", "hidden": "hidden_size", "heads": "num_attention_heads",
            "kv_heads": "num_key_value_heads", "head_size": "head_dim", "intermediate": "intermediate_size",
            "vocabulary": "vocab_size", "experts_per_token": "num_experts_per_tok",
            "expert_intermediate": "moe_intermediate_size"}
    EXPERTS = ["num_local_experts", "num_experts", "n_routed_experts"]
    TOY = {"layers": 4, "hidden": 64, "heads": 4, "kv_heads": 2, "intermediate": 160, "vocabulary": 512}

    def __init__(self, arguments):
        config = {}
        if arguments.model:
            with open(arguments.model, encoding="utf-8") as file:
                config = json.load(file)
            config = config.get("text_config", config)
        for name, key in self.KEYS.items():
            setattr(self, name, getattr(arguments, name) or config.get(key))
        self.experts = arguments.experts or next((config[key] for key in self.EXPERTS if config.get(key)), 0)
        if arguments.dry_run and not self.layers:
            for name, value in self.TOY.items():
                setattr(self, name, value)
        absent = [name for name in ("layers", "hidden", "heads") if not getattr(self, name)]
        if absent:
            sys.exit(f"give --model config.json, or at least --{' --'.join(absent)}")
        if config.get("kv_lora_rank"):
            sys.exit("multi-head latent attention has kernels of its own that this script does not have")
        self.kv_heads = self.kv_heads or self.heads
        self.head_size = self.head_size or self.hidden // self.heads
        self.intermediate = self.intermediate or 4 * self.hidden
        self.vocabulary = self.vocabulary or 32000
        self.experts_per_token = min(self.experts_per_token or 1, self.experts or 1)
        self.expert_intermediate = self.expert_intermediate or self.intermediate
        self.shared_intermediate = (config.get("shared_expert_intermediate_size")
                                    or (config.get("n_shared_experts") or 0) * self.expert_intermediate)
        self.has_dense_layers = bool(not self.experts or config.get("first_k_dense_replace")
                                     or config.get("mlp_only_layers"))
        if self.experts and arguments.weights == "fp8":
            sys.exit("experts in fp8 have kernels of their own that this script does not have; give --weights bf16")
        self.gated = not arguments.no_gate
        # The share of one accelerator.
        self.tensor = arguments.tensor
        self.own_heads = max(1, self.heads // self.tensor)
        self.own_kv_heads = max(1, self.kv_heads // self.tensor)
        self.own_intermediate = max(1, self.intermediate // self.tensor)
        self.own_expert_intermediate = max(1, self.expert_intermediate // self.tensor)
        self.own_vocabulary = max(1, self.vocabulary // self.tensor)

    @property
    def qkv_width(self):
        return (self.own_heads + 2 * self.own_kv_heads) * self.head_size

    @property
    def gates(self):
        return 2 if self.gated else 1

    def layer_weights(self):
        """Elements of one layer's matrices on one accelerator."""
        attention = self.hidden * (self.qkv_width + self.own_heads * self.head_size)
        if self.experts:
            return attention + self.experts * self.hidden * self.own_expert_intermediate * (self.gates + 1)
        return attention + self.hidden * self.own_intermediate * (self.gates + 1)

    def kv_elements(self):
        """Elements that one token keeps in one layer."""
        return 2 * self.own_kv_heads * self.head_size


class Device:
    """Where it is measured: how to wait for it, how to time it, how much fits."""

    def __init__(self, arguments):
        self.is_cuda = not arguments.dry_run and torch.cuda.is_available()
        if not self.is_cuda and not arguments.dry_run:
            sys.exit("no GPU is visible to PyTorch; --dry-run tries the script on the CPU")
        self.torch = torch.device("cuda", 0) if self.is_cuda else torch.device("cpu")
        self.is_fp8 = arguments.weights == "fp8"
        self.dtype = DTYPES[arguments.weights if self.is_cuda or self.is_fp8 else "fp32"]
        self.bytes = torch.empty((), dtype=self.dtype).element_size()
        self.weight_bytes = 1 if self.is_fp8 else self.bytes
        self.repeats = 5 if arguments.quick or arguments.dry_run else 15
        self.span_us = 500 if arguments.quick or arguments.dry_run else 2000
        self.graphs = 0
        self.loops = 0
        self.one = torch.ones((), device=self.torch)
        if self.is_cuda:
            torch.cuda.set_device(0)
            properties = torch.cuda.get_device_properties(0)
            self.cache = max(32 << 20, getattr(properties, "L2_cache_size", 0))
        else:
            # One thread: a dry run shall disturb nobody, and be disturbed by few.
            torch.set_num_threads(1)
            self.cache = 1 << 20

    def free(self):
        """Bytes that may be taken: four fifths of what is free."""
        if not self.is_cuda:
            return 1 << 28
        torch.cuda.empty_cache()
        return int(torch.cuda.mem_get_info(0)[0] * 0.8)

    def copies(self, size):
        """Operands of that many bytes to rotate through, so that none is found in a cache."""
        return max(1, min(64, math.ceil(3 * self.cache / max(1, size))))

    def random(self, *shape):
        return torch.empty(*shape, device=self.torch, dtype=self.dtype).normal_(0, 0.02)

    def matrix(self, width, depth):
        """A layer's weights, in the precision of weights."""
        weights = self.random(width, depth)
        return weights.to(torch.float8_e4m3fn) if self.is_fp8 else weights

    def narrow(self, x):
        """Activations as the products of layers take them; engines do it in the kernel before."""
        return x.to(torch.float8_e4m3fn) if self.is_fp8 else x

    def product(self, x, weights):
        """What `narrow` gave times a layer's weights, with one scale a tensor where both have 8 bits."""
        if not self.is_fp8:
            return F.linear(x, weights)
        return torch._scaled_mm(x, weights.t(), scale_a=self.one, scale_b=self.one, out_dtype=self.dtype,
                                use_fast_accum=True)

    def synchronize(self):
        if self.is_cuda:
            torch.cuda.synchronize()

    def capture(self, calls):
        """One function that makes all the calls: a captured graph, or a loop where they cannot be captured."""
        def loop():
            for call in calls:
                call()
        if self.is_cuda:
            stream = torch.cuda.Stream()
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                loop()
                loop()
            torch.cuda.current_stream().wait_stream(stream)
            self.synchronize()
            try:
                graph = torch.cuda.CUDAGraph()
                with torch.cuda.graph(graph):
                    loop()
                self.graphs += 1
                return graph.replay
            except torch.cuda.OutOfMemoryError:
                raise
            except RuntimeError:
                self.synchronize()
        self.loops += 1
        return loop

    def elapsed_us(self, run, count):
        if self.is_cuda:
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
            for _ in range(count):
                run()
            end.record()
            end.synchronize()
            return start.elapsed_time(end) * 1000
        start = time.perf_counter()
        for _ in range(count):
            run()
        return (time.perf_counter() - start) * 1e6

    def measure(self, calls):
        """Median and spread [us] of one of the calls, which are alike."""
        with torch.inference_mode():
            run = self.capture(calls)
            self.elapsed_us(run, 2)
            once = max(0.1, self.elapsed_us(run, 1))
            count = max(1, min(1000, math.ceil(self.span_us / once)))
            samples = sorted(self.elapsed_us(run, count) / count / len(calls) for _ in range(self.repeats))
        quarter = len(samples) // 4
        return statistics.median(samples), (samples[-1 - quarter] - samples[quarter]) / 2


class Table:
    def __init__(self, tensor):
        self.tensor = tensor
        self.rows = []
        self.skipped = []

    def add(self, timing, kind, **sizes):
        row = {"kind": kind, "tensor": self.tensor, **sizes, "time_us": f"{max(0.001, timing[0]):.4g}",
               "spread_us": f"{timing[1]:.2g}"}
        if kind == "all_reduce":
            del row["tensor"]
        self.rows.append(row)
        print(" ".join(f"{key}={value}" for key, value in row.items()), file=sys.stderr)

    def attempt(self, what, measure):
        """Runs a measurement; one that fails, for want of memory or of a kernel, is left out and said so."""
        try:
            measure()
        except RuntimeError as error:
            reason = "out of memory" if isinstance(error, torch.cuda.OutOfMemoryError) else str(error).split("\n")[0]
            self.skipped.append(f"{what} ({reason[:80]})")
            print(f"left out: {self.skipped[-1]}", file=sys.stderr)

    def write(self, path, comments):
        lines = [f"# {key}: {value}" for key, value in comments] + [",".join(COLUMNS)]
        lines += [",".join(str(row.get(column, "")) for column in COLUMNS) for row in self.rows]
        text = "\n".join(lines) + "\n"
        if path:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        else:
            sys.stdout.write(text)


# Pieces of a transformer, as plain functions.

def add_and_norm(x, residual, weight):
    residual = residual + x
    return F.rms_norm(residual, (residual.shape[-1],), weight), residual


def gated_activation(x, gated):
    if not gated:
        return F.gelu(x)
    gate, up = x.chunk(2, dim=-1)
    return F.silu(gate) * up


def rotate(x, cosine, sine):
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cosine - second * sine, second * cosine + first * sine), dim=-1)


fused = {"prompts": True}


def prompt_attention(q, k, v):
    """Queries [heads, chunk, size] over keys of a cached prefix and their own chunk, each head group sharing one."""
    chunk, total = q.shape[-2], k.shape[-2]
    shared = q.shape[-3] != k.shape[-3]
    if chunk == total:
        return F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=shared)
    if q.is_cuda and fused["prompts"]:
        try:
            # The same kernel that the bias below leads to, without widening the keys to all heads first.
            return torch.ops.aten._scaled_dot_product_flash_attention(q, k, v, 0.0, True, False)[0]
        except (AttributeError, RuntimeError, TypeError):
            fused["prompts"] = False
    from torch.nn.attention.bias import causal_lower_right
    if shared:
        # The bias of a chunk behind a prefix wants as many key heads as query heads.
        times = q.shape[-3] // k.shape[-3]
        k, v = k.repeat_interleave(times, dim=-3), v.repeat_interleave(times, dim=-3)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=causal_lower_right(chunk, total))


def decode_attention(q, k, v):
    """One query a sequence [sequences, heads, 1, size]: the heads of a group are rows of one product."""
    sequences, heads, _, size = q.shape
    grouped = q.view(sequences, k.shape[1], heads // k.shape[1], size)
    return F.scaled_dot_product_attention(grouped, k, v).view(sequences, heads, 1, size)


def sample(logits):
    probabilities = torch.softmax(logits.float(), dim=-1)
    return probabilities.div_(torch.empty_like(probabilities).exponential_(1)).argmax(dim=-1)


# Kernels.

def time_products(device, shape, table, tokens_list):
    layers = [("qkv", shape.qkv_width, shape.hidden), ("o", shape.hidden, shape.own_heads * shape.head_size)]
    if shape.has_dense_layers:
        layers += [("gate_up", shape.gates * shape.own_intermediate, shape.hidden),
                   ("down", shape.hidden, shape.own_intermediate)]
    for layer, width, depth in layers:
        weights = [device.matrix(width, depth) for _ in range(device.copies(width * depth * device.weight_bytes))]
        for tokens in tokens_list:
            x = device.narrow(device.random(tokens, depth))
            table.attempt(f"{layer} {tokens}", lambda: table.add(
                device.measure([lambda w=w: device.product(x, w) for w in weights]), "dense", layer=layer,
                tokens=tokens))


def time_small_layers(device, shape, table, tokens_list):
    weight = device.random(shape.hidden)
    embedding = device.random(shape.own_vocabulary, shape.hidden)
    for tokens in tokens_list:
        x, residual = device.random(tokens, shape.hidden), device.random(tokens, shape.hidden)
        wide = device.random(tokens, shape.gates * shape.own_intermediate)
        q = device.random(tokens, shape.own_heads, shape.head_size)
        k = device.random(tokens, shape.own_kv_heads, shape.head_size)
        cosine, sine = device.random(tokens, 1, shape.head_size // 2), device.random(tokens, 1, shape.head_size // 2)
        ids = torch.randint(0, shape.own_vocabulary, (tokens,), device=device.torch)
        calls = {
            "norm": lambda: add_and_norm(x, residual, weight),
            "final_norm": lambda: add_and_norm(x, residual, weight),
            "activation": lambda: gated_activation(wide, shape.gated),
            "rotary": lambda: (rotate(q, cosine, sine), rotate(k, cosine, sine)),
            "embedding": lambda: F.embedding(ids, embedding),
        }
        if not shape.has_dense_layers:
            del calls["activation"]  # that of experts is timed with them
        for layer, call in calls.items():
            table.attempt(f"{layer} {tokens}", lambda: table.add(
                device.measure([call]), "dense", layer=layer, tokens=tokens))


def time_experts(device, shape, table, tokens_list):
    """Experts that tokens visit at random, each with an equal share of them, as two batched products; those that
    every token visits as two plain ones."""
    if not shape.experts:
        return
    shared = max(1, shape.shared_intermediate // shape.tensor) if shape.shared_intermediate else 0
    for tokens in tokens_list if shared else []:
        x = device.random(tokens, shape.hidden)
        first, second = device.random(shape.gates * shared, shape.hidden), device.random(shape.hidden, shared)
        table.attempt(f"shared {tokens}", lambda: table.add(device.measure([
            lambda: F.linear(gated_activation(F.linear(x, first), shape.gated), second)]), "dense", layer="shared",
            tokens=tokens))
    count, width = shape.experts, shape.own_expert_intermediate
    up = device.random(count, shape.hidden, shape.gates * width)
    down = device.random(count, width, shape.hidden)
    for tokens in tokens_list:
        visited = max(1, round(count * (1 - (1 - shape.experts_per_token / count) ** tokens)))
        rows = math.ceil(tokens * shape.experts_per_token / visited)
        x = device.random(visited, rows, shape.hidden)
        starts = range(0, count - visited + 1, visited)[:8]

        def call(start):
            inner = gated_activation(torch.bmm(x, up[start:start + visited]), shape.gated)
            return torch.bmm(inner, down[start:start + visited])
        table.attempt(f"moe {tokens}", lambda: table.add(
            device.measure([lambda s=s: call(s) for s in starts]), "moe", tokens=tokens))


def time_heads(device, shape, table, sequences_list):
    weights = [device.random(shape.own_vocabulary, shape.hidden)
               for _ in range(device.copies(shape.own_vocabulary * shape.hidden * device.bytes))]
    for sequences in sequences_list:
        x = device.random(sequences, shape.hidden)
        logits = device.random(sequences, shape.vocabulary)
        table.attempt(f"lm_head {sequences}", lambda: table.add(
            device.measure([lambda w=w: F.linear(x, w) for w in weights]), "per_sequence", layer="lm_head",
            sequences=sequences))
        table.attempt(f"sampler {sequences}", lambda: table.add(
            device.measure([lambda: sample(logits)]), "per_sequence", layer="sampler", sequences=sequences))


def time_attention(device, shape, table, grid):
    per_token = shape.kv_elements() * device.bytes
    for chunk in grid.chunks:
        for prefix in grid.prefixes:
            total = chunk + prefix
            # Keys may be widened to all heads, and so may what is written.
            expected = 4 * total * (per_token + 2 * shape.own_heads * shape.head_size * device.bytes)
            if expected > device.free():
                table.skipped.append(f"attention of {chunk} behind {prefix} (memory)")
                continue

            def prompt():
                q = device.random(1, shape.own_heads, chunk, shape.head_size)
                k = device.random(1, shape.own_kv_heads, total, shape.head_size)
                table.add(device.measure([lambda: prompt_attention(q, k, k)]), "attention", tokens=chunk, prefix=prefix)
            table.attempt(f"attention of {chunk} behind {prefix}", prompt)
    for sequences in grid.sequences:
        for context in grid.contexts:
            size = sequences * context * per_token
            if 2 * size > device.free():
                table.skipped.append(f"attention of {sequences} x {context} (memory)")
                continue

            def decode():
                q = device.random(sequences, shape.own_heads, 1, shape.head_size)
                caches = [device.random(2, sequences, shape.own_kv_heads, context, shape.head_size)
                          for _ in range(min(8, device.copies(size)))]
                timing = device.measure([lambda c=c: decode_attention(q, c[0], c[1]) for c in caches])
                table.add(timing, "attention", sequences=sequences, context=sequences * context)
            table.attempt(f"attention of {sequences} x {context}", decode)


# Whole steps.

class Model:
    """A model of random weights. Layers take turns with as many sets of weights as the caches cannot hold, so that
    the full depth runs in little memory."""

    def __init__(self, device, shape):
        self.device, self.shape = device, shape
        size = shape.layer_weights() * device.weight_bytes
        ends = 2 * shape.own_vocabulary * shape.hidden * device.bytes
        room = int((device.free() * 0.6 - ends) / max(1, size))
        sets = min(shape.layers, device.copies(size) + 1, room)
        if sets < 1:
            raise RuntimeError("not even one layer fits")
        self.sets = [self.weights() for _ in range(sets)]
        self.embedding = device.random(shape.own_vocabulary, shape.hidden)
        self.head = device.random(shape.own_vocabulary, shape.hidden)
        self.norm = device.random(shape.hidden)

    def weights(self):
        device, shape = self.device, self.shape
        layer = {"norm": device.random(shape.hidden), "qkv": device.matrix(shape.qkv_width, shape.hidden),
                 "o": device.matrix(shape.hidden, shape.own_heads * shape.head_size)}
        if shape.experts:
            width = shape.own_expert_intermediate
            layer["up"] = device.random(shape.experts, shape.hidden, shape.gates * width)
            layer["down"] = device.random(shape.experts, width, shape.hidden)
        else:
            layer["up"] = device.matrix(shape.gates * shape.own_intermediate, shape.hidden)
            layer["down"] = device.matrix(shape.hidden, shape.own_intermediate)
        return layer

    def product(self, x, weights):
        return self.device.product(self.device.narrow(x), weights)

    def feed_forward(self, x, layer):
        shape = self.shape
        if not shape.experts:
            return self.product(gated_activation(self.product(x, layer["up"]), shape.gated), layer["down"])
        tokens = x.shape[0]
        visited = max(1, round(shape.experts * (1 - (1 - shape.experts_per_token / shape.experts) ** tokens)))
        rows = math.ceil(tokens * shape.experts_per_token / visited)
        routed = x.repeat(math.ceil(visited * rows / tokens), 1)[:visited * rows].view(visited, rows, -1)
        inner = gated_activation(torch.bmm(routed, layer["up"][:visited]), shape.gated)
        out = torch.bmm(inner, layer["down"][:visited]).view(visited * rows, -1)
        return out[:tokens] if out.shape[0] >= tokens else out.repeat(math.ceil(tokens / out.shape[0]), 1)[:tokens]

    def run(self, ids, positions, attend, outputs):
        """One step over `ids`; `attend` writes keys and values to the cache and reads it."""
        shape = self.shape
        cosine, sine = positions
        x = F.embedding(ids, self.embedding)
        residual = torch.zeros_like(x)
        for number in range(shape.layers):
            layer = self.sets[number % len(self.sets)]
            x, residual = add_and_norm(x, residual, layer["norm"])
            qkv = self.product(x, layer["qkv"]).view(-1, shape.own_heads + 2 * shape.own_kv_heads, shape.head_size)
            q, k, v = qkv.split([shape.own_heads, shape.own_kv_heads, shape.own_kv_heads], dim=1)
            x = attend(number, rotate(q, cosine, sine), rotate(k, cosine, sine), v)
            x = self.product(x, layer["o"])
            x, residual = add_and_norm(x, residual, layer["norm"])
            x = self.feed_forward(x, layer)
        x, _ = add_and_norm(x, residual, self.norm)
        return sample(F.linear(x[outputs], self.head))

    def positions(self, tokens):
        half = self.shape.head_size // 2
        return self.device.random(tokens, 1, half), self.device.random(tokens, 1, half)

    def ids(self, tokens):
        return torch.randint(0, self.shape.own_vocabulary, (tokens,), device=self.device.torch)


def time_decode_step(device, shape, table, model, sequences, context):
    size = sequences * context * shape.kv_elements() * device.bytes
    copies = min(shape.layers, device.copies(size))
    if copies * size > device.free():
        table.skipped.append(f"decode step of {sequences} x {context} (memory)")
        return
    caches = [device.random(2, sequences, shape.own_kv_heads, context, shape.head_size) for _ in range(copies)]
    ids, positions = model.ids(sequences), model.positions(sequences)
    outputs = torch.arange(sequences, device=device.torch)

    def attend(number, q, k, v):
        cache = caches[number % copies]
        cache[0][:, :, -1] = k
        cache[1][:, :, -1] = v
        out = decode_attention(q.unsqueeze(2), cache[0], cache[1])
        return out.reshape(sequences, -1)
    timing = device.measure([lambda: model.run(ids, positions, attend, outputs)])
    table.add(timing, "decode_step", sequences=sequences, context=sequences * context)


def time_prefill_step(device, shape, table, model, tokens, prefix):
    total = tokens + prefix
    size = 4 * total * (shape.kv_elements() + 2 * shape.own_heads * shape.head_size) * device.bytes
    wide = 4 * tokens * shape.gates * max(shape.own_intermediate, shape.hidden) * device.bytes
    if size + wide > device.free():
        table.skipped.append(f"prefill step of {tokens} behind {prefix} (memory)")
        return
    cache = device.random(2, 1, shape.own_kv_heads, total, shape.head_size)
    ids, positions = model.ids(tokens), model.positions(tokens)
    outputs = torch.tensor([tokens - 1], device=device.torch)

    def attend(number, q, k, v):
        cache[0][0, :, prefix:] = k.transpose(0, 1)
        cache[1][0, :, prefix:] = v.transpose(0, 1)
        out = prompt_attention(q.transpose(0, 1).unsqueeze(0), cache[0], cache[1])
        return out.squeeze(0).transpose(0, 1).reshape(tokens, -1)
    timing = device.measure([lambda: model.run(ids, positions, attend, outputs)])
    table.add(timing, "prefill_step", tokens=tokens, prefix=prefix)


def time_steps(device, shape, table, grid):
    model = Model(device, shape)
    for sequences in grid.sequences:
        for context in grid.contexts:
            table.attempt(f"decode step of {sequences} x {context}", lambda: time_decode_step(
                device, shape, table, model, sequences, context))
    for tokens in grid.step_tokens:
        for prefix in grid.step_prefixes:
            table.attempt(f"prefill step of {tokens} behind {prefix}", lambda: time_prefill_step(
                device, shape, table, model, tokens, prefix))


# All-reduce among the visible GPUs.

def all_reduce_worker(rank, devices, sizes, repeats, port, results):
    import torch.distributed as distributed
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.cuda.set_device(rank)
    distributed.init_process_group("nccl", rank=rank, world_size=devices)
    for size in sizes:
        data = torch.ones(size // 2, device=f"cuda:{rank}", dtype=torch.bfloat16)
        samples = []
        for repeat in range(repeats + 3):
            distributed.barrier()
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
            for _ in range(10):
                distributed.all_reduce(data)
            end.record()
            end.synchronize()
            if repeat >= 3:
                samples.append(start.elapsed_time(end) * 100)
        if rank == 0:
            samples.sort()
            quarter = len(samples) // 4
            results.put((size, statistics.median(samples), (samples[-1 - quarter] - samples[quarter]) / 2))
    distributed.destroy_process_group()


def time_all_reduce(device, table, quick):
    visible = torch.cuda.device_count() if device.is_cuda else 0
    sizes = [1 << power for power in range(10, 29, 3 if quick else 1)]
    for devices in [count for count in (2, 4, 8, 16) if count <= visible]:
        context = torch.multiprocessing.get_context("spawn")
        results = context.SimpleQueue()
        torch.multiprocessing.spawn(
            all_reduce_worker, args=(devices, sizes, device.repeats, 29500 + devices, results), nprocs=devices)
        while not results.empty():
            size, median, spread = results.get()
            table.add((median, spread), "all_reduce", bytes=size, devices=devices)


class Grid:
    """Which sizes are measured."""

    def __init__(self, arguments):
        def powers(first, last, step):
            values, value = [], first
            while value < last:
                values.append(value)
                value *= step
            return values + [last]
        step = 4 if arguments.quick or arguments.dry_run else 2
        tokens, sequences, context = arguments.max_tokens, arguments.max_sequences, arguments.max_context
        if arguments.dry_run:
            tokens, sequences, context = min(tokens, 128), min(sequences, 8), min(context, 256)
        self.tokens = powers(1, tokens, step)
        if not (arguments.quick or arguments.dry_run):
            # Matrix units work in tiles of 16 to 256 rows: what lies between powers of two is no straight line.
            self.tokens = sorted(set(self.tokens) | set(range(48, min(tokens, 1024) + 1, 16))
                                 | set(range(1024, tokens + 1, 128)))
        self.sequences = powers(1, sequences, step)
        self.contexts = powers(min(16, context), context, 2 * step)
        self.chunks = powers(min(16, tokens), tokens, step)
        self.prefixes = [0] + powers(min(64, context), context, 2 * step)
        self.step_tokens = powers(min(16, tokens), tokens, step)
        self.step_prefixes = [0, context // 4]


def driver():
    try:
        query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
        return subprocess.run(query, capture_output=True, text=True, timeout=20).stdout.split()[0]
    except (OSError, IndexError, subprocess.SubprocessError):
        return "unknown"


def comments(arguments, device, shape, table, seconds):
    name = torch.cuda.get_device_name(0) if device.is_cuda else "CPU, a dry run"
    toolkit = torch.version.cuda or torch.version.hip or "none"
    lines = [("device", name)]
    if arguments.accelerator:
        lines.append(("accelerator", arguments.accelerator))
    lines += [
        ("driver", driver() if device.is_cuda else "none"), ("torch", torch.__version__), ("toolkit", toolkit),
        ("date", datetime.date.today().isoformat()),
        ("model", arguments.model and os.path.basename(arguments.model) or "by flags"),
        ("layers", shape.layers), ("hidden", shape.hidden), ("heads", f"{shape.heads} over {shape.kv_heads}"),
        ("weights", arguments.weights if device.is_cuda or device.is_fp8 else "fp32"),
        ("measured", f"medians of {device.repeats}, {device.graphs} captured and {device.loops} launched, "
                     f"in {seconds:.0f} s"),
    ]
    if table.skipped:
        lines.append(("left out", "; ".join(table.skipped)))
    return lines


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="config.json of a Hugging Face model; flags below take precedence")
    for name in ("layers", "hidden", "heads", "kv-heads", "head-size", "intermediate", "vocabulary", "experts",
                 "experts-per-token", "expert-intermediate"):
        parser.add_argument(f"--{name}", type=int, default=0)
    parser.add_argument("--no-gate", action="store_true", help="the feed-forward block has no gate")
    parser.add_argument("--tensor", type=int, default=1, help="accelerators that share each layer")
    parser.add_argument("--weights", choices=list(DTYPES), default="bf16")
    parser.add_argument("--accelerator", help="the catalogue's name of the GPU, such as h100-sxm")
    parser.add_argument("--max-tokens", type=int, default=8192, help="of a step")
    parser.add_argument("--max-sequences", type=int, default=256, help="of a step")
    parser.add_argument("--max-context", type=int, default=16384, help="of a sequence")
    parser.add_argument("--parts", default="kernels,attention,steps,all-reduce", help="what to time")
    parser.add_argument("--quick", action="store_true", help="a minute: fewer sizes and repetitions")
    parser.add_argument("--dry-run", action="store_true", help="tiny sizes on the CPU")
    parser.add_argument("-o", "--output", help="file to write; standard output when left out")
    arguments = parser.parse_args()
    least = min(arguments.tensor, arguments.max_tokens, arguments.max_sequences, arguments.max_context)
    if least < 1:
        parser.error("sizes are at least 1")
    return arguments


def main():
    arguments = parse()
    torch.manual_seed(1)
    device, shape = Device(arguments), Shape(arguments)
    table, grid, started = Table(shape.tensor), Grid(arguments), time.monotonic()
    parts = {
        "kernels": [
            lambda: time_products(device, shape, table, grid.tokens),
            lambda: time_small_layers(device, shape, table, grid.chunks),
            # From one token on: how many experts are read depends on it.
            lambda: time_experts(device, shape, table, sorted({*grid.sequences, *grid.chunks})),
            lambda: time_heads(device, shape, table, grid.sequences),
        ],
        "attention": [lambda: time_attention(device, shape, table, grid)],
        "steps": [lambda: time_steps(device, shape, table, grid)] if shape.tensor == 1 else [],
        "all-reduce": [lambda: time_all_reduce(device, table, arguments.quick)],
    }
    chosen = arguments.parts.split(",")
    unknown = [part for part in chosen if part not in parts]
    if unknown:
        sys.exit(f"unknown part {unknown[0]}; parts are {', '.join(parts)}")
    try:
        for part in chosen:
            for measure in parts[part]:
                table.attempt(part, measure)
    except KeyboardInterrupt:
        print("interrupted; what was measured so far is written", file=sys.stderr)
    finally:
        table.write(arguments.output, comments(arguments, device, shape, table, time.monotonic() - started))


if __name__ == "__main__":
    main()
